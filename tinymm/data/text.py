"""Text as words, words as numbers."""

import unicodedata
from collections import Counter

import numpy as np

from tinymm.errors import TinymmError

PADDING, UNKNOWN = 0, 1

# First and last code point of scripts written without spaces: each character is a word.
CHARACTER_SCRIPTS = (
    (0x1100, 0x11FF),  # Hangul letters
    (0x3005, 0x3007),  # the repetition mark, and zero
    (0x3040, 0x30FF),  # Hiragana, Katakana
    (0x31F0, 0x31FF),  # Katakana for Ainu
    (0x3400, 0x4DBF),  # Chinese characters, extension A
    (0x4E00, 0x9FFF),  # Chinese characters
    (0xAC00, 0xD7AF),  # Hangul syllables
    (0xF900, 0xFAFF),  # Chinese characters, compatibility
    (0x20000, 0x3FFFF),  # Chinese characters, further extensions
)


def tokenize(text):
    """The words of a text, without punctuation, without a difference between small and capital letters.

    Chinese, Japanese and Korean come apart into characters. Elsewhere a word is a run of letters, accents
    and digits; an apostrophe inside a word (don't) and a point between digits (2.5) belong to it.
    Compatibility forms are unified first (Unicode NFKC), so full-width letters equal plain ones.
    """
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).replace("’", "'")
    words, word = [], ""
    for place, char in enumerate(text):
        if unicodedata.category(char)[0] in "LMN":  # letter, mark (accents, vowel signs), number
            alone = any(first <= ord(char) <= last for first, last in CHARACTER_SCRIPTS)
            if not alone:
                word += char
                continue
            words += [word, char]
        elif word and _joins(char, text[place - 1], text[place + 1:place + 2]):
            word += char
            continue
        else:
            words.append(word)
        word = ""
    return [word for word in (*words, word) if word]


def _joins(char, before, after):
    return (char == "'" and after.isalpha()) or (char == "." and before.isdecimal() and after.isdecimal())


class Vocabulary:
    """The words a model knows. Number 0 fills up short texts, number 1 is every word not known."""

    def __init__(self, words):
        self.words = ("<padding>", "<unknown>", *words)
        self._ids = {word: index for index, word in enumerate(self.words)}

    @classmethod
    def build(cls, texts, size=10000):
        """The most frequent words of ``texts``, ties in alphabetical order; ``size`` counts 0 and 1 too."""
        counts = Counter(word for text in texts for word in tokenize(text))
        ranked = sorted(counts, key=lambda word: (-counts[word], word))
        return cls(ranked[:max(0, size - 2)])

    def __len__(self):
        return len(self.words)

    def encode(self, texts, length):
        """N texts as int64 (N, length): cut after ``length`` words, filled up with 0 on the right."""
        ids = np.full((len(texts), length), PADDING, np.int64)
        for row, text in zip(ids, texts):
            known = [self._ids.get(word, UNKNOWN) for word in tokenize(text)[:length]]
            row[:len(known)] = known
        return ids

    def decode(self, ids):
        """(N, length) numbers as N lists of words, without the padding."""
        return [[self.words[index] for index in row if index != PADDING] for row in np.asarray(ids)]

    def to_dict(self):
        """The words as JSON can hold them."""
        return {"words": list(self.words[2:])}

    @classmethod
    def from_dict(cls, saved):
        """The inverse of `to_dict`. Raises TinymmError when ``saved`` is something else."""
        try:
            return cls(saved["words"])
        except (KeyError, TypeError):
            raise TinymmError("the saved vocabulary is damaged, save the model anew") from None
