"""The graders: right answers pass, starters fail, and each typical wrong answer gets the message meant for it."""

from pathlib import Path

import pytest

from tinymm.exercises.checking import check_file, run_steps
from tinymm.exercises.course import COURSE, exercise
from tinymm.exercises.folder import STARTERS

ANSWERS = Path(__file__).parent / "answers"
NAMES = [task.name for task in COURSE]

# exercise: (what stands in the right answer, what a learner writes, the step that fails, words of the explanation)
WRONG = {
    "neuron": (
        ("x @ w + b", "x @ w", "forward", "the bias b is missing"),
        ("1 / (1 + np.exp(-(x @ w + b)))", "x @ w + b", "forward", "the bend is missing"),
        ("1 / (1 + np.exp(-(x @ w + b)))", "1 / 1 + np.exp(-(x @ w + b))", "forward", "a bracket is missing"),
        ("np.exp(-(x @ w + b))", "np.exp(x @ w + b)", "forward", "a sign inside σ"),
        ("1 / (1 + np.exp(-(x @ w + b)))", "np.tanh(x @ w + b)", "forward", "this is tanh"),
        ("db = dz.sum()", "db = dh.sum()", "db", "as in the article's formula"),
        ("dz = dh * h * (1 - h)", "dz = dh * (1 - h * h)", "db", "the slope of tanh"),
        ("db = dz.sum()", "db = dz.mean()", "db", "the mean over the batch in the place of the sum"),
        ("dw = x.T @ dz", "dw = x[0] * dz[0]", "dw", "only the first sample"),
    ),
    "dense": (
        ('x, W) + b', "x, W)", "forward", "the bias b is missing"),
        ('x, W) + b', "x, W) - b", "forward", "the bias is subtracted"),
        ('np.einsum("nd,dm->nm", x, W) + b', "1 / (1 + np.exp(-(x @ W + b)))", "forward", "there is a σ in it"),
        ("db = dy.sum(0)", "db = dy.mean(0)", "db", "the mean belongs into the loss"),
        ("db = dy.sum(0)", "db = dy[0]", "db", "only the first sample"),
        ("db = dy.sum(0)", "db = dy", "it runs", "summed over axis 0 (the batch)"),
        ("db = dy.sum(0)", "db = dy.sum(1)", "it runs", "it is the sum over axis 1, and should be the sum over axis 0"),
        ("return dx, dW, db", "return dW, dx, db", "it runs", "another order: return dx, dW, db"),
        ("return dx, dW, db", "return dx, dW.tolist(), db", "it runs", "dW is a list"),
        ("for n in range(len(x)))", "for n in range(len(x))) / len(x)", "dW", "the mean over the batch"),
        ("dx = dy @ W.T", "dx = -dy @ W.T", "dx", "its sign is flipped"),
        ("dx = dy @ W.T", "dx = x * 0 + W.sum(axis=1)", "dx", "dx forgets dy"),
    ),
    "losses": (
        ("np.mean(np.logaddexp(0, z) - z * t)", "np.sum(np.logaddexp(0, z) - z * t)", "by hand", "the sum over the batch"),
        ("- z * t)", "- z * (1 - t))", "by hand", "have changed places"),
        ("np.logaddexp(0, z) - z * t", "np.logaddexp(0, z)", "by hand", "the term − z t is missing"),
        ("np.logaddexp(0, z)", "np.log(1 + np.exp(z))", "±1000", "exp(1000) overflows"),
        ("(p - t) / z.size", "(p - t)", "dz", "not divided by the number of samples"),
        ("(p - t) / z.size", "(p - t) / len(z)", "dz", "the mean over all numbers"),
        ("np.mean(np.logaddexp(0, z) - z * t)", "np.logaddexp(0, z) - z * t", "by hand", "the mean is missing"),
        ("np.logaddexp(0, z) - z * t", "np.clip(np.logaddexp(0, z) - z * t, 0, 16)", "±1000", "stops growing"),
        ("(p - t) / z.size", "(np.exp(z) / (1 + np.exp(z)) - t) / z.size", "z of ±1000", "inf / inf"),
        ("(p - t) / z.size", "(t - p) / z.size", "dz", "the sign is turned round"),
        ("(p - t) / z.size", "(p - t) / (p * (1 - p)) / z.size", "dz", "the gradient with respect to p"),
        ("(p - t) / z.size", "(z - t) / z.size", "dz", "z in the place of p"),
    ),
    "gradient_checking": (
        ("(up - down) / (2 * h)", "(up - f(a)) / h", "by hand", "one side only"),
        ("/ (2 * h)", "/ h", "by hand", "divided by h"),
        ("(up - down)", "(down - up)", "by hand", "up minus down"),
        ("moved = a.copy()", "moved = a", "by hand", "makes no copy, a.copy() does"),
        ("moved[k] = a[k] + h\n        up = f(moved)\n        moved[k] = a[k] - h", "up = f(a + h)\n        moved = a - h", "six numbers", "all entries are moved at once"),
        ("/ (2 * h)", "/ 2 * h", "by hand", "a bracket is missing"),
        ("/ (2 * h)", "/ 2", "by hand", "divided by 2, and not by h"),
        (" / (2 * h)", "", "by hand", "the difference alone"),
        ("+ h\n        up = f(moved)\n        moved[k] = a[k] - h", "+ h / 2\n        up = f(moved)\n        moved[k] = a[k] - h / 2", "by hand", "with h = 1 f is asked 0.5 away from a"),
        ("np.ndindex(a.shape)", "range(len(a))", "six numbers", "range(len(a)) counts rows"),
        ("np.zeros_like(a)\n    for k in np.ndindex(a.shape)", "np.zeros(len(a))\n    for k in range(len(a))", "six numbers", "range(len(a)) counts rows"),
        ("f(moved)", "f(moved[k])", "by hand", "f is given a single number"),
        ("for k in np.ndindex(a.shape):\n        moved = a.copy()", "moved = a.copy()\n    for k in np.ndindex(a.shape):", "six numbers", "is not put back"),
        ("up = f(moved)", "up = f(a)", "by hand", "one side only"),
        ("down = f(moved)", "down = f(a)", "by hand", "one side only"),
        ("central_difference(f, a, h):", "central_difference(f, a, h):\n    return 3 * a**2 + h**2", "by hand", "f was never called"),
        ("for k in np.ndindex(a.shape):\n        moved = a + 0j", "for k in range(len(a)):\n        moved = a + 0j", "thirteen digits", "range(len(a)) counts rows"),
        ("1e-40j\n        gradient[k] = np.imag(f(moved)) / 1e-40", "1e-2j\n        gradient[k] = np.imag(f(moved)) / 1e-2", "12 and 27", "the step is too long"),
        ("moved[k] += 1e-40j", "moved += 1e-40j", "12 and 27", "all entries are moved at once"),
    ),
    "clipping": (
        ("factor * g for", "g * min(1, max_norm / np.sqrt((g**2).sum())) for", "2, 4 and 4", "clipped by its own norm"),
        ("factor * g for", "np.clip(g, -max_norm, max_norm) for", "2, 4 and 4", "cut off at the bound"),
        ("np.sqrt(sum(np.sum(g**2) for g in grads.values()))", "sum(np.sqrt(np.sum(g**2)) for g in grads.values())", "2, 4 and 4", "the norms of the arrays are added up"),
        ("np.sqrt(sum(np.sum(g**2) for g in grads.values()))", "sum(np.sum(g**2) for g in grads.values())", "2, 4 and 4", "the root is missing"),
        ("if norm > max_norm else 1.0", "", "short gradients", "made longer"),
        ("grads.items()}, norm", "grads.items()}, min(norm, max_norm)", "2, 4 and 4", "the norm after clipping"),
        ("grads.items()}, norm", "grads.items()}", "2, 4 and 4", "must return two things"),
    ),
    "conv1d": (
        ("range(steps)], 1) + b", "range(steps)], 1)", "forward", "the bias b is missing"),
        ("k], W, 2)", "k], W[::-1], 2)", "forward", "the kernel is flipped"),
        ("x[:, p * stride : p * stride + k], W", "x[:, p : p + k], W", "random numbers", ""),
        ("part = slice(p * stride, p * stride + k)", "part = slice(p, p + k)", "dW", "the stride is ignored where a window begins"),
        ("dx[:, part] += ", "dx[:, part] = ", "dx", "written where it should be added to"),
        ("dW += ", "dW = ", "dW", "only the last window counts"),
        ("W, axes=(1, 2))", "W[::-1], axes=(1, 2))", "dx", "the kernel is flipped"),
        ("db += dy[:, p].sum(0)", "db += dy[:, p].mean(0)", "db", "the mean over the batch in the place of the sum"),
        ("db += dy[:, p].sum(0)", "db += dy[:, p].mean(0) / dy.shape[1]", "db", "the mean in the place of the sum"),
    ),
    "conv2d": (
        ("axes=3) + b", "axes=3)", "forward", "the bias b is missing"),
        ("W, axes=3)", "W[::-1, ::-1], axes=3)", "forward", "the kernel is flipped, as for the convolution of mathematics"),
        ("W, axes=3)", "W.swapaxes(0, 1), axes=3)", "forward", "rows and columns"),
        ("q : q + kw] += ", "q : q + kw] = ", "dx", "written where it should be added to"),
        ("dW += ", "dW = ", "dW", "only the last window counts"),
        ("W, axes=(1, 3))", "W[::-1, ::-1], axes=(1, 3))", "dx", "the kernel is flipped"),
        ("db = dy.sum(axis=(0, 1, 2))", "db = dy.mean(axis=(0, 1, 2))", "db", "the mean in the place of the sum"),
        ("db = dy.sum(axis=(0, 1, 2))", "db = dy[0].sum(axis=(0, 1))", "db", "only the first picture"),
        ("db = dy.sum(axis=(0, 1, 2))", "db = dy.sum(axis=(1, 2))", "it runs", "it is the sum over the axes (1, 2), and should be the sum over the axes (0, 1, 2)"),
    ),
    "maxpool": (
        ("= window.max()", "= window.min()", "forward", "the smallest"),
        ("= window.max()", "= window.mean()", "forward", "the mean of each window"),
        ("p * stride : p * stride + size, q * stride : q * stride + size", "p * size : p * size + size, q * size : q * size + size", "random numbers", ""),
        ("c] += dy", "c] = dy", "dx", "written where it should be added to"),
        ("i, j = divmod(where[n, p, q, c], size)\n        dx[n, p * stride + i, q * stride + j, c] += dy[n, p, q, c]",
         "dx[n, p * stride : p * stride + size, q * stride : q * stride + size, c] += dy[n, p, q, c]", "dx", "every cell of a window gets the whole gradient"),
        ("i, j = divmod(where[n, p, q, c], size)\n        dx[n, p * stride + i, q * stride + j, c] += dy[n, p, q, c]",
         "dx[n, p * stride : p * stride + size, q * stride : q * stride + size, c] += dy[n, p, q, c] / size**2", "dx", "spread evenly"),
    ),
    "spectrogram": (
        ("[w * wave[s", "[wave[s", "windows of four", "cut straight"),
        ("** 2\n    return", "\n    return", "windows of four", "power is its square"),
        (" / (w**2).sum()", "", "windows of four", "not divided by the sum"),
        ("np.arange(window) / window)", "np.arange(window) / (window - 1))", "windows of four", "zero at both ends"),
        ("+ 1, hop)", "+ 1, window)", "windows of four", "the hop is taken to be the window"),
        ("np.fft.rfft", "np.fft.fft", "windows of four", "mirror image"),
    ),
    "embedding": (
        ("W[ids]", "W[ids - 1]", "forward", "rows are counted from 0"),
        ("W[ids]", "W[ids[:, ::-1]]", "forward", "reversed order"),
        ("W[ids]", "W[ids].sum(axis=1)", "forward", "added up"),
        ("] += dy[n, t]", "] = dy[n, t]", "dW", "repeated tokens count only once"),
        ("for n, t in np.ndindex(ids.shape):\n        dW[ids[n, t]] += dy[n, t]", "dW[ids] += dy", "dW", "use np.add.at"),
        ("np.ndindex(ids.shape)", "np.ndindex(1, ids.shape[1])", "dW", "only the first text"),
        ("return dW", "return dW / np.maximum(np.bincount(ids.ravel(), minlength=len(dW)), 1)[:, None]", "dW", "the mean over a word's places"),
    ),
    "rnn": (
        ("np.tanh(x[:, t] @ W + h[:, t] @ U + b)", "x[:, t] @ W + h[:, t] @ U + b", "forward", "tanh is missing"),
        (" + h[:, t] @ U + b", " + b", "forward", "the state before is missing"),
        ("h[:, t] @ U + b", "h[:, t] @ U.T + b", "random numbers", "U is transposed"),
        ("reversed(range(x.shape[1]))", "range(x.shape[1])", "db", "time is gone through forwards"),
        ("(dh[:, t] + back)", "dh[:, t]", "db", "the gradient from the next step is missing"),
        (" * (1 - h[:, t + 1] ** 2)", "", "db", "the slope of tanh"),
        ("dU += h[:, t].T", "dU += h[:, t + 1].T", "dU", "and not h_t"),
        ("dW += ", "dW = ", "dW", "only one step counts"),
        ("back = dz @ U.T", "back = dz @ U", "db", "U is transposed: dz @ U.T"),
    ),
    "lstm": (
        ("h = o * np.tanh(c)", "h = o * c", "forward", "the tanh on the memory is missing"),
        ("c = f * c + i * g", "c = i * c + f * g", "forward", "i and f have changed places"),
        ("np.tanh(zg), sigma(zo)", "sigma(zg), sigma(zo)", "forward", "g is bent by tanh"),
        ("zi, zf, zg, zo = ", "zf, zi, zg, zo = ", "forward", "i comes first in z"),
        ("dht = dh[:, t] + hback", "dht = dh[:, t]", "db", "the gradient of h from the next step"),
        ("dc = cback + dht", "dc = dht", "db", "the gradient of c from the next step"),
        ("dc * f\n", "dc\n", "db", "multiplied by f"),
        ("dc * g, dc * c0", "dc * g, dc * f", "db", "f met the memory before the step"),
        ("dg * (1 - g**2)", "dg * g * (1 - g)", "db", "its slope is 1 − g²"),
        ("df * f * (1 - f)", "df * i * (1 - i)", "db", "the slope of i"),
        ("df * f * (1 - f)", "df * f", "db", "half of the slope of the valve f"),
        ("[di * i * (1 - i), df * f * (1 - f)", "[df * f * (1 - f), di * i * (1 - i)", "db", "in another order than forward cut them"),
        ("reversed(range(x.shape[1]))", "range(x.shape[1])", "db", "time is gone through forwards"),
        ("dU += ", "dU = ", "dU", "only one step counts"),
    ),
    "dropout": (
        ("x * keep / (1 - rate)", "x * keep", "eight numbers", "not divided by 1 − rate"),
        ("x * keep / (1 - rate)", "x * keep / (1 - rate) ** 2", "eight numbers", ""),
        (">= rate\n", "< rate\n", "eight numbers", ""),
        (">= rate\n", "< (1 - rate) ** 2\n", "share", ""),
        ("random(x.shape)", "random(x.shape[1])", "share", "draw for every number"),
        ("default_rng(seed)", "default_rng(7)", "share", "the seed is not used"),
        ("default_rng(seed)", "default_rng()", "share", "does not come from the seed"),
        ("dy * keep / (1 - rate)", "dy", "dx", "this is simply dy"),
        ("dy * keep / (1 - rate)", "dy * keep", "dx", "the factor 1 / (1 − rate) is missing"),
        ("dy * keep / (1 - rate)", "dy / (1 - rate)", "dx", "dropped numbers get a gradient"),
    ),
    "fusion": (
        ("np.hstack(xs)", "np.hstack(xs[::-1])", "forward", "reversed order"),
        ("np.hstack(xs)", "np.concatenate([x.ravel() for x in xs]).reshape(len(xs[0]), -1)", "forward", "strung together"),
        ("np.hstack(xs)", "sum(x.sum(1, keepdims=True) for x in xs)", "forward", "they stand side by side"),
        ("np.split(dy, places, axis=1)", "[dy[:, :n] for n in cache]", "dxs[1]", "cut from the beginning"),
        ("np.split(dy, places, axis=1)", "[g / len(cache) for g in np.split(dy, places, axis=1)]", "dxs[0]", "shared out"),
        ("np.split(dy, places, axis=1)", "(lambda ends: [dy[:, a : a + n] for a, n in zip(ends, cache)])([0] + cache)", "dxs[2]", "start = width forgets"),
        ("np.cumsum(cache)[:-1]", "np.cumsum(cache)", "one part", "one cut too many"),
        ("np.split(dy, places, axis=1)", "np.split(dy, cache, axis=1)", "one part", "the widths added up"),
        ("np.split(dy, places, axis=1)", "np.split(dy, places)", "one part", "the samples are cut apart"),
        ("np.split(dy, places, axis=1)", "dy", "one part", "it must return a list"),
        ("np.split(dy, places, axis=1)", "None", "one part", "concatenate_backward returns nothing"),
        ("return y, [x.shape[1] for x in xs]", "cache = [x.shape[1] for x in xs]", "forward", "concatenate_forward returns nothing"),
        ("np.split(dy, places, axis=1)", "np.split(dy, len(cache), axis=1)", "one part", "parts of the same width"),
    ),
    "adam": (
        ("m / (1 - beta1**t)", "m", "1000 and 0.001", ""),
        ("m / (1 - beta1**t)\n    vhat = v / (1 - beta2**t)", "m\n    vhat = v", "1000 and 0.001", "the hats are missing"),
        ("m / (1 - beta1**t)\n    vhat = v / (1 - beta2**t)", "m / (1 - beta1)\n    vhat = v / (1 - beta2)", "five updates", "the hats forget t"),
        ("/ (np.sqrt(vhat) + epsilon)", "/ np.sqrt(vhat) + epsilon", "1000 and 0.001", "ε is added to the root"),
        ("m / (1 - beta1**t)\n    vhat = v / (1 - beta2**t)", "m / 1 - beta1**t\n    vhat = v / 1 - beta2**t", "1000 and 0.001", "a bracket is missing"),
        ("np.sqrt(vhat) + epsilon", "np.sqrt(vhat + epsilon)", "1000 and 0.001", "under the root"),
        ("* dW**2", "* dW", "1000 and 0.001", "squared gradient"),
        ("np.sqrt(vhat)", "vhat", "1000 and 0.001", "the root of v̂ is missing"),
        ("W - lr", "W + lr", "1000 and 0.001", "uphill"),
        ("lr * mhat", "lr * dW", "five updates", "this gradient alone"),
    ),
}  # fmt: skip
CASES = [(name, *case) for name, cases in WRONG.items() for case in cases]


@pytest.mark.parametrize("name", NAMES)
def test_a_right_answer_passes_however_it_is_written(name):
    assert check_file(exercise(name), ANSWERS / f"{name}.py")


@pytest.mark.parametrize("name", NAMES)
def test_tinymms_own_code_passes(name):
    task = exercise(name)
    outcome = run_steps(task, task.reference, "tinymm", [])
    assert outcome, outcome


@pytest.mark.parametrize("name", NAMES)
def test_a_starter_imports_and_fails_as_not_written_yet(name):
    outcome = check_file(exercise(name), STARTERS / f"{name}.py")
    assert not outcome and outcome.passed == [("the file imports", "")]
    assert "not written yet" in outcome.lines[0]


@pytest.mark.parametrize("name, right, wrong, step, words", CASES, ids=[f"{c[0]}-{k}" for k, c in enumerate(CASES)])
def test_a_wrong_answer_gets_the_message_meant_for_it(tmp_path, name, right, wrong, step, words):
    text = (ANSWERS / f"{name}.py").read_text(encoding="utf-8")
    assert text.count(right) >= 1, right
    file = tmp_path / f"{name}.py"
    file.write_text(text.replace(right, wrong, 1), encoding="utf-8")
    outcome = check_file(exercise(name), file)
    assert not outcome
    assert step in outcome.failed, outcome
    assert words in "\n".join(outcome.lines), outcome


COMPLEX = """
import numpy as np
def central_difference(f, a, h):
    slope = np.zeros(a.shape)
    for k in np.ndindex(a.shape):
        up, down = a.copy(), a.copy()
        up[k] += h
        down[k] -= h
        slope[k] = (f(up) - f(down)) / (2 * h)
    return slope
def complex_step(f, a):
    slope = np.zeros(a.shape)
    for k in np.ndindex(a.shape):
        moved = a.astype(complex)
        moved[k] += {step}
        slope[k] = f(moved){part}
    return slope
"""


@pytest.mark.parametrize("h", ["1e-100", "1e-30", "1e-8", "1e-3"])
@pytest.mark.parametrize(
    "step, part, words",
    [
        ("1j * {h}", ".real / {h}", "the real part is f(a) itself"),
        ("1j * {h}", ".real", "the real part is f(a) itself"),
        ("1j * {h}", ".imag", "it is not divided by h"),
        ("1j * {h}", ".imag / (2 * {h})", "divided by 2h"),
        ("1j * {h}", ".imag * {h}", "multiplied by h"),
        ("1j * {h}", ".imag / -{h}", "the sign is turned round"),
        ("1j * {h}", ".imag / (10 * {h})", "every slope is 0.1 times the right one"),
        ("{h}", ".imag / {h}", "the step is real"),
        ("1j * {h}", ".imag / {h} / 3", "every slope is 0.333 times the right one"),
    ],
)  # fmt: skip
def test_a_mistake_in_the_complex_step_is_named_whatever_the_step(tmp_path, h, step, part, words):
    file = tmp_path / "gradient_checking.py"
    file.write_text(COMPLEX.format(step=step.format(h=h), part=part.format(h=h)), encoding="utf-8")
    outcome = check_file(exercise("gradient_checking"), file)
    assert "12 and 27" in outcome.failed, outcome
    assert words in "\n".join(outcome.lines), outcome


def test_every_exercise_has_four_typical_mistakes_with_a_message():
    for name in NAMES:
        assert sum(bool(words) for *_, words in WRONG[name]) >= 4, name
