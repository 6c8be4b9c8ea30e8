"""The step viewer: one page on which a layer's forward and backward pass are walked through, number by number."""

import difflib
from html import escape
from pathlib import Path

from tinymm.errors import TinymmError
from tinymm.files import atomic_write
from tinymm.layers import Container
from tinymm.viewer.examples import EXAMPLES, fusion
from tinymm.viewer.page import page, summary_of
from tinymm.viewer.shrinking import trace_that_fits

HEIGHT = 860


class View:
    """A page about one run of a layer: ``html`` is its text, ``save`` writes it, a notebook shows it in a ``frame``."""

    def __init__(self, trace, title, summary, at=None):
        self.trace = trace
        self.title = title
        self.html = page(trace, title, summary, at)

    def save(self, path):
        """Write the page to ``path``, whole or not at all. Returns the path. Raises OSError when it cannot."""
        with atomic_write(path, "w") as file:
            file.write(self.html)
        return Path(path)

    def frame(self, height=HEIGHT):
        """The page as an <iframe> with everything inside, ``height`` pixels high, to put into another page."""
        return (
            f'<iframe srcdoc="{escape(self.html)}" title="{escape(self.title)}, step by step" '
            f'style="width: 100%; height: {height}px; border: 0" loading="lazy"></iframe>'
        )

    def _repr_html_(self):
        return self.frame()

    def __repr__(self):
        return f"View({self.title!r}, {len(self.trace.tape.nodes)} numbers): .save(path) writes the page"


def view(layer, x=None, dy=None, loss=None, target=None, training=False, mask=None, title=None, at=None):
    """Walk through ``layer`` on x, forward and backward, number by number: -> View.

    layer is a layer or model and x an array it takes (or a dict or tuple of arrays); or a loss and x its
    (prediction, target); or the name of an example, "Conv2D", without x. The upstream gradient is ``dy``,
    shaped like the output (without one, random numbers), or with ``loss`` and ``target`` what the loss gives.
    The layer's own code runs in float64, on a copy: nothing of it is changed. ``training`` and ``mask`` are
    handed to it. ``at`` says which number is chosen at first: "y[0, 1]", or "dW[0, 1]" for a gradient. A page holds about 16,000 numbers; keep x as small as paper would.

    Raises TinymmError for a name that is none and for an input that is too large, with a size that would fit.
    """
    if isinstance(layer, str):
        return _example(layer, at)
    if x is None:
        raise TinymmError(f"view wants an input for {type(layer).__name__}: mm.view(layer, x)")
    if (loss is None) != (target is None):
        raise TinymmError("view wants loss and target together: mm.view(model, x, loss=loss, target=target)")
    trace = trace_that_fits(layer, x, dy=dy, loss=loss, target=target, training=training, mask=mask)
    inside = isinstance(layer, Container) and type(layer).__name__ == "Sequential"
    name = "A model" if inside else type(layer).__name__
    summary = "from its inputs to the loss and back" if loss else summary_of(layer)
    return View(trace, title or name, summary, at)


def example_name(word):
    """The name of the example that ``word`` means. Raises TinymmError, with the nearest name, when there is none."""
    names = {_plain(name): name for name in EXAMPLES}
    if _plain(word) in names:
        return names[_plain(word)]
    near = difflib.get_close_matches(_plain(word), names, 1)
    hint = f"did you mean {names[near[0]]}?" if near else f"there are {', '.join(EXAMPLES)}"
    raise TinymmError(f"{word} is no layer or loss that can be viewed: {hint}")


def _example(word, at):
    name = example_name(word)
    example = EXAMPLES[name]
    layer, x = example.build()
    return view(layer, x, title="A fusion model" if name == "fusion" else name, at=at, **example.options)


def listing():
    """The examples, one a line, with what each does."""
    said = {name: summary_of(example.make()) for name, example in EXAMPLES.items()} | {"fusion": fusion.__doc__}
    width = max(map(len, said))
    return "\n".join(f"{name:<{width}}  {text[:1].upper()}{text[1:].rstrip('.')}" for name, text in said.items())


def _plain(name):
    return name.lower().replace("_", "").replace("-", "").replace(" ", "")
