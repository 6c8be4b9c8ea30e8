"""The look of the report. Blue is right and orange wrong: every kind of colour vision tells them apart."""

STYLE = """
:root {
  --paper: #fbfaf6; --card: #fff; --ink: #1b2130; --soft: #596171; --line: #e4e0d5;
  --track: #f0ede5; --blue: 20 84 178; --pale: #9db8dd; --orange: 196 78 0;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14161b; --card: #1c1f27; --ink: #e9e7e1; --soft: #a4abb9; --line: #323743;
    --track: #262a34; --blue: 112 167 255; --pale: #4b6896; --orange: 255 157 84;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif;
  font-variant-numeric: tabular-nums; overflow-wrap: anywhere; -webkit-text-size-adjust: 100%;
}
main { max-width: 1080px; margin: 0 auto; padding: 40px 24px 72px; }
h1 { margin: 0 0 10px; font-size: 16px; font-weight: 500; color: var(--soft); }
.headline {
  margin: 0 0 32px; max-width: 24em; font-size: clamp(24px, 3.6vw, 34px); line-height: 1.22; font-weight: 650;
  letter-spacing: -0.012em; text-wrap: balance; overflow-wrap: break-word;
}
section { margin: 0 0 52px; }
h2 { margin: 0 0 14px; font-size: 21px; line-height: 1.3; letter-spacing: -0.005em; }
h3 { margin: 0 0 12px; font-size: 15px; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 420px), 1fr)); gap: 20px; }
.stack { display: grid; grid-template-columns: minmax(0, 1fr); gap: 20px; }
figure, .facts, .clip, details, pre {
  margin: 0; min-width: 0; background: var(--card); border: 1px solid var(--line); border-radius: 10px;
}
figure, .facts, details { padding: 20px 22px; }
figure > svg { max-width: 520px; }
figcaption, .reading { color: var(--soft); font-size: 14.5px; max-width: 62ch; }
figcaption { margin-top: 14px; }
.reading { margin: 0 0 16px; }
details { margin-top: 20px; padding: 12px 22px; }
summary { cursor: pointer; font-size: 15px; }
details[open] summary { margin-bottom: 12px; }
:focus-visible { outline: 2px solid rgb(var(--blue)); outline-offset: 2px; }

svg { display: block; width: 100%; height: auto; overflow: visible; font-size: 13px; }
svg text { fill: var(--ink); }
svg .soft { fill: var(--soft); }
svg .strong { font-weight: 650; }
.track { fill: var(--track); }
.fused { fill: rgb(var(--blue)); }
.single { fill: var(--pale); }
.ring { fill: var(--card); stroke: var(--ink); stroke-width: 2; }
.grid { stroke: var(--line); }
.chance { stroke: var(--soft); stroke-width: 1.5; stroke-dasharray: 2 4; }
.mark { stroke: var(--ink); stroke-width: 1.6; }
.halo { stroke: var(--card); stroke-width: 4.6; }
.best { stroke: var(--soft); }
polyline { fill: none; }
.training { stroke: rgb(var(--orange)); stroke-width: 2; stroke-dasharray: 6 4; stroke-linejoin: round; }
.validation { stroke: rgb(var(--blue)); stroke-width: 2.4; stroke-linejoin: round; }
.dot.training { fill: rgb(var(--orange)); stroke: none; }
.dot.validation { fill: rgb(var(--blue)); stroke: none; }

.facts > div { display: flex; gap: 14px; padding: 9px 0; border-top: 1px solid var(--line); }
.facts > div:first-child { padding-top: 0; border-top: 0; }
dt { flex: 0 0 6em; color: var(--soft); }
dd { flex: 1; min-width: 0; margin: 0; }

.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: 15px; }
caption { padding: 0 0 10px; text-align: left; font-weight: 650; white-space: nowrap; }
th { font-weight: 500; text-align: left; }
.plain { width: 100%; }
.plain th, .plain td { padding: 7px 10px; border-top: 1px solid var(--line); vertical-align: top; }
.plain thead th { border-top: 0; color: var(--soft); font-size: 14px; overflow-wrap: normal; }
.plain td, .plain thead th:not(:first-child) { text-align: right; white-space: nowrap; }
.plain tr > :first-child { padding-left: 0; min-width: 6em; }
.plain tr > :last-child { padding-right: 0; }
.plain.texts td, .plain.texts thead th { text-align: left; white-space: normal; }
.rest { margin: 12px 0 0; color: var(--soft); }
.bar { background: linear-gradient(90deg, rgb(var(--blue) / 0.3) calc(var(--s) * 100%), transparent 0); }

.confusion { border-spacing: 2px; border-collapse: separate; }
.confusion td { min-width: 36px; height: 36px; padding: 4px; text-align: center; border-radius: 4px; }
.confusion tbody td { background: rgb(var(--orange) / calc(var(--s, 0) * 0.55)); }
.confusion .hit { background: rgb(var(--blue) / calc(var(--s, 0) * 0.55)); font-weight: 650; }
.confusion .none { color: var(--soft); font-weight: 400; }
.confusion .corner {
  height: auto; font-size: 13px; color: var(--soft); text-align: left;
  vertical-align: bottom; white-space: nowrap; padding-left: 0;
}
.confusion thead th { padding: 4px; text-align: center; vertical-align: bottom; font-size: 14px; }
.confusion tbody th { padding: 2px 10px 2px 0; }
.confusion tbody th span { display: block; width: max-content; max-width: 11em; overflow-wrap: break-word; }
.confusion tr > :first-child { position: sticky; left: 0; background: var(--card); }
.roomy td { min-width: 56px; height: 46px; }
.tall thead span {
  max-height: 11em; overflow: hidden; text-overflow: ellipsis; white-space: nowrap;
  writing-mode: vertical-rl; text-orientation: sideways; transform: rotate(180deg);
}

.clips { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 420px), 1fr)); gap: 20px; }
.clip { overflow: hidden; }
.clip img {
  display: block; width: 100%; height: auto; max-height: 130px; object-fit: contain; object-position: left;
}
.about { padding: 14px 18px 14px; }
.about p { margin: 0 0 8px; }
.said { font-style: italic; }
.yes { color: rgb(var(--blue)); }
.no { color: rgb(var(--orange)); }
.senses { margin: 0 0 10px; padding: 0; list-style: none; font-size: 15px; }
.senses li { display: flex; gap: 8px; margin: 3px 0; }
.sense { flex: 0 0 4.2em; color: var(--soft); }
.answer {
  flex: 1; min-width: 0; padding: 0 6px; border-radius: 3px;
  background: linear-gradient(90deg, var(--line) calc(var(--s) * 100%), transparent 0);
}
.about .file { margin: 0; color: var(--soft); }
.file, pre { font: 13.5px/1.5 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
pre { display: inline-block; min-width: 100%; padding: 18px 22px; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }

@media (max-width: 560px) {
  main { padding: 24px 14px 48px; }
  figure, .facts { padding: 16px 14px; }
  .plain th, .plain td { padding: 7px 6px; }
  svg { font-size: 15px; }
  .confusion tbody th span { max-width: 6.5em; }
  .roomy td { min-width: 44px; }
}
@media print { figure, .clip, tr { break-inside: avoid; } }
"""
