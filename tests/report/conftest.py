"""A run's report with made-up but coherent numbers, and a small reader of HTML."""

from html.parser import HTMLParser

import numpy as np
import pytest

from tinymm.report import Report

VOID = {"meta", "img", "br"}


class Reader(HTMLParser):
    """Reads a page, refuses unbalanced tags, keeps every tag with its attributes and all visible text."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.open, self.words = [], [], []
        self.feed(page)
        self.close()
        assert self.open == []
        self.text = " ".join(self.words).replace("\u00a0", " ")

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.words.append(data)

    def all(self, tag, **attributes):
        """The attributes of every such tag whose attributes are as asked; class is written class_."""
        wanted = {name.rstrip("_"): value for name, value in attributes.items()}
        return [a for t, a in self.tags if t == tag and wanted.items() <= a.items()]


@pytest.fixture
def read():
    return Reader


@pytest.fixture
def report():
    frames = np.zeros((12, 32, 32, 3), dtype=np.uint8)
    frames[:, 8:24, 8:24] = (200, 60, 40)
    losses = [(1.4, 1.5), (0.9, 1.1), (0.5, 0.7), (0.3, 0.8)]
    return Report(
        title="content: what is shown",
        facts={"clips": "360 train, 120 validation, 120 test", "engine": "cpu, 2 threads"},
        history=[
            {
                "epoch": n + 1,
                "loss": loss,
                "validation_loss": validation,
                "validation_accuracy": 0.4 + n / 8,
                "seconds": 2.5,
            }
            for n, (loss, validation) in enumerate(losses)
        ],
        comparison=[
            {"name": "text + video + audio", "validation": 0.94, "test": 0.93},
            {"name": "text alone", "validation": 0.68, "test": 0.66},
            {"name": "video alone", "validation": 0.72, "test": 0.71},
        ],
        chance=0.25,
        labels=["ball", "car", "dog"],
        confusion=np.array([[26, 3, 1], [2, 38, 0], [0, 2, 48]]),
        per_label=[
            {"label": "ball", "precision": 0.93, "recall": 0.87, "f1": 0.896, "clips": 30},
            {"label": "car", "precision": 0.88, "recall": 0.95, "f1": 0.916, "clips": 40},
            {"label": "dog", "precision": 0.98, "recall": 0.96, "f1": 0.57, "clips": 50},
        ],
        worst=[
            {
                "clip": "clips/0003.mp4",
                "text": "it rolls past the window",
                "true": "ball",
                "predicted": "car",
                "probability": 0.983,
                "frames": frames,
                "senses": {"text": ("car", 0.9), "audio": ("ball", 0.61)},
            }
        ],
        left_out=[("clips/0131.mp4", "the file ends in the middle of a frame")],
        summary="text.0  Embedding  3,192\ntotal              61,203",
    )
