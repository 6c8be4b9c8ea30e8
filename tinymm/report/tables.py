"""The tables of the report: mix-ups as a heat map, scores of each label, epochs, facts, left-out clips."""

import numpy as np

from tinymm.report.formatting import DASH, columns, count, escape, finite, percent, short

LEFT_OUT_SHOWN = 50


def confusion_table(counts, labels):
    """counts (K, K) int, row = truth, column = answer -> an HTML table.

    A cell's shade is the root of its share of the row, so that a mistake of 5 % can still be seen.
    """
    upright = len(labels) <= 8 and max(columns(label) for label in labels) <= 8
    heads = "".join(
        f'<th scope="col" title="{escape(label)}"><span>{escape(label)}</span></th>' for label in labels
    )
    rows = []
    for i, label in enumerate(labels):
        shares = counts[i] / max(counts[i].sum(), 1)
        cells = "".join(_cell(counts[i, j], shares[j], i == j) for j in range(len(labels)))
        rows.append(f'<tr><th scope="row"><span>{escape(label)}</span></th>{cells}</tr>')
    return (
        f'<table class="confusion {"roomy" if upright else "tall"}"><caption>What was called what</caption>'
        f'<thead><tr><td class="corner">truth ↓<br>answer →</td>{heads}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>"
    )


def _cell(number, share, right):
    if number == 0:
        return '<td class="hit none">0</td>' if right else '<td class="none">0</td>'
    return f'<td{" class=hit" if right else ""} style="--s:{share**0.5:.2f}">{number:,}</td>'


def label_table(per_label):
    """Dicts(label, precision, recall, f1, clips) -> an HTML table, the weakest label first."""
    rows = []
    for row in sorted(per_label, key=lambda row: finite(row["f1"]) or 0.0):
        bar = f'<td class="bar" style="--s:{finite(row["f1"]) or 0:.2f}">{percent(row["f1"])}</td>'
        rows.append(
            f'<tr><th scope="row">{escape(row["label"])}</th><td>{percent(row["precision"])}</td>'
            f"<td>{percent(row['recall'])}</td>{bar}<td>{row['clips']:,}</td></tr>"
        )
    head = _head("label", "precision", "recall", "F1", "clips")
    return _table("Each label, weakest first", head, rows)


def epoch_table(history):
    """The history as an HTML table; columns that no epoch has are left out."""
    kinds = {
        "loss": ("training loss", short),
        "validation_loss": ("validation loss", short),
        "validation_accuracy": ("validation right", percent),
        "seconds": ("seconds", short),
    }
    kinds = {key: kind for key, kind in kinds.items() if any(key in row for row in history)}
    rows = []
    for row in history:
        cells = "".join(f"<td>{written(row.get(key))}</td>" for key, (_, written) in kinds.items())
        rows.append(f'<tr><th scope="row">{row["epoch"]}</th>{cells}</tr>')
    head = _head("epoch", *(title for title, _ in kinds.values()))
    return _table("Every epoch", head, rows)


def left_out_table(left_out):
    """Pairs (file, reason) -> an HTML table of the first 50 and a line that counts the rest."""
    rows = [
        f'<tr><th scope="row" class="file">{escape(file)}</th><td dir="auto">{escape(reason)}</td></tr>'
        for file, reason in left_out[:LEFT_OUT_SHOWN]
    ]
    more = len(left_out) - LEFT_OUT_SHOWN
    rest = f'<p class="rest">… and {count(more, "more clip")}.</p>' if more > 0 else ""
    return (
        _table(f"{count(len(left_out), 'clip')} left out", _head("clip", "reason"), rows, "plain texts")
        + rest
    )


def fact_list(facts):
    """Facts as a definition list."""
    pairs = "".join(f"<div><dt>{escape(k)}</dt><dd>{escape(v) or DASH}</dd></div>" for k, v in facts.items())
    return f'<dl class="facts">{pairs}</dl>'


def _table(caption, head, rows, look="plain"):
    body = "".join(rows)
    return f'<table class="{look}"><caption>{caption}</caption>{head}<tbody>{body}</tbody></table>'


def _head(*titles):
    return "<thead><tr>" + "".join(f'<th scope="col">{title}</th>' for title in titles) + "</tr></thead>"


def counts_array(confusion):
    """The confusion matrix as whole numbers (K, K)."""
    return np.asarray(confusion).astype(np.int64)
