"""The report page: which section stands where. Its policy line forbids it every request to the network."""

from dataclasses import dataclass, field

import numpy as np

from tinymm.errors import TinymmError
from tinymm.files import atomic_write
from tinymm.report import sentences
from tinymm.report.charts import bars, curves
from tinymm.report.clips import clip_card
from tinymm.report.formatting import escape
from tinymm.report.style import STYLE
from tinymm.report.tables import (
    confusion_table,
    counts_array,
    epoch_table,
    fact_list,
    label_table,
    left_out_table,
)


@dataclass
class Report:
    """Everything a report shows. What was not measured is None, empty or NaN; its section says so.

    title: "content: what is shown". facts: short name -> text. history: the rows of ``Trainer.fit``.
    comparison: dicts of name, validation and test (shares of right answers); the fused model first.
    chance: the share that always saying the most frequent label gets right. labels: K names.
    confusion: counts (K, K) of held-back clips of class i that were called class j; None for tags.
    per_label: dicts of label, precision, recall, f1, clips.
    worst: dicts of clip, text, true, predicted, probability (of the predicted), frames (uint8 (T, H, W, 3))
    and senses (name -> (label, probability)). left_out: pairs of file and reason.
    summary: the layers as text.
    """

    title: str
    facts: dict = field(default_factory=dict)
    history: list = field(default_factory=list)
    comparison: list = field(default_factory=list)
    chance: float = float("nan")
    labels: list = field(default_factory=list)
    confusion: np.ndarray | None = None
    per_label: list = field(default_factory=list)
    worst: list = field(default_factory=list)
    left_out: list = field(default_factory=list)
    summary: str = ""


def write_report(path, report):
    """Write the report as one HTML file, whole or not at all.

    Raises TinymmError when the confusion matrix does not fit the labels or imageio is missing, OSError when
    the file cannot be written.
    """
    page = render(report)
    with atomic_write(path, "w") as file:
        file.write(page)


def render(report):
    """The report as HTML text."""
    parts = (_result, _learning, _labels, _worst, _left_out, _layers)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\">\n"
        f"<title>{escape(report.title)} – tinymm report</title>\n<style>{STYLE}</style>\n</head>\n"
        "<body>\n<main>\n"
        f"{''.join(part(report) for part in parts)}</main>\n</body>\n</html>\n"
    )


def _result(report):
    chart = ""
    if report.comparison:
        chart = _figure(bars(report.comparison, report.chance), sentences.bars_reading(report))
    facts = fact_list(report.facts) if report.facts else ""
    return (
        f"<header><h1>{escape(report.title)}</h1>"
        f'<p class="headline">{escape(sentences.headline(report))}</p></header>\n'
        f'<section class="pair" aria-label="Result">{chart}{facts}</section>\n'
    )


def _learning(report):
    history = report.history
    if not history:
        return ""
    best = sentences.best_epoch(history)
    losses = {"training": "loss", "validation": "validation_loss"}
    lines = {
        name: _points(history, key) for name, key in losses.items() if any(key in row for row in history)
    }
    figures = _figure(
        curves("loss", "Loss over epochs", lines, best), sentences.loss_reading(history), "Loss"
    )
    if any("validation_accuracy" in row for row in history):
        right = {"validation": _points(history, "validation_accuracy")}
        chart = curves("accuracy", "Right answers over epochs", right, best, share=True, chance=report.chance)
        figures += _figure(chart, sentences.accuracy_reading(history), "Right answers")
    numbers = _wide(epoch_table(history), "Every epoch")
    table = f"<details><summary>Every epoch in numbers</summary>{numbers}</details>"
    return _section("How it learned", f'<div class="pair">{figures}</div>{table}')


def _points(history, key):
    return [(row["epoch"], row.get(key)) for row in history]


def _labels(report):
    figures = ""
    if report.confusion is not None:
        counts = counts_array(report.confusion)
        if counts.shape != (len(report.labels),) * 2:
            shape = " × ".join(map(str, counts.shape))
            raise TinymmError(
                f"the report has {len(report.labels)} labels but a {shape} confusion matrix: make them fit"
            )
        if len(report.labels):
            reading = sentences.confusion_reading(counts, report.labels)
            table = _wide(confusion_table(counts, report.labels), "What was called what")
            figures += _figure(table, reading)
    if report.per_label:
        reading = (
            "Precision: of the clips that were called so, how many are. Recall: of the clips that are so, "
            "how many were found. F1 is high only when both are."
        )
        figures += _figure(_wide(label_table(report.per_label), "Each label"), reading)
    layout = "pair" if len(report.labels) <= 8 else "stack"
    return _section("Label by label", f'<div class="{layout}">{figures}</div>') if figures else ""


def _worst(report):
    if not report.worst:
        return _section("Where it was most wrong", '<p class="reading">No wrong answer to show.</p>')
    cards = "".join(clip_card(clip) for clip in report.worst)
    reading = (
        "The clips whose true label got the least probability. Look for what their frames, words and sound "
        "have in common with the wrong label. The bars show how sure each sense was by itself."
    )
    return _section(
        "Where it was most wrong", f'<p class="reading">{reading}</p><div class="clips">{cards}</div>'
    )


def _left_out(report):
    if not report.left_out:
        return _section("What was left out", '<p class="reading">Nothing: every clip could be used.</p>')
    table = _wide(left_out_table(report.left_out), "Left out")
    return _section("What was left out", f"<figure>{table}</figure>")


def _layers(report):
    if not report.summary.strip():
        return ""
    summary = escape(report.summary.strip("\n"))
    return _section("The model’s layers", _wide(f"<pre>{summary}</pre>", "Layers"))


def _section(title, body):
    return f"<section>\n<h2>{title}</h2>\n{body}\n</section>\n"


def _figure(body, reading, title=""):
    heading = f"<h3>{title}</h3>" if title else ""
    return f"<figure>{heading}{body}<figcaption>{escape(reading)}</figcaption></figure>"


def _wide(body, name):
    """What may be wider than the screen scrolls by itself, with the arrow keys too; the page does not."""
    return f'<div class="wide" role="group" aria-label="{name}" tabindex="0">{body}</div>'
