"""Layers that move numbers: Embedding, Concatenate, Flatten."""

from tinymm.viewer.readings.reading import Reading

EMBEDDING = Reading(
    axes={"ids": "n t", "W": "v m", "y": "n t m"},
    equations={
        "y": "y_{n,t,m} = W_{ids_{n,t},m}",
        "dW": "∂W_{v,m} = Σ_n Σ_t [ids_{n,t} = v] ∂y_{n,t,m}",
    },
    notes={
        "y": "A token is the number of a row: the row is copied.",
        "dW": "Every place where the token stood sends its gradient to the token's row. A token seen twice gets both.",
    },
    input="ids",
)

CONCATENATE = Reading(
    axes={"y": "n * d", "x": "n * d"},
    equations={"y": "y = [y_1, y_2, …]", "dx": "∂x = the part of ∂y that x became"},
    notes={"y": "The branches side by side: numbers move, none changes.", "dx": "Each branch gets its own part back."},
)

FLATTEN = Reading(
    axes={"x": "n * c", "y": "n d"},
    equations={"y": "y_{n,(p·W+q)·C+c} = x_{n,p,q,c}", "dx": "∂x_{n,p,q,c} = ∂y_{n,(p·W+q)·C+c}"},
    notes={"y": "Every number moves, none changes.", "dx": "Every gradient moves back to where its number came from."},
)

TIMEDISTRIBUTED = Reading(
    axes={"x": "n t *", "y": "n t *"},
    equations={"y": "y_{n,t} = f(x_{n,t})", "dx": "∂x_{n,t} = the gradient that f gives for ∂y_{n,t}"},
    notes={"y": "The same layer on every time step: all steps go through it as one big batch."},
)

READINGS = {"Embedding": EMBEDDING, "Concatenate": CONCATENATE, "Flatten": FLATTEN, "TimeDistributed": TIMEDISTRIBUTED}
