"""The tables in the READMEs are those of the result files: nobody types a figure."""

import importlib.util
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def load(name):
    spec = importlib.util.spec_from_file_location(f"benchmark_{name}", ROOT / "benchmarks" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_table_of_the_senses_is_that_of_the_results():
    results = json.loads((ROOT / "benchmarks" / "results" / "senses.json").read_text())
    assert load("senses").markdown(results) in (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", ["README.md", "benchmarks/README.md"])
def test_every_table_of_speed_is_that_of_the_results(page):
    tables, text = load("tables"), (ROOT / page).read_text(encoding="utf-8")
    begun = re.findall(r"<!-- begin (\w+) -->", text)
    assert begun and begun == re.findall(r"<!-- end (\w+) -->", text)
    assert tables.filled(text) == text, "run: python benchmarks/tables.py"


def test_a_figure_changed_by_hand_is_noticed():
    tables, text = load("tables"), (ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8")
    ratio = re.search(r"\| (\d\.\d\d) \| \d+ % \|", text)
    changed = text[: ratio.start(1)] + "0.01" + text[ratio.end(1) :]
    assert tables.filled(changed) == text != changed


def test_every_block_of_tables_has_its_place_on_a_page():
    pages = "".join(page.read_text(encoding="utf-8") for page in load("tables").PAGES)
    assert sorted(re.findall(r"<!-- begin (\w+) -->", pages)) == sorted(load("tables").BLOCKS)


def test_for_every_loss_it_is_said_what_stands_in_the_way():
    tables = load("tables")
    told = tables.losses()
    for name, work in tables.load("cpu")["works"].items():
        assert (work["title"] in told) == (work["contestants"]["cpu"]["ratio"] > 1), name


def test_no_result_names_a_path_of_the_machine_it_was_taken_on():
    for results in (ROOT / "benchmarks" / "results").glob("*.json"):
        assert not re.search(r'["( ]/\w+/', results.read_text(encoding="utf-8")), results


def test_fusion_gains_ten_points_on_every_task_and_seed():
    for task, row in json.loads((ROOT / "benchmarks" / "results" / "senses.json").read_text())["tasks"].items():
        fused, *alone = row["default"].values()
        assert len(fused) == 3
        for k, accuracy in enumerate(fused):
            assert accuracy - max(sense[k] for sense in alone) >= 0.10, (task, k)
