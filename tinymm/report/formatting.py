"""How numbers and outside texts are written in the report. A number that is missing or NaN becomes a dash."""

import html
import math
import unicodedata

CONTROL = {n: "\ufffd" for n in [*range(9), 11, 12, *range(14, 32), 127]}  # all but tab and line ends
DASH = "–"
NBSP = "\u00a0"


def escape(text):
    """Any value as text that is safe between tags and inside quoted attributes and can be stored as UTF-8."""
    storable = str(text).encode("utf-8", "replace").decode("utf-8")
    return html.escape(storable.translate(CONTROL))


def finite(value):
    """The value as a float, or None when it is missing, NaN or infinite."""
    return float(value) if value is not None and math.isfinite(value) else None


def percent(share):
    """0.931 -> "93 %". Near 0 and 1 with a decimal, so that 100 % means all and 0 % none."""
    share = finite(share)
    if share is None:
        return DASH
    points = 100 * share
    if 0 < points < 0.5 or 99.5 <= points < 100:
        return f"{min(max(points, 0.1), 99.9):.1f}{NBSP}%"
    return f"{points:.0f}{NBSP}%"


def short(value):
    """Three significant digits: 0.0213, 1.83, 214, 12,500."""
    value = finite(value)
    if value is None:
        return DASH
    return f"{value:,.0f}" if 999.5 <= abs(value) < 1e6 else f"{value:.3g}"


def count(number, noun):
    """1, "clip" -> "1 clip"; 3 -> "3 clips"; 12500 -> "12,500 clips"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def columns(text):
    """How many Latin letters wide the text is: a Chinese, Japanese or Korean character counts as two."""
    return sum(1 + (unicodedata.east_asian_width(c) in "WF") for c in text)


def clipped(text, width):
    """The text, cut with an ellipsis where it is wider than ``width`` Latin letters."""
    if columns(text) <= width:
        return text
    while columns(text) > width - 1:
        text = text[:-1]
    return text.rstrip() + "…"
