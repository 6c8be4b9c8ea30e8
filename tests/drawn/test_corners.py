"""The strategies draw what their corners are called after."""

import pytest
from drawn.example import for_each
from drawn.layers import LAYERS
from drawn.losses import LOSSES

import tinymm as mm


def arrays(x):
    return list(x.values()) if isinstance(x, dict) else list(x) if isinstance(x, tuple) else [x]


def last_row_of_mask(example):
    mask = example.options.get("mask")
    if mask is None:  # made from the token ids
        return (example.x["text"] if isinstance(example.x, dict) else example.x)[-1]
    return mask[-1]


def is_tied(a):
    return (a == a.round()).all()


HOLDS = {
    "one sample": lambda e: all(len(a) == 1 for a in arrays(e.x)),
    "one channel": lambda e: arrays(e.x)[-1].shape[-1] == 1,
    "one step": lambda e: arrays(e.x)[0].shape[1] == 1,
    "ties": lambda e: is_tied(arrays(e.x)[0]),
    "stride over window": lambda e: all(s > k for s, k in zip(e.layer.stride, window(e.layer))),
    "uneven strides": lambda e: len(set(e.layer.stride)) == 2,
    "valid": lambda e: e.layer.padding == "valid",
    "same": lambda e: e.layer.padding == "same",
    "explicit padding": lambda e: e.layer.padding[0][0] == 1,
    "mask": lambda e: e.options["mask"].dtype == bool,
    "mask with a row of padding": lambda e: not last_row_of_mask(e).any(),
    "a row of padding": lambda e: not last_row_of_mask(e).any() and e.layer.padding_id == 0,
    "duplicates": lambda e: len(set(e.x[0])) == 1 < e.x.shape[1],
    "scattered": lambda e: all(a.size == 1 or min(a.strides) < 0 for a in arrays(e.x)),
    "initial states": lambda e: len(e.x) == (3 if isinstance(e.layer, mm.LSTM) else 2),
    "training": lambda e: e.options["training"],
    "predicting": lambda e: not e.options,
    "a layer used twice": lambda e: len(set(map(id, e.layer.children.values()))) < len(e.layer.children),
    "tokens": lambda e: any(a.dtype.kind == "i" for a in arrays(e.x)),
}


def window(layer):
    return layer.kernel_size if hasattr(layer, "kernel_size") else layer.pool_size


@pytest.mark.parametrize("name", [*LAYERS, *LOSSES])
def test_a_corner_is_what_it_is_called(name):
    for corner, strategy in {**LAYERS, **LOSSES}[name].items():
        if corner in HOLDS:

            def check(example, corner=corner):
                assert HOLDS[corner](example), corner

            for_each({corner: strategy}, check)


def test_every_layer_meets_the_corners_it_can():
    both = {"one sample", "scattered"}
    assert all(both <= set(corners) for corners in LAYERS.values())
    windows = {"valid", "same", "explicit padding", "one channel", "stride over window", "ties"}
    for name in ("Conv1D", "Conv2D", "MaxPool1D", "MaxPool2D", "AveragePool1D", "AveragePool2D"):
        assert windows <= set(LAYERS[name]) and ("uneven strides" in LAYERS[name]) is name.endswith("2D")
    for name in ("LSTM", "RNN", "GlobalAveragePool", "GlobalMaxPool"):
        assert {"one step", "mask", "mask with a row of padding"} <= set(LAYERS[name])
    assert "duplicates" in LAYERS["Embedding"]
    assert all(both <= set(corners) for corners in LOSSES.values())
