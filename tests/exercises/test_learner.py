"""Whatever a learner's function does, in every exercise: one kind message, with the learner's own line."""

import sys

import numpy as np
import pytest

import tinymm.exercises.learner as learner
from tinymm.exercises import COURSE, check
from tinymm.exercises.checking import check_file, run_steps
from tinymm.exercises.folder import STARTERS

EVERY = [(task, name) for task in COURSE for name in task.functions]
NAMES = [name for _, name in EVERY]


def changed(function, change):
    """The function, with ``change`` done to every array that it returns."""

    def call(*args, **options):
        result = function(*args, **options)
        parts = result if isinstance(result, tuple) else (result,)
        parts = tuple(_to_arrays(part, change) for part in parts)
        return parts if isinstance(result, tuple) else parts[0]

    return call


def _to_arrays(part, change):
    if isinstance(part, dict):
        return {key: change(value) for key, value in part.items()}
    if isinstance(part, list) and part and isinstance(part[0], np.ndarray):
        return [change(value) for value in part]
    return change(np.asarray(part)) if isinstance(part, (np.ndarray, np.generic)) else part


def outcome_of(task, name, function):
    outcome = run_steps(task, {**task.reference, name: function}, "here", [])
    assert not outcome and outcome.lines and "Traceback" not in str(outcome)
    return outcome


@pytest.mark.parametrize("task, name", EVERY, ids=NAMES)
def test_a_function_that_returns_nothing_is_named(task, name):
    outcome = outcome_of(task, name, lambda *args, **options: None)
    assert outcome.lines[0] == f"{name} returns nothing (None): it must end with `return {task.returns[name]}`"


@pytest.mark.parametrize("task, name", EVERY, ids=NAMES)
def test_a_list_in_the_place_of_an_array_is_told(task, name):
    outcome = outcome_of(task, name, changed(task.reference[name], lambda a: a.tolist() if a.ndim else [float(a)]))
    assert " is a list, and should be a" in outcome.lines[0], outcome


@pytest.mark.parametrize("task, name", EVERY, ids=NAMES)
def test_a_wrong_shape_is_told_with_both_shapes(task, name):
    outcome = outcome_of(task, name, changed(task.reference[name], lambda a: np.asarray(a)[None]))
    assert "shape" in outcome.lines[0] and "(1," in str(outcome), outcome


@pytest.mark.parametrize("task", COURSE, ids=[task.name for task in COURSE])
def test_an_error_is_told_by_the_learners_line_in_the_function_that_raised_it(task, tmp_path):
    text = (STARTERS / f"{task.name}.py").read_text(encoding="utf-8")
    file = tmp_path / f"{task.name}.py"
    first = task.functions[0]
    file.write_text(text.replace(f'raise NotImplementedError("{first}")', "counted = 3\n    return counted.shape"), encoding="utf-8")
    line = 1 + file.read_text(encoding="utf-8").splitlines().index("    return counted.shape")
    outcome = check_file(task, file)
    assert outcome.lines[0].startswith(f"{first} stops with AttributeError: 'int' object has no attribute 'shape'")
    assert outcome.lines[1:] == (f"line {line}:  return counted.shape", "with counted = 3")


@pytest.mark.parametrize("task", COURSE, ids=[task.name for task in COURSE])
def test_a_loop_that_never_ends_is_stopped_at_its_line(task, tmp_path, monkeypatch):
    monkeypatch.setattr(learner, "LIMIT", 0.05)
    text = (STARTERS / f"{task.name}.py").read_text(encoding="utf-8")
    file = tmp_path / f"{task.name}.py"
    first = task.functions[0]
    file.write_text(text.replace(f'raise NotImplementedError("{first}")', "k = 0\n    while k < 3:\n        h = k"), encoding="utf-8")
    outcome = check_file(task, file)
    assert outcome.lines[0] == f"{first} does not come to an end: I stopped it here"
    assert outcome.lines[1].startswith("line ") and outcome.lines[2].endswith("k = 0")


def test_a_file_that_never_ends_is_stopped_too(tmp_path, monkeypatch):
    monkeypatch.setattr("tinymm.exercises.loading.LIMIT", 0.02)
    (tmp_path / "dense.py").write_text("while True:\n    pass\n")
    outcome = check("dense", folder=tmp_path)
    assert outcome.failed == "the file imports" and outcome.lines[0] == "dense.py does not come to an end: I stopped it here"


def test_nothing_watches_on_after_a_call_and_a_debugger_is_left_alone():
    seen = []
    assert sys.gettrace() is None
    try:
        sys.settrace(tracer := lambda *event: None)
        check("dense", lambda x, W, b: seen.append(sys.gettrace()), None or (lambda dy, cache: None))
        assert sys.gettrace() is tracer and seen == [tracer]
    finally:
        sys.settrace(None)
    check("dense", lambda x, W, b: None, lambda dy, cache: None)
    assert sys.gettrace() is None


FILES = {
    "def dense_forward(x, W, b)\n    return x": ("no valid Python: expected ':' (line 1)", "    def dense_forward(x, W, b)", " ^"),
    "def dense_forward(x, W, b):\nreturn x": ("no valid Python: expected an indented block", "    return x"),
    "a = (1,\nb = 2\n": ("no valid Python: ",),
    "a = b'\x00'": ("no valid Python: ",),
    "import nonumpy": ("dense.py stops with ModuleNotFoundError: No module named 'nonumpy'", "line 1:  import nonumpy"),
    "import numpy as np\nzeros = np.zeros(3\n)[7]": ("dense.py stops with IndexError", "line 2:  zeros = np.zeros(3"),
    "import sys\nsys.exit()": ("dense.py stops with SystemExit", "line 2:  sys.exit()"),
    "def dense_foward(x): pass": ("dense.py has no function dense_forward: did you mean dense_foward?", "asks for dense_forward, dense_backward"),
    "def dense_forward(x): pass": ("dense.py has no function dense_backward", ""),
    "": ("dense.py has no function dense_forward", ""),
}


@pytest.mark.parametrize("text", FILES, ids=range(len(FILES)))
def test_a_file_that_does_not_import_is_explained(tmp_path, text):
    (tmp_path / "dense.py").write_text(text)
    outcome = check("dense", folder=tmp_path)
    assert outcome.failed == "the file imports"
    assert all(words in "\n".join(outcome.lines) for words in FILES[text]), outcome
    assert [path.name for path in tmp_path.iterdir()] == ["dense.py"]


def test_a_changed_first_line_is_recognised():
    outcome = check("dense", lambda x, W: (x @ W, 0), lambda dy, cache: None)
    assert "cannot be called as the exercise calls it" in outcome.lines[0] and "3 were given" in outcome.lines[0]
    assert "must stand as in the starter" in outcome.lines[1]
    assert "unexpected keyword argument 'stride'" in str(check("conv1d", lambda x, W, b: (x, 0) if len(b) > 1 else CONV(x, W, b), BACK))


CONV, BACK = next(task for task in COURSE if task.name == "conv1d").reference.values()


def test_what_a_function_prints_is_shown_once_and_only_where_it_fails(capsys):
    def forward(x, W, b):
        print("W is", W.shape)
        return x @ W + b, (x, W)

    def backward(dy, cache):
        print("dy is", dy.shape)
        return dy @ cache[1].T, cache[0].T @ dy, dy[0]

    outcome = check("dense", forward, backward)
    assert capsys.readouterr().out == ""
    assert outcome.failed.startswith("backward: db") and outcome.printed == "W is (3, 2)\ndy is (4, 2)\n"
    assert str(outcome).count("W is (3, 2)") == 1
    assert "W is" not in str(check("dense", forward, lambda dy, cache: (dy @ cache[1].T, cache[0].T @ dy, dy.sum(0))))


@pytest.mark.parametrize(
    "value, words",
    [
        (np.zeros((2, 1), dtype=int), "= 0, and should be"),
        (np.array([["a"], ["b"]]), "y is an array of <U1"),
        (np.array([[1j], [1]]), "y holds complex numbers, and should be real"),
        ("two", "y is a str, and should be an array of shape (2, 1)"),
        (np.array([1.0, 7]), "the numbers are right, and only their shape is not"),
        (np.array([[1.0, 7]]), "the numbers are right, but transposed"),
    ],
)  # fmt: skip
def test_a_value_that_is_no_such_array_is_told(value, words):
    outcome = check("dense", lambda x, W, b: (value, 0), lambda dy, cache: None)
    assert words in str(outcome)


def test_whole_and_short_numbers_are_recognised():
    right = next(task for task in COURSE if task.name == "neuron").reference["neuron_forward"]
    for dtype, words in ((int, "cuts off what stands behind the point"), (np.float32, "keeps too few digits")):
        outcome = check("neuron", lambda x, w, b, dtype=dtype: (right(x, w, b)[0].astype(dtype), 0), lambda dy, cache: None)
        assert words in str(outcome), outcome
