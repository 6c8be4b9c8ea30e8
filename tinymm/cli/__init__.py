"""The command line: ``tinymm <verb>``. Each verb is a module here with ``add_arguments`` and ``run``."""

import argparse
import os
import sys

from tinymm import __version__
from tinymm.cli import doctor, evaluate, make_clips, predict, train
from tinymm.errors import TinymmError

VERBS = {"doctor": doctor, "make-clips": make_clips, "train": train, "evaluate": evaluate, "predict": predict}


def main(argv=None):
    """Run one command: -> 0 when it worked, 2 when the user has to change something, 130 after Ctrl-C."""
    args = make_parser().parse_args(argv)
    try:
        return args.run(args) or 0
    except TinymmError as error:
        return _fail(error)
    except BrokenPipeError:  # the reader of our output, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return _fail(f"{where}{error.strerror or error}")
    except MemoryError:
        return _fail("there is not enough memory: try a smaller --batch-size, --size or --frames")
    except KeyboardInterrupt:
        print("tinymm: stopped", file=sys.stderr)
        return 130


def make_parser():
    """The argparse parser of all verbs."""
    parser = argparse.ArgumentParser(
        prog="tinymm", description="A multimodal video model by hand: make clips, train, evaluate, predict."
    )
    parser.add_argument("--version", action="version", version=f"tinymm {__version__}")
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    for name, module in VERBS.items():
        text = module.__doc__.strip()
        verb = verbs.add_parser(name, help=text.splitlines()[0].rstrip("."), description=text,
                                formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
        module.add_arguments(verb)
        verb.set_defaults(run=module.run)
    return parser


def _fail(message):
    print(f"tinymm: {' '.join(str(message).split())}", file=sys.stderr)
    return 2
