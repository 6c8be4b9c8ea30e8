import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numeric import assert_pairs_agree, normal, scattered

import tinymm as mm
from tinymm import equations
from tinymm.errors import ShapeError
from tinymm.layers.concatenate import concatenate_backward, concatenate_forward


@given(
    st.integers(0, 999),
    st.lists(st.integers(1, 3), min_size=1, max_size=2),
    st.lists(st.integers(1, 4), min_size=1),
)
def test_concatenate_equals_its_loops(seed, rows, widths):
    rng = np.random.default_rng(seed)
    arrays = [scattered(normal(rng, *rows, D)) for D in widths[:4]]
    pairs = (
        (lambda *xs: concatenate_forward(list(xs)), concatenate_backward),
        (lambda *xs: equations.concatenate_forward(list(xs)), equations.concatenate_backward),
    )
    assert_pairs_agree(*pairs, arrays, rng)


def article_model():
    """The article's three branches, small: text, picture and sound, joined in front of a Dense."""
    return mm.Sequential(
        mm.Concatenate(
            text=mm.Sequential(mm.Embedding(7, 3, padding_id=0), mm.LSTM(2)),
            image=mm.Sequential(mm.Conv2D(2, 2), mm.Tanh(), mm.Flatten()),
            audio=mm.Sequential(mm.Conv1D(2, 3, stride=2), mm.Tanh(), mm.GlobalAveragePool()),
        ),
        mm.Dense(1),
        mm.Sigmoid(),
    )


def clips(rng, N=2):
    return {
        "text": np.array([[3, 5, 0], [6, 0, 0], [1, 2, 3]])[:N],
        "image": normal(rng, N, 3, 3, 1),
        "audio": normal(rng, N, 9, 1),
    }


def test_branches_name_their_parameters():
    model = article_model()
    assert model.build({"text": (3,), "image": (3, 3, 1), "audio": (9, 1)}) == (1,)
    assert list(model.params) == [
        "text.0.W", "text.1.W", "text.1.U", "text.1.b", "image.0.W", "image.0.b", "audio.0.W", "audio.0.b",
        "1.W", "1.b",
    ]  # fmt: skip


def test_every_branch_gets_the_gradient_of_central_differences():
    rng = np.random.default_rng(0)
    model, x = article_model(), clips(rng)
    y, cache = model.forward(x, training=True)
    dy = normal(rng, *y.shape)
    dx, grads = model.backward(dy, cache)
    assert dx["text"] is None
    assert {k: g.shape for k, g in grads.items()} == {k: p.shape for k, p in model.params.items()}
    for arrays, gradients in ((model.params, grads), ({k: x[k] for k in ("image", "audio")}, dx)):
        for name, array in arrays.items():
            place = tuple(int(rng.integers(n)) for n in array.shape)
            old = array[place]
            ys = []
            for step in (1e-5, -1e-5):
                array[place] = old + step
                ys.append(model.forward(x)[0])
            array[place] = old
            want = 0 if name == "text.0.W" and place[0] == 0 else (dy * (ys[0] - ys[1])).sum() / 2e-5
            assert gradients[name][place] == pytest.approx(want, rel=1e-5, abs=1e-9), name


def test_the_mask_of_the_text_branch_stays_in_the_text_branch():
    rng = np.random.default_rng(0)
    model, x = article_model(), clips(rng)
    longer = {**x, "text": np.pad(x["text"], ((0, 0), (0, 4)))}
    np.testing.assert_array_equal(model.forward(x)[0], model.forward(longer)[0])


def test_a_mask_from_outside_goes_to_the_branch_of_its_name():
    rng = np.random.default_rng(0)
    layer = mm.Concatenate(a=mm.LSTM(2), b=mm.Flatten())
    x = {"a": normal(rng, 1, 3, 2), "b": normal(rng, 1, 2)}
    y, _ = layer.forward(x, mask={"a": np.array([[True, True, False]])})
    np.testing.assert_array_equal(y, layer.forward({**x, "a": x["a"][:, :2]})[0])


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (
            np.zeros((2, 3)),
            "Concatenate wants a dict with the inputs text, image, audio, and got a single one",
        ),
        (
            {"text": np.zeros((2, 3), int)},
            "Concatenate wants the inputs text, image, audio: image, audio is missing",
        ),
    ],
)
def test_missing_inputs_are_named(inputs, message):
    with pytest.raises(ShapeError) as error:
        article_model().forward(inputs)
    assert str(error.value) == message


def test_branches_with_another_number_of_samples_are_counted():
    x = clips(np.random.default_rng(0))
    with pytest.raises(ShapeError) as error:
        article_model().forward({**x, "image": x["image"][:1]})
    assert (
        str(error.value)
        == "Concatenate wants as many samples on every branch and got text 2, image 1, audio 2: "
        "is a batch axis missing? A single sample goes in as x[None]"
    )


def test_branches_that_end_in_different_shapes_cannot_be_joined():
    model = mm.Concatenate(image=mm.Conv2D(2, 2), sound=mm.Flatten())
    with pytest.raises(ShapeError) as error:
        model.build({"image": (5, 5, 1), "sound": (9, 1)})
    assert str(error.value) == (
        "Concatenate cannot join branches that end in different shapes, image (N, 4, 4, 2), sound (N, 9): "
        "end each branch with Flatten, a global pool, or an LSTM's last state"
    )


def test_an_error_names_the_layer_by_its_branch_and_number():
    x = clips(np.random.default_rng(0))
    model = article_model()
    model.forward(x)
    with pytest.raises(ShapeError) as error:
        model.forward({**x, "image": np.zeros((2, 3, 3, 4))})
    assert str(error.value).startswith(
        "layer image.0: Conv2D wants inputs (N, height, width, channels=1) and got (N, 3, 3, 4)"
    )


def test_without_branches_there_is_nothing_to_join():
    with pytest.raises(ShapeError, match="Concatenate needs branches"):
        mm.Concatenate()


def test_inputs_that_no_branch_reads_are_left_alone():
    layer = mm.Concatenate(a=mm.Flatten())
    assert layer.forward({"a": np.zeros((2, 3)), "labels": np.zeros((5, 5))})[0].shape == (2, 3)
