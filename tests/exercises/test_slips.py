"""Slips: each can be made in tinymm's code as it stands today, and changes what it computes."""

import inspect

import numpy as np
import pytest

from tinymm.errors import TinymmError
from tinymm.exercises.course import COURSE
from tinymm.exercises.slips import Slip, results

SLIPS = [(task, name, slip) for task in COURSE for name, slips in task.slips.items() for slip in slips]


@pytest.mark.parametrize("task, name, slip", SLIPS, ids=[f"{t.name}-{k}" for k, (t, *_) in enumerate(SLIPS)])
def test_a_slip_fits_the_code_it_changes(task, name, slip):
    function = task.reference[name]
    changed = slip.made_in(function)
    assert changed is not function and changed.__name__ == function.__name__
    assert changed.__code__.co_code != function.__code__.co_code or changed.__code__.co_consts != function.__code__.co_consts or (
        changed.__code__.co_names != function.__code__.co_names or changed.__code__.co_varnames != function.__code__.co_varnames
    )  # fmt: skip
    assert slip.sentence[0].islower() or not slip.sentence[0].isalpha() or len(slip.sentence.split()[0]) <= 3


def double(x):
    return 2 * x


def test_the_function_itself_stays_as_it_is():
    slip = Slip("2 * x", "3 * x", "three in the place of two")
    assert slip.made_in(double)(5) == 15 and double(5) == 10
    assert "2 * x" in inspect.getsource(double)
    assert list(results([slip], double, np.ones(2)))[0][1].tolist() == [3, 3]


def test_a_slip_that_no_longer_fits_is_an_error_and_not_forgotten():
    with pytest.raises(TinymmError, match="0 times, not once"):
        list(results([Slip("4 * x", "3 * x", "")], double, 1))


def test_a_slip_that_does_not_run_on_these_arrays_is_skipped():
    assert list(results([Slip("2 * x", "x[7]", "")], double, np.ones(2))) == []
