/* From a number to the cells it was made from: expressions that stop at the numbers that stand on the page. */

/* All arrays, and where each number of the graph stands on them. A place is {panel, k, kind: "v" or "g"}. */
class Board {
  constructor(data, graph) {
    this.graph = graph;
    this.panels = data.panels;
    this.sections = new Map(data.sections.map(section => [section.path, section]));
    this.places = new Map();
    this.panels.forEach((panel, index) => {
      panel.index = index;
      for (const kind of ["v", "g"]) {
        if (panel[kind]) panel[kind].forEach((node, k) => {
          if (graph.operation[node] === "constant") return;
          if (!this.places.has(node)) this.places.set(node, []);
          this.places.get(node).push({ panel: index, k, kind });
        });
      }
    });
  }

  node(place) { return this.panels[place.panel][place.kind][place.k]; }
  value(place) { return this.graph.values[this.node(place)]; }

  /* When the array at a place was there: a number's home is where it stood first. */
  since(place) {
    const panel = this.panels[place.panel];
    return place.kind === "v" ? panel.at[0] : panel.given ? this.graph.end - 0.5 : panel.at[1];
  }

  home(node) {
    const places = this.places.get(node) || [];
    return places.reduce((best, place) => best === null || this.since(place) < this.since(best) ? place : best, null);
  }

  isLeaf(place) { return ["leaf", "constant"].includes(this.graph.operation[this.node(place)]); }
  isCopy(place) {
    const home = this.home(this.node(place));
    return home !== null && !same(home, place);
  }

  /* Whether the reader may choose the number: an input, a parameter, a target or an upstream gradient. */
  isEditable(place) { return this.graph.operation[this.node(place)] === "leaf" && !this.isCopy(place); }

  /* Where a number stands, seen from a cell: in the cell's own layer, in what went into it, or elsewhere. */
  find(node, cell) {
    const places = (this.places.get(node) || []).filter(place => !same(place, cell));
    const section = this.panels[cell.panel].section;
    const input = this.sections.get(section)?.input;
    return places.find(place => this.panels[place.panel].section === section && place.panel !== input)
      || places.find(place => place.panel === input)
      || places.find(place => this.panels[place.panel].section === section)
      || this.home(node);
  }

  /* The expression of a cell. */
  expand(cell) {
    const node = this.node(cell);
    if (this.isCopy(cell)) return { place: this.source(cell), node };
    return this.build(node, cell, true);
  }

  /* Of a number that was only moved: where it came from, as near as possible. */
  source(cell) {
    const places = this.places.get(this.node(cell)).filter(place => !same(place, cell));
    const input = this.sections.get(this.panels[cell.panel].section)?.input;
    return places.find(place => place.panel === input && cell.kind === "v") || this.home(this.node(cell));
  }

  build(node, cell, root = false) {
    const place = root ? null : this.find(node, cell);
    if (place) return { place, node };
    const name = this.graph.operation[node];
    if (name === "leaf" || name === "constant") return { number: node, node };
    return { name, node, args: this.graph.args[node].map(arg => this.build(arg, cell)) };
  }

  /* A cell's expression as {before, terms: [{sign, tree}], after, kind}: what is added up, or chosen from. */
  formula(cell) {
    const tree = this.expand(cell);
    return { tree, ...decompose(tree) };
  }

  /* The places that use a place's number directly. */
  users(place) {
    if (!this.used) {
      this.used = new Map();
      this.panels.forEach((panel, index) => ["v", "g"].forEach(kind => panel[kind]?.forEach((node, k) => {
        const cell = { panel: index, k, kind };
        if (this.graph.operation[node] === "leaf" || this.graph.operation[node] === "constant") return;
        const seen = new Set();
        for (const part of placesOf(this.expand(cell))) {
          const key = placeKey(part);
          if (seen.has(key)) continue;
          seen.add(key);
          if (!this.used.has(key)) this.used.set(key, []);
          this.used.get(key).push(cell);
        }
      })));
    }
    return this.used.get(placeKey(place)) || [];
  }
}

const same = (a, b) => a.panel === b.panel && a.k === b.k && a.kind === b.kind;
const placeKey = place => `${place.panel}.${place.k}.${place.kind}`;

function placesOf(tree) {
  if (tree.place) return [tree.place];
  return tree.args ? tree.args.flatMap(placesOf) : [];
}

/* The terms of a sum, with their signs, through nested sums. */
function addends(tree, sign = 1) {
  if (tree.name === "add") return [...addends(tree.args[0], sign), ...addends(tree.args[1], sign)];
  if (tree.name === "sub") return [...addends(tree.args[0], sign), ...addends(tree.args[1], -sign)];
  if (tree.name === "neg" && ["add", "sub"].includes(tree.args[0].name)) return addends(tree.args[0], -sign);
  return [{ sign, tree }];
}

function candidates(tree) {
  return tree.name === "max" ? [...candidates(tree.args[0]), ...candidates(tree.args[1])] : [tree];
}

const isConstant = tree => placesOf(tree).length === 0;
const isChoice = tree => tree.name === "pick" && tree.args[0].place === undefined && tree.args[0].name === "argmax";

function decompose(tree) {
  const wrap = (before, inner, after) => {
    const found = decompose(inner);
    return { ...found, before: before + found.before, after: found.after + after };
  };
  const isSum = inner => addends(inner).filter(term => !isConstant(term.tree)).length > 1;
  const holdsSum = inner => isSum(inner) || decompose(inner).terms.length > 1;
  if (tree.name === "max") return { before: "max(", after: ")", kind: "max", terms: candidates(tree).map(inner => ({ sign: 1, tree: inner })) };
  if (tree.name === "argmax") return { before: "argmax(", after: ")", kind: "max", terms: tree.args.map(inner => ({ sign: 1, tree: inner })) };
  if (tree.name === "pick") {
    const [index, ...from] = tree.args;
    if (isChoice(tree) || from.length > 0 && index.place && from.every(c => c.place && sameRow(c.place, from[0].place)) && isWinner(index))
      return { before: "max(", after: ")", kind: "max", terms: from.map(inner => ({ sign: 1, tree: inner })) };
    const picked = from[board.graph.values[index.node]] ?? from[0];
    return { before: "", after: "", kind: "row", terms: [{ sign: 1, tree: index }, { sign: 1, tree: picked }] };
  }
  if (isSum(tree)) return { before: "", after: "", kind: "sum", terms: addends(tree) };
  if (tree.name === "neg" && holdsSum(tree.args[0])) return wrap("−(", tree.args[0], ")");
  if (ONE.has(tree.name) && tree.name !== "neg" && holdsSum(tree.args[0])) return wrap(`${tree.name}(`, tree.args[0], ")");
  if (tree.name === "div" && isConstant(tree.args[1]) && holdsSum(tree.args[0]))
    return wrap("(", tree.args[0], `) / ${writeNumber(tree.args[1])}`);
  if (tree.name === "mul" && isConstant(tree.args[0]) && holdsSum(tree.args[1]))
    return wrap(`${writeNumber(tree.args[0])}·(`, tree.args[1], ")");
  return { before: "", after: "", kind: "single", terms: [{ sign: 1, tree }] };
}

/* Whether an index on the page is one that argmax gave, so that picking by it is a maximum. */
const isWinner = index => board.graph.operation[index.node] === "argmax";
const sameRow = (a, b) => a.panel === b.panel && a.kind === b.kind;
