/* The page: what is chosen, and what buttons and keys do. */

const trace = JSON.parse(document.getElementById("trace").textContent);
const board = new Board(trace, new Graph(trace));
const panels = new Panels(document.getElementById("arrays"), trace);
const state = { mode: "v", cell: null, t: 0, timed: false, uses: false, quiz: null, hidden: null, level: null, playing: null };
const button = id => document.getElementById(id);
document.body.classList.toggle("inside", window.parent !== window);

/* The computed cells of a direction, in the order in which the code computed them. */
function orderOf(kind) {
  const cells = [];
  trace.panels.forEach((panel, index) => panel[kind]?.forEach((node, k) => {
    const cell = { panel: index, k, kind };
    if (board.graph.operation[node] === "constant" || board.isEditable(cell) || panel.role !== "computed" && kind === "v") return;
    cells.push({ cell, key: board.isCopy(cell) ? board.since(cell) - 0.5 : node });
  }));
  return cells.sort((a, b) => a.key - b.key || a.cell.panel - b.cell.panel || a.cell.k - b.cell.k).map(entry => entry.cell);
}
const orders = { v: orderOf("v"), g: orderOf("g") };

const LEAD = {
  v: "Click a number to see what it is made of; <kbd>Space</kbd> goes on to the next.",
  g: trace.loss === null
    ? "Below each value stands its gradient: how <span class=whole>L = Σ dy·y</span> changes with it. The dy below each output of the last array are yours to choose."
    : "Below each value stands its gradient: how the loss L = J changes with it.",
};

let packed = null;

function refresh() {
  state.hidden = state.quiz && !state.quiz.solved ? board.node(state.cell) : null;
  panels.refresh(state);
  if (packed !== state.mode) { panels.pack(); packed = state.mode; }
  explain(state, panels);
  if (state.uses) for (const user of board.users(state.cell)) if (state.mode === "g" || user.kind === "v") panels.at(user).classList.add("user");
  button("forward").setAttribute("aria-pressed", state.mode === "v");
  button("backward").setAttribute("aria-pressed", state.mode === "g");
  button("uses").setAttribute("aria-pressed", state.uses);
  button("quiz").setAttribute("aria-pressed", Boolean(state.quiz));
  button("play").setAttribute("aria-pressed", Boolean(state.playing));
  button("play").textContent = state.playing ? "Pause" : "Play";
  button("reset").hidden = board.graph.given.every((value, k) => Object.is(value, board.graph.original[k]));
  button("lead").innerHTML = LEAD[state.mode];
  button("slider").value = state.t;
  button("now").textContent = state.t;
}

function choose(cell, focus = true) {
  const panel = trace.panels[cell.panel];
  const kind = cell.kind === "g" && panel.g || !panel.v ? "g" : "v";
  state.cell = { panel: cell.panel, k: cell.k, kind };
  state.level = null;
  if (kind === "g" && state.mode === "v") state.mode = "g";
  const t = state.timed ? panel.axes.indexOf("t") : -1;
  if (t >= 0) state.t = Math.min(unravel(cell.k, panel.shape)[t], Number(button("slider").max));
  refresh();
  const shown = panels.at(state.cell);
  if (focus) shown.focus({ preventScroll: true });
  shown.scrollIntoView({ block: "nearest", inline: "nearest" });
}

/* The gradient of a cell in backward, if it has one; else its value. */
const faced = (panel, k) => ({ panel, k, kind: state.mode === "g" && trace.panels[panel].g ? "g" : "v" });

function setMode(mode) {
  if (state.mode === mode) return;
  state.mode = mode;
  const panel = trace.panels[state.cell.panel];
  const output = trace.panels.findIndex(other => other.given);
  if (mode === "g" && orders.g.length && same(state.cell, orders.v[0])) choose(orders.g[0]); /* nothing was chosen yet */
  else if (mode === "v" && !panel.v) choose(orders.v[0]);
  else if (state.quiz) choose(state.quiz.choose(orders[mode]));
  else if (mode === "g" && !panel.g) choose(output >= 0 ? faced(output, 0) : orders.g[0]);
  else choose(faced(state.cell.panel, state.cell.k));
}

function step(by) {
  const order = orders[state.mode];
  if (!order.length) return false;
  const at = order.findIndex(cell => same(cell, state.cell));
  const next = at < 0 ? (by > 0 ? 0 : order.length - 1) : at + by;
  if (next < 0 || next >= order.length) return false;
  if (state.quiz) endQuiz();
  choose(order[next]);
  return true;
}

function play(on = !state.playing) {
  clearInterval(state.playing);
  state.playing = on ? setInterval(() => { if (!step(1)) play(false); }, 1100) : null;
  if (on && !step(1)) { choose(orders[state.mode][0]); }
  refresh();
}

/* Move to the nearest cell in a direction, first within the same table. */
function move(dx, dy) {
  const middle = cell => { const r = cell.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; };
  const from = panels.at(state.cell);
  const [x, y] = middle(from);
  const nearest = cells => {
    let best = null, least = Infinity;
    for (const cell of cells) {
      const [cx, cy] = middle(cell);
      const [ahead, aside] = dx ? [(cx - x) * dx, Math.abs(cy - y)] : [(cy - y) * dy, Math.abs(cx - x)];
      if (ahead > 4 && ahead + 3 * aside < least) { best = cell; least = ahead + 3 * aside; }
    }
    return best;
  };
  const own = [...from.closest(".grid").querySelectorAll(".cell")];
  const inLine = own.filter(cell => { const [cx, cy] = middle(cell); return dx ? Math.abs(cy - y) < 4 : Math.abs(cx - x) < 4; });
  const all = [...document.querySelectorAll(".panel:not([hidden]) .cell")];
  const next = nearest(inLine) || nearest(all.filter(cell => !own.includes(cell)));
  if (next) choose(faced(Number(next.dataset.panel), Number(next.dataset.k)));
}

function toTime(t) {
  t = Math.max(0, Math.min(Number(button("slider").max), t));
  const panel = trace.panels[state.cell.panel], axis = panel.axes.indexOf("t");
  state.t = t;
  if (axis < 0) { refresh(); return; }
  const index = unravel(state.cell.k, panel.shape);
  index[axis] = Math.min(t, panel.shape[axis] - 1);
  choose({ ...state.cell, k: index.reduce((k, i, a) => k * panel.shape[a] + i, 0) }, false);
}

/* The number that the edit field is about, and a new value for it. */
function edit(kind, value) {
  const place = { ...state.cell, kind };
  if (!board.isEditable(place) || !Number.isFinite(value)) return;
  const refused = board.graph.set(board.node(place), value);
  refresh();
  if (refused) button("refused").textContent = `${value} is refused: ${refused}.`;
}

function nudge(direction) {
  const field = button("edit");
  if (!field) return;
  const place = { ...state.cell, kind: field.dataset.kind };
  const whole = trace.panels[place.panel].v && place.kind === "v" && board.panels[place.panel].whole;
  edit(field.dataset.kind, Number((board.value(place) + direction * (whole ? 1 : 0.1)).toFixed(10)));
}

function endQuiz() { state.quiz = null; }

function quiz() {
  if (state.quiz) { endQuiz(); refresh(); return; }
  play(false);
  state.quiz = new Quiz();
  choose(state.quiz.choose(orders[state.mode]), false);
  button("answer")?.focus();
}

function theme() {
  const dark = document.documentElement.dataset.theme
    ? document.documentElement.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = dark ? "light" : "dark";
}

const BUTTONS = {
  forward: () => setMode("v"), backward: () => setMode("g"), previous: () => step(-1), next: () => step(1), play: () => play(),
  uses: () => { state.uses = !state.uses; refresh(); }, quiz, reset: () => { board.graph.reset(); refresh(); },
  theme, help: () => button("keys").showModal(),
};
for (const [id, action] of Object.entries(BUTTONS)) button(id).addEventListener("click", action);

document.getElementById("arrays").addEventListener("click", event => {
  const cell = event.target.closest(".cell");
  if (!cell) return;
  if (state.quiz) endQuiz();
  choose(faced(Number(cell.dataset.panel), Number(cell.dataset.k)));
});
document.getElementById("arrays").addEventListener("dblclick", () => button("edit")?.select());
document.getElementById("arrays").addEventListener("focusin", event => {
  const cell = event.target.closest(".cell");
  if (cell && panels.at(state.cell) !== cell && !state.quiz) choose(faced(Number(cell.dataset.panel), Number(cell.dataset.k)));
});

document.getElementById("side").addEventListener("click", event => {
  const target = event.target.closest("button");
  if (!target) return;
  if (target.dataset.go) {
    const [panel, k, kind] = target.dataset.go.split(".");
    choose({ panel: Number(panel), k: Number(k), kind });
  } else if (target.dataset.level) { state.level = Number(target.dataset.level); refresh(); }
  else if (target.dataset.nudge) nudge(Number(target.dataset.nudge));
  else if (target.id === "reveal") { state.quiz.reveal(state.cell); refresh(); }
  else if (target.id === "another") { choose(state.quiz.choose(orders[state.mode]), false); button("answer")?.focus(); }
});
document.getElementById("side").addEventListener("submit", event => {
  event.preventDefault();
  if (event.target.matches(".quiz") && button("answer")) {
    state.quiz.answer(button("answer").value, state.cell);
    refresh();
    (button("answer") || button("another")).focus();
  }
});
document.getElementById("side").addEventListener("change", event => {
  if (event.target.id === "edit") edit(event.target.dataset.kind, event.target.valueAsNumber);
});
addEventListener("resize", () => panels.pack());
new ResizeObserver(([header]) => {
  document.documentElement.style.setProperty("--below", `${Math.round(header.target.offsetHeight) + 12}px`);
}).observe(document.querySelector("header"));
button("slider").addEventListener("input", event => toTime(Number(event.target.value)));

const KEYS = {
  " ": event => step(event.shiftKey ? -1 : 1), ArrowLeft: () => move(-1, 0), ArrowRight: () => move(1, 0),
  ArrowUp: () => move(0, -1), ArrowDown: () => move(0, 1), f: () => setMode("v"), b: () => setMode("g"), p: () => play(),
  q: quiz, u: BUTTONS.uses, r: BUTTONS.reset, d: theme, "?": BUTTONS.help, "[": () => toTime(state.t - 1), "]": () => toTime(state.t + 1),
  Enter: () => button("edit")?.select(), "+": () => nudge(1), "=": () => nudge(1), "-": () => nudge(-1), [MINUS]: () => nudge(-1),
};
document.addEventListener("keydown", event => {
  if (event.ctrlKey || event.metaKey || event.altKey || button("keys").open) return;
  if (event.target.matches("input")) {
    if (event.target.id === "edit" && event.key === "Enter") {
      event.preventDefault();
      edit(event.target.dataset.kind, event.target.valueAsNumber);
      panels.at(state.cell).focus({ preventScroll: true });
    } else if (event.key === "Escape") panels.at(state.cell).focus();
    return;
  }
  if (event.target.matches("button") && [" ", "Enter"].includes(event.key)) return;
  const action = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!action) return;
  event.preventDefault();
  action(event);
});

{
  const said = trace.summary.replace(/[.]?$/, ".");
  button("summary").textContent = said.charAt(0).toUpperCase() + said.slice(1);
  if (trace.sections.length > 1) {
    button("sections").hidden = false;
    button("sections").innerHTML = trace.sections.map((section, k) =>
      `<button data-section="${k}">${escapeHtml([section.path, section.title].filter(Boolean).join(" "))}</button>`).join(" ");
    button("sections").addEventListener("click", event => {
      const k = event.target.dataset.section;
      if (k !== undefined) document.querySelectorAll(".layer")[k].scrollIntoView({ block: "start" });
    });
  }
  const lengths = trace.panels.filter(panel => panel.axes[0] === "t").map(panel => panel.shape[0]);
  state.timed = lengths.length > 0;
  button("time").hidden = !state.timed;
  button("slider").max = Math.max(1, ...lengths) - 1;
  state.mode = trace.start?.kind || "v";
  choose(trace.start || orders.v[0] || { panel: 0, k: 0, kind: "v" }, false);
  scrollTo(0, 0);
  if (!trace.start) button("arrays").scrollTop = 0; /* the introduction first */
}
