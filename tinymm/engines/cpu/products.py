"""Matrix products in blocks that BLAS multiplies without copying them first.

OpenBLAS copies ("packs") both matrices into an order of its own before it multiplies. Where a product has at most a
million multiply-adds, its kernels for AVX512 read them as they lie; for the products of this engine, long and
narrow, that is a quarter to a third faster. So out = a b is cut into blocks of its rows and columns, and one call of
``np.matmul`` carries out the stack of all blocks. Measured on one core, in GFLOP/s, whole and in blocks: windows of a
convolution (960×580)·(580×64) 140 and 178; (4096×28)·(28×32) 113 and 167; a step of an LSTM (32×128)·(128×512) 119 and 171.
"""

from functools import cache, partial

import numpy as np

UNPACKED = 10**6  # multiply-adds: OpenBLAS's own limit
WIDTH = 64  # columns of a block
COPY_PAYS = 128  # rows and columns: with more of both, a copied number is used so often that copying pays
FACTOR = 1 << 18  # numbers: a larger right factor does not stay in the cache from one block of rows to the next
SUMMED = 1 << 12  # numbers of a result that is cheap to add up in several terms
KERNELS = {"SkylakeX", "Cooperlake", "SapphireRapids"}  # those of OpenBLAS that can read matrices as they lie
QUIET = 500  # numbers: for a smaller result np.matmul keeps Python's lock, however long it takes; np.dot never does


def product(a, b, out):
    """The calls that make ``out`` (m, n) the product of ``a`` (m, k) and ``b`` (k, n), for ``replay``."""
    (m, k), n = a.shape, b.shape[1]
    if m * n < QUIET and out.flags.c_contiguous:
        return [partial(np.dot, a, b, out=out)]
    width = WIDTH if n % WIDTH == 0 else n
    height = UNPACKED // (k * width) // 4 * 4
    copy_pays = min(m, n) > COPY_PAYS or k * n > FACTOR
    if m * n * k <= UNPACKED or copy_pays or not height or not reads_in_place():
        return [partial(np.matmul, a, b, out=out)]
    height = next((h for h in range(min(height, m), height // 2, -1) if m % h == 0), min(height, m))
    whole = m - m % height
    calls = [partial(np.matmul, *_blocks(a[:whole], b, out[:whole], height, width))]
    if whole < m:
        calls += product(a[whole:], b, out[whole:])
    return calls


def most_terms(m, n, k):
    """How many terms ``long_product`` may leave at the most."""
    return 2 * -(-m * n * k // UNPACKED) if m * n <= SUMMED and reads_in_place() else 1


def long_product(a, b, out):
    """The calls for ``a`` (m, k) times ``b`` (k, n) where k is much longer than m and n, and how many terms they leave.

    The first so many of the matrices in ``out`` (S, m, n) then add up to the product: each belongs to a piece of k.
    """
    (m, k), n = a.shape, b.shape[1]
    terms = next((s for s in range(-(-m * n * k // UNPACKED), len(out) + 1) if k % s == 0), 1)
    if terms == 1:
        return product(a, b, out[0]), 1
    a, b = a.reshape(m, terms, -1).swapaxes(0, 1), b.reshape(terms, -1, n)
    return [partial(np.matmul, a, b, out=out[:terms])], terms


def _blocks(a, b, out, height, width):
    """Views, since axes are only split: a (rows, 1, height, k), b (1, columns, k, width), out (rows, columns, height, width)."""
    rows, columns = len(a) // height, b.shape[1] // width
    return (
        a.reshape(rows, 1, height, -1),
        b.reshape(1, -1, columns, width).swapaxes(1, 2),
        out.reshape(rows, height, columns, width).swapaxes(1, 2),
    )


@cache
def reads_in_place():
    """Has NumPy's BLAS kernels that need no copy on this processor?"""
    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        return False
    return any(
        library["internal_api"] == "openblas" and library["architecture"] in KERNELS for library in threadpool_info()
    )
