"""The crew: all work is done once, also when it splits, errors arrive, and nothing is left behind."""

import threading

import numpy as np
import pytest

import tinymm as mm
from tinymm.engines.cpu.threads import Crew, ranges, thread_count


@pytest.mark.parametrize("size", [1, 2, 5])
def test_work_that_splits_into_more_work_is_all_done_once(size):
    crew, done, lock = Crew(size), [], threading.Lock()

    def leaf(k):
        with lock:
            done.append(k)

    def branch(k):
        crew.run([lambda j=j: leaf((k, j)) for j in range(7)])
        leaf((k, "end"))

    with crew.at_work():
        for _ in range(20):
            done.clear()
            crew.run([lambda k=k: branch(k) for k in range(5)])
            assert len(done) == len(set(done)) == 5 * 8


def test_a_branch_only_goes_on_when_its_own_pieces_are_done():
    crew = Crew(3)
    with crew.at_work():
        for _ in range(50):
            finished = [set() for _ in range(4)]

            def branch(k, finished=finished):
                crew.run([lambda j=j: finished[k].add(j) for j in range(10)])
                assert finished[k] == set(range(10))

            crew.run([lambda k=k: branch(k) for k in range(4)])


@pytest.mark.parametrize("size", [1, 2, 3])
def test_work_that_was_started_is_done_when_it_is_finished(size):
    crew, done = Crew(size), []
    with crew.at_work():
        batches = [crew.start([lambda j=j, k=k: done.append((j, k)) for k in range(3)]) for j in range(4)]
        for j in (2, 0, 3, 1):
            crew.finish(batches[j])
            assert {(j, k) for k in range(3)} <= set(done)
    assert len(done) == 12


def test_threads_have_places_of_their_own():
    crew, together = Crew(2), threading.Barrier(2, timeout=10)
    places = []

    def piece():
        together.wait()
        places.append(crew.place)

    with crew.at_work():
        crew.run([piece, piece])
    assert sorted(places) == [0, 1]


@pytest.mark.parametrize("size", [1, 2])
def test_an_error_in_a_piece_reaches_the_caller_and_the_crew_works_on(size):
    crew = Crew(size)

    def fail():
        raise ValueError("broken")

    with crew.at_work():
        with pytest.raises(ValueError, match="broken"):
            crew.run([fail, lambda: None, lambda: None])
        done = []
        crew.run([lambda: done.append(1), lambda: done.append(2)])
        assert sorted(done) == [1, 2]


def test_no_thread_is_left_and_blas_has_its_setting_again(rng):
    from threadpoolctl import threadpool_info

    before = threading.active_count(), threadpool_info()
    model = mm.Sequential(mm.Dense(5), mm.Dense(1))
    engines = [mm.make_engine(model, mm.MeanSquaredError(), mm.SGD(), "cpu") for _ in range(3)]
    for engine in engines:
        engine.step(rng.normal(size=(4, 3)), rng.normal(size=(4, 1)))
    with pytest.raises(mm.ShapeError):
        engines[0].step(rng.normal(size=(4, 2)), rng.normal(size=(4, 1)))
    assert (threading.active_count(), threadpool_info()) == before


def test_the_environment_sets_the_number_of_threads(monkeypatch):
    monkeypatch.setenv("TINYMM_THREADS", "3")
    assert thread_count() == 3
    monkeypatch.setenv("TINYMM_THREADS", "many")
    with pytest.raises(mm.TinymmError, match="TINYMM_THREADS is 'many'"):
        thread_count()
    monkeypatch.delenv("TINYMM_THREADS")
    assert thread_count() >= 1


@pytest.mark.parametrize("total, parts", [(10, 3), (2, 5), (1, 1), (7, 7)])
def test_ranges_cover_everything_once(total, parts):
    assert np.concatenate([np.arange(total)[r] for r in ranges(total, parts)]).tolist() == list(range(total))
    assert len(ranges(total, parts)) == min(total, parts)
