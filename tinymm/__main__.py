"""``python -m tinymm``, the same as the command ``tinymm``."""

import sys

from tinymm.cli import main

sys.exit(main())
