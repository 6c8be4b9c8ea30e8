"""LSTM: a recurrent layer with a memory c that is written, kept and read through gates.

Forward   z = x_t W + h_{t−1} U + b,  cut into four blocks of M columns for the gates i, f, g, o
          i = σ(z_i)      f = σ(z_f)      g = tanh(z_g)      o = σ(z_o)
          c_t = f c_{t−1} + i g                              h_t = o tanh(c_t)
Backward  do = dh_t tanh(c_t)                                dc_t = dh_t o (1 − tanh²(c_t)) + dc_{t+1} f_{t+1}
          di = dc_t g     df = dc_t c_{t−1}     dg = dc_t i
          dz_i = di i(1 − i)    dz_f = df f(1 − f)    dz_g = dg (1 − g²)    dz_o = do o(1 − o)
          dx_t = dz Wᵀ    dh_{t−1} = dz Uᵀ    dW = Σ_t x_tᵀ dz    dU = Σ_t h_{t−1}ᵀ dz    db = Σ_t dz

i lets new content g in, f keeps the old, o shows it. Along c the gradient is only multiplied by f, so it
survives long sentences. Sources: Hochreiter and Schmidhuber, Neural Computation 9, 1997; the forget gate f
from Gers, Schmidhuber and Cummins, Neural Computation 12, 2000.
"""

from tinymm.backend import array_module
from tinymm.layers.recurrent import Recurrent
from tinymm.layers.sigmoid import sigmoid_forward


def lstm_forward(x, W, U, b, h0=None, c0=None, mask=None):
    """x (N, T, D), W (D, 4M), U (M, 4M), b (4M,), h0 and c0 (N, M), mask (N, T) -> h (N, T, M), cache."""
    xp = array_module(x)
    M = U.shape[0]
    h = xp.zeros((len(x), M), dtype=x.dtype) if h0 is None else h0
    c = xp.zeros((len(x), M), dtype=x.dtype) if c0 is None else c0
    steps, outputs = [], []
    for t in range(x.shape[1]):
        z = x[:, t] @ W + h @ U + b
        i, f, o = (sigmoid_forward(z[:, k * M : (k + 1) * M])[0] for k in (0, 1, 3))
        g = xp.tanh(z[:, 2 * M : 3 * M])
        c_new = f * c + i * g
        tanh_c = xp.tanh(c_new)
        h_new = o * tanh_c
        steps.append((h, c, i, f, g, o, tanh_c))
        if mask is None:
            h, c = h_new, c_new
        else:  # a padded step hands on the old state
            real = mask[:, t, None]
            h, c = xp.where(real, h_new, h), xp.where(real, c_new, c)
        outputs.append(h)
    return xp.stack(outputs, axis=1), (x, W, U, steps, mask)


def lstm_backward(dh, cache):
    """dh (N, T, M) -> dx (N, T, D), dW (D, 4M), dU (M, 4M), db (4M,), dh0 (N, M), dc0 (N, M)."""
    x, W, U, steps, mask = cache
    xp = array_module(dh)
    dW, dU, db = (xp.zeros(shape, dtype=dh.dtype) for shape in (W.shape, U.shape, U.shape[1]))
    dx = xp.zeros(x.shape, dtype=dh.dtype)
    dh_next = dc_next = xp.zeros(dh[:, 0].shape, dtype=dh.dtype)
    for t in reversed(range(x.shape[1])):
        h_before, c_before, i, f, g, o, tanh_c = steps[t]
        dh_t = dh[:, t] + dh_next                          # h_t went out as y_t, and into step t+1
        do = dh_t * tanh_c                                 # forward: h = o tanh(c)
        dc = dc_next + dh_t * o * (1 - tanh_c * tanh_c)    # forward: h = o tanh(c), and c went into step t+1
        di, df, dg = dc * g, dc * c_before, dc * i         # forward: c = f c_before + i g
        dz = xp.concatenate(
            [di * i * (1 - i), df * f * (1 - f), dg * (1 - g * g), do * o * (1 - o)], axis=1
        )                                                  # forward: i, f, o = σ(z), g = tanh(z)
        dc_before = dc * f
        carried = 0
        if mask is not None:                               # forward: a padded step hands on the old state
            real = mask[:, t, None]
            dz, carried = xp.where(real, dz, 0), xp.where(real, 0, dh_t)
            dc_before = xp.where(real, dc_before, dc_next)
        dx[:, t] = dz @ W.T                                # forward: z = x_t W + ...
        dW += x[:, t].T @ dz
        dU += h_before.T @ dz                              # forward: z = ... + h_before U + ...
        db += dz.sum(axis=0)
        dh_next, dc_next = dz @ U.T + carried, dc_before
    return dx, dW, dU, db, dh_next, dc_next


class LSTM(Recurrent):
    """Long short-term memory: (N, T, D) -> (N, units), or (N, T, units) with ``return_sequences``.

    Parameters W (D, 4·units), U (units, 4·units), b (4·units,), gates in the order i, f, g, o. The forget gate's
    bias starts at 1, so that a fresh LSTM remembers (Jozefowicz et al., ICML 2015).
    """

    gates = 4

    def parameters(self, input_shape, rng):
        params = super().parameters(input_shape, rng)
        params["b"][self.units : 2 * self.units] = 1
        return params

    def run(self, x, mask, h0=None, c0=None):
        return lstm_forward(x, **self.params, h0=h0, c0=c0, mask=mask)

    def run_backward(self, dh, cache):
        dx, dW, dU, db, dh0, dc0 = lstm_backward(dh, cache)
        return dx, {"W": dW, "U": dU, "b": db}, (dh0, dc0)
