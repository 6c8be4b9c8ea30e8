"""Conv2D: y[n,p,q,o] = Σ_ij Σ_c x[n, p·s + i − top, q·s + j − left, c] W[i,j,c,o] + b[o] (article 4.1).

The article writes h⁽ˡ⁾_i = Σ_j W⁽ˡ⁾_ij ∗ h⁽ˡ⁻¹⁾_j + b⁽ˡ⁾_i: its i is the output channel o here, its j the
input channel c, and its ∗ the double sum over the kernel's cells, with the kernel not flipped.
"""

import numpy as np

from tinymm.equations.windows import picture_windows


def conv2d_forward(x, W, b, stride=1, padding="valid"):
    """x (N, H, W, C), W (kh, kw, C, O), b (O,) -> y (N, H', W', O), cache."""
    N, C, O = x.shape[0], x.shape[3], W.shape[3]
    rows, columns = picture_windows(x.shape[1:3], W.shape[:2], stride, padding)
    y = np.zeros((N, len(rows), len(columns), O), dtype=x.dtype)
    for n, p, q, o in np.ndindex(y.shape):
        y[n, p, q, o] = b[o]
        for i, h in rows[p]:
            for j, w in columns[q]:
                for c in range(C):
                    y[n, p, q, o] += x[n, h, w, c] * W[i, j, c, o]  # article 4.1
    return y, (x, W, rows, columns)


def conv2d_backward(dy, cache):
    """dy (N, H', W', O) -> dx (N, H, W, C), dW (kh, kw, C, O), db (O,)."""
    x, W, rows, columns = cache
    dx, dW, db = (np.zeros(shape, dtype=dy.dtype) for shape in (x.shape, W.shape, W.shape[3]))
    for n, p, q, o in np.ndindex(dy.shape):
        db[o] += dy[n, p, q, o]
        for i, h in rows[p]:
            for j, w in columns[q]:
                for c in range(x.shape[3]):
                    dx[n, h, w, c] += W[i, j, c, o] * dy[n, p, q, o]  # y used x with weight W
                    dW[i, j, c, o] += x[n, h, w, c] * dy[n, p, q, o]  # y used W with weight x
    return dx, dW, db
