"""The loops' contestant: the textbook's numbers, and a time that is scaled by what there is to do."""

import numpy as np
import pytest

from tinymm.bench import counts, loops
from tinymm.bench.works import WORKS, LayerWork, StepWork

TINY = {work.name: work.tiny for work in WORKS if isinstance(work, LayerWork)}


def ones(model, shape):
    return {id(leaf.layer): (1, 1) for leaf in counts.leaves(model, shape, False)}


@pytest.mark.parametrize("name", TINY)
def test_every_layer_runs_as_loops_to_the_textbooks_numbers(name):
    work = TINY[name]
    layer, (x, dy) = work.layer(), work.arrays()
    seconds = {"forward": 0.0, "backward": 0.0}
    y, back = loops.forward(layer, x, ones(layer, work.shape), seconds)
    wanted, cache = layer.forward(x, training=True)
    np.testing.assert_allclose(y, wanted, rtol=1e-4, atol=1e-5)
    assert 0 < seconds["forward"] and seconds["backward"] == 0
    if work.dx:
        np.testing.assert_allclose(back(dy), layer.backward(dy, cache)[0], rtol=1e-3, atol=1e-4)


def test_the_article_model_runs_as_loops():
    work = StepWork(1, text=1, side=6, samples=12, vocabulary=5)
    model, _ = work.model()
    inputs, targets = work.arrays()
    shapes = {name: (1, *shape) for name, shape in work.shapes.items()}
    seconds = {"forward": 0.0, "backward": 0.0}
    y, back = loops.forward(model, inputs, ones(model, shapes), seconds)
    np.testing.assert_allclose(y, model.forward(inputs)[0], rtol=1e-4)
    back(targets)
    assert seconds["backward"] > 0


def test_each_layers_time_is_multiplied_by_how_much_more_there_is_to_do(tiny_works, monkeypatch):
    """A clock that moves on by one at every look: each pass takes one."""
    ticks = iter(range(1000))
    monkeypatch.setattr(loops, "perf_counter", lambda: next(ticks))
    dense, _, loss, *_ = tiny_works
    found = loops.measure(dense)
    wanted, there = dense.counts, dense.tiny.counts
    assert found == {part: wanted[part].flops / there[part].flops for part in ("forward", "backward")}
    assert loops.measure(loss) == {"forward": 4, "backward": 4}
