"""Dense with the activation behind it: bias and activation at the end of the product, their gradient in one pass.

With few units, as at the end of the article's model, the products are a matter of memory; two kernels of their own
read x once forward and once backward.
"""

import math

from tinymm.engines.gpu.kernels import kernel
from tinymm.engines.gpu.plan import Plan, cover, pointer
from tinymm.engines.gpu.product import IDENTITY, Product, sum_parts

NARROW = 8  # units up to which the narrow kernels are taken
ROWS = 4  # samples that share a reading of W
MANY = 65535 * ROWS  # the most rows that the narrow kernels' grid takes


class DensePlan(Plan):
    """y = f(x W + b) for x (N, ..., D), with a ReLU, Sigmoid or Tanh as f or none."""

    def __init__(self, layer, shape, around, out=None, activation=IDENTITY):
        self.activation = activation
        super().__init__(layer, shape, around, out)

    def prepare(self):
        self.rows, self.D, self.M = math.prod(self.shape[:-1]), self.shape[-1], self.layer.units
        self.y = self.result()
        direct = self.y.ndim == 2 or self.y.flags.c_contiguous
        self.flat = rows(self.y) if direct else self.array(self.rows, self.M)
        self.direct = direct
        training, around = self.around.training, self.around
        self.dx = self.array(self.rows, self.D) if training and around.dx else None
        self.narrow = self.M <= NARROW and self.rows <= MANY
        if self.narrow:
            groups = cover(self.rows, ROWS)
            self.slabs = max(1, min(cover(4 * around.processors, groups), cover(self.D, 1024)))
            self.parts = self.array(self.slabs, self.rows, self.M)
            if training:
                blocks = cover(self.D + 1, 256)
                self.back_slabs = max(1, min(cover(2 * around.processors, blocks), cover(self.rows, 32)))
                self.back_parts = self.array(self.back_slabs, self.D + 1, self.M) if self.back_slabs > 1 else None
            return
        self.product = Product(self, self.rows, self.M, self.D, activation=self.activation)
        if training:
            self.dz = self.array(self.rows, self.M) if self.activation else None
            self.bias = BiasGradient(self, self.rows, self.M, self.activation)
            self.dW = Product(self, self.D, self.M, self.rows, ta=True)
            self.back = Product(self, self.rows, self.D, self.M, tb=True) if self.dx is not None else None

    def forward(self, x, mask):
        W, b = self.layer.params["W"], self.layer.params["b"]
        self.x = x = rows(x)
        if self.narrow:
            slab = cover(self.D, self.slabs)
            kernel("dense_narrow_forward", x.dtype, M=self.M, ROWS=ROWS)(
                (self.slabs, cover(self.rows, ROWS)), (256,), (x, step(x), W, self.parts, self.rows, self.D, slab)
            )
            sum_parts(self.parts, self.slabs, self.flat, self.M, step(self.flat), bias=b, activation=self.activation)
        else:
            self.product(x, W, self.flat, b)
        if not self.direct:
            self.y[...] = self.flat.reshape(self.y.shape)
        return self.y

    def backward(self, dy):
        import cupy

        dW, db, W, dy = self.grads["W"], self.grads["b"], self.layer.params["W"], rows(dy)
        if self.narrow:
            parts, slab = self.back_parts, cover(self.rows, self.back_slabs)
            places = (dW, db) if parts is None else (parts, parts.reshape(-1)[self.D * self.M :])
            kernel("dense_narrow_backward", W.dtype, M=self.M, ACT=self.activation)(
                (cover(self.D + 1, 256), self.back_slabs), (256,),
                (cupy.ascontiguousarray(dy), cupy.ascontiguousarray(self.flat), self.x, step(self.x), W,
                 pointer(self.dx), *places, self.rows, self.D, slab),
            )  # fmt: skip
            if parts is not None:
                sum_parts(parts, self.back_slabs, dW, self.M, self.M, rest=db)
        else:
            dz = dy if self.dz is None else self.dz
            self.bias(dy, self.flat, self.dz, db)
            self.dW(self.x, dz, dW)
            if self.back is not None:
                self.back(dz, W, self.dx)
        return None if self.dx is None else self.dx.reshape(self.shape)


class BiasGradient:
    """dz = dy · f′ and db = Σ dz, summed in slabs of rows."""

    def __init__(self, plan, rows, M, activation=IDENTITY):
        self.rows, self.M, self.activation = rows, M, activation
        self.slabs = max(1, min(256, rows // 64))
        self.parts = plan.array(self.slabs, M)

    def __call__(self, dy, y, dz, db):
        """dy and y (rows, M) -> dz (rows, M), where there is an activation, and db (M,)."""
        slab = cover(self.rows, self.slabs)
        kernel("bias_gradient", dy.dtype, ACT=self.activation)(
            (cover(self.M, 32), self.slabs), (32, 8),
            (dy, step(dy), 0 if y is None else y, 0 if y is None else step(y), 0 if dz is None else dz, self.parts,
             self.rows, self.M, slab),
        )  # fmt: skip
        sum_parts(self.parts, self.slabs, db, self.M, self.M)


def rows(a):
    """a (N, ..., D) as rows (N·..., D); a view unless there are gaps inside."""
    if a.ndim == 2 and a.strides[1] == a.itemsize:
        return a
    import cupy

    return cupy.ascontiguousarray(a).reshape(-1, a.shape[-1])


def step(a):
    """How many numbers lie from one row of a (rows, columns) to the next."""
    return a.strides[0] // a.itemsize if len(a) > 1 else a.shape[1]
