"""Settings of all tests: hypothesis draws the same examples in every run, and `import numeric` works."""

import sys
from pathlib import Path

from hypothesis import settings

sys.path.append(str(Path(__file__).parent))

settings.register_profile("tinymm", derandomize=True, deadline=None, max_examples=25)
settings.load_profile("tinymm")
