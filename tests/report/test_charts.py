"""Where marks stand: the pixel of every value follows from the scale, by hand."""

import numpy as np
import pytest

from tinymm.report.charts import BOTTOM, LEFT, RIGHT, TOP, WIDTH, bars, curves, epoch_ticks, scale, tick_step


def _points(polyline):
    return np.array([pair.split(",") for pair in polyline["points"].split()], dtype=float)


def test_curve_points_stand_at_the_pixels_of_their_epochs_and_values(read):
    svg = read(curves("loss", "Loss", {"training": [(1, 1.0), (2, 0.5), (3, 0.25)]}))
    (line,) = svg.all("polyline")
    middle, height = (LEFT + RIGHT) / 2, BOTTOM - TOP  # the axis goes from 0 to exactly 1
    expected = [(LEFT, TOP), (middle, BOTTOM - height * 0.5), (RIGHT, BOTTOM - height * 0.25)]
    assert _points(line) == pytest.approx(np.array(expected), abs=0.05)


def test_the_axis_of_shares_goes_from_0_to_100_percent(read):
    svg = read(curves("a", "Right", {"validation": [(1, 0.5), (2, 1.0)]}, share=True, chance=0.25))
    (line,) = svg.all("polyline")
    expected = np.array([(LEFT, (TOP + BOTTOM) / 2), (RIGHT, TOP)])
    assert _points(line) == pytest.approx(expected, abs=0.05)
    level = next(a for a in svg.all("line", class_="chance") if a["x2"] == str(RIGHT))
    assert float(level["y1"]) == pytest.approx(BOTTOM - (BOTTOM - TOP) * 0.25, abs=0.05)


def test_the_ring_marks_the_best_epoch_on_the_validation_curve(read):
    lines = {"training": [(1, 1.0), (2, 0.2), (3, 0.1)], "validation": [(1, 1.0), (2, 0.5), (3, 0.75)]}
    svg = read(curves("loss", "Loss", lines, best=2))
    (ring,) = svg.all("circle", class_="ring")
    assert float(ring["cx"]) == (LEFT + RIGHT) / 2
    assert float(ring["cy"]) == (TOP + BOTTOM) / 2
    assert "best epoch 2: 0.5" in svg.text


def test_a_missing_value_leaves_a_gap_in_the_curve(read):
    values = [(1, 1.0), (2, 0.9), (3, float("nan")), (4, None), (5, 0.5), (6, 0.4)]
    svg = read(curves("loss", "Loss", {"training": values}))
    assert [len(_points(line)) for line in svg.all("polyline")] == [2, 2]


def test_one_epoch_is_a_dot_in_the_middle(read):
    svg = read(curves("loss", "Loss", {"training": [(1, 1.0)]}))
    (dot,) = svg.all("circle")
    assert (float(dot["cx"]), float(dot["cy"])) == ((LEFT + RIGHT) / 2, TOP)


@pytest.mark.parametrize("values", [[0.0, 0.0], [-3.0, 2.0], [1e-7, 3e-8], [12_500.0, 3.0], [1e30, 1.0]])
def test_curves_of_any_size_stay_inside_the_frame(read, values):
    svg = read(curves("loss", "Loss", {"training": list(enumerate(values))}))
    assert all(TOP <= y <= BOTTOM for line in svg.all("polyline") for _, y in _points(line))


def test_bars_are_as_long_as_their_shares(read):
    rows = [
        {"name": "both", "validation": 0.5, "test": 0.75},
        {"name": "text alone", "validation": 0.2, "test": 0.1},
    ]
    svg = read(bars(rows, 0.25))
    assert float(svg.all("rect", class_="fused")[0]["width"]) == pytest.approx(WIDTH * 0.75, abs=0.05)
    assert float(svg.all("rect", class_="single")[0]["width"]) == pytest.approx(WIDTH * 0.1, abs=0.05)
    rings = [float(a["cx"]) for a in svg.all("circle", class_="ring")]
    assert rings == pytest.approx([WIDTH * 0.5, WIDTH * 0.2], abs=0.05)
    assert {float(a["x1"]) for a in svg.all("line", class_="mark")} == {WIDTH * 0.25}


def test_without_a_test_the_bar_is_the_validation_share(read):
    svg = read(bars([{"name": "both", "validation": 0.5, "test": None}], 0.25))
    assert float(svg.all("rect", class_="fused")[0]["width"]) == WIDTH * 0.5
    assert not svg.all("circle") and "validation 50 %" in svg.text


def test_long_names_are_cut_but_told_in_full(read):
    name = "一个很长很长很长很长很长很长很长很长的名称 alone"
    svg = read(bars([{"name": name, "validation": 0.5, "test": None}], 0.25))
    assert "…" in svg.text and f"{name}: validation 50 %." in svg.text


@pytest.mark.parametrize("high, step", [(1.0, 0.2), (1.4, 0.5), (0.07, 0.02), (6.0, 1.0), (500.0, 100.0)])
def test_tick_steps_are_one_two_or_five_times_a_power_of_ten(high, step):
    assert tick_step(high) == pytest.approx(step)


@pytest.mark.parametrize("last", [1, 2, 7, 8, 25, 100, 239, 5000])
def test_epoch_ticks_start_at_the_first_epoch_and_are_few(last):
    ticks = epoch_ticks(1, last)
    assert ticks[0] == 1 and len(ticks) <= 8 and ticks == sorted(set(ticks)) and ticks[-1] <= last


def test_a_scale_of_one_point_maps_to_the_middle():
    assert scale(3, 3, 10, 20)(3) == 15
    assert scale(0, 4, 10, 20)(1) == 12.5
