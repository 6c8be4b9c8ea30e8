"""Exercise 3: binary cross-entropy from logits."""

import numpy as np

from tinymm.exercises.comparing import require_same
from tinymm.exercises.exercise import Exercise, Failed, Step
from tinymm.exercises.slips import Slip, results
from tinymm.gradchecking.subject import calling
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
    Slip(" / z.size", "", "it is not divided by the number of samples: J is a mean, so its gradient is one, too"),
    Slip("(sigmoid_forward(z)[0] - t)", "(t - sigmoid_forward(z)[0])", "the sign is turned round: what was said minus what is true, p − t"),
    Slip("(sigmoid_forward(z)[0] - t)", "(z - t)", "z in the place of p: the probability is σ(z)"),
    Slip("(sigmoid_forward(z)[0] - t)", "(sigmoid_forward(z)[0] - t) * sigmoid_forward(z)[0] * (1 - sigmoid_forward(z)[0])",
         "a factor p (1 − p) too many: in p − t it has been cancelled already"),
    Slip("(sigmoid_forward(z)[0] - t)", "(sigmoid_forward(z)[0] - t) / (sigmoid_forward(z)[0] * (1 - sigmoid_forward(z)[0]))",
         "this is the gradient with respect to p: on the way to z it is multiplied by p (1 − p)"),
)  # fmt: skip


def draw():
    rng = np.random.default_rng(0)
    return 2 * rng.normal(size=(4, 3)), rng.integers(0, 2, (4, 3)).astype(float)


def forward(space, z, t):
    """The learner's J and cache."""
    with calling(FORWARD):
        result = space[FORWARD](z.copy(), t.copy())
    if not isinstance(result, tuple) or len(result) != 2:
        raise Failed(f"{FORWARD} must return (J, cache)")
    return result


def loss_is_right(space, z, t):
    J, _ = forward(space, z, t)
    want, _ = binary_cross_entropy_logits_forward(z, t)
    wrong = results(SLIPS, binary_cross_entropy_logits_forward, z, t)
    return require_same("J", J, want, looks_like=((sentence, J) for sentence, (J, _) in wrong))


def far_out(space):
    J, _ = forward(space, *FAR)
    if not np.isfinite(J):
        raise Failed(
            f"J = {float(J)} for z = 1000 with the truth 0, and should be 1000",
            "Looks like: exp(1000) overflows, or the logarithm of 0 is taken: bring the formula into a form in which no "
            "power of e is positive",
        )
    return loss_is_right(space, *FAR)


def gradient(space, z, t):
    """dz against the slopes of the reference's forward, by the complex step: right to the last digit."""
    _, cache = forward(space, z, t)
    with calling(BACKWARD):
        got = space[BACKWARD](cache)
    want = np.array([np.imag(binary_cross_entropy_logits_forward(z + 1e-30j * unit, t)[0]) / 1e-30 for unit in units(z)])
    wrong = results(BACKWARD_SLIPS, binary_cross_entropy_logits_backward, (z, t))
    return require_same("dz", got, want.reshape(z.shape), 1e-6, wrong, source="the complex step says")


def units(z):
    return np.eye(z.size).reshape(z.size, *z.shape)


EXERCISE = Exercise(
    "losses", 3, "Binary cross-entropy from logits", (FORWARD, BACKWARD),
    steps=(
        Step("forward: p of 3/4 and 2/3, done by hand", lambda space: loss_is_right(space, *HAND)),
        Step("forward: random numbers", lambda space: loss_is_right(space, *draw())),
        Step("forward: z of ±1000", far_out),
        Step("backward: dz by the complex step", lambda space: gradient(space, *draw())),
        Step("backward: z of ±1000", lambda space: gradient(space, *FAR)),
    ),
    hints=(
        "The loss of one number is −t log σ(z) − (1 − t) log(1 − σ(z)). Put σ(z) = 1 / (1 + exp(−z)) in and simplify until no σ is left.",
        "You should arrive at log(1 + exp(z)) − z t. For large z take z out of the logarithm: log(1 + exp(z)) = z + log(1 + exp(−z)).",
        "max(z, 0) − z t + log1p(exp(−|z|)), and its mean. The gradient is (σ(z) − t) / n; compute σ so that it does not overflow either.",
    ),
    reference={FORWARD: binary_cross_entropy_logits_forward, BACKWARD: binary_cross_entropy_logits_backward},
    slips={FORWARD: SLIPS, BACKWARD: BACKWARD_SLIPS}, view="binarycrossentropy",
)  # fmt: skip
