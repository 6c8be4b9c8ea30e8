"""What is printed: units, marks of what is not exact, and tables no wider than the terminal."""

import pytest

from tinymm.bench import tables


@pytest.mark.parametrize(
    "value, scaled, text",
    [(0.123, False, "0.12 ms"), (12.34, False, "12.3 ms"), (345.6, False, "346 ms"), (2500, False, "2500 ms"), (3500, False, "3.5 s"),
     (8040000, True, "~2 h"), (150000, True, "~2 min"), (50, True, "~50 ms")],
)  # fmt: skip
def test_times_have_the_unit_that_fits(value, scaled, text):
    assert tables.milliseconds(value, scaled) == text


def test_a_report_shows_every_contestant_and_explains_its_columns(results):
    text = tables.report(results, 120)
    assert "Dense 6→4, 3" in text and "whole step, batch 2" in text
    row = next(line.split() for line in text.splitlines() if line.startswith("  cpu"))
    assert row[:11] == ["cpu", "0.50", "ms", "1.5", "ms", "0.25", "ms", "2.0", "ms", "3", "%"]
    assert "~8 min" in text and "~25 min" in text  # the loops
    for word in ("ratio: ", "spread: ", "ceiling: ", "peak: ", "loops: ", "no GPU here", "100 GFLOP/s", "10.0 GB/s"):
        assert word in text
    assert "noisy" not in text


@pytest.mark.parametrize("width", [40, 60, 80, 100, 200])
def test_a_narrow_terminal_gets_fewer_columns_and_no_longer_lines(results, width):
    text = tables.report(results, width)
    tabular = [line for line in text.splitlines() if line.startswith("  ")]
    assert max(map(len, tabular)) <= max(width, 40)
    assert "time" in text
    assert ("GB/s" in text.split("\n\n")[1]) == (width >= 120)
    assert ("ratio: " in text) == ("ratio" in text.split("\n\n")[1])


def test_a_noisy_machine_is_told(results):
    results["noise"] = {"spread": 0.4, "noisy": True, "samples": 9}
    assert "this machine is noisy" in tables.report(results, 120) and "40 %" in tables.report(results, 120)


def test_bringing_a_batch_to_the_gpu_stands_apart_from_its_time(results):
    results["works"]["step-1"]["contestants"]["gpu"] = {
        "transfer": 7.0, "together": 1.0, "time": 1.0, "spread": 0.0, "runs": 3, "ratio": 0.25, "share_of_ceiling": 0.5,
        "gflops": 1.0, "gbytes_per_second": 1.0,
    }  # fmt: skip
    text = tables.report(results, 200)
    row = next(line for line in text.splitlines() if line.startswith("  gpu"))
    assert "1.0 ms" in row and "7.0 ms" in row and row.index("1.0 ms") < row.index("7.0 ms")
    assert "to the GPU: " in text and "gpu: " in text


def test_without_torch_there_is_no_ratio(results):
    for work in results["works"].values():
        for name in ("torch", "torch channels last"):
            del work["contestants"][name]
        for row in work["contestants"].values():
            row.pop("ratio")
    assert "  ratio  " not in tables.report(results, 200) and "ratio: " not in tables.report(results, 200)


def test_scaling_has_a_row_a_size_and_the_growth_below(scaling_results):
    lines = tables.scaling_report(scaling_results, 80).splitlines()
    assert lines[0].endswith("OPENBLAS_CORETYPE=Haswell")
    assert lines[2] == "Conv2D: time a sample against the filters"
    assert lines[5].split() == ["10", "10.0", "ms", "1.0", "ms", "10.00", "MFLOP"]
    assert lines[7].split() == ["grows", "as", "size^2.00", "size^1.00", "size^1.00"]
    assert any("noisy" in line for line in lines)
