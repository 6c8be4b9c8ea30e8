import builtins
import sys

from tinymm.cli import doctor


def test_doctor_names_every_package_and_the_gpu(tinymm):
    ended = tinymm("doctor")
    assert ended.code == 0 and ended.err == ""
    for name in ("numpy", "BLAS", "GPU", *doctor.PACKAGES):
        assert f"  {name} " in ended.out


def test_doctor_prints_one_json_object(tinymm):
    found = tinymm("doctor", "--json").json
    assert {"tinymm", "processor", "GPU", *doctor.PACKAGES} <= set(found)
    assert all(set(entry) == {"ok", "found", "todo"} for entry in found.values())


def test_doctor_works_without_rich_and_says_what_to_install(tinymm, monkeypatch):
    for name in ("rich", "av"):
        monkeypatch.setitem(sys.modules, name, None)
    ended = tinymm("doctor")
    assert ended.code == 0
    assert "pip install rich" in ended.out and "pip install av" in ended.out


def test_doctor_survives_a_package_that_breaks_on_import(tinymm, monkeypatch):
    real = builtins.__import__

    def broken(name, *rest):
        if name == "cupy":
            raise ImportError("libcuda.so.1: cannot open")
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", broken)
    monkeypatch.setitem(doctor.PACKAGES, "tinymm_no_such_package", "nothing: pip install nothing")
    found = tinymm("doctor", "--json").json
    assert not found["GPU"]["ok"]
    entry = found["tinymm_no_such_package"]
    assert not entry["ok"] and "No module named" in entry["found"] and entry["todo"] == "nothing: pip install nothing"


def test_other_verbs_say_that_rich_is_missing(tinymm, clips, monkeypatch):
    monkeypatch.setitem(sys.modules, "rich", None)
    monkeypatch.setitem(sys.modules, "rich.console", None)
    assert tinymm("train", clips).failed_with("pip install rich")
