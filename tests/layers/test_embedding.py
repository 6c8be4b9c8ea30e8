import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numeric import assert_pairs_agree, normal

import tinymm as mm
from tinymm import equations
from tinymm.errors import ShapeError
from tinymm.layers.embedding import embedding_backward, embedding_forward


@given(
    st.integers(0, 999), st.lists(st.integers(1, 5), min_size=1, max_size=3), st.integers(1, 6),
    st.integers(1, 4), st.sampled_from(["int32", "int64", "uint8"]), st.none() | st.just(0),
)  # fmt: skip
def test_embedding_equals_its_loops_when_tokens_repeat(seed, shape, V, M, dtype, padding_id):
    rng = np.random.default_rng(seed)
    ids = rng.integers(0, V, shape).astype(dtype)

    def pair(forward, backward):
        return lambda W: forward(ids, W), lambda dy, cache: backward(dy, cache, padding_id)

    loops = pair(equations.embedding_forward, equations.embedding_backward)
    assert_pairs_agree(pair(embedding_forward, embedding_backward), loops, [normal(rng, V, M)], rng)


def test_a_token_seen_three_times_gets_three_gradients():
    _, cache = embedding_forward(np.array([[1, 1], [1, 0]]), np.zeros((3, 1)))
    dW = embedding_backward(np.array([[[1.0], [2.0]], [[4.0], [8.0]]]), cache)
    np.testing.assert_array_equal(dW, [[8], [7], [0]])


def test_the_padding_row_starts_at_zero_and_learns_nothing():
    layer = mm.Embedding(4, 3, padding_id=2)
    y, cache = layer.forward(np.array([[2, 1]]))
    assert not layer.params["W"][2].any() and layer.params["W"][1].any()
    dx, grads = layer.backward(np.ones_like(y), cache)
    assert dx is None
    np.testing.assert_array_equal(grads["W"].sum(axis=1), [0, 3, 0, 0])


def test_the_mask_tells_the_real_tokens_from_the_padding():
    ids = np.array([[3, 0, 1], [0, 0, 0]])
    np.testing.assert_array_equal(mm.Embedding(4, 2, padding_id=0).output_mask(ids, None), ids != 0)
    assert mm.Embedding(4, 2).output_mask(ids, None) is None


@pytest.mark.parametrize(("worst", "ids"), [(4, [[0, 4]]), (-1, [[-1, 2]])])
def test_a_token_without_a_row_is_refused_and_named(worst, ids):
    with pytest.raises(ShapeError) as error:
        mm.Embedding(4, 2).forward(np.array(ids))
    assert str(error.value) == (
        f"Embedding has rows for the token ids 0 to 3 and got {worst}: "
        "encode the text with the vocabulary the model was built for"
    )


def test_floats_are_no_token_ids():
    with pytest.raises(
        ShapeError, match=r"Embedding wants whole numbers, token ids, and got float32: x\.astype\(int\)"
    ):
        mm.Embedding(4, 2).forward(np.zeros((1, 3), "float32"))


def test_another_number_of_axes_is_refused():
    with pytest.raises(ShapeError, match=r"Embedding wants token ids \(N, time\) and got \(N, 2, 3\)"):
        mm.Embedding(4, 2).forward(np.zeros((1, 2, 3), int))


def test_texts_of_another_length_than_the_first_are_welcome():
    layer = mm.Embedding(4, 2)
    layer.forward(np.zeros((1, 3), int))
    assert layer.forward(np.zeros((2, 7), int))[0].shape == (2, 7, 2)
