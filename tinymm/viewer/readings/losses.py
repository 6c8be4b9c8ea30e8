"""The losses, on probabilities and on logits."""

from tinymm.viewer.readings.reading import Reading

J = {"J": ""}
KEPT = "The prediction, kept one rounding unit away from 0 and 1, where the logarithm ends."

BINARY = Reading(
    axes={**J, "p": "n * m", "t": "n * m"},
    equations={
        "J": "J = − mean_{n,m} (t log p + (1 − t) log(1 − p))",
        "p′": "p clipped to [ε, 1 − ε]",
        "dp": "∂p = frac{p − t}{p (1 − p)} · frac{1}{count}",
    },
    notes={"J": "A sure and wrong answer costs most.", "p′": KEPT,
           "dp": "Right answers pull little, sure and wrong ones without limit."},
    input="p",
)  # fmt: skip

BINARY_LOGITS = Reading(
    axes={**J, "z": "n * m", "t": "n * m", "positive": "n * m", "magnitude": "n * m"},
    equations={
        "J": "J = mean_{n,m} (max(z, 0) − z t + log(1 + e^{−|z|}))",
        "positive": "[z > 0]", "magnitude": "|z|",
        "dz": "∂z = frac{σ(z) − t}{count}",
    },
    notes={"J": "The same as from probabilities, but exact for any z.", "positive": "Which sign z has.",
           "magnitude": "z without its sign, so that e^−|z| never overflows.",
           "dz": "What was said minus what was true: the simplest gradient there is."},
    input="z",
)  # fmt: skip

CROSS = Reading(
    axes={**J, "p": "n * k", "t": "n * k"},
    equations={
        "J": "J = − mean_n Σ_k t_{n,k} log p_{n,k}",
        "p′": "p clipped to [ε, 1 − ε]",
        "dp": "∂p_{n,k} = − frac{t_{n,k}}{p_{n,k} N}",
    },
    notes={"J": "Only the probability of the true class counts.", "p′": KEPT,
           "dp": "Only the true class has a gradient; the others feel it through Softmax."},
    input="p",
)  # fmt: skip

CROSS_LOGITS = Reading(
    axes={**J, "z": "n * k", "t": "n * k", "top": "n s", "log_p": "n * k", "p": "n * k"},
    equations={
        "J": "J = mean_n (log Σ_k e^{z_{n,k}} − Σ_k t_{n,k} z_{n,k})",
        "top": "the largest z of the row", "log_p": "log p_{n,k} = z_{n,k} − log Σ_j e^{z_{n,j}}",
        "dz": "∂z_{n,k} = frac{softmax(z)_{n,k} − t_{n,k}}{N}",
        "dp": "p_{n,k} = softmax(z)_{n,k}",
    },
    notes={"J": "Softmax and cross-entropy in one, exact for any z.", "top": "Taken away first, so that nothing overflows.",
           "log_p": "The logarithm of the probability, without ever computing the probability.",
           "dp": "The probabilities, computed again for the way back.",
           "dz": "What was said minus what was true."},
    input="z",
)  # fmt: skip

SQUARED = Reading(
    axes={**J, "p": "n * m", "t": "n * m", "difference": "n * m"},
    equations={
        "J": "J = mean_{n,m} (p − t)^2", "difference": "p − t",
        "dp": "∂p = frac{2 (p − t)}{count}",
    },
    notes={"J": "Twice as far is four times as bad.", "difference": "How far off each prediction is.",
           "dp": "Twice as far pulls twice as hard."},
    input="p",
)  # fmt: skip

READINGS = {
    "BinaryCrossEntropy": BINARY, "BinaryCrossEntropy from logits": BINARY_LOGITS, "CrossEntropy": CROSS,
    "CrossEntropy from logits": CROSS_LOGITS, "MeanSquaredError": SQUARED,
}  # fmt: skip
