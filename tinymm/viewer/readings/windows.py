"""The pools, with windows and global."""

from tinymm.viewer.readings.reading import Reading

MAX_NOTES = {
    "y": "The largest number of the window goes on, the others are forgotten.",
    "winner": "Where in its window the largest number stood, counted row by row. Backward needs nothing else.",
    "dx": "Only the winner of a window gets the window's gradient. Whoever did not win gets 0: to change it a little "
    "would change nothing.",
}
MEAN_NOTES = {
    "y": "Every cell of the window counts the same.",
    "dx": "Every cell had the same share in its window's mean, and gets that share of the gradient.",
}

MAXPOOL1D = Reading(
    axes={"x": "n t c", "y": "n t c", "winner": "n t c"},
    equations={
        "y": "y_{n,t,c} = max_k x_{n,t·s+k,c}",
        "winner": "winner_{n,t,c} = argmax_k x_{n,t·s+k,c}",
        "dx": "∂x_{n,t·s+k,c} = Σ_t ∂y_{n,t,c} [winner_{n,t,c} = k]",
    },
    notes=MAX_NOTES,
    hidden=frozenset({"dx_padded"}),
)

MAXPOOL2D = Reading(
    axes={"x": "n h w c", "y": "n p q c", "winner": "n p q c"},
    equations={
        "y": "y_{n,p,q,c} = max_{i,j} x_{n,p·s+i,q·s+j,c}",
        "winner": "winner_{n,p,q,c} = argmax_k x_{n,p·s+i,q·s+j,c}",
        "dx": "∂x_{n,p·s+i,q·s+j,c} = Σ_{p,q} ∂y_{n,p,q,c} [winner_{n,p,q,c} = k]",
    },
    notes=MAX_NOTES,
    hidden=frozenset({"dx_padded"}),
)

AVERAGEPOOL1D = Reading(
    axes={"x": "n t c", "y": "n t c"},
    equations={
        "y": "y_{n,t,c} = frac{1}{count} Σ_k x_{n,t·s+k,c}",
        "dx": "∂x_{n,u,c} = Σ_{t,k : t·s+k=u} frac{1}{count} ∂y_{n,t,c}",
    },
    notes=MEAN_NOTES,
    hidden=frozenset({"dx_padded", "total"}),
)

AVERAGEPOOL2D = Reading(
    axes={"x": "n h w c", "y": "n p q c"},
    equations={
        "y": "y_{n,p,q,c} = frac{1}{count} Σ_{i,j} x_{n,p·s+i,q·s+j,c}",
        "dx": "∂x_{n,h,w,c} = Σ_{p,q : window holds h,w} frac{1}{count} ∂y_{n,p,q,c}",
    },
    notes=MEAN_NOTES,
    hidden=frozenset({"dx_padded", "total"}),
)

GLOBALAVERAGEPOOL = Reading(
    axes={"x": "n * c", "y": "n c"},
    equations={
        "y": "y_{n,c} = frac{1}{count} Σ_p x_{n,p,c}",
        "dx": "∂x_{n,p,c} = frac{1}{count} ∂y_{n,c}",
    },
    notes={
        "y": "The mean of one channel over all places.",
        "dx": "Every place had the same share in the mean, so all get the same gradient.",
    },
    hidden=frozenset({"rows", "share"}),
)

GLOBALMAXPOOL = Reading(
    axes={"x": "n * c", "y": "n c", "winner": "n p c"},
    equations={
        "y": "y_{n,c} = max_p x_{n,p,c}",
        "winner": "winner_{n,c} = argmax_p x_{n,p,c}",
        "dx": "∂x_{n,p,c} = ∂y_{n,c} [winner_{n,c} = p]",
    },
    notes={
        "y": "The strongest answer of one channel, wherever it is.",
        "winner": "The place of the largest number, counted row by row.",
        "dx": "Only the place that won gets the gradient.",
    },
    hidden=frozenset({"dy′"}),
)

READINGS = {
    "MaxPool1D": MAXPOOL1D, "MaxPool2D": MAXPOOL2D, "AveragePool1D": AVERAGEPOOL1D, "AveragePool2D": AVERAGEPOOL2D,
    "GlobalAveragePool": GLOBALAVERAGEPOOL, "GlobalMaxPool": GLOBALMAXPOOL,
}  # fmt: skip
