/* The card that tells how the chosen number is made, and the card with its line of source. */

const FORMULA_TERMS = 60;
const leafText = tree => tree.place ? placeText(tree.place) : short(board.graph.values[tree.node], 4);
const leafNumber = state => tree => state.hidden !== null && tree.node === state.hidden ? "?" : short(board.graph.values[tree.node], 4);

function explain(state, panels) {
  const cell = state.cell;
  const panel = board.panels[cell.panel];
  const formula = board.formula(cell);
  const parts = [heading(panel, cell), general(panel, cell)];
  if (board.isLeaf(cell) && !board.isCopy(cell)) parts.push(given(panel, cell));
  else parts.push(withIndices(state, panel, cell, formula, panels));
  if (state.quiz) parts.push(state.quiz.form());
  else if (cell.kind === "g") parts.push(check(panel, cell));
  parts.push(editing(panel, cell), users(cell, state));
  document.getElementById("explain").innerHTML = parts.join("");
  fitEquation();
  showCode(cell, formula);
  const said = `${titleOf(panel, cell.kind)}${indexText(panel, cell.k)} ${state.hidden === null ? "is " + short(board.value(cell), 4) : "is asked for"}`;
  document.getElementById("said").textContent = formula.terms.length > 1 ? `${said}, made of ${formula.terms.length} terms` : said;
}

/* Long equations in smaller letters rather than cut off. */
function fitEquation() {
  const host = document.querySelector(".equation");
  for (let size = 18; host && size > 12 && host.scrollWidth > host.clientWidth; size--) host.style.fontSize = `${size - 1}px`;
}

function heading(panel, cell) {
  const section = board.sections.get(panel.section);
  const where = board.sections.size > 1 && section?.title ? `<small>${escapeHtml([section.path, section.title].filter(Boolean).join(" · "))}</small>` : "";
  const letters = unravel(cell.k, panel.shape).map((i, axis) => `${panel.axes[axis]} = ${panel.ticks?.[panel.axes[axis]]?.[i] ?? i}`)
    .filter((_, axis) => panel.shape[axis] > 1);
  return `<h2><span>${cell.kind === "g" ? "Backward" : "Forward"}</span> ${escapeHtml(titleOf(panel, cell.kind) + indexText(panel, cell.k))}${where}</h2>`
    + `<p class="letters">${escapeHtml(letters.join(", "))}</p>`;
}

function general(panel, cell) {
  const kind = cell.kind === "g" ? "G" : "V";
  const equation = panel[`equation${kind}`] ? `<div class="equation">${panel[`equation${kind}`]}</div>` : "";
  const note = panel[`note${kind}`] ? `<p class="note">${escapeHtml(panel[`note${kind}`])}</p>` : "";
  return equation + note;
}

function given(panel, cell) {
  const value = board.value(cell);
  if (!board.isEditable(cell)) return `<p class="note">A constant of the code: ${short(value, 6)}. No input changes it.</p>`;
  if (cell.kind === "g") return `<p class="note">The upstream gradient: how much L grows when this output grows. It is given by whatever comes after this layer; here you choose it.</p>`;
  const what = { parameter: "A weight of the layer, learned in training.", input: "An input, given from outside.", target: "The target: what is true.", state: "A number the layer keeps from training." }[panel.role] || "Given.";
  return `<p class="note">${what} Nothing computes it. ${state.mode === "v" && panel.g ? "Press <kbd>B</kbd> for its gradient." : ""}</p>`;
}

/* The formula with the indices of this cell, term by term, each with its numbers below; and the cells it lights up. */
function withIndices(state, panel, cell, formula, panels) {
  const single = formula.terms.length === 1;
  const name = escapeHtml(nameOf(panel, cell.kind) + indexText(panel, cell.k));
  const numbers = new Map();
  if (single) placesOf(formula.tree).forEach(place => numbers.has(placeKey(place)) || numbers.set(placeKey(place), numbers.size + 1));
  const chosen = formula.kind === "max" ? winnerOf(formula) : -1;
  const chips = formula.terms.slice(0, FORMULA_TERMS).map((term, k) => {
    const color = single ? "" : `style="--term: var(--t${k % 8})"`;
    const leaf = write => tree => {
      const text = escapeHtml(write(tree));
      return single && tree.place ? `<b style="--term: var(--t${(numbers.get(placeKey(tree.place)) - 1) % 8})">${text}</b>` : text;
    };
    const value = board.graph.values[term.tree.node];
    const quiet = formula.kind === "sum" && value === 0 || chosen >= 0 && k !== chosen;
    const sign = formula.kind === "row" ? (k ? "<span class=op>picks</span>" : "") : formula.kind === "max" ? (k ? "<span class=op>,</span>" : "")
      : term.sign < 0 ? `<span class=op>${MINUS}</span>` : k ? "<span class=op>+</span>" : "";
    const plain = term.tree.place || term.tree.number !== undefined;
    const bind = !plain && term.sign < 0 && ["add", "sub"].includes(term.tree.name);
    const wrap = text => bind ? `(${text})` : text;
    return `${sign}<span class="chip${quiet ? " quiet" : ""}${k === chosen ? " chosen" : ""}" ${color}>`
      + `${single ? "" : `<i>${k + 1}</i>`}<code>${wrap(writeHtml(term.tree, leaf(leafText)))}</code>`
      + `<small>${wrap(writeHtml(term.tree, leaf(leafNumber(state))))}</small></span>`;
  });
  lightTerms(formula, single, numbers, chosen, panels);
  const result = state.hidden !== null ? "?" : short(board.value(cell), 6);
  const more = formula.terms.length > FORMULA_TERMS ? `<span class=op>… and ${formula.terms.length - FORMULA_TERMS} terms more</span>` : "";
  const moved = formula.tree.place ? `<p class="note">Only moved, not changed.</p>` : "";
  const count = formula.terms.length > 2 && formula.kind === "sum" ? `<small class="count">${formula.terms.length} terms</small>` : "";
  return `<div class="formula"><span class="lhs">${name} =</span>${op(formula.before)}${chips.join("")}${more}${op(formula.after)}`
    + `<span class="result">= ${result}</span>${count}</div>${moved}`;
}

const op = text => text ? `<span class="op">${escapeHtml(text)}</span>` : "";

function winnerOf(formula) {
  const values = formula.terms.map(term => board.graph.values[term.tree.node]);
  return values.indexOf(Math.max(...values));
}

function lightTerms(formula, single, numbers, chosen, panels) {
  if (single) {
    for (const place of placesOf(formula.tree)) panels.light(place, [numbers.get(placeKey(place))]);
    return;
  }
  formula.terms.forEach((term, k) => {
    for (const place of placesOf(term.tree)) panels.light(place, [k + 1]);
    if (k === chosen) placesOf(term.tree).forEach(place => panels.at(place).classList.add("chosen"));
  });
}

/* The finite-difference check of one gradient: nudge the number, and look what the result does. */
function check(panel, cell) {
  if (panel.given && board.graph.loss === null) return "";
  if (!panel.v) return `<p class="check">A step on the way back, not the gradient of a number on this page.</p>`;
  const node = panel.v[cell.k];
  if (board.graph.operation[node] === "constant") return "";
  const home = board.home(node);
  if (home.panel === cell.panel && home.k !== cell.k) return `<p class="check">The same number stands at ${escapeHtml(placeText(home))}: see there.</p>`;
  const found = board.graph.slope(node);
  const name = escapeHtml(panel.name + indexText(panel, cell.k));
  const gradient = board.value(cell);
  const h = found.step.toPrecision(3).replace(/0+$/, "").replace(/\.$/, "");
  const head = `<b>Gradient check.</b> Nudge ${name} by ±${h}: (L<sub>+</sub> − L<sub>−</sub>) / ${short(2 * found.step, 8)} =`;
  if (found.kink) return `<p class="check">${head} <b>${found.slope.toFixed(5)}</b>. <span class="kink">The nudge changes which branch is taken: at this corner there is no slope to compare with.</span></p>`;
  if (board.graph.operation[panel.g[cell.k]] === "constant" && Math.abs(found.slope) > 1e-6)
    return `<p class="check">${head} <b>${found.slope.toFixed(5)}</b>, but the code keeps this gradient at ${short(gradient)}, whatever comes.</p>`;
  const agrees = Math.abs(found.slope - gradient) <= 1e-6 * Math.max(1, Math.abs(gradient));
  return `<p class="check">${head} <b>${found.slope.toFixed(6).replace("-", MINUS)}</b> `
    + (agrees ? `<span class="agrees">✓ agrees</span>` : `<span class="differs">✗ the code says ${short(gradient, 6)}</span>`) + "</p>";
}

function editing(panel, cell) {
  const upstream = cell.kind === "v" && panel.given && state.mode === "g";
  const place = upstream ? { ...cell, kind: "g" } : cell;
  const value = cell.kind === "g" && !board.isEditable(cell) && panel.v ? { ...cell, kind: "v" } : place;
  if (!board.isEditable(value)) return "";
  const label = escapeHtml(nameOf(panel, value.kind) + indexText(panel, value.k));
  return `<form class="edit"><label for="edit">Change <code>${label}</code></label> <button type="button" data-nudge="-1" aria-label="Less">−</button>`
    + `<input id="edit" type="number" step="any" data-kind="${value.kind}" value="${Number(board.value(value).toPrecision(7))}" autocomplete="off">`
    + `<button type="button" data-nudge="1" aria-label="More">+</button><output id="refused" role="alert"></output></form>`;
}

function users(cell, state) {
  const found = board.users(cell).filter(user => state.mode === "g" || user.kind === "v");
  if (!found.length) return "";
  const named = found.slice(0, 24).map(user => `<button data-go="${placeKey(user)}">${escapeHtml(placeText(user))}</button>`).join(" ");
  const more = found.length > 24 ? ` and ${found.length - 24} more` : "";
  return `<p class="users"><b>Used ${found.length === 1 ? "once" : `by ${found.length} numbers`}:</b> ${named}${more}</p>`;
}

/* The function that computed a number, with the statement highlighted; statements of its parts more lightly. */
function showCode(cell, formula) {
  const host = document.getElementById("code");
  const node = board.node(cell);
  const sites = trace.sites[board.graph.site[node]];
  const leaf = board.isLeaf(cell);
  if (board.isCopy(cell)) return showMover(host, board.panels[cell.panel], cell.kind);
  if (leaf || !sites?.length) {
    const text = leaf ? "No line computes it: it is given." : "Its source is not at hand.";
    host.innerHTML = `<h2>The line of code</h2><p class="note">${text}</p>`;
    return;
  }
  const level = Math.min(state.level ?? preferred(sites), sites.length - 1);
  const [number, from, to] = sites[level];
  const source = trace.functions[number];
  const also = new Set(partsOf(formula.tree).flatMap(part => trace.sites[board.graph.site[part]])
    .filter(site => site[0] === number).flatMap(([, a, b]) => Array.from({ length: b - a + 1 }, (_, k) => a + k)));
  const lines = listing(source, at => at >= from && at <= to ? "here" : also.has(at) ? "also" : "");
  const crumbs = sites.length > 1
    ? [...sites].reverse().map((site, k) => `<button data-level="${sites.length - 1 - k}" aria-pressed="${sites.length - 1 - k === level}">${escapeHtml(trace.functions[site[0]].name)}</button>`).join(" › ")
    : "";
  host.innerHTML = `<h2>The line of code <small>${escapeHtml(source.file)}, line ${from}</small></h2>`
    + (crumbs ? `<p class="crumbs">${crumbs}</p>` : "") + `<pre tabindex="0" aria-label="${escapeHtml(source.name)}">${lines}</pre>`;
  const here = host.querySelector(".here"), pre = host.querySelector("pre");
  if (here) pre.scrollTop = here.offsetTop - (pre.clientHeight - here.offsetHeight) / 2;
}

/* The function that moved a number without computing anything. */
function showMover(host, panel, kind) {
  const section = board.sections.get(panel.section);
  const source = trace.functions[section?.movers?.[kind]];
  host.innerHTML = `<h2>The code that moved it ${source ? `<small>${escapeHtml(source.file)}</small>` : ""}</h2>`
    + (source ? `<pre tabindex="0" aria-label="${escapeHtml(source.name)}">${listing(source, () => "")}</pre>` : `<p class="note">No line computes it: it is only moved.</p>`);
}

/* A function as numbered lines of HTML, marked by number. */
function listing(source, markOf) {
  let quoted = false;
  return source.text.split("\n").map((line, k) => {
    const before = quoted;
    if ((line.match(/"""/g) || []).length % 2) quoted = !quoted;
    const words = before || line.includes('"""') ? `<i>${escapeHtml(line.trimStart())}</i>` : paint(line.trimStart());
    const at = source.line + k, indent = line.length - line.trimStart().length;
    return `<span class="line ${markOf(at)}"><em>${at}</em><span style="--indent: ${indent}">${words || " "}</span></span>`;
  }).join("");
}

/* Which call of a chain to show: the outermost that does more than hand on what the next gives. */
function preferred(sites) {
  for (let level = sites.length - 1; level > 0; level--) {
    const [number, from] = sites[level];
    const line = trace.functions[number].text.split("\n")[from - trace.functions[number].line] || "";
    if (!line.trim().startsWith("return ")) return level;
  }
  return 0;
}

function partsOf(tree) { return tree.args ? [tree.node, ...tree.args.flatMap(partsOf)] : []; }

function paint(line) {
  const comment = line.search(/(^|\s)#/);
  const [code, rest] = comment < 0 ? [line, ""] : [line.slice(0, comment), line.slice(comment)];
  const words = escapeHtml(code.trimEnd()).replace(/\b(def|return|for|in|if|else|not|None|is)\b/g, "<b>$1</b>");
  return words + (rest ? `<i>${words ? "&nbsp; " : ""}${escapeHtml(rest.trim())}</i>` : "");
}
