"""Kinds of arguments that several verbs take."""

import argparse


def path(text):
    """The name of a file or folder. An empty one, as from an unset shell variable, would mean "here": refused."""
    if not text.strip():
        raise argparse.ArgumentTypeError("the name of the file or folder is empty")
    return text
