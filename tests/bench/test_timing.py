"""Turns, medians and spreads; nothing here asserts how long anything takes."""

import gc

import pytest

from tinymm.bench import ceilings, timing
from tinymm.bench.counts import Count


class Steady:
    """A reference that notes when it is taken."""

    def __init__(self, order):
        self.order = order

    def take(self):
        self.order.append("reference")


@pytest.fixture
def one_warm_run_and_three_that_count(monkeypatch):
    monkeypatch.setattr(timing, "WARM", 0)
    monkeypatch.setattr(timing, "TURN", 60)
    monkeypatch.setattr(timing, "RUNS", 3)


@pytest.mark.usefixtures("one_warm_run_and_three_that_count")
def test_contestants_take_turns_and_the_first_run_of_a_turn_does_not_count():
    order = []
    runs = {name: lambda name=name: order.append(name) or {"forward": 0.0} for name in "ab"}
    taken = timing.take_turns(runs, 0, Steady(order), pause=0, rounds=2)
    turns = ["reference", *"aaaa", "reference", *"bbbb"]
    assert order == ["a", "b", *turns, *turns]
    assert {name: len(laps) for name, laps in taken.items()} == {"a": 6, "b": 6}


@pytest.mark.usefixtures("one_warm_run_and_three_that_count")
def test_after_a_long_run_there_is_none_to_warm_up_and_a_turn_ends_with_the_time(monkeypatch):
    done = []
    slow = {"slow": lambda: done.append(1) or {"forward": 2 * timing.LONG}}
    assert len(timing.take_turns(slow, 0, Steady([]), pause=0, rounds=2)["slow"]) == 6 == len(done) - 2
    monkeypatch.setattr(timing, "TURN", -1)
    assert len(timing.take_turns(slow, 0, Steady([]), pause=0, rounds=2)["slow"]) == 2


@pytest.mark.usefixtures("one_warm_run_and_three_that_count")
def test_the_garbage_collector_waits_and_works_again_afterwards():
    seen = []
    timing.take_turns({"a": lambda: seen.append(gc.isenabled()) or {"forward": 0.0}}, 0, Steady([]), pause=0, rounds=1)
    assert seen == [True, False, False, False, False] and gc.isenabled()

    def fails_at_the_second_run():
        seen.append(gc.isenabled())
        return {"forward": 1 / (7 - len(seen))}

    with pytest.raises(ZeroDivisionError):
        timing.take_turns({"a": fails_at_the_second_run}, 0, Steady([]), pause=0)
    assert gc.isenabled()


def test_a_row_has_medians_in_milliseconds_and_adds_up_what_counts():
    laps = [{"forward": f, "backward": 2 * f, "update": 9.0} for f in (0.001, 0.002, 0.003, 0.004, 0.1)]
    row = timing.row(laps, ("forward", "backward"))
    assert row == {
        "forward": pytest.approx(3), "backward": pytest.approx(6), "update": pytest.approx(9000),
        "time": pytest.approx(9), "spread": pytest.approx((12 - 6) / 9), "runs": 5,
    }  # fmt: skip


def test_what_cannot_be_told_apart_counts_as_a_whole():
    row = timing.row([{"transfer": 1.0, "together": 0.5}], ("forward", "backward"))
    assert row["time"] == 500 and row["transfer"] == 1000


def test_a_reference_with_a_large_spread_means_a_noisy_machine():
    steady, shaken = timing.Reference([1.0, 1.0, 1.0, 1.0, 2.0] * 3), timing.Reference([1.0, 1.0, 2.0] * 5)
    assert not steady.findings()["noisy"] and shaken.findings()["noisy"]
    steady.take()
    assert steady.findings()["samples"] == 16 and steady.seconds[-1] > 0


def test_ceilings_are_positive_and_the_longer_of_the_two_bounds_holds():
    found = ceilings.measure(seconds=0.001, side=32, copied=1 << 12)
    assert found["gflops"] > 0 and found["gbytes_per_second"] > 0 and found["threads"] == 1
    limits = {"gflops": 100, "gbytes_per_second": 10}
    cost = {"forward": Count(flops=2 * 10**8, bytes=10**6), "backward": Count(flops=0, bytes=3 * 10**7)}
    assert ceilings.least_milliseconds(cost, ["forward"], limits) == pytest.approx(2)
    assert ceilings.least_milliseconds(cost, ["forward", "backward"], limits) == pytest.approx(5)
