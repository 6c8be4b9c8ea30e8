"""The README's Python runs as it stands there, and its links lead somewhere."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_listing_trains_as_it_stands_in_the_readme(capsys):
    listing, layer = re.findall(r"```python\n(.*?)```", TEXT, re.S)
    space = {}
    exec(listing, space)
    assert len(space["history"]) == 10
    assert space["history"][-1]["loss"] < space["history"][0]["loss"]
    printed = capsys.readouterr().out
    assert "LSTM" in printed and "epoch  10/10" in printed
    exec(layer, space)
    assert space["dW"].shape == (3, 2)


def test_every_link_and_path_of_the_readme_exists():
    for link in re.findall(r"\]\(([^)#]+)\)", TEXT):
        assert link.startswith("http") or (ROOT / link).exists(), link
    for path in re.findall(r"`((?:tinymm|tests|benchmarks)/[\w/.]*)`", TEXT):
        assert (ROOT / path).exists(), path
