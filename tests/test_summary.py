"""The summary: shapes, parameters, multiply-adds and memory that can be checked by hand."""

import numpy as np
import pytest

import tinymm as mm
from tinymm.summary import rows


def by_path(model, shape):
    model.build(shape)
    return {row.path: row for row in reversed(rows(model, shape))}  # the outermost of those without a name


def test_a_small_network_costs_what_paper_says():
    row = by_path(mm.Sequential(mm.Conv2D(4, 3), mm.ReLU(), mm.MaxPool2D(2), mm.Flatten(), mm.Dense(2)), (6, 8, 3))
    assert row["0"].output_shape == (4, 6, 4)
    assert row["0"].parameters == 3 * 3 * 3 * 4 + 4
    assert row["0"].multiply_adds == 4 * 6 * 4 * 3 * 3 * 3
    assert row["0"].activations == 4 * 6 * 4
    assert row["4"].input_shape == (24,)
    assert row["4"].parameters == 24 * 2 + 2
    assert row[""].parameters == 112 + 50
    assert row[""].multiply_adds == 2592 + 48
    assert row[""].activations == 96 + 96 + 24 + 24 + 2


def test_branches_are_counted_apart_and_together():
    text = mm.Sequential(mm.Embedding(10, 4), mm.LSTM(3))
    video = mm.TimeDistributed(mm.Sequential(mm.Conv2D(2, 3), mm.GlobalMaxPool()))
    model = mm.Sequential(mm.Concatenate(text=text, video=mm.Sequential(video, mm.Flatten())), mm.Dense(1))
    row = by_path(model, {"text": (5,), "video": (6, 4, 4, 1)})
    assert row["text"].parameters == 40 + 4 * 3 * (4 + 3 + 1)
    assert row["text"].multiply_adds == 5 * 4 * 3 * (4 + 3)
    frame = 2 * 2 * 2 * 3 * 3
    assert row["video.0.layer.0"].multiply_adds == frame
    assert row["video.0"].multiply_adds == 6 * frame == row["video"].multiply_adds
    assert row["video.0"].activations == 6 * (8 + 2)
    assert row[""].parameters == sum(a.size for a in model.params.values())
    assert row[""].activations == row["text"].activations + row["video"].activations + 15 + 1


def test_the_summary_agrees_with_the_models_own_count_and_real_shapes():
    model = mm.Sequential(mm.Conv1D(3, 4, stride=2), mm.BatchNorm(), mm.LSTM(5, return_sequences=True), mm.RNN(2))
    shape = (20, 2)
    listed = by_path(model, shape)
    x = np.random.default_rng(0).normal(size=(1, *shape))
    for path, layer in model.children.items():
        x = layer.forward(x)[0]
        assert listed[path].output_shape == x.shape[1:]
    assert listed[""].multiply_adds == model.multiply_adds(shape)


def test_a_shared_layer_is_counted_once():
    shared = mm.Dense(3)
    model = mm.Sequential(mm.Concatenate(a=shared, b=shared))
    row = by_path(model, {"a": (3,), "b": (3,)})
    assert row[""].parameters == 12
    assert row[""].multiply_adds == 18


def test_it_prints_before_any_training_and_asks_for_the_shape_it_needs(capsys):
    model = mm.Sequential(mm.Dense(1000))
    with pytest.raises(mm.TinymmError, match=r"summary\(input_shape\)"):
        model.summary()
    model.summary((2000,))
    printed = capsys.readouterr().out
    assert "Dense" in printed and "2,001,000" in printed and "2,000,000" in printed and "3.9 KiB" in printed
