"""Strategies for layers that hold no others: windows, rows of features, steps in time, tokens."""

import numpy as np
from drawn.example import Example, normal, scatter, seeds, sizes, tied
from hypothesis import strategies as st

import tinymm as mm


@st.composite
def windowed(draw, kind, corner):
    """A window that fits; its stride may be uneven and longer than the window."""
    axes = 1 if kind.__name__.endswith("1D") else 2
    window = draw(st.tuples(*[st.integers(2 if corner == "explicit padding" else 1, 3)] * axes))
    stride = draw(st.tuples(*[st.integers(1, 3)] * axes))
    if corner == "stride over window":
        stride = tuple(k + 1 for k in window)
    if corner == "uneven strides":
        window, stride = (window[0], 2)[:axes], (1 + window[0] % 2, 2 + window[0] % 2)[:axes]
    lengths = [k + draw(st.integers(0, 3)) for k in window]
    N = 1 if corner == "one sample" else draw(st.integers(1, 3))
    C = 1 if corner == "one channel" else draw(st.integers(1, 2))
    padding = draw(st.sampled_from(("valid", "same")))
    if corner in ("same", "valid"):
        padding = corner
    if corner == "explicit padding":
        padding = [tuple(draw(st.integers(0, k - 1)) for _ in range(2)) for k in window]
        padding = ((1, padding[0][1]), *padding[1:])
    options = (draw(st.integers(1, 2)),) if "Conv" in kind.__name__ else ()
    x = normal(draw(seeds), N, *lengths, C)
    return Example(kind(*options, window, stride, padding), tied(x) if corner == "ties" else x)


WINDOWED = ("valid", "same", "explicit padding", "one sample", "one channel", "stride over window", "ties")


def windows(kind):
    two = ("uneven strides",) if kind.__name__.endswith("2D") else ()
    return scatter({corner: windowed(kind, corner) for corner in (*WINDOWED, *two)})


@st.composite
def rows(draw, make, corner, axes=(1, 3), options=None):
    """Features along the last axis and any axes before it."""
    shape = draw(st.lists(sizes, min_size=axes[0] + 1, max_size=axes[1] + 1))
    shape[0] = 1 if corner == "one sample" else draw(st.integers(2, 4)) if corner == "many" else shape[0]
    shape[-1] = 1 if corner == "one channel" else shape[-1]
    x = normal(draw(seeds), *shape)
    return Example(make(draw), tied(x) if corner == "ties" else x, dict(options or {}))


def on_rows(make, corners=("many", "one sample", "one channel", "ties"), **more):
    return scatter({corner: rows(make, corner, **more) for corner in corners})


@st.composite
def in_time(draw, make, corner):
    """(N, T, D) with a mask that may have gaps, and rows of padding alone."""
    N = 1 if corner == "one sample" else draw(st.integers(2, 3))
    T = 1 if corner == "one step" else draw(st.integers(2, 4))
    D = 1 if corner == "one channel" else draw(sizes)
    x, layer = normal(draw(seeds), N, T, D), make(draw)
    mask = None
    if "mask" in corner or draw(st.booleans()):
        mask = np.array(draw(st.lists(st.booleans(), min_size=N * T, max_size=N * T))).reshape(N, T)
        mask[-1] = False if corner == "mask with a row of padding" else mask[-1]
    if corner == "initial states":
        count = 2 if isinstance(layer, mm.LSTM) else 1
        x = (x, *(normal(draw(seeds), N, layer.units) for _ in range(count)))
    return Example(layer, tied(x) if corner == "ties" else x, {} if mask is None else {"mask": mask})


TIMES = ("one sample", "one step", "one channel", "mask", "mask with a row of padding")


def times(make, *more):
    return scatter({corner: in_time(make, corner) for corner in (*TIMES, *more)})


@st.composite
def tokens(draw, corner):
    V = draw(st.integers(2, 4))
    N = 1 if corner == "one sample" else draw(sizes)
    T = 1 if corner == "one step" else draw(st.integers(2, 4))
    ids = np.random.default_rng(draw(seeds)).integers(0, V, (N, T))
    if corner == "duplicates":
        ids[0] = ids[0, 0]
    padding = 0 if "padding" in corner else draw(st.sampled_from((None, 0)))
    if corner == "a row of padding":
        ids[-1] = 0
    return Example(mm.Embedding(V, draw(sizes), padding_id=padding), ids)
