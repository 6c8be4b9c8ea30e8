"""RNN: one layer, applied again at every time step to the new input and its own last answer.

Forward   h_t = tanh(x_t W + h_{t−1} U + b)
Backward  dz_t = (dh_t from above + dz_{t+1} Uᵀ) · (1 − h_t²)
          dx_t = dz_t Wᵀ     dW = Σ_t x_tᵀ dz_t     dU = Σ_t h_{t−1}ᵀ dz_t     db = Σ_t dz_t

The sums over t are there because the same W, U, b worked at every step. Source: Elman, Cognitive Science 14, 1990.
"""

from tinymm.backend import array_module
from tinymm.layers.recurrent import Recurrent


def rnn_forward(x, W, U, b, h0=None, mask=None):
    """x (N, T, D), W (D, M), U (M, M), b (M,), h0 (N, M), mask (N, T) -> h (N, T, M), cache."""
    xp = array_module(x)
    h = xp.zeros((len(x), U.shape[0]), dtype=x.dtype) if h0 is None else h0
    before, new, after = [], [], []
    for t in range(x.shape[1]):
        before.append(h)
        new.append(xp.tanh(x[:, t] @ W + h @ U + b))
        h = new[t] if mask is None else xp.where(mask[:, t, None], new[t], h)
        after.append(h)
    return xp.stack(after, axis=1), (x, W, U, before, new, mask)


def rnn_backward(dh, cache):
    """dh (N, T, M) -> dx (N, T, D), dW (D, M), dU (M, M), db (M,), dh0 (N, M)."""
    x, W, U, before, new, mask = cache
    xp = array_module(dh)
    dW, dU, db = (xp.zeros(shape, dtype=dh.dtype) for shape in (W.shape, U.shape, U.shape[1]))
    dx = xp.zeros(x.shape, dtype=dh.dtype)
    dh_next = xp.zeros(before[0].shape, dtype=dh.dtype)
    for t in reversed(range(x.shape[1])):
        dh_t = dh[:, t] + dh_next                      # h_t went out as y_t, and into step t+1
        dz = dh_t * (1 - new[t] * new[t])              # forward: new = tanh(z)
        carried = 0
        if mask is not None:                           # forward: a padded step hands on the old state
            real = mask[:, t, None]
            dz, carried = xp.where(real, dz, 0), xp.where(real, 0, dh_t)
        dx[:, t] = dz @ W.T                            # forward: z = x_t W + ...
        dW += x[:, t].T @ dz
        dU += before[t].T @ dz                         # forward: z = ... + h_{t-1} U + ...
        db += dz.sum(axis=0)
        dh_next = dz @ U.T + carried
    return dx, dW, dU, db, dh_next


class RNN(Recurrent):
    """A simple recurrent layer: (N, T, D) -> (N, units), or (N, T, units) with ``return_sequences``.

    Parameters W (D, units), U (units, units), b (units,).
    """

    def run(self, x, mask, h0=None):
        return rnn_forward(x, **self.params, h0=h0, mask=mask)

    def run_backward(self, dh, cache):
        dx, dW, dU, db, dh0 = rnn_backward(dh, cache)
        return dx, {"W": dW, "U": dU, "b": db}, (dh0,)
