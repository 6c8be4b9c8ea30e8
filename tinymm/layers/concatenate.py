"""Concatenate: several branches, one row of features.

Forward  (article 5.2)   y = [y_text , y_image , y_audio]       side by side along the last axis
Backward                 dy_text, dy_image, dy_audio are dy, cut at the same places

Every branch gets its own part of the gradient and learns as if it were alone in front of the layers behind.
"""

from tinymm.backend import array_module, refuse_two_kinds
from tinymm.errors import ShapeError
from tinymm.layers.containers import Container


def concatenate_forward(xs):
    """xs, a list of arrays (N, ..., D_k) -> y (N, ..., Σ D_k), cache."""
    return array_module(*xs).concatenate(xs, axis=-1), [x.shape[-1] for x in xs]


def concatenate_backward(dy, cache):
    """dy (N, ..., Σ D_k) -> the list of dx (N, ..., D_k)."""
    dxs, start = [], 0
    for width in cache:
        dxs.append(dy[..., start : start + width])  # forward: y[start:start+D_k] = x_k
        start += width
    return dxs


class Concatenate(Container):
    """Run each branch on its own entry of a dict of inputs and join the results along the last axis.

    ``Concatenate(text=..., image=...)`` takes {"text": ..., "image": ...}; its backward gives a dict of the
    same keys, with None where an input has no gradient (token ids). A mask is a dict as well.
    """

    names_branches = True

    def __init__(self, **branches):
        if not branches:
            raise ShapeError("Concatenate needs branches: Concatenate(text=Sequential(...), image=Sequential(...))")
        super().__init__(branches)

    @classmethod
    def from_children(cls, children):
        return cls(**children)

    def _build_children(self, shapes, rng, dtype):
        self._check_names(shapes)
        outputs = {name: self.call(name, "build", shapes[name], rng, dtype) for name in self.children}
        return _joined(outputs)

    def output_shape(self, shapes):
        return _joined({name: branch.output_shape(shapes[name]) for name, branch in self.children.items()})

    def multiply_adds(self, shapes):
        return sum(branch.multiply_adds(shapes[name]) for name, branch in self.children.items())

    def accept(self, x):
        self._check_names(x)
        batch = {name: len(x[name]) for name in self.children}
        if len(set(batch.values())) > 1:
            counts = ", ".join(f"{name} {n}" for name, n in batch.items())
            raise ShapeError(
                f"Concatenate wants as many samples on every branch and got {counts}: "
                "is a batch axis missing? A single sample goes in as x[None]"
            )
        refuse_two_kinds(**{name: x[name] for name in self.children})
        super().accept({name: x[name] for name in self.children})

    def run(self, x, training, mask, rng):
        ys, caches = [], {}
        own_rng = dict(zip(self.children, rng.spawn(len(self.children)))) if rng else {}  # in any order the same draws
        for name in self.children:
            given = {"mask": mask.get(name) if mask else None, "rng": own_rng.get(name)}
            y, caches[name] = self.call(name, "forward", x[name], training=training, **given)
            ys.append(y)
        y, widths = concatenate_forward(ys)
        return y, {**caches, None: widths}

    def backward(self, dy, cache):
        dx, grads = {}, []
        for name, dy_own in zip(self.children, concatenate_backward(dy, cache[None])):
            dx[name], own = self.call(name, "backward", dy_own, cache[name])
            grads.append((name, own))
        return dx, self.gather(grads)

    def output_mask(self, x, mask):
        return None

    def _check_names(self, inputs):
        wanted = ", ".join(self.children)
        if not isinstance(inputs, dict):
            raise ShapeError(f"Concatenate wants a dict with the inputs {wanted}, and got a single one")
        missing = [name for name in self.children if name not in inputs]
        if missing:
            raise ShapeError(f"Concatenate wants the inputs {wanted}: {', '.join(missing)} is missing")


def _joined(shapes):
    """The shape of the joined outputs. Raises ShapeError when they differ in more than the last axis."""
    first = next(iter(shapes.values()))
    if len({shape[:-1] for shape in shapes.values()}) > 1:
        listed = ", ".join(f"{name} (N, {', '.join(map(str, shape))})" for name, shape in shapes.items())
        raise ShapeError(
            f"Concatenate cannot join branches that end in different shapes, {listed}: "
            "end each branch with Flatten, a global pool, or an LSTM's last state"
        )
    return (*first[:-1], sum(shape[-1] for shape in shapes.values()))
