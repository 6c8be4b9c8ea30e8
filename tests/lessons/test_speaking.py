"""say and show: Markdown in a notebook, plain text elsewhere."""

from tinymm.layers.relu import relu_forward
from tinymm.lessons import say, show


def test_words_lose_the_indentation_of_the_code_around_them(capsys):
    say("""
        one
          two
    """)
    assert capsys.readouterr().out == "one\n  two\n"


def test_functions_are_shown_as_they_stand_in_tinymm(capsys):
    show(relu_forward)
    out = capsys.readouterr().out
    assert out.startswith("```python\ndef relu_forward(x):") and "y = x * positive" in out
