"""Model files: everything comes back, nothing is executed, and damage is named."""

import json
import struct

import numpy as np
import pytest

import tinymm as mm
from tinymm.saving import describe, digest, read_tensors, write_tensors


def full_model():
    """Every layer there is, once."""
    text = mm.Sequential(mm.Embedding(9, 4, padding_id=0), mm.LSTM(3, return_sequences=True), mm.RNN(3))
    frame = mm.Sequential(
        mm.Conv2D(3, 3, stride=(1, 2), padding=((1, 0), 2)), mm.BatchNorm(0.8), mm.ReLU(), mm.MaxPool2D(2),
        mm.AveragePool2D(2, padding="same"), mm.GlobalMaxPool(),
    )  # fmt: skip
    video = mm.Sequential(mm.TimeDistributed(frame), mm.LayerNorm(), mm.GlobalAveragePool())
    audio = mm.Sequential(
        mm.Conv1D(2, 3, padding="same"), mm.Tanh(), mm.MaxPool1D(2), mm.AveragePool1D(2), mm.Flatten(), mm.Dropout(0.5)
    )
    joint = mm.Concatenate(text=text, video=video, audio=audio)
    return mm.Sequential(joint, mm.Dense(4, "he_normal"), mm.Sigmoid(), mm.Dense(3), mm.Softmax())


def batch(rng):
    return {
        "text": rng.integers(0, 9, (2, 5)),
        "video": rng.normal(size=(2, 3, 8, 9, 2)),
        "audio": rng.normal(size=(2, 12, 1)),
    }


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_model_of_all_layers_comes_back_with_its_state_and_metadata(tmp_path, rng, dtype):
    x = batch(rng)
    model = full_model()
    model.build({k: a.shape[1:] for k, a in x.items()}, rng, dtype)
    engine = mm.make_engine(model, mm.CrossEntropy(), mm.SGD())
    engine.step(x, np.array([0, 2]))
    mm.save(model, tmp_path / "m.safetensors", {"labels": ["猫", "dog"]})
    back = mm.load(tmp_path / "m.safetensors")
    assert json.loads(json.dumps(describe(back))) == json.loads(json.dumps(describe(model)))
    assert back.metadata == {"labels": ["猫", "dog"]}
    assert {**back.params, **back.state}.keys() == {**model.params, **model.state}.keys()
    np.testing.assert_array_equal(back.forward(x)[0], model.forward(x)[0])
    assert {a.dtype for a in back.params.values()} == {np.dtype(dtype)}


def test_the_keys_of_the_file_are_the_paths_of_the_parameters(tmp_path, rng):
    model = full_model()
    model.build({k: a.shape[1:] for k, a in batch(rng).items()}, rng)
    mm.save(model, tmp_path / "m.safetensors")
    tensors, _ = read_tensors(tmp_path / "m.safetensors")
    assert set(tensors) == set(model.params) | set(model.state)
    assert "text.1.U" in tensors and "video.0.layer.1.mean" in tensors and "1.W" in tensors


def test_a_layer_used_twice_is_one_layer_after_loading(tmp_path, rng):
    shared = mm.Dense(3)
    model = mm.Sequential(mm.Concatenate(a=mm.Sequential(shared, mm.Tanh()), b=shared), mm.Dense(1))
    x = {"a": rng.normal(size=(2, 3)), "b": rng.normal(size=(2, 3))}
    model.build({"a": (3,), "b": (3,)}, rng)
    mm.save(model, tmp_path / "m.safetensors")
    back = mm.load(tmp_path / "m.safetensors")
    assert list(back.params) == list(model.params)
    branches = back.children[""].children
    assert branches["a"].children["0"] is branches["b"]
    np.testing.assert_array_equal(back.forward(x)[0], model.forward(x)[0])


def test_a_model_without_weights_is_not_saved(tmp_path):
    with pytest.raises(mm.TinymmError, match="build"):
        mm.save(mm.Sequential(mm.Dense(1)), tmp_path / "m.safetensors")
    assert list(tmp_path.iterdir()) == []


def saved(tmp_path, rng):
    model = mm.Sequential(mm.Dense(3))
    model.build((2,), rng)
    path = tmp_path / "m.safetensors"
    mm.save(model, path)
    return path


def test_a_file_cut_anywhere_is_refused_in_one_line(tmp_path, rng):
    path = saved(tmp_path, rng)
    whole = path.read_bytes()
    for length in [0, 1, 7, 8, 20, len(whole) // 2, len(whole) - 1]:
        path.write_bytes(whole[:length])
        with pytest.raises(mm.TinymmError, match="m.safetensors") as error:
            mm.load(path)
        assert "\n" not in str(error.value)


@pytest.mark.parametrize("bits", [0x01, 0x55])
def test_any_damaged_byte_of_header_or_weights_is_refused(tmp_path, rng, bits):
    path = saved(tmp_path, rng)
    whole = path.read_bytes()
    for place in range(0, len(whole), 3):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ bits]) + whole[place + 1 :])
        with pytest.raises(mm.TinymmError, match="m.safetensors"):
            mm.load(path)


def test_files_of_others_are_refused(tmp_path):
    from safetensors.numpy import save_file

    save_file({"w": np.ones(3)}, tmp_path / "foreign.safetensors")
    with pytest.raises(mm.TinymmError, match="another program"):
        mm.load(tmp_path / "foreign.safetensors")
    (tmp_path / "text.safetensors").write_text("a letter, not a model")
    with pytest.raises(mm.TinymmError, match="not a model file"):
        mm.load(tmp_path / "text.safetensors")
    with pytest.raises(mm.TinymmError, match="no model file"):
        mm.load(tmp_path / "missing.safetensors")
    with pytest.raises(mm.TinymmError, match="not a model file"):
        mm.load(tmp_path)


def rewrite(path, change):
    tensors, header = read_tensors(path)
    change(tensors, header)
    write_tensors(path, tensors, {k: v for k, v in header.items() if k != "format"})


@pytest.mark.parametrize("change, message", [
    (lambda t, h: h["architecture"]["model"]["children"]["0"].update(layer="os.system"), "os.system"),
    (lambda t, h: h["architecture"]["model"]["children"]["0"].update(units=5), "shape"),
    (lambda t, h: h["architecture"]["model"]["children"]["0"].update(unitz=5), "does not fit"),
    (lambda t, h: h["architecture"]["model"].update(layer="Layer"), "does not fit"),
    (lambda t, h: t.pop("0.W"), "does not fit"),
    (lambda t, h: h.pop("architecture"), "does not fit"),
    (lambda t, h: h["architecture"].update(input_shape="abc"), "does not fit|wants"),
])  # fmt: skip
def test_a_description_that_does_not_fit_is_refused_and_nothing_else_happens(tmp_path, rng, change, message):
    path = saved(tmp_path, rng)
    rewrite(path, change)
    with pytest.raises(mm.TinymmError, match=message):
        mm.load(path)


def test_a_format_of_the_future_is_refused(tmp_path, rng):
    path = saved(tmp_path, rng)
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    inner = json.loads(header["__metadata__"]["tinymm"]) | {"format": 99}
    del inner["sha256"]
    inner["sha256"] = digest(read_tensors(path)[0], inner)
    header["__metadata__"]["tinymm"] = json.dumps(inner)
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data[8 + length :])
    with pytest.raises(mm.TinymmError, match="format 99"):
        mm.load(path)


class Double(mm.Layer):
    def run(self, x):
        return 2 * x, None

    def backward(self, dy, cache):
        return 2 * dy, {}


def test_a_layer_of_ones_own_is_loaded_when_it_is_named(tmp_path, rng):
    model = mm.Sequential(Double(), mm.Dense(1))
    model.build((2,), rng)
    mm.save(model, tmp_path / "m.safetensors")
    with pytest.raises(mm.TinymmError, match="Double"):
        mm.load(tmp_path / "m.safetensors")
    x = rng.normal(size=(3, 2))
    back = mm.load(tmp_path / "m.safetensors", custom=[Double])
    np.testing.assert_array_equal(back.forward(x)[0], model.forward(x)[0])


def test_the_same_model_gives_the_same_bytes(tmp_path):
    files = {saved(tmp_path, np.random.default_rng(0)).read_bytes() for _ in range(8)}
    assert len(files) == 1


def test_a_disk_that_fills_up_leaves_the_earlier_file(tmp_path, rng, monkeypatch):
    path = saved(tmp_path, rng)
    before = path.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        saved(tmp_path, rng)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["m.safetensors"]
