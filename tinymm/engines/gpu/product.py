"""Matrix products that may be captured: cuBLAS may not be called while a CUDA graph is recorded, own kernels may.

Small products have too few tiles for the GPU. Their sum is cut into parts, each with tiles of its own, and the parts
are added in order by a second kernel: the result never depends on which part was ready first.
"""

from tinymm.engines.gpu.kernels import kernel
from tinymm.engines.gpu.plan import cover

IDENTITY, RELU, SIGMOID, TANH = range(4)  # as in kernels/prelude.cuh
FULL = 1 << 17  # threads that keep all processors of a large GPU busy


class Product:
    """C = f(A B + bias) for one set of sizes: C (M, N), summed over K; ``ta``: A comes as (K, M), ``tb``: B as (N, K)."""

    def __init__(self, plan, M, N, K, ta=False, tb=False, activation=IDENTITY):
        around = plan.around
        self.sizes, self.dtype, self.activation = (M, N, K), around.dtype, activation
        large = around.dtype == "f4" and cover(M, 128) * cover(N, 128) >= around.processors
        tile, depth = (128, 8) if large else (64, 16)
        self.grid = (cover(M, tile), cover(N, tile))
        parts = max(1, min(cover(2 * around.processors, self.grid[0] * self.grid[1]), K // (4 * depth)))
        if self.grid[0] * self.grid[1] >= around.processors:
            parts = 1
        self.chunk = cover(cover(K, parts), depth) * depth
        self.parts = cover(K, self.chunk)
        self.room = plan.array(self.parts, M, N) if self.parts > 1 else None
        act = IDENTITY if self.room is not None else activation
        self.kernel = kernel("matmul", around.dtype, TM=tile // 16, TN=tile // 16, BK=depth, TA=ta, TB=tb, ACT=act)

    def __call__(self, a, b, out, bias=None):
        """Multiply. a and b: (rows, columns), or (N, T, columns) for N·T rows; out (M, N), rows perhaps apart."""
        M, N, K = self.sizes
        step = out.strides[0] // out.itemsize if len(out) > 1 else N
        target, apart = (out, step) if self.room is None else (self.room, N)
        self.kernel(
            (*self.grid, self.parts), (256,),
            (*rows_of(a), *rows_of(b), 0 if bias is None else bias, target, apart, M, N, K, self.chunk),
        )  # fmt: skip
        if self.room is not None:
            sum_parts(self.room, self.parts, out, N, step, bias=bias, activation=self.activation)


def rows_of(a):
    """An array (rows, columns) or (N, T, columns) as matmul.cu takes it: pointer, and where the rows lie."""
    *outer, step, _ = (stride // a.itemsize for stride in a.strides)
    if a.ndim == 2 or outer[0] == a.shape[1] * step:
        return a, 0, 0, step
    return a, a.shape[1], outer[0], step


def sum_parts(parts, count, out, N, step, rest=None, bias=None, activation=IDENTITY):
    """out (rows of N, ``step`` apart), then ``rest``, become the sums of ``count`` parts."""
    size = out.size + (0 if rest is None else rest.size)
    rows = 1  # threads that share the parts of one number: more where there are few numbers and many parts
    while rows < 32 and 2 * rows <= count and rows * size < FULL:
        rows *= 2
    columns = max(32, 256 // rows)
    kernel("sum_parts", out.dtype, ACT=activation, X=columns, Y=rows)(
        (cover(size, columns),), (columns, rows),
        (parts, count, size, out, N, step, out.size, 0 if rest is None else rest, 0 if bias is None else bias),
    )  # fmt: skip
