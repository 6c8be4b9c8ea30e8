"""Growth with the size, and where one curve crosses another."""

import sys

import pytest

from tinymm.bench import scaling
from tinymm.errors import TinymmError


@pytest.mark.parametrize("power", [0, 1, 2])
def test_growth_is_the_power_of_the_size(power):
    sizes = [1, 3, 10, 40]
    assert scaling.growth_of(sizes, [7.0, *(5 * size**power for size in sizes[1:])]) == power


def test_the_crossover_lies_between_the_two_sizes_where_the_lead_changes():
    assert scaling.crossover([1, 4, 16], [1, 2, 4], [8, 4, 2]) == pytest.approx(8)
    assert scaling.crossover([1, 4], [1, 1], [2, 2]) is None
    assert scaling.crossover([1, 4], [2, 2], [1, 1]) == 1
    assert scaling.crossover([1, 100], [1, 10], [2, 5]) == pytest.approx(10)


def test_a_family_is_measured_a_sample_at_every_size(monkeypatch):
    monkeypatch.setattr(scaling, "contestants", lambda work, absent: {"cpu": None})
    laps = {"cpu": [{"forward": 0.006, "backward": 0.010}]}
    monkeypatch.setattr(scaling, "take_turns", lambda *args, **options: laps)
    monkeypatch.setattr(scaling, "Reference", lambda: Steady)
    monkeypatch.setitem(sys.modules, "torch", None)
    (family,) = scaling.families_named(["filt"])
    found = scaling.measure([family])["scaling"]["filters"]
    assert found["milliseconds_per_sample"] == {"cpu": [2.0] * 5} and found["sizes"] == [8, 16, 32, 64, 128]
    assert found["growth"] == {"cpu": 0, "flops": 1.0}
    conv, pool = 62 * 62 * 8, 31 * 31 * 8
    assert found["flops_per_sample"][0] == (54 * conv + conv + 3 * pool) + (54 * conv + conv + conv + conv)


class Steady:
    findings = staticmethod(lambda: {"spread": 0.0, "noisy": False, "samples": 0})


def test_an_unknown_family_is_answered_with_the_nearest():
    with pytest.raises(TinymmError, match="did you mean filters"):
        scaling.families_named(["fliters"])
    assert [family.samples(64) for family in scaling.FAMILIES] == [64, 8, 32, 8]
