"""Pictures: that they are drawn whole, with every work named once, and that what is in the way is told before."""

import sys

import pytest

from tinymm.bench import plots
from tinymm.errors import TinymmError

PNG = b"\x89PNG"


def test_without_matplotlib_a_sentence_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(TinymmError, match="pip install matplotlib"):
        plots.require(tmp_path / "speed.png")


@pytest.mark.parametrize("name, word", [("speed.gif", "ends in"), ("speed", "ends in"), ("missing/speed.png", "no folder")])
def test_a_name_that_cannot_be_drawn_into_is_refused(tmp_path, name, word):
    with pytest.raises(TinymmError, match=word):
        plots.require(tmp_path / name)


def test_the_roofline_names_every_work_and_the_batches_show_the_crossover(tmp_path, results):
    pytest.importorskip("matplotlib")
    for batch, time in ((1, 3.0), (2, 1.0)):
        results["works"][f"step-{batch}"]["contestants"]["gpu"] = {"time": time, "transfer": 0.5, "gflops": 1.0}
    plots.draw(results, tmp_path / "speed.svg")
    text = (tmp_path / "speed.svg").read_text()
    for word in ("dense", "step-1", "step-2", "matrix products: 100 GFLOP/s", "copying: 10 GB/s", "the GPU is faster from batch 1"):
        assert f"<!-- {word}" in text, word


def test_one_work_alone_and_growth_are_drawn_too(tmp_path, results, scaling_results):
    pytest.importorskip("matplotlib")
    results["works"] = {"dense": results["works"]["dense"]}
    plots.draw(results, tmp_path / "one.png")
    plots.draw_scaling(scaling_results, tmp_path / "growth.pdf")
    assert (tmp_path / "one.png").read_bytes().startswith(PNG)
    assert (tmp_path / "growth.pdf").read_bytes().startswith(b"%PDF")
