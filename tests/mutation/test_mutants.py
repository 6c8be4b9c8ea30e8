"""Each operator makes its mistake, planting is undone, and the library has mutants enough."""

import re
from collections import Counter
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from mutation.equivalent import EQUIVALENT, key_of, same_code
from mutation.subjects import is_backward_pass, subjects

import tinymm as mm
from tinymm.gradchecking.mutants import OPERATORS, mutants_of, planted
from tinymm.layers.dense import dense_backward, dense_forward


@cache
def library():
    """(function, its mutants) for every function that the mutation run judges."""
    return [(function, mutants_of(function)) for s in subjects().values() for function in s.functions]


def total_backward(dy, cache):
    """dy (N, M) -> dx (N, D), dW (D, M), db (M,)."""
    x, W = cache
    dW = x.T @ dy
    db = dy.sum(axis=0)
    return dy @ W.T, dW, db


def gates_backward(dy, cache):
    i, f, xp = cache
    di, df = dy * f, dy * i
    return xp.concatenate([di * i * (1 - i), df * (1 - f * f)], axis=1)


def steps_backward(dy, steps, mask):
    dW, carried = 0, 0
    for t in reversed(range(len(steps))):
        dz = dy[t] + carried
        if mask is not None:
            dz = np.where(mask[t, None], dz, 0)
        dW += steps[t] * dz
        carried = dz / 2
    return dW


def clipped(norm, bound):
    return -norm if norm > bound else 2 * abs(norm) ** 0.5


@pytest.mark.parametrize(
    ("operator", "function", "after"),
    [
        ("term", steps_backward, "dz = dy[t]"),
        ("term", gates_backward, "... df * 1], axis=1)"),
        ("sign", steps_backward, "dW -= steps[t] * dz"),
        ("sign", total_backward, "db = -dy.sum(axis=0)"),
        ("sign", clipped, "return norm if ..."),
        ("factor", total_backward, "dW = 2 * (x.T @ dy)"),
        ("factor", total_backward, "dW = 0.5 * (x.T @ dy)"),
        ("factor", gates_backward, "... [di * i, df * (1 - f * f)] ..."),
        ("factor", clipped, "... else 2 * norm ** 0.5"),
        ("constant", gates_backward, "... di * i * (2 - i) ..."),
        ("constant", clipped, "... else 2 * abs(norm) ** 1.5"),
        ("swap", total_backward, "dW = dy @ x.T"),
        ("swap", total_backward, "return (dy @ W.T, db, dW)"),
        ("swap", gates_backward, "... [di * (1 - f * f), df * (1 - f * f)] ..."),
        ("transpose", total_backward, "return (dy @ W, dW, db)"),
        ("transpose", total_backward, "dW = (x.T @ dy).T"),
        ("index", steps_backward, "dz = dy[t - 1] + carried"),
        ("update", steps_backward, "dW = steps[t] * dz"),
        ("update", steps_backward, "pass"),
        ("sum", total_backward, "dW = x[:1].T @ dy[:1]"),
        ("sum", total_backward, "db = dy[:1].sum(axis=0)"),
        ("sum", total_backward, "db = dy.mean(axis=0)"),
        ("axis", total_backward, "db = dy.sum(axis=1)"),
        ("axis", steps_backward, "dz = np.where(mask[t], dz, 0)"),
        ("step", steps_backward, "for t in list(reversed(range(len(steps))))[:-1]:"),
        ("step", steps_backward, "for t in range(len(steps)):"),
        ("branch", steps_backward, "dz = 0"),
        ("branch", steps_backward, "if False:"),
        ("branch", clipped, "... if norm >= bound ..."),
        ("name", gates_backward, "di, df = (dy * i, dy * i)"),
    ],
)
def test_each_operator_makes_its_mistake(operator, function, after):
    made = [mutant.after for mutant in mutants_of(function) if mutant.operator == operator]
    assert any(fits(after, text) for text in made), made


def fits(wanted, text):
    """Whether a text is the wanted one, where ``...`` at an end stands for anything."""
    middle = wanted.removeprefix("... ").removesuffix(" ...")
    return same_code(text) == same_code(wanted) if middle == wanted else middle in text


def test_the_mutants_of_a_function_are_all_different_from_it_and_from_each_other():
    mutants = mutants_of(steps_backward)
    assert len({(m.line, m.before, m.after) for m in mutants}) == len(mutants)
    assert all(m.before != m.after for m in mutants)


def test_lines_are_those_of_the_file():
    lines = Path(__file__).read_text(encoding="utf-8").splitlines()
    for mutant in (*mutants_of(total_backward), *mutants_of(steps_backward)):
        assert lines[mutant.line - 1].split()[0] == mutant.before.split()[0]


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (total_backward, "dW equals the right one without the sum over the batch: only the first row counts"),
        (total_backward, "the sign of db is flipped"),
        (total_backward, "dW is half of the right value"),
        (total_backward, "dW and db have changed places"),
        (total_backward, "W stands where its transpose W.T belongs"),
        (gates_backward, "the gradient of gate i was computed with gate f's derivative"),
        (steps_backward, "the first time step is forgotten"),
        (steps_backward, "the last time step is forgotten"),
        (steps_backward, "= instead of +=: only the last contribution to dW counts"),
        (steps_backward, "dz lacks the term carried"),
        (mm.Tanh.backward, "the sign of the gradient is flipped"),
        (mm.Tanh.backward, "the gradient is simply dy: the derivative of tanh is missing"),
    ],
)
def test_messages_say_what_the_mistake_looks_like(function, message):
    assert message in [mutant.message for mutant in mutants_of(function)]


def test_a_planted_mistake_is_met_through_every_reference_and_is_undone():
    rng = np.random.default_rng(0)
    layer = mm.Dense(2)
    y, cache = layer.forward(rng.normal(size=(4, 3)))
    dy = rng.normal(size=y.shape)
    right, code = layer.backward(dy, cache)[1]["b"], dense_backward.__code__
    half = next(m for m in mutants_of(dense_backward) if m.message == "db is half of the right value")
    with planted(dense_backward, half):
        np.testing.assert_array_equal(layer.backward(dy, cache)[1]["b"], right / 2)
    assert dense_backward.__code__ is code
    np.testing.assert_array_equal(layer.backward(dy, cache)[1]["b"], right)


def test_a_mistake_is_undone_after_an_error_too():
    code = dense_backward.__code__
    with pytest.raises(ZeroDivisionError), planted(dense_backward, mutants_of(dense_backward)[0]):
        raise ZeroDivisionError
    assert dense_backward.__code__ is code


def test_a_method_that_calls_super_and_a_bound_method_have_mutants():
    class Twice(mm.MeanSquaredError):
        def backward(self, cache, scale=2):
            return scale * super().backward(cache)

    loss = Twice()
    _, cache = loss.forward(np.array([3.0]), np.array([1.0]))
    lost = next(m for m in mutants_of(loss.backward) if m.after == "return scale")
    with planted(loss.backward, lost):
        assert loss.backward(cache) == 2
    assert loss.backward(cache) == 8


@pytest.mark.parametrize("thing", [len, lambda x: x, mm.Dense])
def test_what_has_no_source_is_refused(thing):
    with pytest.raises(mm.TinymmError, match="give a function made by def"):
        mutants_of(thing)


def test_every_backward_pass_has_mutants_with_a_message_of_one_line():
    for function, mutants in library():
        assert mutants or not is_backward_pass(function), function.__qualname__
        for mutant in mutants:
            assert mutant.operator in OPERATORS
            assert re.fullmatch(r"[^\n]{10,}[^.\n]", mutant.message), mutant


def test_the_library_has_more_than_three_hundred_mutants_of_every_kind():
    counts = Counter(mutant.operator for _, mutants in library() for mutant in mutants)
    assert sum(counts.values()) >= 300
    assert min(counts[operator] for operator in OPERATORS) >= 10


def test_every_layer_with_a_backward_pass_of_its_own_is_judged():
    judged = {function.__qualname__ for subject in subjects().values() for function in subject.functions}
    for name in mm.layers.__all__:
        kind = getattr(mm.layers, name)
        own = [method for method in ("backward", "run_backward") if method in vars(kind)]
        assert name == "Layer" or all(f"{name}.{method}" in judged for method in own)


def test_every_equivalent_mutant_exists_and_has_its_reason():
    there_is = {key_of(function, mutant) for function, mutants in library() for mutant in mutants}
    assert set(EQUIVALENT) <= there_is
    assert min(map(len, EQUIVALENT.values())) > 20


def test_the_first_row_alone_is_what_the_message_says():
    rng = np.random.default_rng(0)
    x, W, dy = rng.normal(size=(5, 3)), rng.normal(size=(3, 2)), rng.normal(size=(5, 2))
    _, cache = dense_forward(x, W, np.zeros(2))
    message = "dW equals the right one without the sum over the batch: only the first row counts"
    (first,) = [mutant for mutant in mutants_of(dense_backward) if mutant.message == message]
    with planted(dense_backward, first):
        np.testing.assert_allclose(dense_backward(dy, cache)[1], np.outer(x[0], dy[0]))
