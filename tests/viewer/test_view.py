"""``mm.view``: one offline page, shown in notebooks, saved whole; and what it refuses."""

import functools
import json
import re

import numpy as np
import pytest

import tinymm as mm
from tinymm.viewer.examples import EXAMPLES

LAYERS = [name for name in mm.layers.__all__ if isinstance(getattr(mm, name), type)]
NO_EXAMPLE = {"Container", "Layer", "Sequential"}


example = functools.cache(mm.view)


def data_of(view):
    return json.loads(re.search(r'<script id="trace" type="application/json">(.*?)</script>', view.html, re.S)[1])


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_one_small_page_that_asks_the_network_for_nothing(name):
    html = example(name).html
    assert len(html.encode()) < 300_000
    assert "{{" not in re.sub(r"<script.*?</script>", "", html, flags=re.S)
    assert not re.search(r"""(src|href)\s*=\s*["'](?!data:)|@import|url\(|fetch\(|XMLHttp|https?://""", html)


def test_every_layer_and_loss_has_an_example():
    assert set(LAYERS) - NO_EXAMPLE <= set(EXAMPLES)
    assert set(mm.losses.LOSSES) <= set(EXAMPLES)


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_array_of_an_example_has_an_equation_and_every_number_a_line(name):
    data = data_of(example(name))
    computed = [panel for panel in data["panels"] if panel["role"] == "computed"]
    for panel in computed:
        if panel["v"] and data["sections"] and len(data["sections"]) == 1:
            assert "<math" in panel.get("equationV", ""), panel["name"]
    for panel in data["panels"]:
        if panel["g"] and not panel["given"] and len(data["sections"]) == 1:
            assert "<math" in panel.get("equationG", ""), panel["name"]
    assert data["sites"].count([]) == 1  # what was given


def test_the_highlighted_line_is_the_one_that_computed_the_number():
    data = data_of(example("Dense"))
    y = next(panel for panel in data["panels"] if panel["name"] == "y")["v"][0]
    sites = [site for n, site in zip(data["runs"][::2], data["runs"][1::2]) for _ in range(n)]
    (function, first, last), *_ = data["sites"][sites[y]]
    source = data["functions"][function]
    assert (source["file"], source["name"], first) == ("tinymm/layers/dense.py", "dense_forward", last)
    assert source["text"].splitlines()[first - source["line"]].strip() == "y = x @ W + b"


def test_nothing_of_the_callers_own_code_gets_into_the_page():
    data = data_of(example("fusion"))
    assert {source["file"].split("/")[0] for source in data["functions"]} == {"tinymm"}


def test_a_page_is_saved_whole_and_shown_in_a_frame(tmp_path):
    view = mm.view(mm.Dense(2), np.ones((2, 3)))
    path = view.save(tmp_path / "dense.html")
    assert path.read_text(encoding="utf-8") == view.html and [p.name for p in tmp_path.iterdir()] == ["dense.html"]
    assert "height: 300px" in view.frame(300)
    frame = view._repr_html_()
    assert frame.startswith("<iframe srcdoc=") and "<script" not in frame
    assert "View('Dense'" in repr(view)
    with pytest.raises(OSError):
        view.save(tmp_path / "missing" / "dense.html")


def test_a_layer_called_like_a_tag_cannot_break_the_page():
    html = mm.view(mm.Tanh(), np.ones((1, 2)), title="</script><b>").html
    assert "</script><b>" not in html


@pytest.mark.parametrize(
    ("layer", "x", "words"),
    [
        (mm.Conv2D(32, 3), np.ones((8, 32, 32, 3)), r"\(1, 3, 3, 3\) would fit"),
        (mm.Dense(10), np.ones((500, 40)), r"\(\d+, 40\) would fit"),
        (mm.LSTM(3), np.ones((32, 50, 4)), r"\(1, \d+, 4\) would fit"),
        (mm.LSTM(128), np.ones((2, 20, 64)), "fewer units"),
        (mm.MeanSquaredError(), (np.ones((9000, 1)), np.ones((9000, 1))), r"\(\d+, 1\) would fit|would fit"),
    ],
)
def test_a_trace_that_is_too_large_is_refused_with_a_size_that_fits(layer, x, words):
    with pytest.raises(mm.TinymmError, match=words) as refused:
        mm.view(layer, x)
    shape = re.search(r": \((\d[\d, ]*)\) would fit", str(refused.value))
    if shape:
        mm.view(layer, np.ones(tuple(map(int, shape[1].split(",")))))


def test_a_page_can_begin_at_any_number():
    start = {at: data_of(mm.view("Conv2D", at=at))["start"] for at in ("dW[2, 1]", "y[0,1,2,0]", "db[0]", "x[4,4]")}
    assert [(place["panel"], place["k"], place["kind"]) for place in start.values()] == [
        (1, 7, "g"), (3, 5, "v"), (2, 0, "g"), (0, 24, "v")
    ]  # fmt: skip
    assert data_of(mm.view("MeanSquaredError", at="J"))["start"]["kind"] == "v"
    for wrong in ("dW[3, 1]", "z[0]", "dW[0", ""):
        with pytest.raises(mm.TinymmError, match="no number.*x, dx, W, dW, b, db, y, dy"):
            mm.view("Conv2D", at=wrong)


def test_what_is_missing_is_asked_for():
    with pytest.raises(mm.TinymmError, match="mm.view\\(layer, x\\)"):
        mm.view(mm.Dense(2))
    with pytest.raises(mm.TinymmError, match="target together"):
        mm.view(mm.Dense(2), np.ones((2, 2)), loss=mm.MeanSquaredError())
    with pytest.raises(mm.TinymmError, match="prediction, target"):
        mm.view(mm.MeanSquaredError(), np.ones((2, 2)))
    with pytest.raises(mm.TinymmError, match="did you mean Conv2D"):
        mm.view("conv2")
