/* The traced computation: every number, in order, with the operation and the numbers it was made from. */

const COMPUTE = {
  neg: a => -a, tanh: Math.tanh, exp: Math.exp, log: Math.log, log1p: Math.log1p, expm1: Math.expm1, sqrt: Math.sqrt,
  sin: Math.sin, cos: Math.cos, abs: Math.abs,
  add: (a, b) => a + b, sub: (a, b) => a - b, mul: (a, b) => a * b, div: (a, b) => a / b, pow: (a, b) => a ** b,
  max: (a, b) => a >= b ? a : b, min: (a, b) => a <= b ? a : b,
  gt: (a, b) => +(a > b), lt: (a, b) => +(a < b), ge: (a, b) => +(a >= b), le: (a, b) => +(a <= b),
  eq: (a, b) => +(a === b), ne: (a, b) => +(a !== b),
  where: (condition, a, b) => condition ? a : b,
  argmax: (...candidates) => candidates.indexOf(Math.max(...candidates)),
  pick: (index, ...candidates) => candidates[index],
};
const ARGUMENTS = { leaf: 0, constant: 0, where: 3, argmax: -1, pick: -1 };
const ONE = new Set(["neg", "tanh", "exp", "log", "log1p", "expm1", "sqrt", "sin", "cos", "abs"]);
const BRANCHES = new Set(["gt", "lt", "ge", "le", "eq", "ne", "argmax"]);

class Graph {
  constructor(data) {
    this.end = data.end;
    this.loss = data.loss;
    this.upstream = data.upstream;
    this.guards = data.guards;
    this.operation = [];
    this.args = [];
    for (let k = 0; k < data.nodes.length;) {
      const name = data.operations[data.nodes[k++]];
      let count = ONE.has(name) ? 1 : ARGUMENTS[name] ?? 2;
      if (count < 0) count = data.nodes[k++];
      this.operation.push(name);
      this.args.push(data.nodes.slice(k, k + count));
      k += count;
    }
    this.size = this.operation.length;
    this.site = [];
    for (let k = 0; k < data.runs.length; k += 2) for (let n = 0; n < data.runs[k]; n++) this.site.push(data.runs[k + 1]);
    this.given = new Float64Array(this.size);
    let k = 0;
    this.args.forEach((args, node) => { if (!args.length) this.given[node] = Number(data.values[k++]); });
    this.original = this.given.slice();
    this.values = this.run();
  }

  /* All values, or those of forward, when `nudge` is added to one number. */
  run(end = this.size, nudged = -1, nudge = 0) {
    const values = new Float64Array(end);
    for (let node = 0; node < end; node++) {
      const args = this.args[node];
      const f = COMPUTE[this.operation[node]];
      let value;
      if (args.length === 2) value = f(values[args[0]], values[args[1]]);
      else if (args.length === 1) value = f(values[args[0]]);
      else if (args.length) value = f(...args.map(k => values[k]));
      else value = this.given[node];
      values[node] = node === nudged ? value + nudge : value;
    }
    return values;
  }

  /* Give a leaf another value: -> null, or what forbids it. */
  set(leaf, value) {
    const before = this.given[leaf];
    this.given[leaf] = value;
    const values = this.run();
    const broken = this.guards.find(([node, truth]) => Boolean(values[node]) !== truth);
    if (broken) {
      this.given[leaf] = before;
      return "the layer's code would refuse this number, or go another way with it";
    }
    this.values = values;
    return null;
  }

  reset() {
    this.given.set(this.original);
    this.values = this.run();
  }

  result(values) {
    if (this.loss !== null) return values[this.loss];
    const [y, dy] = this.upstream;
    return y.reduce((sum, node, k) => sum + this.values[dy[k]] * (values[node] ?? this.values[node]), 0);
  }

  /* The slope of the result along one number, by central differences. */
  slope(node) {
    const step = 1e-5 * 10 ** Math.max(0, Math.floor(Math.log10(Math.abs(this.values[node]) || 1)));
    const [up, down] = [step, -step].map(nudge => this.run(this.end, node, nudge));
    let kink = false;
    for (let k = 0; k < this.end && !kink; k++) kink = BRANCHES.has(this.operation[k]) && up[k] !== down[k];
    const [plus, minus] = [this.result(up), this.result(down)];
    return { step, plus, minus, slope: (plus - minus) / (2 * step), kink };
  }
}
