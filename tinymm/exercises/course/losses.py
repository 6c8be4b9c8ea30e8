"""Exercise 3: binary cross-entropy from logits."""

import numpy as np

from tinymm.exercises.comparing import as_array, require_same
from tinymm.exercises.exercise import Exercise, Failed, Step
from tinymm.exercises.pairs import two
from tinymm.exercises.slips import Slip, results
from tinymm.losses import binary_cross_entropy_logits_backward, binary_cross_entropy_logits_forward

FORWARD, BACKWARD = "binary_cross_entropy_logits_forward", "binary_cross_entropy_logits_backward"
HAND = np.log(np.array([[3.0], [2.0]])), np.array([[1.0], [0.0]])  # p is 3/4 and 2/3, J is log 2
FAR = np.array([[1000.0], [-1000.0]]), np.array([[0.0], [1.0]])

SLIPS = (
    Slip(".mean()", ".sum()", "the sum over the batch in the place of the mean: J would grow with the batch"),
    Slip("J = (z * positive", "J = -(z * positive", "the sign is turned round: a loss is larger when the answer is worse"),
    Slip("- z * t", "- z * (1 - t)", "t and 1 − t have changed places"),
    Slip("- z * t +", "+", "the term − z t is missing: it is what the truth takes part in"),
)
BACKWARD_SLIPS = (
    Slip(" / z.size", " / len(z)", "it is divided by the number of samples: J is the mean over all numbers, z.size of them"),
    Slip(" / z.size", "", "it is not divided by the number of samples: J is a mean, so its gradient is one, too"),
    Slip("(sigmoid_forward(z)[0] - t)", "(t - sigmoid_forward(z)[0])", "the sign is turned round: what was said minus what is true, p − t"),
    Slip("(sigmoid_forward(z)[0] - t)", "(z - t)", "z in the place of p: the probability is σ(z)"),
    Slip("(sigmoid_forward(z)[0] - t)", "(sigmoid_forward(z)[0] - t) * sigmoid_forward(z)[0] * (1 - sigmoid_forward(z)[0])",
         "a factor p (1 − p) too many: in p − t it has been cancelled already"),
    Slip("(sigmoid_forward(z)[0] - t)", "(sigmoid_forward(z)[0] - t) / (sigmoid_forward(z)[0] * (1 - sigmoid_forward(z)[0]))",
         "this is the gradient with respect to p: on the way to z it is multiplied by p (1 − p)"),
    Slip("(sigmoid_forward(z)[0] - t) / z.size", "(sigmoid_forward(z)[0] - t) / (sigmoid_forward(z)[0] * (1 - sigmoid_forward(z)[0]))",
         "this is the gradient with respect to p, and of a sum: multiply it by p (1 − p), and divide by the number of numbers"),
    Slip("(sigmoid_forward(z)[0] - t)", "sigmoid_forward(z)[0]", "t is missing: it is p − t"),
)  # fmt: skip


def draw():
    rng = np.random.default_rng(0)
    return 2 * rng.normal(size=(4, 3)), rng.integers(0, 2, (4, 3)).astype(float)


def forward(space, z, t):
    """The learner's J and cache."""
    given = z.copy(), t.copy()
    J, cache = two(FORWARD, space[FORWARD](*given), "J, cache")
    if not (np.array_equal(given[0], z) and np.array_equal(given[1], t)):
        raise Failed(f"{FORWARD} writes to z or t: it must compute new arrays")
    return as_array("J", J, ()), cache


def loss_is_right(space, z, t):
    J, _ = forward(space, z, t)
    want, _ = binary_cross_entropy_logits_forward(z, t)
    wrong = results(SLIPS, binary_cross_entropy_logits_forward, z, t)
    if J.shape == z.shape != ():
        raise Failed(f"J has the shape {J.shape}, and should be one number", "Looks like: the mean is missing: np.mean of it all")
    if np.isnan(J).any():
        raise Failed(f"J = nan, and should be {want:.6g}", "Looks like: the logarithm of a negative number, or inf − inf: p = σ(z) goes into the logarithm, and not z")
    return require_same("J", J, want, looks_like=((sentence, J) for sentence, (J, _) in wrong))


def far_out(space):
    J, _ = forward(space, *FAR)
    if J.shape == () and not np.isfinite(J):
        raise Failed(
            f"J = {float(J)} for z = 1000 with the truth 0, and should be 1000",
            "Looks like: exp(1000) overflows, or the logarithm of 0 is taken: bring the formula into a form in which no "
            "power of e is positive",
        )
    if J.shape == () and J < 999:
        raise Failed(
            f"J = {float(J):.6g} for z = 1000 with the truth 0, and should be 1000",
            "Looks like: p is kept away from 0 and 1, as by np.clip or log(p + 1e-7): then the loss of a confident mistake stops growing",
        )
    return loss_is_right(space, *FAR)


def gradient(space, z, t):
    """dz against the slopes of the reference's forward, by the complex step: right to the last digit."""
    _, cache = forward(space, z, t)
    got = space[BACKWARD](cache)
    got = as_array("dz", got, z.shape)
    if np.isnan(got).any() and got.shape == z.shape:
        worst = tuple(map(int, np.argwhere(np.isnan(got))[0]))
        raise Failed(
            f"dz[{', '.join(map(str, worst))}] = nan for z = {z[worst]:.6g}",
            "Looks like: inf / inf, as in exp(z) / (1 + exp(z)) where exp(1000) overflows; or 0 / 0, in a division by p (1 − p)",
        )
    want = np.array([np.imag(binary_cross_entropy_logits_forward(z + 1e-30j * unit, t)[0]) / 1e-30 for unit in units(z)])
    wrong = results(BACKWARD_SLIPS, binary_cross_entropy_logits_backward, (z, t))
    return require_same("dz", got, want.reshape(z.shape), 1e-6, wrong, "the complex step says", ("sample", "column"))


def units(z):
    return np.eye(z.size).reshape(z.size, *z.shape)


HINTS = {
    "hand": (
        "Write it as the formula says first: p = 1 / (1 + np.exp(-z)), then −t log p − (1 − t) log(1 − p) for every number, then the mean.",
        "np.log and np.exp take whole arrays. J is one number: `return J, cache`, with z and t in the cache.",
        "A shorter form: put p = 1 / (1 + exp(−z)) into the formula and simplify until no p is left. You should arrive at log(1 + exp(z)) − z t.",
    ),
    "random": (
        "By hand there were two numbers in one column; now z is (4, 3). Over how many numbers is the mean taken?",
        "Over all twelve: np.mean of the whole array, and not of an axis.",
    ),
    "far": (
        "exp(1000) is larger than any float64, and log(0) is −∞. Where does your formula meet one of them?",
        "For large z take z out of the logarithm: log(1 + exp(z)) = z + log(1 + exp(−z)). For negative z leave it as it is.",
        "Both in one: max(z, 0) − z t + log1p(exp(−|z|)). In NumPy: np.maximum(z, 0), np.log1p, abs.",
    ),
    "dz": (
        "Differentiate log(1 + exp(z)) − z t by z. What is the slope of the first term called?",
        "It is σ(z): so dz is σ(z) − t for every number. And J was a mean over all of them, so one thing is left to do.",
        "Divide by the number of numbers: dz = (p − t) / z.size.",
    ),
    "dz far": (
        "The gradient of a loss is never large here: |p − t| is at most 1. Look for the exp that overflows, or for a division by p (1 − p).",
        "np.exp(-z) overflows to inf for z = −1000, and 1 / (1 + inf) is 0, which is right; np.exp(z) / (1 + np.exp(z)) is inf / inf, which is nan.",
    ),
}
EXERCISE = Exercise(
    "losses", 3, "Binary cross-entropy from logits", {FORWARD: "J, cache", BACKWARD: "dz"},
    steps=(
        Step("forward: p of 3/4 and 2/3, done by hand", lambda space: loss_is_right(space, *HAND), HINTS["hand"]),
        Step("forward: random numbers", lambda space: loss_is_right(space, *draw()), HINTS["random"]),
        Step("forward: z of ±1000", far_out, HINTS["far"]),
        Step("backward: dz by the complex step", lambda space: gradient(space, *draw()), HINTS["dz"]),
        Step("backward: z of ±1000", lambda space: gradient(space, *FAR), HINTS["dz far"]),
    ),
    reference={FORWARD: binary_cross_entropy_logits_forward, BACKWARD: binary_cross_entropy_logits_backward},
    slips={FORWARD: SLIPS, BACKWARD: BACKWARD_SLIPS}, view="binarycrossentropy",
)  # fmt: skip
