"""A crew of threads that shares work, also when one piece of work splits into more.

NumPy lets go of Python's lock inside large operations, so threads that run NumPy calls on different tiles do
run at the same time. A thread that waits for its pieces takes pieces of others meanwhile: branches of a model
can be pieces, and the tiles of a convolution inside a branch can be pieces of that piece.
"""

import contextlib
import contextvars
import os
import threading
import time
from collections import deque

from tinymm.errors import TinymmError

AWAKE = 1e-4  # seconds


def thread_count():
    """``TINYMM_THREADS``, else the cores that this process may use."""
    setting = os.environ.get("TINYMM_THREADS")
    if setting is None:
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if not setting.isdigit() or int(setting) < 1:
        raise TinymmError(f"TINYMM_THREADS is {setting!r}: give a whole number of 1 or more")
    return int(setting)


class Crew:
    """``size`` threads, the caller's among them. Use it as a context: its threads live as long as that.

    They start with the first work that is shared. Inside the context BLAS computes each product with one thread,
    since the crew splits the work itself; on leaving, BLAS has the user's setting again.
    """

    def __init__(self, size):
        self.size = size
        self._blas = _blas_controller()
        self._work = deque()  # its append and popleft are atomic
        self._change = threading.Condition()
        self._asleep = 0
        self._threads = []
        self._place = threading.local()

    @contextlib.contextmanager
    def at_work(self):
        """Let the crew work for the body, and end its threads."""
        self._over = False
        self._place.number = 0
        with self._blas.limit(limits=1, user_api="blas") if self._blas else contextlib.nullcontext():
            try:
                yield self
            finally:
                self._over = True
                self._wake()
                while self._threads:
                    self._threads.pop().join()
                self._work.clear()  # of what an error has left behind

    def _gather(self):
        for number in range(1, self.size):
            run = contextvars.copy_context().run  # np.errstate is the caller's
            thread = threading.Thread(target=run, args=(self._serve, number), daemon=True)
            self._threads.append(thread)
            thread.start()

    @property
    def place(self):
        """The number, from 0, of the thread that asks: it picks a workspace that no other thread uses."""
        return self._place.number

    def run(self, pieces):
        """Call every function in the list ``pieces`` and return when all are done.

        The first error that a piece raises is raised here, after the others have ended.
        """
        if len(pieces) == 1:
            pieces[0]()
        else:
            self.finish(self.start(pieces))

    def start(self, pieces, urgent=True):
        """Let whoever has time begin with ``pieces``: -> a batch for ``finish``.

        They come before all that was started earlier, or after it when they are not ``urgent``.
        """
        batch = _Batch(pieces)
        if self.size > 1:
            (self._work.extendleft if urgent else self._work.extend)([batch] * len(pieces))
            self._wake() if self._threads else self._gather()
        return batch

    def finish(self, batch):
        """Carry out what nobody has begun of a batch, then wait for the rest, working on other batches meanwhile.

        Raises the first error among its pieces.
        """
        while batch.pieces:
            self._carry_out(batch)
        self._work_until(batch.over)
        if batch.errors:
            raise batch.errors[0]

    def _serve(self, number):
        self._place.number = number
        self._work_until(lambda: self._over)

    def _work_until(self, finished):
        while not finished():
            try:
                batch = self._work.popleft()
            except IndexError:
                self._rest(finished)
            else:
                self._carry_out(batch)

    def _carry_out(self, batch):
        """The next piece of a batch, if another thread has not been quicker."""
        try:
            piece = batch.pieces.popleft()
        except IndexError:
            return
        try:
            piece()
        except BaseException as error:  # told to whoever waits for the batch
            batch.errors.append(error)
        batch.done.append(piece)
        if batch.over():
            self._wake()

    def _rest(self, finished):
        """Wait for work or the end: awake for a moment, since to wake a thread takes longer than most waits, then asleep."""
        end = time.perf_counter() + AWAKE
        while time.perf_counter() < end:
            if self._work or finished():
                return
            time.sleep(0)
        with self._change:
            self._asleep += 1  # first, so that whoever changes something from here on sees it
            self._change.wait_for(lambda: self._work or finished())
            self._asleep -= 1

    def _wake(self):
        if self._asleep:
            with self._change:
                self._change.notify_all()


def _blas_controller():
    """threadpoolctl's handle on BLAS; None, and BLAS as the user set it, where threadpoolctl is missing."""
    try:
        from threadpoolctl import ThreadpoolController
    except ImportError:
        return None
    return ThreadpoolController()


class _Batch:
    """Pieces that belong together: those that nobody has begun, those that are done, and what they raised."""

    def __init__(self, pieces):
        self.size, self.pieces, self.done, self.errors = len(pieces), deque(pieces), [], []

    def over(self):
        return len(self.done) == self.size


def ranges(total, parts):
    """total cut into at most ``parts`` slices of nearly equal length."""
    parts = max(1, min(parts, total))
    cuts = [k * total // parts for k in range(parts + 1)]
    return [slice(a, b) for a, b in zip(cuts, cuts[1:])]
