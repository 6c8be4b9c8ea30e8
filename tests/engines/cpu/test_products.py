"""Products in blocks and in terms are the products, whatever the shapes, and blocks are really made."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinymm.engines.cpu import products
from tinymm.engines.cpu.plan import replay

sizes = st.integers(1, 40)


@pytest.fixture(autouse=True)
def small_limits(monkeypatch):
    """As on a processor whose BLAS reads matrices in place, with limits that small matrices reach."""
    for name, value in {"UNPACKED": 600, "WIDTH": 4, "COPY_PAYS": 30, "FACTOR": 10**4, "QUIET": 5}.items():
        monkeypatch.setattr(products, name, value)
    monkeypatch.setattr(products, "reads_in_place", lambda: True)


@given(m=sizes, k=sizes, n=sizes, turned=st.booleans(), wide=st.booleans())
def test_a_product_in_blocks_is_the_product(m, k, n, turned, wide):
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(k, m)).T if turned else rng.normal(size=(m, k)), rng.normal(size=(k, n))
    out = np.full((m, n + wide), np.nan)[:, :n]  # wide: the rows of the result have gaps
    replay(products.product(a, b, out))
    np.testing.assert_allclose(out, a @ b, rtol=1e-12, atol=1e-12)


@given(m=st.integers(1, 6), k=st.integers(1, 800), n=st.integers(1, 6))
def test_the_terms_of_a_long_product_add_up_to_it(m, k, n):
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(k, m)).T, rng.normal(size=(k, n))
    out = np.full((products.most_terms(m, n, k), m, n), np.nan)
    calls, terms = products.long_product(a, b, out)
    replay(calls)
    np.testing.assert_allclose(out[:terms].sum(axis=0), a @ b, rtol=1e-12, atol=1e-12)


def test_blocks_terms_and_the_rest_are_made_where_they_pay(rng):
    a, b = rng.normal(size=(33, 10)), rng.normal(size=(10, 8))
    (blocks, *rest) = products.product(a, b, np.empty((33, 8)))
    assert blocks.args[0].shape == (3, 1, 11, 10)
    assert blocks.args[1].shape == (1, 2, 10, 4)
    assert not rest
    assert len(products.product(a[:31], b, np.empty((31, 8)))) == 2  # 31 is a prime number: one row is left
    assert products.long_product(rng.normal(size=(5, 800)), rng.normal(size=(800, 6)), np.empty((80, 5, 6)))[1] == 40
