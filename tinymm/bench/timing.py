"""Time that can be trusted: contestants take turns, medians with their spread, and an eye on the machine itself."""

import gc
import time
from dataclasses import dataclass, field

import numpy as np

from tinymm.engines.cpu.threads import Crew, thread_count
from tinymm.errors import TinymmError

PAUSE = 0.1  # seconds before a turn: threads of BLAS and OpenMP wait busily for more work for up to 0.03
WARM = 0.01  # seconds of runs that do not count: a core that has slept takes a while to come
TURN, RUNS = 0.06, 10  # a turn's runs that count: at most so many seconds, or so many of them; at least one
ROUNDS = 3  # turns that everybody has at least
LONG = 0.2  # seconds; a run that long needs no other one before it
PRODUCTS = 16  # of matrices 256 × 256 by every thread: the reference, about 4 milliseconds
NOISY = 0.15  # above this share of the median, the spread of the reference says that the machine is noisy


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
        rooms = [np.empty_like(a) for _ in range(self.crew.size)]
        self.pieces = [lambda room=room: [np.matmul(a, a, out=room) for _ in range(PRODUCTS)] for room in rooms]

    def take(self):
        """Do it until all cores are awake, and once for the clock."""
        with self.crew.at_work():
            awake = time.perf_counter() + WARM
            while time.perf_counter() < awake:
                self.crew.run(self.pieces)
            start = time.perf_counter()
            self.crew.run(self.pieces)
            self.seconds.append(time.perf_counter() - start)

    def findings(self):
        """Its spread, and whether that is too much."""
        spread = spread_of(self.seconds)
        return {"spread": round(spread, 3), "noisy": spread > NOISY, "samples": len(self.seconds)}


def take_turns(contestants, seconds, reference, rounds=ROUNDS, pause=PAUSE):
    """name -> the laps of all its runs that count. ``contestants`` take turns until ``seconds`` are over.

    A turn is a pause, the reference, runs that do not count, and runs that do. Python's garbage collector waits meanwhile.
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
        warm = time.perf_counter() + WARM
        while time.perf_counter() < warm:
            run()
    end = time.perf_counter() + TURN
    for _ in range(RUNS):
        taken.append(run())
        if time.perf_counter() > end:
            break


def row(laps, counted):
    """Medians in milliseconds of every part, of the ``time`` of the parts that count, and its spread."""
    parts = {part: 1000 * float(np.median([lap[part] for lap in laps])) for part in laps[0]}
    counted = ["together"] if "together" in parts else [part for part in counted if part in parts]
    times = [1000 * sum(lap[part] for part in counted) for lap in laps]
    return {**parts, "time": float(np.median(times)), "spread": spread_of(times), "runs": len(laps)}


def spread_of(times):
    """The distance of the quartiles, as a share of the median."""
    low, middle, high = np.percentile(times, [25, 50, 75])
    return float((high - low) / middle)
