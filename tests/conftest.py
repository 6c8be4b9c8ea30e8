"""Settings of all tests: one BLAS thread, the same hypothesis examples in every run, and `import numeric`."""

import os
import signal
import sys
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # small products wait for each other's threads on a busy machine

import numpy as np
import pytest
from hypothesis import settings

sys.path.append(str(Path(__file__).parent))

settings.register_profile("tinymm", derandomize=True, deadline=None, max_examples=25)
settings.register_profile("thorough", derandomize=True, deadline=None, max_examples=120)
settings.load_profile("tinymm")


signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell that starts tests in the background ignores Ctrl-C


@pytest.fixture
def rng():
    """The same random numbers in every run."""
    return np.random.default_rng(0)
