import numpy as np
import pytest

import tinymm as mm
from tinymm.gradchecking.kinks import away_from_kinks, kinks_in


def found(f, x):
    return kinks_in(lambda arrays: f(arrays["x"]), {"x": np.array(x)}, "x").tolist()


def relu(x):
    return np.maximum(x, 0)


def test_corners_of_relu_are_found_and_other_places_are_not():
    assert (
        found(lambda x: relu(x - 1), [1.0, 1 + 1e-6, 1 - 1e-6, 1.01, 0.99, 2.0]) == [True] * 3 + [False] * 3
    )


def test_a_small_number_beside_a_corner_is_judged_by_its_own_size():
    assert found(relu, [0.0, 1e-8, 1e-4, 1.0]) == [True, False, False, False]
    assert found(relu, [1e-10, -1e-8, 1.0]) == [True, True, False]  # too near, and flat: nothing to see


def test_a_corner_of_a_small_output_shows_beside_large_outputs():
    beside = lambda x: np.concatenate([1e6 * x, relu(x)])  # noqa: E731
    assert found(beside, [0.0, 0.5, -0.5]) == [True, False, False]


def test_probabilities_next_to_0_and_1_are_moved_inwards():
    clip = lambda a: np.clip(a["p"], 1e-15, 1 - 1e-15)  # noqa: E731
    arrays, _ = away_from_kinks(clip, {"p": np.array([1e-15, 0.3, 1.0])}, np.random.default_rng(0))
    assert 0.01 < arrays["p"][0] < 0.1 and 0.9 < arrays["p"][2] < 0.99


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize("distance", np.linspace(0, 0.8, 33) * 2e-5)
def test_no_distance_within_reach_of_central_differences_is_blind(distance, side):
    assert found(lambda x: relu(side * (x - 1)), [1 + distance, 1.5]) == [True, False]


def test_ties_of_a_maximum_are_found():
    assert found(lambda x: x.max(keepdims=True), [1.0, 1.0, 0.5]) == [True, True, False]
    assert found(lambda x: x.max(keepdims=True), [1.0, 0.7, 0.5]) == [False] * 3


@pytest.mark.parametrize(
    "f",
    [np.sin, np.exp, lambda x: x * x, lambda x: x**3, lambda x: 0 * x, lambda x: x - x.mean(keepdims=True)],
)
def test_smooth_functions_have_none_even_at_a_minimum(f):
    assert found(f, [0.0, 0.0]) == [False, False]
    assert found(f, [0.3, -2.0]) == [False, False]


def test_a_function_that_is_constant_but_for_rounding_has_none():
    rng = np.random.default_rng(0)
    noise = rng.normal(size=100)
    assert found(lambda x: np.atleast_1d((x + noise.sum()) - x), [0.7]) == [False]


def test_entries_at_a_kink_move_a_little_and_the_others_stay():
    arrays, notes = away_from_kinks(
        lambda a: relu(a["x"]), {"x": np.array([0.0, 2.0, -1.0])}, np.random.default_rng(0)
    )
    moved = abs(arrays["x"] - [0.0, 2.0, -1.0])
    assert 0.02 <= moved[0] <= 0.06 and moved[1:].tolist() == [0, 0]
    assert (
        len(notes) == 1
        and notes[0].startswith("1 of 3 entries of x lay at a kink")
        and "x[0] from 0 to" in notes[0]
    )


def test_a_kink_that_cannot_be_left_is_reported():
    sticky = lambda a: relu(a["x"] - a["x"])  # noqa: E731  always at the corner, but flat on both sides
    assert away_from_kinks(sticky, {"x": np.ones(1)}, np.random.default_rng(0))[1] == []
    everywhere = lambda a: abs(np.sin(1e7 * a["x"] + np.arange(50)))  # noqa: E731
    _, notes = away_from_kinks(everywhere, {"x": np.ones(1)}, np.random.default_rng(0))
    assert "still met a kink" in notes[-1]


def test_relu_and_pools_are_right_at_their_corners_and_ties():
    for layer, x in (
        (mm.ReLU(), np.zeros((2, 3))),
        (mm.MaxPool1D(2), np.ones((1, 4, 2))),
        (mm.GlobalMaxPool(), np.ones((1, 3, 1))),
    ):
        report = mm.gradcheck(layer, x)
        assert report and "lay at a kink" in report.notes[0]


def test_kinks_in_parameters_are_left_too():
    model = mm.Sequential(mm.Dense(2), mm.ReLU())
    params = {"0.W": np.zeros((3, 2)), "0.b": np.zeros(2)}
    report = mm.gradcheck(model, np.ones((2, 3)), params)
    assert report and any("0.W" in note and "kink" in note for note in report.notes)


def relu_dense():
    return mm.Sequential(mm.ReLU(), mm.Flatten(), mm.Dense(1))


def test_one_exact_zero_among_many_numbers_is_found_and_moved():
    x = np.random.default_rng(0).normal(size=(2, 32, 32, 3))
    x[0, 3, 4, 1] = 0
    report = mm.gradcheck(relu_dense(), x)
    assert report, str(report)
    assert any(
        "1 of 6144 entries of x lay at a kink" in n and "x[0, 3, 4, 1] from 0" in n for n in report.notes
    )


def test_many_zeros_among_many_numbers_are_no_wrong_gradient():
    rng = np.random.default_rng(0)
    x = np.where(rng.random((2, 32, 32, 3)) < 0.5, 0, rng.normal(size=(2, 32, 32, 3)))
    report = mm.gradcheck(relu_dense(), x)
    assert report and any("lay at a kink" in note for note in report.notes)


def test_a_large_smooth_layer_has_no_kinks():
    report = mm.gradcheck(mm.LSTM(8), np.random.default_rng(0).normal(size=(4, 10, 20)))
    assert report and not any("kink" in note for note in report.notes)
