"""An Outcome for people to read: plain text, colours in a terminal, HTML in a notebook. All three say the same."""

import html

WIDTH = 100
LIKELY = "Looks like:"
STYLES = {  # name: (rich, CSS); a notebook may be light or dark
    "": ("", ""),
    "bold": ("bold", "font-weight:bold"),
    "number": ("bold cyan", "font-weight:bold;color:#1899b3"),
    "right": ("green", "color:#2e9d4e"),
    "wrong": ("red", "color:#d9534f"),
    "likely": ("yellow", "color:#b8860b;font-weight:bold"),
    "hint": ("cyan", "color:#1899b3"),
    "dim": ("dim", "opacity:0.65"),
}


def head(outcome, width=WIDTH):
    """The steps up to the first that failed: a list of lines, each of pieces (text, style)."""
    task = outcome.exercise
    lines = [[("Exercise ", "bold"), (f"{task.lesson:02d}", "number"), (f" · {task.title}", "bold"), (f"   {outcome.where}", "")]]
    for what, measure in outcome.passed:
        space = " " * max(2, width - 8 - len(what) - len(measure))
        lines.append([("✔", "right"), (f"    {what}", ""), (f"{space}{measure}" if measure else "", "dim")])
    lines.append([("✘", "wrong"), (f"    {outcome.failed}", "bold")] if outcome.failed else [("all right", "right")])
    return lines


def body(outcome):
    """Why it failed, and what the learner's functions printed: lines of pieces."""
    lines = [
        [(LIKELY, "likely"), (line.removeprefix(LIKELY), "")] if line.startswith(LIKELY) else [(line, "")] for line in outcome.lines
    ]
    if outcome.printed:
        lines.append([("Printed in this step, by the first call that printed:", "dim")])
        lines += [[(f"  {line}", "")] for line in outcome.printed.rstrip().splitlines()[:12]]
    return lines


def as_text(outcome):
    """What print() shows."""
    lines = head(outcome, 80) + [[("    ", ""), *line] for line in body(outcome)]
    if not outcome:
        lines.append([(f"    {len(outcome.hints)} hints wait: .hint(1) of this outcome is the gentlest", "")])
    return "\n".join("".join(text for text, _ in line).rstrip() for line in lines)


def as_html(outcome):
    """What a notebook shows. A hint opens when it is clicked."""
    parts = ["<div style='max-width:60em;font-size:0.9em'>", _pre(head(outcome, 80))]
    if not outcome:
        parts.append("<div style='border-left:3px solid #d9534f;padding:0 0 0 0.8em;margin:0.4em 0'>" + _pre(body(outcome)))
        for number, text in enumerate(outcome.hints, 1):
            summary = f"<summary style='cursor:pointer'>Hint {number}/{len(outcome.hints)}</summary>"
            parts.append(f"<details>{summary}<div style='padding:0 0 0.4em 1em'>{html.escape(text)}</div></details>")
        parts.append("</div>")
    return "".join([*parts, "</div>"])


def _pre(lines):
    rows = "\n".join("".join(_span(text, style) for text, style in line) for line in lines)
    return f"<pre style='white-space:pre-wrap;margin:0;background:none'>{rows}</pre>"


def _span(text, style):
    css = STYLES[style][1]
    return f"<span style='{css}'>{html.escape(text)}</span>" if css else html.escape(text)


def show_in_list(task, passed, begun):
    """Print one line on an exercise."""
    from rich.text import Text

    mark, style = ("✔", "right") if passed else ("…", "likely") if begun else (" ", "")
    terminal().print(Text.assemble((mark, STYLES[style][0]), f" {task.lesson:>2}  {task.name:<18} {task.title}"))


def show_hints(outcome, read):
    """Print the first ``read`` hints of the step that failed."""
    from rich.padding import Padding
    from rich.text import Text

    console = terminal()
    console.print(Text.assemble("The check stops at: ", (outcome.failed, STYLES["bold"][0])))
    for number, hint in enumerate(outcome.hints[:read], 1):
        text = Text.assemble((f"Hint {number}/{len(outcome.hints)}: ", STYLES["hint"][0]), hint)
        console.print(Padding(text, (0, 0, 0, 2)))


def terminal():
    """A rich Console as wide as text reads well."""
    from rich.console import Console

    console = Console(highlight=False, emoji=False, soft_wrap=False)
    console.width = min(max(console.width, 40), WIDTH)
    return console


def show(outcome, read=0):
    """Print an Outcome, with colours where there is a terminal. ``read``: how many hints of this step were asked for."""
    from rich.panel import Panel
    from rich.text import Text

    console = terminal()

    def text(line):
        return Text.assemble(*((piece, STYLES[style][0]) for piece, style in line))

    for line in head(outcome, console.width):
        console.print(text(line))
    if outcome:
        return
    lines = body(outcome)
    if read:
        lines.append([(f"Hint {read}/{len(outcome.hints)}: ", "hint"), (outcome.hints[read - 1], "")])
    if read < len(outcome.hints):
        lines.append([(f"{'More help' if read else 'Help'}: tinymm exercise hint {outcome.exercise.name}", "dim")])
    console.print(Panel(Text("\n").join(map(text, lines)), title="first failing check", title_align="left", border_style="red"))
