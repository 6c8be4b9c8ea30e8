"""Prose with computed numbers in it, and code as it stands in tinymm: a lesson types neither."""

import inspect
import sys


def say(text):
    """Show Markdown in a notebook; print it where a lesson runs as a plain Python file.

    Its indentation is taken off first, so that a lesson's f-strings may be indented like code.
    """
    text = inspect.cleandoc(text)
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is None:
        print(text)
        return
    from IPython.display import Markdown, display

    display(Markdown(text))


def show(*functions):
    """Show the source of functions of tinymm, as it runs."""
    say("\n\n".join(f"```python\n{inspect.getsource(f).rstrip()}\n```" for f in functions))
