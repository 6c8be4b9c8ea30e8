import numpy as np
import pytest

from tinymm.data.synthetic import sound
from tinymm.data.synthetic.sound import RATE, SAMPLES


def loudest(track):
    """The frequency in Hz with the most energy."""
    return np.argmax(np.abs(np.fft.rfft(track))) * RATE / len(track)


@pytest.mark.parametrize("centre", [200, 1000, 3000])
def test_noise_has_strength_one_and_sits_in_its_band(centre):
    track = sound.noise(np.random.default_rng(0), 1.0, centre, 0.2)
    power = np.abs(np.fft.rfft(track)) ** 2
    inside = power[int(0.6 * centre) : int(1.6 * centre)].sum() / power.sum()
    assert np.sqrt(np.mean(track**2)) == pytest.approx(1)
    assert inside > 0.95


def test_a_struck_tone_dies_away_at_its_rate():
    track = sound.struck(1.0, (440,), 0.1)
    assert np.abs(track[1600:1700]).max() == pytest.approx(np.exp(-1), rel=0.05)
    assert loudest(track) == pytest.approx(440, abs=2)


def test_a_gliding_tone_follows_its_pitch():
    track = sound.gliding(np.linspace(300, 600, SAMPLES))
    assert loudest(track[:1600]) == pytest.approx(310, abs=15)
    assert loudest(track[-1600:]) == pytest.approx(590, abs=15)


def test_a_voice_rings_at_its_formant():
    pitch = np.full(RATE, 100.0)
    for formant in (500, 1500):
        track = sound.voiced(np.random.default_rng(0), pitch, (formant,), breath=0.0)
        spectrum = np.abs(np.fft.rfft(track))
        assert spectrum[formant] > 1.5 * spectrum[formant - 300]
        assert spectrum[formant] > 3 * spectrum[formant + 300]
        assert np.abs(track).max() == pytest.approx(1)


def test_a_rough_voice_trembles_at_seventy_hertz():
    pitch = np.full(RATE, 150.0)
    shares = []
    for roughness in (0.0, 1.0):
        track = sound.voiced(np.random.default_rng(0), pitch, (700, 1200), roughness, 0.0)
        loudness = np.abs(np.fft.rfft(track**2))
        shares.append(loudness[65:76].max() / loudness[0])
    assert shares[1] > 5 * shares[0]


def test_sounds_are_added_in_place_and_cut_at_the_end():
    track = np.zeros(100)
    sound.add(track, np.ones(50), 80 / RATE, 0.5)
    sound.add(track, np.ones(50), 1.0)
    assert track[:80].sum() == 0 and np.all(track[80:] == 0.5)


def test_an_echo_keeps_the_peak_and_fills_the_silence():
    track = np.zeros(SAMPLES)
    track[1000:1100] = 0.8
    wet = sound.echo(np.random.default_rng(0), track, 0.05)
    assert np.abs(wet).max() == pytest.approx(0.8)
    assert np.abs(wet[1200:2000]).max() > 0.01 > np.abs(wet[8000:]).max()


def test_swells_begin_and_end_in_silence():
    shape = sound.swell(1000)
    assert shape[0] == shape[-1] == 0 and shape.max() == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("seed", range(8))
def test_a_track_that_tells_nothing_is_quiet_but_whole(seed):
    track = sound.nothing(np.random.default_rng(seed))
    assert track.shape == (SAMPLES,) and track.dtype == np.float32
    assert 0 < np.abs(track).max() < 0.5
