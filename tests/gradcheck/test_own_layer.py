"""A learner's file: how it is read, what it is compared with, and one sentence for what is wrong."""

import pytest

from tinymm.errors import TinymmError
from tinymm.gradchecking.loading import is_file, load
from tinymm.gradchecking.own import check_own

HEAD = "import numpy as np\nimport tinymm as mm\n\n"


@pytest.fixture
def file(tmp_path):
    def write(text, name="my_layer.py"):
        path = tmp_path / name
        path.write_text(HEAD + text, encoding="utf-8")
        return path

    return write


def refused(word, **options):
    with pytest.raises(TinymmError) as error:
        check_own(str(word), **options)
    assert "\n" not in str(error.value)
    return str(error.value)


def methods_of(report):
    return {check.method for check in report.checks}


DENSE = """
class MyDense:
    def __init__(self, units):
        self.units = units
        self.params = {}

    def build(self, shape, rng):
        self.params = {"W": rng.normal(size=(shape[-1], self.units)), "b": np.zeros(self.units)}

    def forward(self, x):
        return x @ self.params["W"] + self.params["b"], x

    def backward(self, dy, x):
        return dy @ self.params["W"].T, {"W": x.T @ dy, "b": dy.sum(axis=0)}
"""


def test_words_that_name_a_file_are_told_from_layers():
    assert is_file("a.py:B") and is_file("a.py") and is_file("folder/a") and not is_file("Conv2D")


def test_a_class_with_the_arguments_of_the_engines_layer_is_compared_with_it(file):
    (report,) = check_own(f"{file(DENSE)}:MyDense")
    assert report and report.name == "MyDense (my_layer.py)"
    assert {c.array for c in report.checks if c.method == "tinymm's Dense"} == {"y", "x", "W", "b"}


def test_a_forward_that_differs_from_the_engine_fails_though_its_gradient_is_right(file):
    text = DENSE.replace("return x @ self.params", "return 2 * x @ self.params").replace(
        "return dy @", "return 2 * dy @"
    )
    (report,) = check_own(f"{file(text.replace('x.T @ dy', '2 * x.T @ dy'))}:MyDense")
    assert [check.array for check in report.failures] == ["y"]
    assert any("gives other numbers than tinymm's Dense" in note for note in report.notes)


def test_other_parameters_than_the_engines_are_checked_but_not_compared(file):
    text = (
        DENSE.replace(', "b": np.zeros(self.units)', "")
        .replace(' + self.params["b"]', "")
        .replace(', "b": dy.sum(axis=0)', "")
    )
    (report,) = check_own(f"{file(text)}:MyDense")
    assert report and any(
        "not compared with tinymm's Dense: its parameters are W (4, 2), b (2,), yours W (4, 2)" in n
        for n in report.notes
    )


def test_names_match_without_case_underscores_and_my(file):
    pair = (
        "from tinymm.layers.layernorm import layernorm_forward as {0}_forward, layernorm_backward as"
        " {0}_backward"
    )
    for name in ("my_layer_norm", "layernorm", "MY_layernorm", "LayerNorm"):
        (report,) = check_own(f"{file(pair.format(name), f'{name}.py')}:{name}")
        assert report and "tinymm's layernorm" in methods_of(report)


def test_options_a_learner_has_are_tried_and_others_are_not(file):
    pools = (
        "from tinymm.layers.maxpool import maxpool2d_backward as my_maxpool2d_backward, maxpool2d_forward\n"
    )
    all_options = pools + "my_maxpool2d_forward = maxpool2d_forward"
    assert len(check_own(f"{file(all_options)}:my_maxpool2d")) == 3
    one = pools + "def my_maxpool2d_forward(x, size=2):\n    return maxpool2d_forward(x, size)"
    (report,) = check_own(f"{file(one, 'one.py')}:my_maxpool2d")
    assert report and "tinymm's maxpool2d" in methods_of(report)


def test_a_layer_made_from_tinymms_own_class_is_tried_on_all_its_cases(file):
    reports = check_own(f"{file('class MyConv1D(mm.Conv1D):' + chr(10) + '    pass')}:MyConv1D")
    assert len(reports) == 3 and all(reports)
    assert all("tinymm's Conv1D" in methods_of(report) for report in reports)


def test_normalisation_over_the_batch_is_compared_in_training_mode(file):
    text = """
from tinymm.layers.batchnorm import batchnorm_backward, batchnorm_forward

class MyBatchNorm:
    def __init__(self):
        self.params = {}
    def build(self, shape):
        self.params = {"gamma": np.ones(shape[-1]), "beta": np.zeros(shape[-1])}
    def forward(self, x):
        return batchnorm_forward(x, self.params["gamma"], self.params["beta"])
    def backward(self, dy, cache):
        dx, dgamma, dbeta = batchnorm_backward(dy, cache)
        return dx, {"gamma": dgamma, "beta": dbeta}
"""
    (report,) = check_own(f"{file(text)}:MyBatchNorm")
    assert report and "tinymm's BatchNorm" in methods_of(report)


def test_a_loss_is_compared_with_the_engines(file):
    text = """
class MyMeanSquaredError:
    def forward(self, pred, target):
        return ((pred - target) ** 2).mean(), (pred - target)
    def backward(self, cache):
        return {factor} * cache / cache.size
"""
    (report,) = check_own(f"{file(text.format(factor=2))}:MyMeanSquaredError")
    assert report and "tinymm's MeanSquaredError" in methods_of(report)
    (report,) = check_own(f"{file(text.format(factor=1), 'half.py')}:MyMeanSquaredError")
    assert report.diagnosis == ["the gradient of pred: it is half of the right value"]


def test_an_object_of_the_file_and_parameters_that_are_attributes(file):
    text = """
class Scale:
    def __init__(self, factor):
        self.factor = np.full(3, factor)
    def forward(self, x):
        return x * self.factor, x
    def backward(self, dy, x):
        return dy * self.factor, {"factor": (dy * x).sum(axis=0)}

triple = Scale(3.0)
"""
    path = file(text)
    (report,) = check_own(f"{path}:triple")
    assert report and "factor" in report.shapes
    assert refused(f"{path}:Scale").startswith("Scale needs the arguments factor: give them defaults")


def test_a_layer_unknown_to_the_engine_is_tried_on_several_shapes_or_on_a_given_one(file):
    text = (
        "def swap_forward(x):\n    return x.transpose(0, 3, 1, 2) * 1.0, None\ndef swap_backward(dy, c):\n   "
        " return dy.transpose(0, 2, 3, 1)"
    )
    (report,) = check_own(f"{file(text)}:swap")
    assert report and report.shapes == {"x": (2, 5, 4, 2)}
    (report,) = check_own(f"{file(text)}:swap", shapes=[(1, 2, 3, 4)])
    assert report.shapes == {"x": (1, 2, 3, 4)}
    text = (
        "def join_forward(a, b):\n    return a @ b, (a, b)\ndef join_backward(dy, c):\n    return dy @"
        " c[1].T, c[0].T @ dy"
    )
    path = file(text)
    assert "missing 1 required positional argument: 'b'" in refused(f"{path}:join") and "--shape" in refused(
        f"{path}:join"
    )
    assert all(check_own(f"{path}:join", shapes=[(2, 3), (3, 4)]))


def test_neighbours_of_the_file_can_be_imported(file):
    file("half = 0.5", "neighbour_of_mine.py")
    path = file(
        "from neighbour_of_mine import half\ndef h_forward(x):\n    return half * x, None\ndef h_backward(dy,"
        " c):\n    return half * dy"
    )
    assert all(check_own(f"{path}:h"))


def layer(y="x", dx="dy, {}", name="A", before=""):
    """A class whose forward returns y and whose backward returns dx."""
    passes = (
        f"def forward(self, x):\n        return {y}, None",
        f"def backward(self, dy, cache):\n        return {dx}",
    )
    return "\n    ".join((f"class {name}:", *passes, before))


INIT = "def __init__(self):\n        self.x = {}['x']"
NO_BACKWARD = "class A:\n    def forward(self, x):\n        return x, x"


@pytest.mark.parametrize(
    ("text", "name", "words"),
    [
        ("import no_such_module", "A", ["does not import", "No module named 'no_such_module'", "(line 4)"]),
        ("def f(:", "A", ["my_layer.py does not import", "syntax", "line 4"]),
        ("raise SystemExit(1)", "A", ["does not import: SystemExit", "(line 4)"]),
        ("", "A", ["has no A", "no class with forward and backward"]),
        (layer(name="Tanh"), "Tahn", ["has no Tahn: did you mean Tanh?"]),
        (layer(name="Tanh"), "", ["say which layer to check", ":Tanh", "there is Tanh"]),
        (NO_BACKWARD, "A", ["A in", "has no method backward"]),
        ("class A:\n    pass", "A", ["has no method forward and no backward"]),
        ("def a_forward(x):\n    return x, x", "a", ["has a_forward but no a_backward"]),
        (layer(dx="dy[0], {}"), "A", ["(my_layer.py)", "(3,) for x", "shape of x, (2, 3)"]),
        (layer(dx="None, {}"), "A", ["(my_layer.py) returns None for x"]),
        (layer(dx="dy, {}, 1"), "A", ["(my_layer.py) returns 3 values", "(dx, grads)"]),
        (layer(dx="dy / None, {}"), "A", ["backward of A (my_layer.py) fails with TypeError", "line 8"]),
        (
            layer().replace("dy, cache", "dy"),
            "A",
            ["backward of A (my_layer.py) takes 1 argument", "(dy, cache)"],
        ),
        (layer(y="exit(2)"), "A", ["forward of A (my_layer.py) fails with SystemExit: 2"]),
        (layer(y="x[:0]"), "A", ["forward of A (my_layer.py) gives an empty y"]),
        (layer(y="x * np.inf"), "A", ["(my_layer.py) gives", "every y must be finite"]),
        (layer(y="np.random.rand() * x"), "A", ["(my_layer.py)", "the second time"]),
        (layer(y="x.fill(1) or x"), "A", ["(my_layer.py) writes to its input x"]),
        (layer(y="1 / 0"), "A", ["ZeroDivisionError", "(my_layer.py, line 6)"]),
        (layer(before=INIT), "A", ["making A (my_layer.py) fails with KeyError"]),
    ],
)
def test_what_is_wrong_with_a_file_is_one_sentence_that_names_it(file, text, name, words):
    path = file(text)
    message = refused(f"{path}:{name}" if name else path)
    assert "my_layer.py" in message
    for word in words:
        assert word in message, message


def test_a_missing_file_and_a_file_that_is_no_python(tmp_path):
    assert "there is no such file" in refused(tmp_path / "none.py:A")
    (tmp_path / "notes.txt").write_text("x")
    assert "its name must end in .py" in refused(tmp_path / "notes.txt:A")


def test_loading_runs_the_file_once_and_leaves_the_path_as_it_was(file):
    import sys

    before = list(sys.path)
    path = file("runs = []\nruns.append(1)\n" + layer())
    thing, name = load(f"{path}:A")
    assert sys.modules[thing.__module__].runs == [1] and name == "A (my_layer.py)"
    assert sys.path == before


def test_a_layer_that_takes_a_mask_or_training_is_tried_with_it(file):
    text = """
class Mean:
    def forward(self, x, mask=None):
        m = np.ones(x.shape[:2]) if mask is None else mask * 1.0
        return (x * m[..., None]).sum(axis=1) / np.maximum(m.sum(axis=1), 1)[:, None], m
    def backward(self, dy, m):
        return (dy / np.maximum(m.sum(axis=1), 1)[:, None])[:, None] * {weights}, {{}}

class Centre:
    def forward(self, x, training=False):
        return x - (x.mean(axis=0) if training else 0.3), None
    def backward(self, dy, cache):
        return dy.copy(), {{}}
"""
    plain, masked = check_own(f"{file(text.format(weights='m[..., None]'))}:Mean")
    assert plain and masked and masked.name == "Mean (my_layer.py) with mask"
    path = file(text.format(weights="np.ones(m.shape)[..., None]"), "wrong.py")
    plain, masked = check_own(f"{path}:Mean")
    assert plain and not masked and masked.smallest["mask"] == masked.smallest["x"][:2]
    predicting, training = check_own(f"{path}:Centre")
    assert predicting and not training and training.name == "Centre (wrong.py) with training"


def test_one_of_the_engines_inputs_that_forward_refuses_is_left_out_and_told(file):
    text = """
class GlobalAveragePool:
    def forward(self, x, mask=None):
        N, T, C = x.shape
        m = np.ones((N, T)) if mask is None else mask * 1.0
        return (x * m[..., None]).sum(axis=1) / np.maximum(m.sum(axis=1), 1)[:, None], m
    def backward(self, dy, m):
        return (dy / np.maximum(m.sum(axis=1), 1)[:, None])[:, None] * m[..., None], {}
"""
    (report,) = check_own(f"{file(text)}:GlobalAveragePool")
    assert report and any(note.startswith("not tried on x (2, 3, 4, 2): forward") for note in report.notes)


def test_token_ids_are_tried_where_numbers_do_not_fit(file):
    text = """
class Table:
    def __init__(self):
        self.params = {"W": np.arange(10.0).reshape(5, 2)}
    def forward(self, ids):
        return self.params["W"][ids], ids
    def backward(self, dy, ids):
        dW = np.zeros((5, 2))
        np.add.at(dW, ids, dy)
        return None, {"W": dW}
"""
    (report,) = check_own(f"{file(text)}:Table")
    assert report and set(report.shapes) == {"x", "W"}


def test_a_loss_that_the_engine_does_not_have_is_tried_on_predictions(file):
    text = """
class Huber:
    def forward(self, pred, target):
        d = pred - target
        return np.where(abs(d) < 1, d * d / 2, abs(d) - 0.5).mean(), d
    def backward(self, d):
        return {sign}np.clip(d, -1, 1) / d.size

class ByClass:
    def forward(self, pred, target):
        rows = np.arange(len(pred))
        return -np.log(pred[rows, target]).mean(), (pred, rows, target)
    def backward(self, cache):
        pred, rows, target = cache
        dpred = np.zeros_like(pred)
        dpred[rows, target] = -1 / pred[rows, target] / len(pred)
        return dpred
"""
    path = file(text.format(sign=""))
    assert all(check_own(f"{path}:Huber")) and all(check_own(f"{path}:ByClass"))
    assert not any(check_own(f"{file(text.format(sign='-'), 'wrong.py')}:Huber"))


@pytest.mark.parametrize(
    "model",
    [
        "mm.Sequential(mm.Dense(3), mm.Tanh(), mm.Dense(2))",
        "mm.Concatenate(a=mm.Dense(2), b=mm.Tanh())",
        "mm.Sequential(mm.Concatenate(text=mm.Sequential(mm.Embedding(4, 2), mm.LSTM(2)),"
        " image=mm.Sequential(mm.Conv2D(2, 2), mm.ReLU(), mm.Flatten())), mm.Dense(2), mm.Sigmoid())",
        "mm.Conv2D(3, 2)",
        "mm.LSTM(2)",
        "mm.BinaryCrossEntropy()",
        "mm.BinaryCrossEntropy(from_logits=True)",
        "mm.CrossEntropy(from_logits=True)",
    ],
)
def test_models_layers_and_losses_that_a_file_holds_are_checked(file, model):
    assert all(check_own(f"{file(f'thing = {model}')}:thing"))


def test_a_model_that_was_built_is_checked_on_the_shape_it_was_built_for(file):
    (report,) = check_own(f"{file('thing = mm.Dense(2)' + chr(10) + 'thing.build((7,))')}:thing")
    assert report and report.shapes["x"] == (3, 7)


def test_numbers_that_are_not_finite_are_refused_before_token_ids_are_tried(file):
    assert "gives nan at y" in refused(f"{file(layer(y='np.sqrt(x)', dx='dy, {}'))}:A")


def test_a_folder_is_no_file(tmp_path):
    for word in (tmp_path, f"{tmp_path}/", f"{tmp_path}:A"):
        assert "is a folder: name a file in it" in refused(word)
