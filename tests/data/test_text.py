import json

import numpy as np
import pytest

from tinymm.data import Vocabulary, tokenize
from tinymm.errors import TinymmError


@pytest.mark.parametrize("text, words", [
    ("", []), ("?!… —", []),
    ("The DOG barked, twice!", ["the", "dog", "barked", "twice"]),
    ("don't 'quote' the dogs' l’été", ["don't", "quote", "the", "dogs", "l'été"]),
    ("2.5 kg in 2024. Well-known snake_case", ["2.5", "kg", "in", "2024", "well", "known", "snake", "case"]),
    ("Straße ＡＢＣ ﬁne", ["strasse", "abc", "fine"]),
    ("cafe\u0301", ["café"]),
    ("हिन्दी में", ["हिन्दी", "में"]),
    ("Привет, мир", ["привет", "мир"]),
    ("我爱3只cats。", ["我", "爱", "3", "只", "cats"]),
    ("ひらがなとｶﾅ・カー", ["ひ", "ら", "が", "な", "と", "カ", "ナ", "カ", "ー"]),
    ("한국어 text", ["한", "국", "어", "text"]),
])
def test_words_are_found_in_many_scripts(text, words):
    assert tokenize(text) == words


def test_frequent_words_come_first_and_ties_are_alphabetical():
    vocabulary = Vocabulary.build(["b a c", "c b", "c d"], size=5)
    assert vocabulary.words == ("<padding>", "<unknown>", "c", "b", "a") and len(vocabulary) == 5


def test_texts_are_filled_up_cut_and_told_apart_from_unknown_words():
    vocabulary = Vocabulary.build(["a a a b b c"])
    ids = vocabulary.encode(["A, c", "b x a b", ""], 3)
    np.testing.assert_array_equal(ids, [[2, 4, 0], [3, 1, 2], [0, 0, 0]])
    assert ids.dtype == np.int64
    assert vocabulary.decode(ids) == [["a", "c"], ["b", "<unknown>", "a"], []]


def test_a_vocabulary_survives_json_and_a_damaged_one_is_refused():
    vocabulary = Vocabulary.build(["wie schön 我"])
    again = Vocabulary.from_dict(json.loads(json.dumps(vocabulary.to_dict())))
    assert again.words == vocabulary.words
    np.testing.assert_array_equal(again.encode(["schön 我"], 4), vocabulary.encode(["schön 我"], 4))
    with pytest.raises(TinymmError, match="damaged"):
        Vocabulary.from_dict({})
