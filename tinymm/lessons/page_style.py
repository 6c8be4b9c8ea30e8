"""The stylesheet of the lessons' pages, light and dark."""

CSS = """
:root { color-scheme: light dark; --ink: #1d2433; --paper: #fff; --soft: #f4f6f9; --line: #d9dee7; --link: #0067a6;
  --shade: #9aa6bb; --key: #8a3ffc; --string: #0a6f4d; --note: #667085; --number: #9a4b00; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e8ef; --paper: #14171d; --soft: #1d222b; --line: #333b47;
  --link: #6cb8f0; --shade: #5b6880; --key: #c4a3ff; --string: #7fd1ac; --note: #98a2b3; --number: #f0b273; } }
* { box-sizing: border-box; }
body { margin: 0; color: var(--ink); background: var(--paper); font: 17px/1.6 system-ui, sans-serif; }
header, footer { color: var(--note); font-size: .88rem; max-width: 54rem; margin: 0 auto; padding: .9rem 1rem; }
footer { border-top: 1px solid var(--line); margin-top: 3rem; }
header a, footer a { margin-left: 1.2em; }
main { max-width: 54rem; margin: 0 auto; padding: 0 1rem; }
h1 { font-size: 2rem; line-height: 1.2; margin: .6em 0 .4em; }
h2 { font-size: 1.3rem; margin: 2.2em 0 .4em; }
a { color: var(--link); }
blockquote { margin: 1.2em 0; padding: .2em 1.1em; border-left: 4px solid var(--link); background: var(--soft); }
code { font: .9em ui-monospace, Menlo, Consolas, monospace; background: var(--soft); border-radius: 3px; padding: .1em .25em; }
pre { font: 13.5px/1.5 ui-monospace, Menlo, Consolas, monospace; overflow-x: auto; margin: .8em 0; padding: .75em 1em; }
pre code { background: none; padding: 0; }
.code pre { background: var(--soft); border: 1px solid var(--line); border-radius: 6px; }
.line { display: block; white-space: pre-wrap; overflow-wrap: anywhere; padding-left: calc((var(--in) + 4) * 1ch);
  text-indent: calc((var(--in) + 4) * -1ch); }
pre.out { border-left: 3px solid var(--line); padding: .1em 1em; white-space: pre-wrap; overflow-wrap: anywhere; }
pre.columns { white-space: pre; }
img { display: block; max-width: 100%; height: auto; margin: 1em auto; background: #fff; border-radius: 6px; }
iframe { --wide: min(96vw, 80rem); display: block; width: var(--wide); margin: 1em calc(50% - var(--wide) / 2);
  border: 1px solid var(--line); border-radius: 8px; background: var(--paper); }
table, pre.columns, .math.block > div {  /* a shade at the side on which more can be scrolled into sight */
  background: linear-gradient(90deg, var(--paper) 40%, transparent) 0 0 / 2.5em 100% no-repeat local,
    linear-gradient(270deg, var(--paper) 40%, transparent) 100% 0 / 2.5em 100% no-repeat local,
    linear-gradient(90deg, transparent 2px, var(--shade) 2px, transparent) 0 0 / 1em 100% no-repeat scroll,
    linear-gradient(270deg, transparent 2px, var(--shade) 2px, transparent) 100% 0 / 1em 100% no-repeat scroll; }
table { border-collapse: collapse; margin: 1em 0; display: block; overflow-x: auto; width: fit-content; max-width: 100%; }
th, td { border-bottom: 1px solid var(--line); padding: .3em .9em .3em 0; text-align: left; vertical-align: top; }
math { font-size: 1.13em; font-family: "Latin Modern Math", "STIX Two Math", "Cambria Math", "Libertinus Math", "DejaVu Math TeX Gyre", math; }
math .sum { font-size: 1.15em; }
munder > :nth-child(2), munderover > :nth-child(2) { padding-top: .15em; }
.math.block { display: flex; flex-wrap: wrap; justify-content: center; align-items: center; gap: .7em 3.2em; margin: 1.2em 0; }
.math.block > div { max-width: 100%; overflow-x: auto; overflow-y: hidden; padding: .15em .2em; }
@media (max-width: 500px) { .math.block math { font-size: .94em; } }
details { margin: .8em 0; }
summary { cursor: pointer; color: var(--note); font-size: .85rem; }
.code .k, .code .kn, .code .kc, .code .ow { color: var(--key); }
.code .s1, .code .s2, .code .sa, .code .sd, .code .si { color: var(--string); }
.code .c1 { color: var(--note); font-style: italic; }
.code .mi, .code .mf { color: var(--number); }
"""
