"""A wrong small entry among large ones is found, and a right one that rounding blurs is not refused."""

import numpy as np
import pytest

import tinymm as mm
from tinymm.gradcheck import gradcheck

SCALES = 10.0 ** np.arange(-12, 4)  # as many factors as columns, 15 magnitudes from the first to the last


def normal(*shape):
    return np.random.default_rng(0).normal(size=shape)


class Scale:
    """y = x s, with one entry of the gradient of x or of s changed by a factor."""

    def __init__(self, array="x", column=0, factor=1.0, real_only=False):
        self.params, self.real_only = {"s": SCALES.copy()}, real_only
        self.array, self.column, self.factor = array, column, factor

    def forward(self, x):
        if self.real_only and np.iscomplexobj(x * self.params["s"]):
            raise TypeError("real numbers only")
        return x * self.params["s"], x

    def backward(self, dy, x):
        grads = {"x": dy * self.params["s"], "s": (dy * x).reshape(-1, len(SCALES)).sum(axis=0)}
        grads[self.array][..., self.column] *= self.factor
        return grads["x"], {"s": grads["s"]}


SHAPES = [(2, 16), (40, 16)]  # entry by entry, and along directions


@pytest.mark.parametrize("shape", SHAPES)
def test_entries_of_all_magnitudes_are_right(shape):
    for real_only in (False, True):
        report = gradcheck(Scale(real_only=real_only), normal(*shape))
        assert report, str(report)


@pytest.mark.parametrize(("shape", "column"), [(SHAPES[0], k) for k in (0, 3, 8, 15)] + [(SHAPES[1], 0), (SHAPES[1], 9)])
@pytest.mark.parametrize("factor", [0, -1, 1 + 1e-6])
def test_a_wrong_entry_is_found_however_small_it_is(shape, column, factor):
    report = gradcheck(Scale("x", column, factor), normal(*shape))
    assert {check.array for check in report.failures} == {"x"}
    if shape == SHAPES[0]:
        (check,) = (c for c in report.failures if c.method == "complex step")
        assert check.index[-1] == column and check.wrong == 2 and check.error >= min(abs(factor - 1), 1) / 2


@pytest.mark.parametrize("column", [0, 15])
@pytest.mark.parametrize("factor", [0, 1 + 1e-9])
def test_a_wrong_entry_of_a_parameter_is_found_though_inputs_span_magnitudes(column, factor):
    x = normal(3, 16) * SCALES[::-1]
    assert gradcheck(Scale(), x)
    report = gradcheck(Scale("s", column, factor), x)
    assert {check.array for check in report.failures} == {"s"}


@pytest.mark.parametrize("column", [0, 8])
def test_without_a_complex_step_central_differences_find_it(column):
    report = gradcheck(Scale("x", column, 1.01, real_only=True), normal(2, 16))
    assert {c.method for c in report.failures} >= {"central differences", "full Jacobian"}
    report = gradcheck(Scale("x", column, 1.01, real_only=True), normal(40, 16))
    assert "entries of one size" in {c.method for c in report.failures}


def test_the_mistake_in_small_entries_is_not_named_after_the_large_ones(tmp_path):
    from tinymm.gradchecking.own import check_own

    path = tmp_path / "own.py"
    path.write_text(
        "import numpy as np\ns = 10.0 ** np.arange(-12, 4)\n\n"
        "def scale_forward(x):\n    return x * s, None\n\n"
        "def scale_backward(dy, cache):\n    dx = dy * s\n    dx[:, 0] *= 2\n    return dx\n"
    )
    (report,) = check_own(f"{path}:scale", shapes=[(3, 16)])
    assert not report and not any("times the right value" in sentence for sentence in report.diagnosis)


def rng(seed=1):
    return np.random.default_rng(seed)


def random(*shape, times=1.0, plus=0.0, seed=1):
    return times * rng(seed).normal(size=shape) + plus


LOGITS = 40 * np.eye(3) + random(3, 3)
RIGHT = {
    "tanh, one in saturation": (mm.Tanh(), np.array([[0.1, 8.0, 15.0, 30.0, -400.0]]), {}),
    "tanh, all in saturation": (mm.Tanh(), np.full((2, 2), 30.0), {}),
    "sigmoid": (mm.Sigmoid(), np.array([[0.1, 8.0, 15.0, 30.0, -40.0, -400.0, 800.0]]), {}),
    "softmax": (mm.Softmax(), np.array([[0.1, 40.0, 1.0], [1.0, 2.0, 300.0]]), {}),
    "sure of yes": (mm.BinaryCrossEntropy(True), (random(3, 2, plus=30), np.ones((3, 2))), {}),
    "sure of a class": (mm.CrossEntropy(True), (LOGITS, np.arange(3)), {}),
    "probabilities at the ends": (
        mm.BinaryCrossEntropy(), (np.array([[1e-9, 1 - 1e-9, 0.5]]), np.array([[1.0, 0.0, 1.0]])), {},
    ),
    "LSTM, large inputs": (mm.LSTM(2), random(2, 3, 2, times=20), {}),
    "LSTM, open gates": (mm.LSTM(2), random(2, 3, 2), {"params": {"b": np.full(8, 30.0)}}),
    "RNN, large inputs": (mm.RNN(3), random(2, 4, 2, times=20), {}),
    "a hundred inputs into tanh": (
        mm.Sequential(mm.Dense(2), mm.Tanh()), random(2, 100), {"params": {"0.W": random(100, 2, seed=2)}},
    ),
    "batch of two": (mm.BatchNorm(), random(2, 3, times=3), {"training": True}),
    "batch of two, close": (mm.BatchNorm(), random(2, 3, times=1e-3, plus=1), {"training": True}),
    "batch of one": (mm.BatchNorm(), random(1, 3, times=3), {"training": True}),
    "two features": (mm.LayerNorm(), random(5, 2, times=3), {}),
    "one feature": (mm.LayerNorm(), random(5, 1, times=3), {}),
    "a bias in front of BatchNorm": (
        mm.Sequential(mm.Conv2D(3, 2), mm.BatchNorm(), mm.ReLU()), random(3, 4, 4, 2), {"training": True},
    ),
    "the same, large": (
        mm.Sequential(mm.Conv2D(3, 2), mm.BatchNorm(), mm.ReLU()), random(3, 12, 12, 2), {"training": True},
    ),
    "saturated, large": (mm.Sequential(mm.Dense(30), mm.Tanh()), random(40, 20, times=20), {}),
    "large and small numbers": (mm.Dense(2), random(3, 4) * 10.0 ** np.array([-8, 0, 4, 8]), {}),
}  # fmt: skip


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_gradient_that_rounding_blurs_is_not_refused(name):
    layer, x, options = RIGHT[name]
    for seed in range(2):
        report = gradcheck(layer, x, seed=seed, **options)
        assert report, str(report)


def test_where_rounding_decides_the_report_says_so():
    report = gradcheck(mm.Tanh(), np.array([[0.1, 0.2, 15.0]]))
    assert any(note.startswith("1 of 3 entries of x have a gradient so small") for note in report.notes)
    assert not any("so small" in note for note in gradcheck(mm.Tanh(), random(3, 4)).notes)


@pytest.mark.parametrize("x", [5.0, 10.0, 15.0])
def test_a_saturated_entry_is_checked_as_far_as_float64_can_tell(x):
    class Wrong(mm.Tanh):
        def backward(self, dy, y):
            return super().backward(dy, y)[0] * np.array([1, 1.2]), {}

    assert not gradcheck(Wrong(), np.array([[0.3, x]]))


def test_a_gradient_that_jumps_about_is_not_taken_for_rounding():
    class Chaos(mm.Tanh):
        def backward(self, dy, y):
            dx, grads = super().backward(dy, y)
            return dx * (1 + 1e-4 * np.sin(1e18 * y)), grads

    assert not gradcheck(Chaos(), random(3, 4))


class RealReLU:
    """1000 · max(x, 0), on real numbers alone."""

    def __init__(self, factor=1.0):
        self.factor = factor

    def forward(self, x):
        return 1e3 * np.maximum(np.asarray(x, dtype=float), 0), x

    def backward(self, dy, x):
        return self.factor * 1e3 * dy * (x > 0), {}


@pytest.mark.parametrize("shape", [(2, 60), (40, 30)])
@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("size", [1.0, 1e4])
def test_without_a_complex_step_numbers_beside_a_kink_are_no_wrong_gradient(shape, seed, size):
    x = random(*shape, times=size, seed=seed)
    x.ravel()[:60] = np.geomspace(1e-9, 1e-2, 60) * size * rng(seed).choice((-1, 1), 60)
    report = gradcheck(RealReLU(), x)
    assert report, str(report)


@pytest.mark.parametrize("shape", [(2, 20), (40, 30)])
def test_without_a_complex_step_a_wrong_slope_beside_a_kink_is_found(shape):
    x = random(*shape)
    x.ravel()[:20] = np.geomspace(1e-9, 1e-2, 20)
    assert not gradcheck(RealReLU(1 + 1e-4), x)


class LargeBesideCorner:
    """A million times x, and |x|, which has no complex step."""

    def __init__(self, corner=1.0):
        self.corner = corner

    def forward(self, x):
        return np.concatenate([1e6 * x, abs(x)], axis=-1), x

    def backward(self, dy, x):
        large, small = np.split(dy, 2, axis=-1)
        return 1e6 * large + self.corner * small * np.sign(x), {}


@pytest.mark.parametrize("shape", [(3, 4), (30, 40)])
def test_a_small_output_that_is_not_analytic_counts_beside_large_ones(shape):
    x = random(*shape)
    report = gradcheck(LargeBesideCorner(), x)
    assert report, str(report)
    assert any("not analytic" in note for note in report.notes)
    assert shape == (30, 40) or not gradcheck(LargeBesideCorner(0.0), x)
