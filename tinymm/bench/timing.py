"""Time that can be trusted: contestants take turns, medians with their spread, and an eye on the machine itself."""

import gc
import time
from dataclasses import dataclass, field

import numpy as np

from tinymm.engines.cpu.threads import Crew, thread_count
from tinymm.errors import TinymmError

PAUSE = 0.1  # seconds before a turn: threads of BLAS and OpenMP wait busily for more work for up to 0.03
ROUNDS, RUNS = 3, 3  # every contestant has at least so many turns, of up to so many runs that count
LONG = 0.2  # seconds; a run that long needs no other one to warm up, and its turn is over
NOISY = 0.25  # above this share of the median, the spread of the reference says that the machine is noisy


def limited_blas():
    """A context in which BLAS has as many threads as the CPU engine. Raises TinymmError without threadpoolctl."""
    try:
        from threadpoolctl import threadpool_limits
    except ImportError:
        raise TinymmError("measuring needs threadpoolctl, which is missing: pip install threadpoolctl") from None
    return threadpool_limits(thread_count(), user_api="blas")


@dataclass
class Reference:
    """A small piece of work that is always the same, done before every turn: how steady is the machine?"""

    seconds: list = field(default_factory=list)

    def __post_init__(self):
        self.crew = Crew(thread_count())
        a = np.random.default_rng(0).standard_normal((256, 256), np.float32)
        pairs = [(a, np.empty_like(a)) for _ in range(self.crew.size)]
        self.pieces = [lambda a=a, out=out: np.matmul(a, a, out=out) for a, out in pairs]

    def take(self):
        """Do it once to warm up and once for the clock."""
        with self.crew.at_work():
            self.crew.run(self.pieces)
            start = time.perf_counter()
            for _ in range(4):
                self.crew.run(self.pieces)
            self.seconds.append(time.perf_counter() - start)

    def findings(self):
        """Its spread from the 10th to the 90th hundredth over the median, and whether that is too much."""
        spread = spread_of(self.seconds, 10, 90)
        return {"spread": round(spread, 3), "noisy": spread > NOISY, "samples": len(self.seconds)}


def take_turns(contestants, seconds, reference, pause=PAUSE, rounds=ROUNDS):
    """name -> the laps of all its runs that count. ``contestants`` take turns until ``seconds`` are over.

    A turn is a pause, a run that does not count, and up to three that do. Python's garbage collector waits meanwhile.
    """
    taken = {name: [] for name in contestants}
    for run in contestants.values():
        run()
    collecting = gc.isenabled()
    gc.disable()
    try:
        end, round_ = time.perf_counter() + seconds, 0
        while time.perf_counter() < end or round_ < rounds:
            for name, run in contestants.items():
                time.sleep(pause)
                reference.take()
                _turn(run, taken[name])
            round_ += 1
    finally:
        if collecting:
            gc.enable()
    return taken


def _turn(run, taken):
    if not taken or sum(taken[-1].values()) < LONG:
        run()
    start = time.perf_counter()
    for _ in range(RUNS):
        taken.append(run())
        if time.perf_counter() - start > LONG:
            break


def row(laps, counted):
    """Medians in milliseconds of every part, of the ``time`` of the parts that count, and its spread."""
    parts = {part: 1000 * float(np.median([lap[part] for lap in laps])) for part in laps[0]}
    counted = ["together"] if "together" in parts else [part for part in counted if part in parts]
    times = [1000 * sum(lap[part] for part in counted) for lap in laps]
    return {**parts, "time": float(np.median(times)), "spread": spread_of(times), "runs": len(laps)}


def spread_of(times, low=25, high=75):
    """The distance of two percentiles, the quartiles unless told otherwise, as a share of the median."""
    low, middle, high = np.percentile(times, [low, 50, high])
    return float((high - low) / middle)
