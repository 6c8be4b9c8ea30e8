import json
import shutil

import av
import imageio.v3
import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

from tinymm.saving import read_tensors, write_tensors


def rewritten(trained, path, change):
    """A copy of the trained model with ``change(tensors, header)`` made to it."""
    tensors, header = read_tensors(trained / "best.safetensors")
    change(tensors, header)
    write_tensors(path, tensors, header)
    return path


def test_the_answer_names_the_clip_the_label_and_all_probabilities(tinymm, trained, files):
    ended = tinymm("predict", trained, files[0], files[1], "--text", "oh no", "--text", "")
    assert ended.code == 0 and ended.err == ""
    lines = ended.out.splitlines()
    assert [line.split(": ")[0] for line in lines[::2]] == [str(files[0]), str(files[1])]
    assert all(name in lines[1] for name in ("angry", "calm", "happy", "sad"))
    shares = [float(word) for word in lines[1].split() if word[0].isdigit()]
    assert shares == sorted(shares, reverse=True) and sum(shares) == pytest.approx(100, abs=0.5)


def test_json_is_one_object(tinymm, trained, files):
    answer = tinymm("predict", trained, *files[:3], "--json").json
    assert [row["clip"] for row in answer["predictions"]] == [str(file) for file in files[:3]]
    best = {row["labels"][0]: row["probabilities"] for row in answer["predictions"]}
    assert all(shares[name] == max(shares.values()) for name, shares in best.items())


def test_one_text_serves_all_clips(tinymm, trained, files):
    def ask(*texts):
        words = [word for text in texts for word in ("--text", text)]
        return tinymm("predict", trained, *files[:2], *words, "--json").json["predictions"]

    assert ask("what a day") == ask("what a day", "what a day")
    assert tinymm("predict", trained, *files[:3], "--text", "a", "--text", "b").failed_with("2 --text for 3 clips")


def test_the_file_alone_is_enough(tinymm, trained, files, tmp_path):
    shutil.copy(trained / "best.safetensors", tmp_path / "model.safetensors")
    shutil.copy(files[0], tmp_path / "clip.mp4")
    here = tinymm("predict", "model.safetensors", "clip.mp4", "--json").json["predictions"][0]
    there = tinymm("predict", trained, files[0], "--json").json["predictions"][0]
    assert here["probabilities"] == there["probabilities"]


def test_a_clip_that_cannot_be_read_is_named(tinymm, trained, files, tmp_path):
    (tmp_path / "text.mp4").write_text("This is not a film.\n" * 50)
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "half.mp4").write_bytes(files[0].read_bytes()[:9000])
    imageio.v3.imwrite(tmp_path / "whole.gif", np.random.default_rng(0).integers(0, 255, (9, 20, 20, 3), np.uint8))
    whole = (tmp_path / "whole.gif").read_bytes()
    (tmp_path / "half.gif").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "hollow").mkdir()
    assert tinymm("predict", trained, "gone.mp4").failed_with("there is no clip gone.mp4")
    assert tinymm("predict", trained, files[0], "text.mp4").failed_with("text.mp4", "not a video")
    assert tinymm("predict", trained, "empty.mp4").failed_with("empty.mp4", "empty")
    assert tinymm("predict", trained, "half.mp4").failed_with("half.mp4", "cut off")
    assert tinymm("predict", trained, "whole.gif").code == 0
    assert tinymm("predict", trained, "half.gif").failed_with("half.gif", "cut off")
    assert tinymm("predict", trained, "hollow").failed_with("hollow", "without a png or jpg")


def test_a_file_that_is_no_model_is_named(tinymm, trained, files, tmp_path):
    whole = (trained / "best.safetensors").read_bytes()
    (tmp_path / "half.safetensors").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "empty.safetensors").touch()
    (tmp_path / "letter.safetensors").write_text("Dear model,\n" * 50)
    save_file({"a": np.zeros(3)}, tmp_path / "foreign.safetensors")
    save_file({"a": np.zeros(3)}, tmp_path / "null.safetensors", metadata={"tinymm": "null"})
    (tmp_path / "folder").mkdir()
    for name, words in {
        "half": "damaged", "empty": "damaged", "letter": "not a model file", "foreign": "another program",
        "null": "another program", "gone": "there is no model file",
    }.items():  # fmt: skip
        assert tinymm("predict", f"{name}.safetensors", files[0]).failed_with(f"{name}.safetensors", words)
    assert tinymm("predict", "folder", files[0]).failed_with("folder holds no trained model")
    assert tinymm("predict", files[0], files[0]).failed_with("not a model file")


def test_a_model_with_a_damaged_description_is_named(tinymm, trained, files, tmp_path):
    def spoil(part, value):
        return lambda tensors, header: header["metadata"].update({part: value})

    path = tmp_path / "spoiled.safetensors"
    for part, value in {
        "loss": {"loss": "Nothing"}, "labels": {"kind": "binary"}, "preprocessing": {"settings": {"frames": 0}},
        "seen": 5,
    }.items():  # fmt: skip
        rewritten(trained, path, spoil(part, value))
        assert tinymm("predict", path, files[0]).failed_with("spoiled.safetensors", "damaged")
    rewritten(trained, path, lambda tensors, header: header["metadata"].clear())
    assert tinymm("predict", path, files[0]).failed_with("not how to read clips")
    rewritten(trained, path, lambda tensors, header: header["architecture"].clear())
    assert tinymm("predict", path, files[0]).failed_with("does not fit its weights")


def test_a_model_with_nan_in_it_is_not_believed(tinymm, trained, files, tmp_path):
    def poison(tensors, header):
        name = next(name for name in tensors if name.endswith(".b"))
        tensors[name] = np.full_like(tensors[name], np.nan)

    path = rewritten(trained, tmp_path / "nan.safetensors", poison)
    for words in ((), ("--json",)):
        ended = tinymm("predict", path, files[0], *words)
        assert ended.failed_with("nan.safetensors", "NaN") and ended.out == ""


@pytest.mark.parametrize("rate, seconds, size, sound", [(5, 0.4, (18, 40), None), (50, 6, (200, 90), 48000)])
def test_a_clip_of_another_length_size_and_rate_is_answered(tinymm, trained, tmp_path, rate, seconds, size, sound):
    path = tmp_path / "other.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=rate)
        stream.height, stream.width, stream.pix_fmt = *size, "yuv420p"
        track = container.add_stream("pcm_s16le", rate=sound, layout="stereo") if sound else None
        for index in range(round(rate * seconds)):
            frame = av.VideoFrame.from_ndarray(np.full((*size, 3), index % 255, np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
        if track:
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 2 * sound), np.int16), format="s16", layout="stereo")
            frame.sample_rate, frame.pts = sound, 0
            container.mux(track.encode(frame))
            container.mux(track.encode())
    answer = tinymm("predict", trained, path, "--json").json["predictions"][0]
    assert sum(answer["probabilities"].values()) == pytest.approx(1, abs=0.001)


def test_nothing_in_a_model_file_tells_where_it_was_trained(trained, clips):
    with safe_open(trained / "best.safetensors", framework="numpy") as file:
        assert str(clips.parent) not in json.dumps(file.metadata())
