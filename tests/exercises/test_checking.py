"""Checking: from a notebook, the first failure stops, and what is told about it."""

import numpy as np
import pytest

from tinymm.errors import TinymmError
from tinymm.exercises import COURSE, check, exercise


def right_forward(x, W, b):
    return x @ W + b, (x, W)


def right_backward(dy, cache):
    x, W = cache
    return dy @ W.T, x.T @ dy, dy.sum(axis=0)


def test_there_is_one_exercise_for_each_lesson_from_1_on():
    assert [task.lesson for task in COURSE] == list(range(1, 16))


def test_functions_of_a_notebook_are_checked_where_they_are():
    outcome = check("dense", right_forward, right_backward)
    assert outcome and "all right" in str(outcome)
    assert [what for what, _ in outcome.passed][-1] == "backward: dx by finite differences"


def test_the_first_failure_stops_and_names_the_worst_cell_both_values_and_what_is_right():
    def wrong(dy, cache):
        x, W = cache
        dx = dy @ W.T
        dx[1] = 0
        return dx, x.T @ dy, dy.sum(axis=0)

    outcome = check(2, right_forward, wrong)
    assert not outcome and outcome.failed == "backward: dx by finite differences"
    worst, right, *_ = outcome.lines
    assert worst.startswith("dx[1, ") and "= 0, and finite differences say" in worst
    assert right == "Right cells: 9 of 12, and just those of sample 0, 2, 3"


@pytest.mark.parametrize(
    "forward, backward, words",
    [
        (lambda x, W, b: x @ W + b, right_backward, "returns one array: it must return two things, `return y, cache`"),
        (lambda x, W, b: (None, 0), right_backward, "y is None"),
        (lambda x, W, b: ((x @ W + b).sum(axis=1), (x, W)), right_backward, "y has the shape (2,)"),
        (lambda x, W, b: (x @ W + b + np.nan, (x, W)), right_backward, "= nan, and should be"),
        (lambda x, W, b: (x[:, 5] @ W, 0), right_backward, "IndexError"),
        (right_forward, lambda dy, cache: None, "dense_backward returns nothing (None): it must end with `return dx, dW, db`"),
        (right_forward, lambda dy, cache: (dy @ cache[1].T, cache[0].T @ dy), "returns 2 values: it must return dx, dW, db"),
        (right_forward, lambda dy, cache: right_backward(dy, (cache[0], cache[1] + np.nan)), "= nan"),
    ],
)
def test_whatever_the_functions_do_there_is_one_explanation(forward, backward, words):
    outcome = check("dense", forward, backward)
    assert not outcome and words in "\n".join(outcome.lines), outcome


def test_a_pass_that_writes_to_its_inputs_is_told():
    def writes(dy, cache):
        dy *= 1
        dy += 1
        return right_backward(dy, cache)

    assert "writes to dy" in "\n".join(check("dense", right_forward, writes).lines)


def test_a_mistake_that_is_no_typical_one_is_looked_for_among_tinymms_mutants():
    def wrong(dh, cache):
        x, W, U, h = cache
        dx, dW, dU, db = np.zeros(x.shape), np.zeros(W.shape), np.zeros(U.shape), np.zeros(len(U))
        back = np.zeros(dh[:, 0].shape)
        for t in reversed(range(x.shape[1])):
            dz = (dh[:, t] + back) * (1 + h[:, t + 1] ** 2)
            dx[:, t], back = dz @ W.T, dz @ U.T
            dW, dU, db = dW + x[:, t].T @ dz, dU + h[:, t].T @ dz, db + dz.sum(0)
        return dx, dW, dU, db

    def forward(x, W, U, b):
        h = np.zeros((len(x), x.shape[1] + 1, len(b)))
        for t in range(x.shape[1]):
            h[:, t + 1] = np.tanh(x[:, t] @ W + h[:, t] @ U + b)
        return h[:, 1:], (x, W, U, h)

    outcome = check("rnn", forward, wrong)
    assert any(line.startswith("Looks like: ") and "sign" in line for line in outcome.lines), outcome


def test_a_name_or_a_number_that_is_none_is_refused():
    with pytest.raises(TinymmError, match="did you mean dense"):
        exercise("dens")
    with pytest.raises(TinymmError, match="asks for 2 functions, dense_forward, dense_backward: got 1"):
        check("dense", right_forward)


def test_a_file_that_was_not_started_is_told_how_to_start(tmp_path):
    with pytest.raises(TinymmError, match="tinymm exercise start dense"):
        check("dense", folder=tmp_path)
