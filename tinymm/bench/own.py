"""tinymm's own engines as contestants: the textbook, the CPU engine, and the GPU engine where there is one.

A contestant is a function without arguments that does the work once and returns the seconds of each part of it.
"""

from contextlib import contextmanager
from time import perf_counter

import numpy as np

import tinymm as mm
from tinymm.bench.works import PHASES, LayerWork, LossWork
from tinymm.engines.cpu.containers import make_plan
from tinymm.engines.cpu.loss import LossPlan
from tinymm.engines.cpu.plan import Surroundings
from tinymm.engines.cpu.threads import Crew, thread_count
from tinymm.engines.cpu.update import Updater

STILL = 1e-6  # a learning rate that changes no weight noticeably, however long is measured


def laps(*stamps):
    """The seconds of forward, backward and update, from the times at their ends."""
    return {phase: after - before for phase, before, after in zip(PHASES, stamps, stamps[1:])}


def textbook(work):
    """The layers' own code."""
    if isinstance(work, LayerWork):
        return _textbook_layer(work)
    return _textbook_loss(work) if isinstance(work, LossWork) else _step(work, "textbook")


def cpu(work):
    """The CPU engine: a layer's plan, as the engine uses it inside a model."""
    if isinstance(work, LayerWork):
        return _cpu_layer(work)
    return _cpu_loss(work) if isinstance(work, LossWork) else _step(work, "cpu")


def _textbook_layer(work):
    layer, adam, (x, dy) = work.layer(), mm.Adam(STILL), work.arrays()

    def run():
        start = perf_counter()
        _, cache = layer.forward(x, training=True)
        forward = perf_counter()
        _, grads = layer.backward(dy, cache)
        backward = perf_counter()
        if not grads:
            return laps(start, forward, backward)
        adam.update(layer.params, grads)
        return laps(start, forward, backward, perf_counter())

    return run


def _cpu_layer(work):
    layer, crew, (x, dy) = work.layer(), Crew(thread_count()), work.arrays()
    plan = make_plan(layer, work.shape, Surroundings(crew, np.dtype("f4"), True, work.dx))
    updater = Updater(mm.Adam(STILL), crew)

    def run():
        with at_work(crew):
            start = perf_counter()
            plan.forward(x, None, None)
            forward = perf_counter()
            plan.backward(dy)
            backward = perf_counter()
            if not layer.params:
                return laps(start, forward, backward)
            updater.update(layer.params, plan.grads)
            return laps(start, forward, backward, perf_counter())

    return run


def _textbook_loss(work):
    loss, (z, t) = mm.CrossEntropy(from_logits=True), work.arrays()

    def run():
        start = perf_counter()
        _, cache = loss.forward(z, t)
        forward = perf_counter()
        loss.backward(cache)
        return laps(start, forward, perf_counter())

    return run


def _cpu_loss(work):
    crew, (z, t) = Crew(thread_count()), work.arrays()
    plan = LossPlan(mm.CrossEntropy(from_logits=True), crew)

    def run():
        with at_work(crew):
            start = perf_counter()
            plan.forward_backward(z, t)
            return {"together": perf_counter() - start}

    return run


@contextmanager
def at_work(crew):
    """A crew whose threads are there, as a layer inside a step finds it: the whole step's time has their start and end."""
    with crew.at_work():
        crew.run([lambda: None] * crew.size)
        yield


def _step(work, engine):
    """The engine's own step, with a look at the clock when the loss's gradient is there and when the update begins."""
    model, loss = work.model()
    adam, (inputs, targets) = mm.Adam(STILL), work.arrays()
    worker, stamps = mm.make_engine(model, loss, adam, engine), []
    place = (worker.loss_plan, "forward_backward") if engine == "cpu" else (loss, "backward")
    _stamp(*place, stamps, after=True)
    _stamp(getattr(worker, "updater", adam), "update", stamps)

    def run():
        stamps.clear()
        start = perf_counter()
        worker.step(inputs, targets)
        return laps(start, *stamps, perf_counter())

    return run


def _stamp(owner, name, stamps, after=False):
    """Let ``owner.name`` note the time when it is called, or when it has ended."""
    method = getattr(owner, name)

    def stamped(*args):
        if not after:
            stamps.append(perf_counter())
        result = method(*args)
        if after:
            stamps.append(perf_counter())
        return result

    setattr(owner, name, stamped)
