"""What the numbers of a run say, in sentences that claim no more than was measured."""

import math

import numpy as np

from tinymm.report.formatting import NBSP, count, finite, percent, short


def measured_on(report):
    """("test", share) of the fused model, or ("validation", share) when no test was made, or None."""
    fused = report.comparison[0] if report.comparison else {}
    for kind in ("test", "validation"):
        if finite(fused.get(kind)) is not None:
            return kind, float(fused[kind])
    return None


def headline(report):
    """The result of the run as one sentence, and a second where always saying one label does as well."""
    result = measured_on(report)
    if result is None:
        return "No clips were held back, so how good this model is was not measured."
    kind, share = result
    chance = finite(report.chance)
    right = f"{percent(share)} of {_asked(report, kind)} are right"
    rivals = [r for r in report.comparison[1:] if finite(r.get(kind)) is not None]
    singles = [r for r in rivals if r["name"].endswith(" alone")] or rivals
    if not singles:
        base = "" if chance is None else f"; always saying the most frequent label gets {percent(chance)}"
        return f"{right}{base}."
    best = max(singles, key=lambda r: r[kind])
    role = "the best single sense" if best["name"].endswith(" alone") else "the next best"
    verb = (
        "reaches" if best[kind] < share else "does better, with" if best[kind] > share else "reaches as much,"
    )
    name = best["name"].removesuffix(" alone")
    warned = (chance or 0) >= share
    warning = f" Always saying the most frequent label gets {percent(chance)}." if warned else ""
    return f"Together {right}; {role}, {name}, {verb} {percent(best[kind])}.{warning}"


def _asked(report, kind):
    return f"{kind} clips" if report.confusion is not None else f"the answers on {kind} clips"


def luck(report):
    """How far the measured share may be off, from the number of clips; "" when that number is not known.

    Wilson's 95 % interval (Wilson 1927): centre ± z √(p(1−p)/n + z²/4n²), both over 1 + z²/n, z = 1.96.
    """
    result = measured_on(report)
    clips = 0 if report.confusion is None else int(np.sum(report.confusion))
    if result is None or clips == 0:
        return ""
    low, high = wilson(result[1], clips)
    return (
        f"With {count(clips, result[0] + ' clip')}, luck alone moves the result: the true share probably "
        f"lies between {percent(low)} and {percent(high)} (95{NBSP}% interval)."
    )


def wilson(share, n, z=1.96):
    """The interval (low, high) around a share that was measured on n clips."""
    centre, reach = share + z * z / (2 * n), z * math.sqrt(share * (1 - share) / n + (z / (2 * n)) ** 2)
    return max(0.0, (centre - reach) / (1 + z * z / n)), min(1.0, (centre + reach) / (1 + z * z / n))


def bars_reading(report):
    """How to read the bar chart."""
    kind = (measured_on(report) or ("validation",))[0]
    parts = [f"A bar is the share of {_asked(report, kind)} that are right: longer is better."]
    if kind == "test":
        parts.append("The ring is the same for the validation clips.")
    if finite(report.chance) is not None:
        parts.append("The upright line is what always saying the most frequent label gets.")
    return " ".join([*parts, luck(report)]).strip()


def best_epoch(history):
    """The epoch with the lowest validation loss, or training loss without validation; None if all are NaN."""
    validated = any(finite(r.get("validation_loss")) is not None for r in history)
    score = "validation_loss" if validated else "loss"
    known = [r for r in history if finite(r.get(score)) is not None]
    return min(known, key=lambda r: r[score])["epoch"] if known else None


def loss_reading(history):
    """What the loss curves say about this run."""
    how = "The loss says how far the answers are from the truth: lower is better."
    best, last = best_epoch(history), history[-1]
    chosen = next((r for r in history if r["epoch"] == best), last)
    end, low = finite(last.get("validation_loss")), finite(chosen.get("validation_loss"))
    if low is None:
        return f"{how} Only the training clips were measured, so learning by heart would not show here."
    if len(history) == 1:
        return f"{how} One epoch is a single point; train for more to see a curve."
    if chosen is last:
        return f"{how} The last epoch was still the best, so more epochs may help."
    if end is not None and (finite(last["loss"]) or math.inf) < (finite(chosen["loss"]) or 0):
        return (
            f"{how} After epoch {best} the training loss fell on to {short(last['loss'])}, "
            f"but the validation loss ended at {short(end)}: this can be a sign that the model "
            "learns its training clips by heart."
        )
    return f"{how} After epoch {best} the validation loss fell no lower."


def accuracy_reading(history):
    """How to read the curve of right answers, and why the best epoch is not always its highest point."""
    how = "The share of validation clips that are right after each epoch: higher is better."
    best = best_epoch(history)
    shares = {r["epoch"]: finite(r.get("validation_accuracy")) or 0.0 for r in history}
    if best is None or max(shares.values()) <= shares[best]:
        return how
    most = max(shares, key=shares.get)
    return (
        f"{how} Epoch {most} has more right ({percent(shares[most])}), but epoch {best} has the lower loss, "
        "which also counts how sure each answer is."
    )


def confusion_reading(counts, labels):
    """How to read the matrix, and the mistake that was made most often."""
    how = "A row is what the clip shows, a column what the model said; right answers lie on the diagonal."
    shade = "The stronger a cell’s colour, the larger its share of the row."
    mistakes = counts - np.diag(np.diag(counts))
    if not mistakes.any():
        return f"{how} {shade} There is no mistake in it."
    i, j = np.unravel_index(mistakes.argmax(), mistakes.shape)
    return (
        f"{how} {shade} The most frequent mistake: {mistakes[i, j]:,} of the "
        f"{count(int(counts[i].sum()), 'clip')} with “{labels[i]}” were called “{labels[j]}”."
    )
