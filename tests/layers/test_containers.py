import numpy as np
import pytest
from numeric import assert_gradients, central_differences, normal

import tinymm as mm
from tinymm.errors import ShapeError
from tinymm.layers.containers import join_path


def test_a_sequential_has_the_gradient_of_central_differences():
    rng = np.random.default_rng(0)
    model = mm.Sequential(mm.Dense(4), mm.Tanh(), mm.LayerNorm(), mm.Dense(2), mm.Softmax())
    model.build((3,), rng, np.float64)
    assert_gradients(model.forward, lambda dy, cache: model.backward(dy, cache)[0], [normal(rng, 3, 3)], rng)


def test_parameters_and_gradients_carry_the_path_of_their_layer():
    inner = mm.Sequential(mm.ReLU(), mm.Dense(3))
    model = mm.Sequential(mm.Dense(4), inner, mm.Dense(2))
    x = np.random.default_rng(0).normal(size=(2, 5))
    y, cache = model.forward(x)
    _, grads = model.backward(np.ones_like(y), cache)
    assert list(grads) == list(model.params) == ["0.W", "0.b", "1.1.W", "1.1.b", "2.W", "2.b"]
    assert model.params["1.1.W"] is inner.children["1"].params["W"]


def summed_gradients_of_shared(model, x, names):
    """The gradients of a model and, by central differences, those of its parameters."""
    rng = np.random.default_rng(1)
    y, cache = model.forward(x)
    dy = normal(rng, *y.shape)
    arrays = model.params

    def output(*values):
        for array, value in zip(arrays.values(), values):
            array[...] = value
        return model.forward(x)[0]

    assert list(arrays) == names
    grads = model.backward(dy, cache)[1]
    assert list(grads) == names
    return grads, dict(zip(names, central_differences(output, [a.copy() for a in arrays.values()], dy)))


def test_a_layer_in_two_branches_is_listed_once_and_gets_both_gradients():
    rng = np.random.default_rng(0)
    shared = mm.Dense(3)
    model = mm.Sequential(mm.Concatenate(a=mm.Sequential(shared, mm.Tanh()), b=shared), mm.Dense(2))
    x = {"a": normal(rng, 2, 4), "b": normal(rng, 2, 4)}
    got, want = summed_gradients_of_shared(model, x, ["a.0.W", "a.0.b", "1.W", "1.b"])
    for name in want:
        np.testing.assert_allclose(got[name], want[name], rtol=1e-6, atol=1e-8)


def test_a_layer_used_twice_in_a_row_gets_both_gradients():
    shared = mm.Dense(3)
    model = mm.Sequential(shared, mm.Tanh(), shared)
    got, want = summed_gradients_of_shared(model, normal(np.random.default_rng(0), 2, 3), ["0.W", "0.b"])
    for name in want:
        np.testing.assert_allclose(got[name], want[name], rtol=1e-6, atol=1e-8)


def test_a_shared_batch_norm_keeps_its_averages_under_one_path():
    shared = mm.BatchNorm()
    model = mm.Concatenate(a=shared, b=mm.Sequential(shared))
    rng = np.random.default_rng(0)
    _, cache = model.forward({"a": normal(rng, 5, 2), "b": normal(rng, 5, 2)}, training=True)
    assert list(model.next_state(cache)) == list(model.state) == ["a.mean", "a.variance"]


def test_state_after_training_is_told_by_path_and_changes_prediction():
    model = mm.Sequential(mm.Dense(3), mm.BatchNorm())
    x = np.random.default_rng(0).normal(size=(6, 2))
    _, cache = model.forward(x, training=True)
    after = model.next_state(cache)
    assert list(after) == list(model.state) == ["1.mean", "1.variance"]
    before = model.forward(x)[0]
    for path, value in after.items():
        model.state[path][...] = value
    assert (model.forward(x)[0] != before).any()


def test_a_single_concatenate_needs_no_number_but_two_do():
    join = lambda: mm.Concatenate(x=mm.Dense(2))  # noqa: E731
    assert list(mm.Sequential(join(), mm.ReLU()).children) == ["", "1"]
    assert list(mm.Sequential(join(), join()).children) == ["0", "1"]


def test_an_error_in_a_nested_model_names_the_whole_path():
    model = mm.Sequential(mm.ReLU(), mm.Sequential(mm.Flatten(), mm.Dense(3)))
    model.build((2, 2))
    with pytest.raises(ShapeError) as error:
        model.forward(np.zeros((1, 2, 3), "float32"))
    assert error.value.path == "1.0"
    assert str(error.value).startswith("layer 1.0: Flatten was built for inputs (N, 2, 2) and got (N, 2, 3)")


def test_a_model_builds_itself_once_from_its_first_batch():
    model = mm.Sequential(mm.Flatten(), mm.Dense(3))
    x = np.random.default_rng(0).normal(size=(4, 2, 2)).astype("float32")
    y, _ = model.forward(x)
    assert model.params["1.W"].shape == (4, 3) and y.dtype == np.float32
    W = model.params["1.W"].copy()
    model.forward(x)
    np.testing.assert_array_equal(model.params["1.W"], W)


def test_two_layers_of_one_model_draw_different_weights():
    model = mm.Sequential(mm.Dense(3), mm.Dense(3))
    model.build((3,))
    assert (model.params["0.W"] != model.params["1.W"]).any()


def test_the_same_seed_builds_the_same_model():
    first, second = (mm.Sequential(mm.LSTM(3), mm.Dense(2)) for _ in range(2))
    for model in (first, second):
        model.build((4, 2), np.random.default_rng(7))
    for name, array in first.params.items():
        np.testing.assert_array_equal(array, second.params[name])


def test_astype_turns_every_parameter_and_state_in_place():
    model = mm.Sequential(mm.Dense(3), mm.BatchNorm())
    model.build((2,))
    assert model.astype(np.float64) is model
    assert {a.dtype for a in (*model.params.values(), *model.state.values())} == {np.dtype(np.float64)}
    assert model.forward(np.zeros((1, 2)))[0].dtype == np.float64


def test_dropout_inside_a_model_draws_from_the_rng_of_the_pass():
    model = mm.Sequential(mm.Dense(20), mm.Dropout(0.5), mm.Dropout(0.5))
    x = np.ones((2, 3), "float32")
    first, _ = model.forward(x, training=True, rng=np.random.default_rng(1))
    again, _ = model.forward(x, training=True, rng=np.random.default_rng(1))
    np.testing.assert_array_equal(first, again)
    assert (first == 0).mean() == pytest.approx(0.75, abs=0.2)


def test_a_twin_with_other_leaves_keeps_the_original_as_it_was():
    model = mm.Sequential(mm.ReLU(), mm.Sequential(mm.Tanh()))
    twin = model.map_layers(lambda layer: mm.Sigmoid())
    assert repr(twin) == "Sequential(0=Sigmoid(), 1=Sequential(0=Sigmoid()))"
    assert repr(model) == "Sequential(0=ReLU(), 1=Sequential(0=Tanh()))"


def test_multiply_adds_of_a_model_are_those_of_its_layers():
    model = mm.Sequential(mm.Concatenate(a=mm.Dense(4), b=mm.Flatten()), mm.Dense(5))
    assert model.multiply_adds({"a": (3,), "b": (2, 3)}) == 3 * 4 + (4 + 6) * 5


@pytest.mark.parametrize(
    ("name", "rest", "path"), [("text", "1.U", "text.1.U"), ("", "W", "W"), ("a", "", "a")]
)
def test_a_path_joins_names_and_skips_empty_ones(name, rest, path):
    assert join_path(name, rest) == path
