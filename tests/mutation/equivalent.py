"""Mutants that compute the same as the original, each with the reason. They need not, and cannot, be killed.

A key is (function, before, after). An entry that fits no mutant, or a mutant that is killed, fails the run.
"""

import ast


def same_code(line):
    """The syntax tree of a line as text: the same whatever brackets and blanks a version of Python writes."""
    return ast.dump(ast.parse(f"{line} pass" if line.endswith(":") else line))


def key_of(function, mutant):
    """What ``EQUIVALENT`` calls a mutant; it does not depend on line numbers."""
    return function.__qualname__, same_code(mutant.before), same_code(mutant.after)


REASONS = {
    ("Sequential.backward", "return dy, self.gather(reversed(grads))", "return dy, self.gather(grads)"):
        "gather sorts the gradients by the model's parameters, and a sum has the same value in either order",
    ("binary_cross_entropy_logits_backward", "return (sigmoid_forward(z)[0] - t) / z.size",
     "return (sigmoid_forward(z)[1] - t) / z.size"):
        "sigmoid_forward returns y twice: what backward needs, its cache, is y itself",
    ("cross_entropy_logits_backward", "p = softmax_forward(z)[0]", "p = softmax_forward(z)[1]"):
        "softmax_forward returns y twice: what backward needs, its cache, is y itself",
    ("global_norm", "return sum(abs(g * g.conj()).sum() for g in grads.values()) ** 0.5",
     "return sum(abs(g * g).sum() for g in grads.values()) ** 0.5"):
        "abs(g g) and abs(g ḡ) are both |g|², for complex numbers too",
}  # fmt: skip

EQUIVALENT = {(name, same_code(old), same_code(new)): why for (name, old, new), why in REASONS.items()}
