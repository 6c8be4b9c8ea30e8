"""Strategies for layers made of layers."""

import numpy as np
from drawn.example import Example, normal, seeds, sizes, tied
from hypothesis import strategies as st

import tinymm as mm


@st.composite
def branches(draw, corner):
    N = 1 if corner == "one sample" else draw(sizes)
    D, E = draw(sizes), 1 if corner == "one channel" else draw(sizes)
    parts = {"left": mm.Dense(draw(sizes)), "right": mm.Sequential(mm.Tanh(), mm.LayerNorm())}
    x = {"left": normal(draw(seeds), N, D), "right": normal(draw(seeds), N, E)}
    options = {}
    if corner in ("tokens", "mask with a row of padding"):
        ids = np.random.default_rng(draw(seeds)).integers(0, 4, (N, 3))
        ids[-1] = 0 if corner == "mask with a row of padding" else ids[-1]
        x["text"], parts["text"] = ids, mm.Sequential(mm.Embedding(4, 2, padding_id=0), mm.LSTM(2))
    if corner == "mask of a branch":
        x["sound"], parts["sound"] = normal(draw(seeds), N, 3, 2), mm.RNN(draw(sizes))
        options["mask"] = {"sound": np.random.default_rng(draw(seeds)).random((N, 3)) < 0.6}
    if corner == "pictures":
        x["image"], parts["image"] = tied(normal(draw(seeds), N, 4, 3, 1)), mm.Sequential(
            mm.Conv2D(2, 2), mm.ReLU(), mm.MaxPool2D(2, padding=1), mm.Flatten()
        )  # fmt: skip
    return Example(mm.Concatenate(**parts), x, options)


@st.composite
def frames(draw, corner):
    N = 1 if corner == "one sample" else draw(sizes)
    T = 1 if corner == "one step" else draw(st.integers(2, 3))
    C = 1 if corner == "one channel" else draw(st.integers(1, 2))
    if corner == "tokens":
        x = np.random.default_rng(draw(seeds)).integers(0, 3, (N, T, 3))
        inside = mm.Sequential(mm.Embedding(3, 2, padding_id=0), mm.LSTM(2))
    elif corner == "rows":
        x, inside = normal(draw(seeds), N, T, C), mm.Sequential(mm.Dense(3), mm.Softmax())
    else:
        x = normal(draw(seeds), N, T, draw(st.integers(2, 3)), draw(st.integers(2, 3)), C)
        pool = mm.AveragePool2D if draw(st.booleans()) else mm.MaxPool2D
        inside = mm.Sequential(mm.Conv2D(draw(st.integers(1, 2)), 2, padding="same"), mm.ReLU(), pool(2))
    return Example(mm.TimeDistributed(inside), x)


@st.composite
def stacks(draw, corner):
    N = 1 if corner == "one sample" else draw(st.integers(2, 3))
    x, units = normal(draw(seeds), N, draw(st.integers(2, 4)), draw(sizes)), draw(sizes)
    options, inside = {}, [mm.Dense(units), mm.ReLU(), mm.LayerNorm(), mm.Dense(2)]
    if corner == "a layer used twice":
        twice = mm.Dense(x.shape[-1])
        inside = [twice, mm.Tanh(), twice, mm.Flatten()]
    if corner == "training":
        inside = [mm.Conv1D(units, 2), mm.BatchNorm(), mm.Dropout(0.4), mm.AveragePool1D(2, 1, 1)]
        options = {"training": True}
    if corner == "mask with a row of padding":
        inside = [mm.RNN(units, return_sequences=True), mm.Dropout(0.3), mm.LSTM(2, True), mm.GlobalMaxPool()]
        options = {"mask": np.ones(x.shape[:2], dtype=bool), "training": True}
        options["mask"][-1] = False
    return Example(mm.Sequential(*inside), tied(x) if corner == "ties" else x, options)
