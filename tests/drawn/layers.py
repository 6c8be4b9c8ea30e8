"""``LAYERS[name][corner]``: a strategy for each corner of every layer and container."""

from drawn.containers import branches, frames, stacks
from drawn.example import corners, sizes
from drawn.leaves import on_rows, rows, times, tokens, windows
from hypothesis import strategies as st

import tinymm as mm

POOLS = (mm.AveragePool1D, mm.AveragePool2D, mm.MaxPool1D, mm.MaxPool2D)
LAYERS = {
    **{kind.__name__: windows(kind) for kind in (*POOLS, mm.Conv1D, mm.Conv2D)},
    **{
        kind.__name__: on_rows(lambda draw, kind=kind: kind())
        for kind in (mm.Flatten, mm.ReLU, mm.Sigmoid, mm.Softmax, mm.Tanh, mm.LayerNorm)
    },
    "Dense": on_rows(lambda draw: mm.Dense(draw(sizes))),
    "BatchNorm": {
        **on_rows(lambda draw: mm.BatchNorm()),
        **{
            f"{corner}, training": rows(lambda draw: mm.BatchNorm(), corner, options={"training": True})
            for corner in ("many", "one sample", "one channel")
        },
    },
    "Dropout": {
        **on_rows(lambda draw: mm.Dropout(draw(st.floats(0, 0.9))), options={"training": True}),
        "predicting": rows(lambda draw: mm.Dropout(0.5), "many"),
    },
    **{
        kind.__name__: times(lambda draw, kind=kind: kind(), "ties")
        for kind in (mm.GlobalAveragePool, mm.GlobalMaxPool)
    },
    **{
        kind.__name__: times(
            lambda draw, kind=kind: kind(draw(sizes), return_sequences=draw(st.booleans())), "initial states"
        )
        for kind in (mm.LSTM, mm.RNN)
    },
    "Embedding": corners(tokens, "duplicates", "one sample", "one step", "padding", "a row of padding"),
    "Concatenate": corners(
        branches, "many", "one sample", "one channel", "tokens", "mask with a row of padding",
        "mask of a branch", "pictures",
    ),
    "Sequential": corners(
        stacks, "many", "one sample", "ties", "training", "a layer used twice", "mask with a row of padding"
    ),
    "TimeDistributed": corners(frames, "pictures", "one sample", "one step", "one channel", "rows", "tokens"),
}  # fmt: skip
