"""What plans of containers do alike on the CPU and on the GPU."""

import numpy as np
import pytest
from numeric import every_place

import tinymm as mm
from tinymm.engines.cpu.threads import Crew


def predicted(place, model, x):
    """The output of a built model's plan on the CPU or the GPU, and the plan."""
    shape = {k: a.shape for k, a in x.items()}
    if place == "NumPy":
        from tinymm.engines.cpu.containers import make_plan
        from tinymm.engines.cpu.plan import Surroundings

        crew = Crew(1)
        plan = make_plan(model, shape, Surroundings(crew, np.dtype("f8"), False, dx=False))
        with crew.at_work():
            return plan.forward(x, None, None), plan
    from tinymm.engines.gpu.containers import make_plan
    from tinymm.engines.gpu.plan import Surroundings

    plan = make_plan(model.to("gpu"), shape, Surroundings(np.dtype("f8"), False, dx=False))
    return mm.to_host(plan.forward(mm.to_device(x), None)), plan


class Refusing(mm.Layer):
    def run(self, x):
        raise mm.ShapeError("not today")


@every_place
def test_an_error_is_told_with_the_path_of_the_layer_in_which_it_arose(place, rng):
    frame = mm.Sequential(mm.Dense(2), mm.ReLU(), Refusing())
    model = mm.Sequential(mm.Concatenate(video=mm.TimeDistributed(frame)), mm.Dense(1))
    model.build({"video": (3, 4)}, dtype=np.float64)
    with pytest.raises(mm.ShapeError, match=r"layer video\.layer\.2: not today"):
        predicted(place, model, {"video": rng.normal(size=(2, 3, 4))})


@every_place
def test_branches_write_their_rows_side_by_side_into_one_array(place, rng):
    picture = mm.Sequential(mm.Conv2D(3, 2), mm.ReLU(), mm.MaxPool2D(2), mm.Flatten())
    model = mm.Concatenate(a=mm.Dense(2), b=picture, c=mm.Sequential(mm.Tanh(), mm.Flatten()))
    model.build({"a": (3,), "b": (5, 5, 1), "c": (2, 2)}, dtype=np.float64)
    x = {"a": rng.normal(size=(4, 3)), "b": rng.normal(size=(4, 5, 5, 1)), "c": rng.normal(size=(4, 2, 2))}
    wanted, _ = model.forward(x)
    y, plan = predicted(place, model, x)
    np.testing.assert_allclose(y, wanted, rtol=1e-12)
    assert [(part.start, part.stop) for part in plan.parts.values()] == [(0, 2), (2, 14), (14, 18)]
