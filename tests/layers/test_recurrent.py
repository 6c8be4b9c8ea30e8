import numpy as np
import pytest

import tinymm as mm
from tinymm.errors import ShapeError

both = pytest.mark.parametrize("kind", [mm.LSTM, mm.RNN])


@both
def test_the_answer_is_the_last_of_the_sequence(kind):
    x = np.random.default_rng(0).normal(size=(2, 4, 3))
    last, sequence = kind(5), kind(5, return_sequences=True)
    np.testing.assert_array_equal(last.forward(x)[0], sequence.forward(x)[0][:, -1])


@both
def test_a_mask_of_another_shape_is_refused(kind):
    x = np.zeros((2, 4, 3), "float32")
    with pytest.raises(ShapeError) as error:
        kind(5).forward(x, mask=np.ones((2, 3), bool))
    assert str(error.value) == f"{kind.__name__} wants a mask (N, time) = (2, 4) and got (2, 3)"


@both
def test_sequences_without_steps_are_refused(kind):
    with pytest.raises(ShapeError, match=f"{kind.__name__} got sequences without time steps"):
        kind(5).forward(np.zeros((2, 0, 3), "float32"))


@both
def test_pictures_are_refused_by_their_axes(kind):
    with pytest.raises(ShapeError) as error:
        kind(5).forward(np.zeros((2, 4, 3, 3), "float32"))
    assert str(error.value) == (
        f"{kind.__name__} wants inputs (N, time, features) and got (N, 4, 3, 3): "
        "it needs 2 axes after the batch axis, here are 3"
    )


@both
def test_another_length_than_at_the_build_is_welcome(kind):
    layer = kind(5)
    layer.build((4, 3))
    assert layer.forward(np.zeros((2, 9, 3), "float32"))[0].shape == (2, 5)


@both
def test_a_mask_goes_on_only_with_the_sequence(kind):
    mask = np.ones((2, 4), bool)
    assert kind(5).output_mask(None, mask) is None
    assert kind(5, return_sequences=True).output_mask(None, mask) is mask


def test_multiply_adds_count_every_gate_of_every_step():
    assert mm.RNN(5).multiply_adds((4, 3)) == 4 * 5 * (3 + 5)
    assert mm.LSTM(5).multiply_adds((4, 3)) == 4 * 4 * 5 * (3 + 5)
