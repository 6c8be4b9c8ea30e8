"""Exercise 15 · Adam

    m := β₁ m + (1 − β₁) dW         v := β₂ v + (1 − β₂) dW²
    m̂ = m / (1 − β₁ᵗ)               v̂ = v / (1 − β₂ᵗ)
    W := W − lr · m̂ / (√v̂ + ε)

`tinymm exercise check adam` checks this file step by step and explains the first thing that is wrong;
`tinymm exercise hint adam` gives a hint when you ask for one. The lesson: `tinymm lesson 15`.
"""

import numpy as np


def adam_update(W, dW, m, v, t, lr, beta1, beta2, epsilon):
    """One update; t counts from 1. -> the new W, m and v. The arrays that came in stay as they were."""
    raise NotImplementedError("adam_update")
