"""Settings of all tests: hypothesis draws the same examples in every run, and `import numeric` works."""

import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

sys.path.append(str(Path(__file__).parent))

settings.register_profile("tinymm", derandomize=True, deadline=None, max_examples=25)
settings.load_profile("tinymm")


@pytest.fixture
def rng():
    """The same random numbers in every run."""
    return np.random.default_rng(0)
