"""`tinymm gradcheck`: tables, JSON, exit codes and refusals."""

import re

import pytest

RIGHT = "import numpy as np\n\ndef my_tanh_forward(x):\n    y = np.tanh(x)\n    return y, y\n\n"
RIGHT += "def my_tanh_backward(dy, y):\n    return {sign}dy * (1 - y * y)\n"


@pytest.fixture
def my_tanh(tmp_path):
    def write(sign=""):
        (tmp_path / "my_layer.py").write_text(RIGHT.format(sign=sign), encoding="utf-8")
        return "my_layer.py:my_tanh"

    return write


def test_without_names_everything_is_checked_one_line_a_case(tinymm):
    ended = tinymm("gradcheck")
    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert any(line.startswith("LSTM sequences, mask") and line.endswith("ok") for line in lines)
    assert any(line.startswith("BinaryCrossEntropy from logits") for line in lines)
    assert "WRONG" not in ended.out
    columns = ("dy = 0", "central differences", "complex step", "full Jacobian", "adjoint identity")
    assert [word for word in re.split(" {2,}", lines[0])] == ["worst relative error of", *columns, "verdict"]
    right, of = lines[-1].split()[0], lines[-1].split()[2]
    assert right == of and int(of) > 50


def test_names_are_matched_without_case_and_their_tables_told_in_full(tinymm):
    ended = tinymm("gradcheck", "TANH", "layernorm")
    assert ended.code == 0
    assert ended.out.count("all gradients are right") == 2
    assert "Tanh: x (3, 4)" in ended.out and "complex step" in ended.out and "gamma" in ended.out


def test_an_unknown_name_is_answered_with_the_nearest_or_all(tinymm):
    assert tinymm("gradcheck", "conv2").failed_with("conv2 is no layer", "did you mean Conv2D?")
    assert tinymm("gradcheck", "xyz").failed_with("xyz", "AveragePool1D", "MeanSquaredError")


def test_json_is_one_object_with_all_checks(tinymm):
    told = tinymm("gradcheck", "dense", "--json").json
    assert told["passed"] and [report["name"] for report in told["reports"]] == [
        "Dense",
        "Dense on sequences",
    ]
    assert {check["method"] for check in told["reports"][0]["checks"]} >= {"complex step", "adjoint identity"}


def test_what_a_file_prints_stays_off_the_json(tinymm, tmp_path):
    noisy = RIGHT.format(sign="").replace("    y = np", "    print('in forward')\n    y = np")
    (tmp_path / "noisy.py").write_text(f"print('at import')\n{noisy}", encoding="utf-8")
    ended = tinymm("gradcheck", "noisy.py:my_tanh", "--json")
    assert ended.code == 0 and ended.json["passed"]
    assert "at import" in ended.err and "in forward" in ended.err
    assert "at import" in tinymm("gradcheck", "noisy.py:my_tanh").out


def test_ones_own_layer_is_right_or_wrong_by_exit_code(tinymm, my_tanh):
    ended = tinymm("gradcheck", my_tanh())
    assert ended.code == 0 and "tinymm's tanh" in ended.out
    ended = tinymm("gradcheck", my_tanh(sign="-"))
    assert (ended.code, ended.err) == (1, "")
    assert (
        "looks like: the gradient of x: its sign is flipped" in ended.out
        and "smallest failing shape: x (1, 1)" in ended.out
    )
    ended = tinymm("gradcheck", my_tanh(sign="-"), "--json")
    assert ended.code == 1 and ended.json["passed"] is False
    assert ended.json["reports"][0]["diagnosis"] == ["the gradient of x: its sign is flipped"]


def test_bad_input_is_one_line(tinymm, my_tanh):
    assert tinymm("gradcheck", "none.py:A").failed_with("none.py", "no such file")
    assert tinymm("gradcheck", my_tanh().replace("tanh", "tan")).failed_with(
        "my_layer.py", "did you mean my_tanh?"
    )
    assert tinymm("gradcheck", my_tanh(), "--shape", "2,a").failed_with("--shape", "2,5,4,3")
    assert tinymm("gradcheck", "dense", "--shape", "2,3").failed_with("--shape is for a layer of your own")
    assert tinymm("gradcheck", "dense", "--seed", "-1").failed_with("--seed is -1")


def test_a_given_shape_is_used(tinymm, my_tanh):
    ended = tinymm("gradcheck", my_tanh(), "--shape", "2,3,4")
    assert ended.code == 0 and "x (2, 3, 4)" in ended.out
