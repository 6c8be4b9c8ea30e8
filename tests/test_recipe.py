import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinymm.data import Augment
from tinymm.errors import TinymmError
from tinymm.optimizers import Adam, AdamW
from tinymm.recipe import LIMITS, Recipe, flag


def test_what_is_not_given_is_the_models_own_choice():
    article, default = Recipe("d", "article"), Recipe("d")
    assert (article.frames, article.sound, article.epochs, article.lr) == (1, "waveform", 10, 0.001)
    assert (default.frames, default.sound, default.epochs, default.lr) == (6, "log-mel", 20, 0.003)
    assert article.augmentation() is None and isinstance(default.augmentation(), Augment)
    assert type(article.optimizer()) is Adam and type(default.optimizer()) is AdamW


def test_what_is_given_stays():
    recipe = Recipe("d", "article", frames=3, sound="log-mel", epochs=1, lr=0.5, augment=True, patience=2)
    settings = recipe.settings()
    assert (settings.frames, settings.height, settings.width, settings.sound) == (3, 32, 32, "log-mel")
    assert recipe.optimizer().lr == 0.5 and recipe.augmentation()


def test_a_fresh_optimizer_is_made_each_time():
    recipe = Recipe("d")
    assert recipe.optimizer() is not recipe.optimizer()


@pytest.mark.parametrize("name", LIMITS)
def test_both_limits_are_allowed_and_what_lies_beyond_is_named(name):
    smallest, largest = LIMITS[name]
    for value in (smallest, largest):
        assert getattr(Recipe("d", **{name: value}), name) == value
    for value in (smallest - 1, largest * 2, math.nan, math.inf, "1", True, [1]):
        with pytest.raises(TinymmError, match=f"^{flag(name)} is .*: give a .*number from"):
            Recipe("d", **{name: value})


@pytest.mark.parametrize("name", [name for name in LIMITS if isinstance(LIMITS[name][0], int)])
def test_whole_numbers_cannot_be_fractions(name):
    with pytest.raises(TinymmError, match="whole number"):
        Recipe("d", **{name: LIMITS[name][0] + 0.5})


@pytest.mark.parametrize("name, value", [("model", "huge"), ("sound", "loud"), ("engine", "warp"), ("model", None)])
def test_an_unknown_choice_is_answered_with_the_known_ones(name, value):
    with pytest.raises(TinymmError, match=f"^--{name} is {value!r}: choose "):
        Recipe("d", **{name: value})


@settings(max_examples=10)
@given(
    frames=st.integers(1, 1000), lr=st.floats(1e-12, 1e30), seconds=st.none() | st.floats(0.1, 3600),
    seed=st.integers(0, 2**63 - 1), augment=st.booleans(), data=st.text(max_size=9),
)  # fmt: skip
def test_what_is_written_is_read_again(tmp_path_factory, **choices):
    folder = tmp_path_factory.mktemp("run")
    Recipe(**choices).write(folder)
    assert Recipe.read(folder) == Recipe(**choices)


def test_a_folder_without_a_run_is_told(tmp_path):
    with pytest.raises(TinymmError, match="holds no run to resume"):
        Recipe.read(tmp_path)


@pytest.mark.parametrize("change", [{"epochs": 0}, {"new": 1}, {"data": 1}, {"strict": "no"}, {"model": []}])
def test_a_damaged_file_is_named(tmp_path, change):
    Recipe("d").write(tmp_path)
    path = tmp_path / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(TinymmError, match="config.json is damaged"):
        Recipe.read(tmp_path)


def test_flags_are_those_of_the_command_line():
    assert [flag(name) for name in ("lr", "batch_size", "augment", "compare")] == [
        "--lr", "--batch-size", "--no-augment", "--no-compare",
    ]  # fmt: skip
