"""The written file: whole, self-contained, safe, and without a missing number."""

import re

import numpy as np
import pytest

from tinymm.errors import TinymmError
from tinymm.report import Report, write_report
from tinymm.report.page import render

HOSTILE = "<script>alert(\"x\")</script> & 'q' </style> \ud800 \0"


def test_a_report_is_well_formed_and_names_its_language_and_title(report, read):
    page = read(render(report))
    assert page.all("html") == [{"lang": "en"}]
    assert "content: what is shown – tinymm report" in page.text
    assert len(page.all("h1")) == 1


def test_the_page_asks_nothing_of_the_network(report, read):
    text = render(report)
    assert not re.search(r"https?:|//|url\(|@import", re.sub(r"base64,[A-Za-z0-9+/=]+", "", text))
    page = read(text)
    assert not page.all("script") and not page.all("link")
    assert all(a["src"].startswith("data:image/png;base64,") for a in page.all("img"))
    assert any("default-src 'none'" in a.get("content", "") for a in page.all("meta"))


def test_every_number_that_was_given_is_shown(report, read):
    text = read(render(report)).text
    shown = ["93 %", "94 %", "66 %", "68 %", "71 %", "72 %", "25 %", "98 %", "90 %", "61 %", "87 %", "57 %"]
    shown += ["1.4", "1.5", "0.9", "1.1", "0.5", "0.7", "0.3", "0.8", "40 %", "52 %", "65 %", "78 %", "2.5"]
    shown += ["26", "38", "48", "3", "1", "2", "0", "30", "40", "50"]
    assert sorted(set(shown) - set(re.findall(r"\d[\d.,]* %|\d[\d.,]*\d|\d", text))) == []
    assert "360 train, 120 validation, 120 test" in text and report.summary in text


def test_texts_from_outside_are_shown_and_never_become_tags(report, read):
    plain = read(render(report))
    report.title = report.summary = HOSTILE
    report.facts = {HOSTILE: HOSTILE, "engine": HOSTILE}
    report.labels = [HOSTILE, "非常长的标签", 'a" onload="x']
    report.comparison[0]["name"] = report.comparison[1]["name"] = HOSTILE
    report.per_label[0]["label"] = HOSTILE
    clip = report.worst[0]
    clip |= {"clip": HOSTILE, "text": HOSTILE, "true": HOSTILE, "predicted": HOSTILE}
    clip["senses"] = {HOSTILE: (HOSTILE, 0.9), "audio": ("非常长的标签", 0.61)}
    report.left_out = [(HOSTILE, HOSTILE)]
    page = read(render(report))
    assert not page.all("script")
    assert [tag for tag, _ in page.tags] == [tag for tag, _ in plain.tags]
    assert not any("onload" in attributes for _, attributes in page.tags)
    assert page.text.count("alert(\"x\")</script> & 'q'") >= 10
    assert "非常长的标签" in page.text


def test_pictures_and_tables_are_named_for_those_who_cannot_see_them(report, read):
    page = read(render(report))
    ids = [a["id"] for _, a in page.tags if "id" in a]
    assert len(ids) == len(set(ids)) == 6
    for svg in page.all("svg"):
        assert svg["role"] == "img" and set(svg["aria-labelledby"].split()) <= set(ids)
    assert len(page.all("caption")) == len(page.all("table")) == 4
    assert page.all("img")[0]["alt"] == "6 frames of clips/0003.mp4, in order"


def _missing_everything(report):
    nan = float("nan")
    report.chance = nan
    report.history = [{**row, "loss": nan, "validation_loss": None} for row in report.history]
    report.comparison = [{"name": "text + video", "validation": nan, "test": None}]
    report.per_label[0] |= {"precision": nan, "recall": None, "f1": nan}
    report.worst[0] |= {"probability": nan, "senses": {"text": ("car", nan)}, "frames": None}


def _without_validation(report):
    report.history = [{"epoch": n, "loss": 500 / n, "seconds": 1.0} for n in range(1, 240)]


def _one_of_each(report):
    report.history, report.comparison = report.history[:1], report.comparison[:1]
    report.labels, report.confusion, report.per_label = ["calm"], np.array([[0]]), report.per_label[:1]
    report.worst[0]["frames"] = report.worst[0]["frames"][:1]


def _forty_labels(report):
    report.labels = [f"an extraordinarily long label, number {n}" for n in range(40)]
    report.confusion = np.random.default_rng(0).integers(0, 9, (40, 40))


def _tags(report):
    report.confusion = None


def _nothing(report):
    report.__dict__.update(Report("empty").__dict__)


@pytest.mark.parametrize(
    "change", [_missing_everything, _without_validation, _one_of_each, _forty_labels, _tags, _nothing]
)
def test_unusual_runs_give_whole_pages_without_nan(report, read, change):
    change(report)
    text = render(report)
    read(text)
    assert not re.search(r"\b(nan|inf|None)\b", re.sub(r"base64,[A-Za-z0-9+/=]+", "", text))


def test_what_is_absent_is_said_or_left_away(read):
    page = read(render(Report("empty")))
    assert "was not measured" in page.text
    assert "No wrong answer to show." in page.text
    assert "Nothing: every clip could be used." in page.text
    assert not page.all("svg") and not page.all("table")


def test_the_first_fifty_left_out_clips_are_listed_and_the_others_counted(report, read):
    report.left_out = [(f"clips/{n}.mp4", "silent") for n in range(67)]
    page = read(render(report))
    assert "clips/49.mp4" in page.text and "clips/50.mp4" not in page.text
    assert "67 clips left out" in page.text and "… and 17 more clips." in page.text


def test_a_confusion_matrix_that_does_not_fit_the_labels_is_refused(report):
    report.labels = ["ball", "car"]
    with pytest.raises(TinymmError, match="2 labels but a 3 × 3 confusion matrix"):
        render(report)


def test_eight_noisy_clips_stay_under_600_kb(report, tmp_path):
    smooth = np.random.default_rng(0).integers(0, 256, (12, 16, 16, 3), dtype=np.uint8)
    frames = smooth.repeat(4, axis=1).repeat(4, axis=2)
    report.worst = [{**report.worst[0], "frames": frames}] * 8
    write_report(tmp_path / "report.html", report)
    assert (tmp_path / "report.html").stat().st_size < 600_000


def test_a_full_disk_leaves_the_earlier_report_as_it_was(report, tmp_path, monkeypatch):
    path = tmp_path / "report.html"
    write_report(path, report)
    before = path.read_bytes()

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_report(path, Report("another run"))
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]
