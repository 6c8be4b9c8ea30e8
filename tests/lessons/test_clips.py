"""The made clips of the lessons, as arrays."""

import numpy as np

from tinymm.lessons.clips import made_clips


def test_clips_are_normalised_on_the_training_clips_and_repeat_themselves():
    clips, again = made_clips(count=20, seed=1), made_clips(count=20, seed=1)
    shapes = {sense: x.shape for sense, x in clips.inputs.items()}
    assert shapes == {"text": (20, 8), "image": (20, 32, 32, 3), "audio": (20, 124, 32)}
    for sense in ("image", "audio"):
        known = clips.inputs[sense][clips.train]
        np.testing.assert_allclose(known.mean(axis=tuple(range(known.ndim - 1))), 0, atol=1e-4)
    assert all((clips.inputs[sense] == again.inputs[sense]).all() for sense in shapes)
    assert [one.label for one in clips.planted] == ["happy" if y else "sad" for y in clips.y[:, 0]]
    inputs, y = clips.part(train=False, senses=("text",))
    assert list(inputs) == ["text"] and len(y) == (~clips.train).sum() > 0
