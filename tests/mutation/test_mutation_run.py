"""The mutation run: what it prints, when it fails, and one subject from the command line to the verdicts."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from mutation.equivalent import EQUIVALENT, key_of
from mutation.matrix import json_report, markdown_table, text_report
from mutation.run import MutationRun, complaints
from mutation.subjects import subjects

from tinymm.gradchecking.mutants import mutants_of
from tinymm.layers.relu import relu_backward

RUN = Path(__file__).with_name("run.py")
on_unix = pytest.mark.skipif(not hasattr(os, "fork"), reason="the run forks, which only Linux and macOS can")


def finished(verdict="wrong", **changed):
    """A run over ReLU that gave all mutants of relu_backward one verdict, except those in ``changed``."""
    run = MutationRun([subjects()["relu"]], jobs=1)
    for k, mutant in enumerate(mutants_of(relu_backward)):
        run.verdicts.append(("relu", relu_backward, mutant, changed.get(f"mutant{k}", verdict)))
    method = run.chosen[0].functions[1]
    run.verdicts += [("relu", method, mutant, "crashed") for mutant in mutants_of(method)]
    return run


def test_a_run_without_survivors_has_nothing_to_complain_about():
    assert list(complaints(finished(), whole=False)) == []


def test_survivors_are_counted_and_printed_with_line_and_change():
    run = finished(mutant1="survived")
    mutant = run.verdicts[1][2]
    (sentence,) = complaints(run, whole=False)
    assert sentence == "1 mutants survive"
    report = text_report(run.verdicts, 1.0, [sentence])
    assert f"survived: relu, relu_backward, line {mutant.line} ({mutant.operator})" in report
    assert mutant.before in report and mutant.after in report and mutant.message in report
    assert report.endswith("error: 1 mutants survive")


def test_the_markdown_table_has_a_row_for_each_subject_and_their_sum():
    table = markdown_table(finished(mutant1="survived").verdicts)
    head, line, relu, total = table.splitlines()
    assert head.startswith("| ") and set(line) <= set("| -:") and relu.startswith("| relu")
    planted = len(finished().verdicts)
    assert f" {planted - 1}/{planted} " in total
    assert text_report(finished(mutant1="survived").verdicts, 1.0, []).startswith(table)


@pytest.mark.parametrize(
    ("verdict", "found"),
    [
        ("survived", []),
        ("wrong", ["equivalent.py lists a mutant of relu_backward that is killed: a test's reason"]),
    ],
)
def test_an_equivalent_mutant_has_to_survive(monkeypatch, verdict, found):
    run = finished(mutant0=verdict)
    monkeypatch.setitem(EQUIVALENT, key_of(relu_backward, run.verdicts[0][2]), "a test's reason")
    assert list(complaints(run, whole=False)) == found
    assert json_report(run.verdicts, 1.0, [])["equivalent"] == {"relu": 1}


def test_a_listed_mutant_that_there_is_not_is_an_error(monkeypatch):
    monkeypatch.setitem(EQUIVALENT, ("relu_backward", "x", "y"), "a test's reason")
    (sentence,) = complaints(finished(), whole=False)
    assert sentence == "equivalent.py lists a mutant of relu_backward that there is not: a test's reason"


def test_failing_tests_missing_mutants_and_unclear_ends_are_errors():
    run = finished(mutant0="broken")
    run.verdicts = [verdict for verdict in run.verdicts if verdict[1] is relu_backward]
    assert list(complaints(run, whole=False)) == [
        "ReLU.backward has no mutants",
        "the tests of 1 mutants did not run to an end",
    ]
    run.broken.append("relu")
    assert next(complaints(run, whole=False)) == "the tests of relu fail without any mutant"


def test_a_whole_run_needs_three_hundred_mutants():
    assert "only 10 mutants, 300 are the least" in list(complaints(finished(), whole=True))


@on_unix
def test_one_subject_from_the_command_line():
    command = [sys.executable, RUN, "ReLU", "--json", "--jobs", "1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    report = json.loads(done.stdout)
    assert done.returncode == 0 and report["errors"] == []
    assert report["matrix"]["relu"]["sign"] == {"killed": 2, "all": 2}
    assert {mutant["verdict"] for mutant in report["mutants"]} == {"wrong"}


@on_unix
def test_an_unknown_subject_is_refused_with_the_names_there_are():
    done = subprocess.run([sys.executable, RUN, "lstn"], capture_output=True, text=True, timeout=120)
    assert done.returncode == 2
    assert "lstn is no subject: choose from averagepool," in done.stderr
