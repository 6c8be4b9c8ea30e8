"""Activations, Softmax and Dropout."""

from tinymm.viewer.readings.reading import Reading

ANY = {"x": "n * d", "y": "n * d"}

RELU = Reading(
    axes={**ANY, "positive": "n * d"},
    equations={
        "y": "y = max(x, 0) = x · [x > 0]",
        "positive": "[x > 0]",
        "dx": "∂x = ∂y · [x > 0]",
    },
    notes={
        "y": "A positive number passes as it is, a negative one becomes 0.",
        "positive": "1 where x is above 0, else 0. Backward needs nothing else.",
        "dx": "Where x passed, so does its gradient. Where the output was the constant 0, none comes back.",
    },
)

SIGMOID = Reading(
    axes=ANY,
    equations={"y": "y = σ(x) = frac{1}{1 + e^{−x}} = frac{1}{2} (1 + tanh(frac{x}{2}))", "dx": "∂x = ∂y · y (1 − y)"},
    notes={
        "y": "Any number becomes one between 0 and 1. The form with tanh never overflows.",
        "dx": "The slope of σ is y (1 − y): at most 1/4, and nearly 0 where y is close to 0 or 1.",
    },
)

TANH = Reading(
    axes=ANY,
    equations={"y": "y = tanh(x)", "dx": "∂x = ∂y · (1 − y^2)"},
    notes={
        "y": "Any number becomes one between −1 and 1.",
        "dx": "The slope of tanh is 1 − y²: 1 in the middle, nearly 0 far out.",
    },
)

SOFTMAX = Reading(
    axes={"x": "n * k", "y": "n * k", "e": "n * k"},
    equations={
        "e": "e_{n,k} = exp(x_{n,k} − max_j x_{n,j})",
        "y": "y_{n,k} = frac{e_{n,k}}{Σ_j e_{n,j}}",
        "dx": "∂x_{n,k} = y_{n,k} (∂y_{n,k} − Σ_j ∂y_{n,j} y_{n,j})",
    },
    notes={
        "e": "The largest score of the row is taken away first. It cancels, and nothing overflows.",
        "y": "Each row becomes probabilities: none negative, together 1.",
        "dx": "What one class wins the others lose, so every gradient of the row goes into each.",
    },
)

DROPOUT = Reading(
    axes=ANY,
    equations={"y": "y = frac{x · keep}{1 − r}", "dx": "frac{∂y · keep}{1 − r}"},
    notes={
        "y": "In training some numbers are forgotten. The rest grow, so that the mean stays.",
        "dx": "A number that was forgotten gets no gradient.",
    },
)

READINGS = {"ReLU": RELU, "Sigmoid": SIGMOID, "Tanh": TANH, "Softmax": SOFTMAX, "Dropout": DROPOUT}
