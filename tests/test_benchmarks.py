"""The tables in the READMEs are those of the result files: nobody types a figure."""

import importlib.util
import json
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def load(name):
    spec = importlib.util.spec_from_file_location(f"benchmark_{name}", ROOT / "benchmarks" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name, page", [("senses", "README.md"), ("cpu", "benchmarks/README.md")])
def test_the_table_on_the_page_is_that_of_the_results(name, page):
    results = json.loads((ROOT / "benchmarks" / "results" / f"{name}.json").read_text())
    assert load(name).markdown(results) in (ROOT / page).read_text(encoding="utf-8")


def test_fusion_gains_ten_points_on_every_task_and_seed():
    for task, row in json.loads((ROOT / "benchmarks" / "results" / "senses.json").read_text())["tasks"].items():
        fused, *alone = row["default"].values()
        assert len(fused) == 3
        for k, accuracy in enumerate(fused):
            assert accuracy - max(sense[k] for sense in alone) >= 0.10, (task, k)
