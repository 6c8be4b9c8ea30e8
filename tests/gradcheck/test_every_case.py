"""Every case of the command line at other numbers, and the adjoint identity of the linear layers."""

import pytest

from tinymm.gradchecking.cases import CASES

every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


@every_case
def test_the_cases_of_the_command_line_are_right_at_other_numbers_too(case):
    report = case.check(seed=11)
    assert report, str(report)
    assert report.worst("complex step") <= 1e-12


LINEAR = (
    "AveragePool1D",
    "AveragePool2D",
    "Conv1D",
    "Conv2D",
    "Dense",
    "Embedding",
    "Flatten",
    "GlobalAveragePool",
)


@pytest.mark.parametrize("case", [c for c in CASES if c.layer in LINEAR], ids=lambda case: case.name)
def test_linear_layers_are_found_linear_and_fulfil_the_adjoint_identity(case):
    report = case.check()
    assert {c.array for c in report.checks if c.method == "adjoint identity"} == {
        c.array for c in report.checks
    }
