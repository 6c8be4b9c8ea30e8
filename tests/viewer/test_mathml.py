"""Equations as MathML: well-formed, with fractions for ∂, scripts below sums, and upright words."""

from xml.etree import ElementTree

import pytest

from tinymm.errors import TinymmError
from tinymm.viewer.mathml import mathml
from tinymm.viewer.readings import READINGS

EQUATIONS = [(name, key, text) for name, reading in READINGS.items() for key, text in reading.equations.items()]


@pytest.mark.parametrize(("name", "key", "text"), EQUATIONS)
def test_every_equation_is_well_formed_and_loses_no_letter(name, key, text):
    root = ElementTree.fromstring(f"<div>{mathml(text)}</div>")
    assert root.findall("math")
    got = "".join(root.itertext())
    for letter in text.replace("frac", "").replace("sqrt", "").replace("Σ", "∑"):
        assert letter in got or letter in "{}_^\n ", (letter, got)


def test_a_partial_is_a_fraction_of_l_and_a_sum_has_its_index_below():
    (math,) = ElementTree.fromstring(f"<div>{mathml('∂x_{n,d} = Σ_m ∂y_{n,m} W_{d,m}')}</div>")
    assert ["".join(fraction.itertext()) for fraction in math.iter("mfrac")] == ["∂L∂xn,d", "∂L∂yn,m"]
    assert ["".join(under.itertext()) for under in math.iter("munder")] == ["∑m"]


def test_words_stand_upright_and_letters_slanted():
    (math,) = ElementTree.fromstring(f"<div>{mathml('h = tanh(z)')}</div>")
    styles = {mi.text: mi.get("mathvariant") for mi in math.iter("mi")}
    assert styles == {"h": None, "tanh": "normal", "z": None}


@pytest.mark.parametrize("wrong", ["x_{n", "x}", "frac{1}{2"])
def test_braces_that_do_not_match_are_an_error(wrong):
    with pytest.raises(TinymmError, match="brace"):
        mathml(wrong)


def test_parentheses_are_as_tall_as_what_they_hold_and_no_taller():
    flat, tall = mathml("∂x = ∂y (1 − y)"), mathml("(∂y − 1)")
    assert flat.count('stretchy="false"') == 2 and "stretchy" not in tall


def test_words_stand_apart_and_functions_only_from_what_follows():
    gap = '<mspace width="0.17em"/>'
    words = mathml("p clipped to [0, 1]")
    assert f'<mi>p</mi>{gap}<mi mathvariant="normal">clipped</mi>{gap}' in words
    assert f'<mi>o</mi><mi mathvariant="normal">tanh</mi>{gap}' in mathml("o tanh c")
