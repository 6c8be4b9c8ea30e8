"""A crew of threads that shares work, also when one piece of work splits into more.

NumPy lets go of Python's lock inside large operations, so threads that run NumPy calls on different tiles do
run at the same time. A thread that waits for its pieces takes pieces of others meanwhile: branches of a model
can be pieces, and the tiles of a convolution inside a branch can be pieces of that piece.
"""

import contextlib
import contextvars
import os
import threading
from collections import deque

from tinymm.errors import TinymmError


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

    Inside the context BLAS computes each product with one thread, since the crew splits the work itself; on
    leaving, BLAS has the user's setting again.
    """

    def __init__(self, size):
        self.size = size
        self._blas = _blas_controller()
        self._work = deque()
        self._change = threading.Condition()
        self._place = threading.local()

    @contextlib.contextmanager
    def at_work(self):
        """Start the threads, run the body, stop the threads."""
        self._over = False
        self._place.number = 0
        start = [contextvars.copy_context().run for _ in range(1, self.size)]  # np.errstate is the caller's
        threads = [threading.Thread(target=run, args=(self._serve, k), daemon=True) for k, run in enumerate(start, 1)]
        with self._blas.limit(limits=1, user_api="blas") if self._blas else contextlib.nullcontext():
            for thread in threads:
                thread.start()
            try:
                yield self
            finally:
                with self._change:
                    self._over = True
                    self._change.notify_all()
                for thread in threads:
                    thread.join()

    @property
    def place(self):
        """The number, from 0, of the thread that asks: it picks a workspace that no other thread uses."""
        return self._place.number

    def run(self, pieces):
        """Call every function in the list ``pieces`` and return when all are done.

        The first error that a piece raises is raised here, after the others have ended.
        """
        if self.size == 1 or len(pieces) == 1:
            for piece in pieces:
                piece()
            return
        batch = _Batch(len(pieces))
        with self._change:
            self._work.extendleft((piece, batch) for piece in reversed(pieces[1:]))
            self._change.notify_all()
        self._carry_out(pieces[0], batch)
        while True:
            with self._change:
                while batch.left and not self._work:
                    self._change.wait()
                if not batch.left:
                    break
                job = self._work.popleft()
            self._carry_out(*job)
        if batch.error:
            raise batch.error

    def _carry_out(self, piece, batch):
        try:
            piece()
        except BaseException as error:  # told to whoever waits for the batch
            batch.error = batch.error or error
        with self._change:
            batch.left -= 1
            if not batch.left:
                self._change.notify_all()

    def _serve(self, number):
        self._place.number = number
        while True:
            with self._change:
                while not self._work and not self._over:
                    self._change.wait()
                if self._over:
                    return
                job = self._work.popleft()
            self._carry_out(*job)


def _blas_controller():
    """threadpoolctl's handle on BLAS; None, and BLAS as the user set it, where threadpoolctl is missing."""
    try:
        from threadpoolctl import ThreadpoolController
    except ImportError:
        return None
    return ThreadpoolController()


class _Batch:
    def __init__(self, left):
        self.left, self.error = left, None


def ranges(total, parts):
    """total cut into at most ``parts`` slices of nearly equal length."""
    parts = max(1, min(parts, total))
    cuts = [k * total // parts for k in range(parts + 1)]
    return [slice(a, b) for a, b in zip(cuts, cuts[1:])]
