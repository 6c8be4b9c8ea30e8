"""What the verbs print beside text for people: with ``--json`` one JSON object on stdout, and the rest on stderr."""

import json
import sys


def add_json(parser):
    """The flag ``--json``."""
    parser.add_argument("--json", action="store_true", help="print one JSON object on stdout")


def print_json(value):
    """One JSON object on stdout. Where stdout is no UTF-8, other letters are written as in ``\\u4f60``."""
    unicode = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    print(json.dumps(value, ensure_ascii=not unicode, allow_nan=False, indent=2))


def count(number, what):
    """1 clip, 2 clips"""
    return f"{number} {what}{'s' * (number != 1)}"
