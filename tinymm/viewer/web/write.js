/* Numbers and expressions as text. */

const MINUS = "−";
const SIGNS = { add: " + ", sub: ` ${MINUS} `, mul: "·", div: " / ", pow: "^", gt: " > ", lt: " < ", ge: " ≥ ", le: " ≤ ", eq: " = ", ne: " ≠ " };
const BINDS = { add: 1, sub: 1, mul: 2, div: 2, neg: 3, pow: 4 };
const COMPARES = new Set(["gt", "lt", "ge", "le", "eq", "ne"]);

/* A number, short: `digits` behind the point at most, one more where it would be nothing else; no zeros at the end. */
function short(value, digits = 2) {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value < 0 ? MINUS + "∞" : "∞";
  const size = Math.abs(value);
  let text;
  if (size !== 0 && size < 0.5 * 10 ** -digits) text = size < 0.5 * 10 ** -(digits + 1) ? "≈0" : String(Number(size.toFixed(digits + 1)));
  else if (size >= 1e5) text = size.toExponential(1).replace("e+", "e");
  else text = String(Number(size.toFixed(digits)));
  return (value < 0 && text !== "≈0" ? MINUS : "") + text;
}

const BELOW_ZERO = "\u0003"; // stands before a leaf whose minus is inside its HTML
const signed = text => text.startsWith(MINUS) || text.startsWith(BELOW_ZERO) ? `(${text})` : text;

/* The indices of flat position k in a shape. */
function unravel(k, shape) {
  const index = new Array(shape.length);
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    index[axis] = k % shape[axis];
    k = Math.floor(k / shape[axis]);
  }
  return index;
}

const nameOf = (panel, kind) => kind === "g" && panel.v ? `d${panel.name}` : panel.name;
const titleOf = (panel, kind) => kind === "g" && panel.v ? `∂L/∂${panel.name}` : panel.name;

/* The indices of a number, without the axes that have one place only. */
function indexText(panel, k) {
  if (!panel.shape.length) return "";
  const labels = unravel(k, panel.shape).map((i, axis) => panel.ticks?.[panel.axes[axis]]?.[i] ?? i);
  const telling = labels.filter((_, axis) => panel.shape[axis] > 1);
  return `[${(telling.length ? telling : labels.slice(-1)).join(",")}]`;
}

const placeText = place => nameOf(board.panels[place.panel], place.kind) + indexText(board.panels[place.panel], place.k);

/* An expression as text. leaf(tree) writes what stands at its ends. */
function writeTree(tree, leaf, binds = 0) {
  if (tree.place || tree.number !== undefined) {
    const text = leaf(tree);
    return binds > 0 ? signed(text) : text;
  }
  const { name, args } = tree;
  const inside = (k, strength) => writeTree(args[k], leaf, strength);
  if (name === "mul" && args[0].node === args[1].node) return inside(0, 5) + "²";
  if (COMPARES.has(name)) return `[${inside(0, 1)}${SIGNS[name]}${inside(1, 1)}]`;
  if (name === "where") return `(${inside(1, 0)} if ${inside(0, 0)} else ${inside(2, 0)})`;
  if (name === "pick" && args[0].name === "argmax") return `max(${args.slice(1).map(a => writeTree(a, leaf)).join(", ")})`;
  if (name === "pick") return writeTree(args[1 + board.graph.values[args[0].node]] ?? args[1], leaf, binds);
  if (["max", "min", "argmax"].includes(name)) return `${name}(${(name === "max" ? candidates(tree) : args).map(a => writeTree(a, leaf)).join(", ")})`;
  if (name === "abs") return `|${inside(0, 0)}|`;
  if (name === "sqrt") return `√(${inside(0, 0)})`;
  if (name in BINDS) {
    const own = BINDS[name];
    const text = name === "neg" ? MINUS + inside(0, own)
      : inside(0, own) + SIGNS[name] + inside(1, name === "sub" || name === "div" ? own + 0.5 : own);
    return own < binds || name === "neg" && binds > 0 ? `(${text})` : text;
  }
  return `${name}(${args.map(a => writeTree(a, leaf)).join(", ")})`;
}

const writeNumber = tree => writeTree(tree, leaf => short(board.graph.values[leaf.node], 4));
const escapeHtml = text => String(text).replace(/[&<>"]/g, c => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);

/* The same as HTML, where leaf(tree) may hold tags. */
function writeHtml(tree, leaf) {
  const parts = [];
  const text = writeTree(tree, part => {
    const html = leaf(part);
    const plain = html.replace(/<[^>]*>/g, "");
    parts.push(html);
    return (plain.startsWith(MINUS) ? BELOW_ZERO : "") + `\u0001${parts.length - 1}\u0002`;
  });
  return escapeHtml(text).replace(/\u0003?\u0001(\d+)\u0002/g, (_, k) => parts[k]);
}
