"""The source of a traced number: the statement, the function, and what is shown when there is no file."""

import numpy as np

import tinymm as mm
from tinymm.viewer.page import described
from tinymm.viewer.trace import trace

LAYER = """
import tinymm as mm

class Cubic(mm.Layer):
    def run(self, x):
        y = (
            x * x
            * x
        )
        return y, x

    def backward(self, dy, cache):
        return 3 * dy * cache * cache, {}
"""


def sites_of(data, panel, kind):
    runs = data["runs"]
    sites = [site for count, site in zip(runs[::2], runs[1::2]) for _ in range(count)]
    return data["sites"][sites[next(p for p in data["panels"] if p["name"] == panel)[kind][0]]]


def test_a_statement_over_several_lines_is_highlighted_as_a_whole(tmp_path, monkeypatch):
    (tmp_path / "my_cubic.py").write_text(LAYER)
    monkeypatch.syspath_prepend(tmp_path)
    from my_cubic import Cubic

    data = described(trace(Cubic(), np.ones((1, 2))), "Cubic", "")
    ((function, first, last),) = sites_of(data, "y", "v")
    assert (first, last) == (6, 9)
    assert data["functions"][function]["file"] == "my_cubic.py"
    assert data["functions"][function]["text"].startswith("def run(self, x):")


def test_a_layer_without_a_file_is_viewed_without_its_source():
    space = {}
    exec(LAYER, space)
    view = mm.view(space["Cubic"](), np.array([[2.0]]))
    assert [node.value for node in view.trace.y.flat] == [8.0]


def test_a_function_called_by_another_comes_first_and_both_are_told():
    data = described(trace(mm.LSTM(1), np.ones((1, 2, 1))), "LSTM", "")
    names = [data["functions"][number]["name"] for number, _, _ in sites_of(data, "i", "v")]
    assert names == ["sigmoid_forward", "lstm_forward"]
