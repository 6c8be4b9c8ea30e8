"""Mutants that compute the same as the original, each with the reason. They need not, and cannot, be killed.

An entry is (function, before, after): reason. An entry that fits no mutant, or a mutant that is killed, fails the run.
"""

EQUIVALENT = {
    ("Sequential.backward", "return (dy, self.gather(reversed(grads)))", "return (dy, self.gather(grads))"):
        "gather sorts the gradients by the model's parameters, and a sum has the same value in either order",
    ("binary_cross_entropy_logits_backward", "return (sigmoid_forward(z)[0] - t) / z.size",
     "return (sigmoid_forward(z)[1] - t) / z.size"):
        "sigmoid_forward returns y twice: what backward needs, its cache, is y itself",
    ("cross_entropy_logits_backward", "p = softmax_forward(z)[0]", "p = softmax_forward(z)[1]"):
        "softmax_forward returns y twice: what backward needs, its cache, is y itself",
    ("global_norm", "return sum((abs(g * g.conj()).sum() for g in grads.values())) ** 0.5",
     "return sum((abs(g * g).sum() for g in grads.values())) ** 0.5"):
        "abs(g g) and abs(g ḡ) are both |g|², for complex numbers too",
}  # fmt: skip
