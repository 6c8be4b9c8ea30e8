"""Large layers that are wrong: found, cut down and named within seconds."""

import time

import numpy as np

import tinymm as mm
from tinymm.gradchecking import shrinking
from tinymm.gradchecking.own import check_own
from tinymm.gradchecking.shrinking import shrink


def normal(*shape):
    return np.random.default_rng(0).normal(size=shape)


class OffByAThousandth(mm.Conv2D):
    def backward(self, dy, cache):
        dx, grads = super().backward(dy, cache)
        return dx, {**grads, "W": grads["W"] * 1.001}


def test_a_large_convolution_is_cut_down_and_its_worst_entry_told():
    started = time.monotonic()
    report = mm.gradcheck(OffByAThousandth(8, 3), normal(4, 48, 48, 3))
    assert time.monotonic() - started < 20
    assert {check.array for check in report.failures} == {"W"} and report.smallest == {"x": (1, 3, 3, 1)}
    worst = report.entries[0]
    assert (worst.array, worst.wrong, worst.size) == ("W", 72, 72)
    text = str(report)
    assert "the slope in W along random direction" in text and "4 of 4 directions are wrong" in text
    assert "wrong there: W[" in text and "72 of 72 entries are wrong" in text
    assert report.to_dict()["wrong_there"][0]["size"] == 72


def test_a_part_in_ten_billion_is_cut_down_by_the_complex_step():
    class Wrong(mm.Tanh):
        def backward(self, dy, cache):
            return super().backward(dy, cache)[0] * (1 + 1e-10), {}

    assert mm.gradcheck(Wrong(), normal(20, 30, 2)).smallest == {"x": (1, 1, 1)}


def test_shrinking_ends_when_its_time_is_over(monkeypatch):
    monkeypatch.setattr(shrinking, "SECONDS", 0)
    assert shrink({"x": np.zeros((8, 8))}, lambda inputs: True)["x"].shape == (8, 8)


OWN = """
import numpy as np

def scale_forward(x):
    return 3 * x, None

def scale_backward(dy, cache):
    return {dx}
"""


def own(tmp_path, dx, shape):
    path = tmp_path / "scale.py"
    path.write_text(OWN.format(dx=dx), encoding="utf-8")
    return check_own(f"{path}:scale", shapes=[shape])[0]


def test_a_mistake_on_a_large_input_is_named(tmp_path):
    report = own(tmp_path, "-3 * dy", (40, 50))
    assert report.diagnosis == ["the gradient of x: its sign is flipped"]


def test_two_samples_become_three_so_that_a_mean_is_no_half(tmp_path):
    (sentence,) = own(tmp_path, "3 * dy / len(dy)", (2, 5)).diagnosis
    assert sentence.endswith("it is divided by 3: the mean over the batch in the place of the sum")
    (sentence,) = own(tmp_path, "3 * dy / 2", (2, 5)).diagnosis
    assert sentence.endswith("it is half of the right value")


def test_a_mistake_that_shows_on_the_given_input_alone_gets_no_diagnosis(tmp_path):
    report = own(tmp_path, "3 * dy * (1 + 1e-3 * (dy.size > 1999))", (40, 50))
    assert not report and report.smallest == {"x": (40, 50)} and report.diagnosis == []
