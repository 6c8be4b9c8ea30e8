import numpy as np

import tinymm as mm
from tinymm.gradchecking.shrinking import shrink


def test_the_smallest_failing_input_is_found():
    small = shrink(
        {"x": np.zeros((8, 9, 4))}, lambda inputs: inputs["x"].shape[1] >= 3 and inputs["x"].shape[2] >= 2
    )
    assert small["x"].shape == (1, 3, 2)


def test_arrays_that_must_fit_each_other_shrink_together():
    def fails(inputs):
        return (inputs["x"] @ inputs["W"]).shape[1] >= 2 or np.ones(2)[5]

    small = shrink({"x": np.zeros((6, 5)), "W": np.zeros((5, 7))}, fails)
    assert {k: a.shape for k, a in small.items()} == {"x": (1, 1), "W": (1, 2)}


def test_an_input_that_raises_is_not_a_smaller_failure():
    def fails(inputs):
        if inputs["x"].shape != (4, 4):
            raise ValueError
        return True

    assert shrink({"x": np.zeros((4, 4))}, fails)["x"].shape == (4, 4)


class ForgetsTheThirdStep(mm.Tanh):
    axes = ("time", "features")

    def backward(self, dy, cache):
        dx, grads = super().backward(dy, cache)
        dx = dx.copy()
        dx[:, 2:3] = 0
        return dx, grads


def test_a_report_names_the_smallest_shape_on_which_a_layer_still_fails():
    report = mm.gradcheck(ForgetsTheThirdStep(), np.random.default_rng(0).normal(size=(3, 7, 4)))
    assert not report
    assert report.smallest == {"x": (1, 3, 1)}
    assert "smallest failing shape: x (1, 3, 1)" in str(report)


def test_masks_and_branches_shrink_with_their_inputs():
    class Wrong(mm.RNN):
        def backward(self, dy, cache):
            dx, grads = super().backward(dy, cache)
            return dx, {**grads, "U": grads["U"] * 1.01}

    mask = np.array([[True] * 4, [True, False, True, True]])
    report = mm.gradcheck(Wrong(2), np.random.default_rng(0).normal(size=(2, 4, 3)), mask=mask)
    assert report.smallest == {"x": (1, 2, 1), "mask": (1, 2)}
    model = mm.Concatenate(a=mm.Sequential(Wrong(2)), b=mm.Dense(1))
    report = mm.gradcheck(model, {"a": np.random.default_rng(0).normal(size=(3, 4, 3)), "b": np.ones((3, 2))})
    assert report.smallest == {"x.a": (1, 2, 1), "x.b": (1, 1)}
