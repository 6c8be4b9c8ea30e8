"""What this machine can do at most: the rate of matrix products, and the bandwidth of copying.

A piece of work cannot take less time than its FLOPs at the first and its bytes at the second, whichever is longer; that
time, as a share of the measured one, says how much is left. More than 100 % is possible where all that is moved stays
in a cache that the copied arrays do not fit into.
"""

import time

import numpy as np

from tinymm.engines.cpu.threads import Crew, ranges, thread_count

SIDE, COPIED = 1024, 1 << 27  # numbers along a matrix, bytes of an array


def measure(seconds=0.5, side=SIDE, copied=COPIED):
    """-> {"gflops", "gbytes_per_second", "threads"}: the best of the runs that fit into ``seconds`` for each."""
    crew = Crew(thread_count())
    a = np.random.default_rng(0).standard_normal((side, side), np.float32)
    out = np.empty_like(a)
    source, target = np.ones(copied // 4, np.float32), np.empty(copied // 4, np.float32)

    def product(part):
        np.matmul(a[part], a, out=out[part])

    def copy(part):
        np.copyto(target[part], source[part])

    with crew.at_work():
        products = _best(crew, product, ranges(side, crew.size), seconds)
        copies = _best(crew, copy, ranges(len(source), crew.size), seconds)
    return {"gflops": 2e-9 * side**3 / products, "gbytes_per_second": 2e-9 * copied / copies, "threads": crew.size}


def _best(crew, work, parts, seconds):
    """The shortest time of ``work`` on all parts at once."""
    pieces = [lambda part=part: work(part) for part in parts]
    crew.run(pieces)
    best, end = float("inf"), time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.perf_counter()
        crew.run(pieces)
        best = min(best, time.perf_counter() - start)
    return best


def least_milliseconds(cost, parts, ceilings):
    """The time that the ceilings allow for the ``parts`` (forward, ...) of a work's ``counts``."""
    return sum(
        max(cost[part].flops / ceilings["gflops"], cost[part].bytes / ceilings["gbytes_per_second"]) for part in parts
    ) / 1e6  # fmt: skip
