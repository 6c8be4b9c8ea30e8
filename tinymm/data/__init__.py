"""From a folder of clips to arrays: reading, cleaning, splitting, decoding, preprocessing, augmenting."""

from tinymm.data.audio import log_mel, mel_filters, read_sound
from tinymm.data.augment import Augment
from tinymm.data.cache import Cache
from tinymm.data.clips import Clip, LeftOut, clean, read_manifest, split_clips
from tinymm.data.container import ClipError
from tinymm.data.labels import LabelSet
from tinymm.data.preprocess import Preprocessor, Settings
from tinymm.data.text import Vocabulary, tokenize
from tinymm.data.video import read_frames, video_duration

__all__ = [
    "Augment", "Cache", "Clip", "ClipError", "LabelSet", "LeftOut", "Preprocessor", "Settings", "Vocabulary",
    "clean", "log_mel", "mel_filters", "read_frames", "read_manifest", "read_sound", "split_clips",
    "tokenize", "video_duration",
]
