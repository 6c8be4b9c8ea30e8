/* The arrays as tables of cells: drawn once, then kept up to date. */

const COLUMNS = ["w", "q", "j", "t"];
const PARTNERS = { w: "h", q: "p", j: "i" };

/* Which axes of a panel run down and across; the others make slices beside each other. */
function axesOf(panel) {
  const axes = panel.axes;
  if (axes.length === 0) return { row: -1, column: -1 };
  if (axes.length === 1) return { row: -1, column: 0 };
  let column = axes.findIndex(axis => COLUMNS.includes(axis) && panel.axes.length > 2 || axis === "t");
  const known = COLUMNS.map(axis => axes.indexOf(axis)).find(k => k >= 0);
  column = known ?? (axes.length === 3 && axes[0] === "i" ? 0 : axes.length - 1);
  const partner = axes.indexOf(PARTNERS[axes[column]] ?? "");
  let row = partner;
  for (let k = axes.length - 1; row < 0 && k >= 0; k--) if (k !== column && axes[k] !== "n") row = k;
  if (row < 0) row = axes.findIndex((_, k) => k !== column);
  return { row, column };
}

const element = (tag, attributes = {}, html = "") => {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.innerHTML = html;
  return made;
};

class Panels {
  constructor(host, data) {
    this.host = host;
    this.data = data;
    this.cells = data.panels.map(() => []);
    this.boxes = [];
    const several = this.several = data.sections.length > 1;
    const total = data.panels.reduce((sum, panel) => sum + (panel.v || panel.g).length, 0);
    host.dataset.size = total > 110 ? "small" : total > 70 ? "medium" : "large";
    const layers = element("div", { class: "layers" });
    for (const section of data.sections) layers.append(this.section(section, several));
    host.append(layers);
  }

  section(section, several) {
    const box = element("section", { class: several ? "layer framed" : "layer" });
    if (several) {
      const path = section.path ? `<code>${escapeHtml(section.path)}</code> ` : "";
      box.append(element("h2", {}, `${path}${escapeHtml(section.title)}<small>${escapeHtml(section.summary)}</small>`));
    }
    const groups = { given: [], steps: [], out: [], back: [] };
    this.data.panels.forEach((panel, index) => {
      if (panel.section !== section.path) return;
      const group = panel.role !== "computed" ? "given" : !panel.v ? "back" : index === section.output ? "out" : "steps";
      groups[group].push(this.panel(panel, index));
    });
    const overTime = this.data.panels.some(panel => panel.section === section.path && panel.axes[0] === "t");
    if (!overTime) groups.given.push(...["steps", "out", "back"].flatMap(name => groups[name].splice(0)));
    for (const [name, panels] of Object.entries(groups)) {
      if (!panels.length) continue;
      const group = element("div", { class: `group ${name}` });
      group.append(...panels);
      box.append(group);
    }
    return box;
  }

  panel(panel, index) {
    const shape = panel.shape.join("×") || "one number";
    const box = element("div", { class: `panel ${panel.role}${panel.v ? "" : " only-backward"}` });
    const isOutput = index === this.data.sections.find(section => section.path === panel.section)?.output;
    const kind = { parameter: "weights", state: "kept from training" }[panel.role]
      ?? (panel.role !== "computed" ? panel.role : !panel.v ? "step of backward" : isOutput ? "output" : "");
    box.append(element("h3", {}, `<b>${escapeHtml(panel.name)}</b> <span>${shape}</span> <em>${kind}</em>`));
    const slices = element("div", { class: "slices" });
    const { row, column } = axesOf(panel);
    const others = panel.axes.map((_, k) => k).filter(k => k !== row && k !== column);
    const counts = others.map(k => panel.shape[k]);
    for (let s = 0; s < counts.reduce((a, b) => a * b, 1); s++) {
      slices.append(this.grid(panel, index, row, column, others, unravel(s, counts)));
    }
    box.append(slices);
    this.boxes[index] = box;
    return box;
  }

  grid(panel, index, row, column, others, at) {
    const label = others.filter(k => panel.shape[k] > 1).map(k => `${panel.axes[k]}=${at[others.indexOf(k)]}`).join(", ");
    const box = element("div", { class: "slice" });
    if (label) box.append(element("div", { class: "which" }, label));
    const table = element("div", { class: "grid", role: "grid", "aria-label": `${panel.name} ${label}` });
    const [rows, columns] = [row, column].map(axis => axis < 0 ? 1 : panel.shape[axis]);
    const tick = (axis, i) => axis < 0 ? "" : escapeHtml(panel.ticks?.[panel.axes[axis]]?.[i] ?? i);
    const first = axis => axis < 0 ? "" : `${panel.axes[axis]}=`;
    table.style.setProperty("--columns", columns);
    table.append(element("span", { class: "tick", "aria-hidden": "true" }));
    for (let c = 0; c < columns; c++) table.append(element("span", { class: "tick", "aria-hidden": "true" }, (c ? "" : first(column)) + tick(column, c)));
    const strides = panel.shape.map((_, k) => panel.shape.slice(k + 1).reduce((a, b) => a * b, 1));
    for (let r = 0; r < rows; r++) {
      const line = element("div", { role: "row" });
      line.append(element("span", { class: "tick side", "aria-hidden": "true" }, (r || columns === 1 && row < 0 ? "" : first(row)) + tick(row, r)));
      for (let c = 0; c < columns; c++) {
        let k = 0;
        others.forEach((axis, o) => { k += at[o] * strides[axis]; });
        if (row >= 0) k += r * strides[row];
        if (column >= 0) k += c * strides[column];
        const cell = element("div", { class: "cell", role: "gridcell", tabindex: "-1" }, "<span class=v></span><span class=g></span><i></i>");
        cell.dataset.panel = index;
        cell.dataset.k = k;
        this.cells[index][k] = cell;
        line.append(cell);
      }
      table.append(line);
    }
    box.append(table);
    return box;
  }

  /* Lay the arrays of each group side by side without holes: a grid of small squares, of which each takes what it needs. */
  pack() {
    const room = this.host.clientWidth - 2 * parseFloat(getComputedStyle(this.host).paddingLeft) - (this.several ? 36 : 0);
    for (const group of this.host.querySelectorAll(".group")) {
      group.classList.remove("packed");
      const sizes = [...group.children].map(panel => [panel.offsetWidth, panel.offsetHeight]);
      group.classList.add("packed");
      const wanted = sizes.reduce((sum, [width]) => sum + (width ? Math.ceil((width + 22) / 4) * 4 : 0), 0);
      group.style.width = `${Math.min(room, wanted)}px`;
      [...group.children].forEach((panel, k) => {
        panel.style.gridArea = `auto / auto / span ${Math.ceil((sizes[k][1] + 14) / 4)} / span ${Math.ceil((sizes[k][0] + 22) / 4)}`;
      });
    }
  }

  at(place) { return this.cells[place.panel][place.k]; }

  /* Bring all cells up to date with the numbers, the mode and the selection. */
  refresh(state) {
    const backward = state.mode === "g";
    this.host.classList.toggle("backward", backward);
    this.data.panels.forEach((panel, index) => {
      const shown = backward && panel.g ? "g" : "v";
      this.boxes[index].hidden = !backward && !panel.v;
      if (this.boxes[index].hidden) return;
      const tinted = panel[shown] || panel.v || panel.g;
      const largest = Math.max(1e-12, ...tinted.map(node => Math.abs(board.graph.values[node])).filter(Number.isFinite));
      const t = panel.axes.indexOf("t");
      this.cells[index].forEach((cell, k) => this.fill(cell, panel, index, k, state, tinted, largest, t));
    });
  }

  fill(cell, panel, index, k, state, tinted, largest, t) {
    const values = board.graph.values;
    const [v, g] = cell.children;
    const hidden = kind => state.hidden !== null && panel[kind][k] === state.hidden;
    const write = kind => hidden(kind) ? "?" : short(values[panel[kind][k]]);
    v.textContent = panel.v ? write("v") : "";
    g.textContent = state.mode === "g" && panel.g ? write("g") : "";
    const value = hidden(tinted === panel.g ? "g" : "v") ? 0 : values[tinted[k]];
    cell.className = "cell";
    cell.classList.toggle("minus", value < 0);
    cell.style.setProperty("--strength", Number.isFinite(value) ? (Math.abs(value) / largest).toFixed(3) : "0");
    cell.style.removeProperty("--term");
    cell.classList.toggle("now", state.timed && t >= 0 && unravel(k, panel.shape)[t] === state.t);
    const leaf = panel.v ? panel.v[k] : panel.g[k];
    const changed = node => board.graph.given[node] !== board.graph.original[node];
    cell.classList.toggle("changed", changed(leaf) || Boolean(panel.given && changed(panel.g[k])));
    cell.lastChild.textContent = "";
    for (const span of [v, g]) span.style.removeProperty("--term");
    for (const span of [v, g]) span.className = (span === v ? "v" : "g") + (span.textContent.length > 5 ? " long" : "");
    const selected = state.cell.panel === index && state.cell.k === k;
    cell.classList.toggle("selected", selected);
    cell.tabIndex = selected || (k === 0 && state.cell.panel !== index) ? 0 : -1;
    cell.setAttribute("aria-selected", selected);
    const gradient = g.textContent ? `, gradient ${g.textContent}` : "";
    cell.setAttribute("aria-label", `${panel.name}${indexText(panel, k)} ${panel.v ? v.textContent : ""}${gradient}`);
  }

  /* Mark a place as part of terms: numbered badges, the number itself in the term's colour. */
  light(place, terms) {
    const cell = this.at(place);
    cell.classList.add("lit");
    const color = `var(--t${(terms[0] - 1) % 8})`;
    if (!cell.style.getPropertyValue("--term")) cell.style.setProperty("--term", color);
    const badge = cell.lastChild;
    const all = [...new Set([...(badge.textContent ? badge.textContent.split(",").map(Number) : []), ...terms])];
    badge.textContent = all.length > 3 ? `${all[0]},${all[1]},…` : all.join(",");
    const number = cell.querySelector(place.kind === "g" ? ".g" : ".v");
    number.classList.add("lit");
    if (!number.style.getPropertyValue("--term")) number.style.setProperty("--term", color);
  }
}
