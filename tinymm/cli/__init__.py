"""The command line: ``tinymm <verb>``. Each verb is a module here with ``add_arguments`` and ``run``."""

import argparse
import errno
import os
import sys

import numpy as np

from tinymm import __version__
from tinymm.cli import bench, doctor, evaluate, exercise, gradcheck, lesson, make_clips, predict, train, view
from tinymm.errors import TinymmError

VERBS = {"doctor": doctor, "make-clips": make_clips, "train": train, "evaluate": evaluate, "predict": predict,
         "gradcheck": gradcheck, "view": view, "lesson": lesson, "exercise": exercise, "bench": bench}  # fmt: skip
DISK_FULL = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}


def main(argv=None):
    """Run one command: -> its exit code.

    0: it worked. 2: the user has to change something; one line on stderr says what. 130: stopped by Ctrl-C.
    141: whoever read the output stopped reading, as shells report it for ``tinymm doctor | head -1``.
    """
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115  a shell's >&- leaves none
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a terminal without Chinese shows \u4f60
    code = _run(argv)
    try:
        sys.stdout.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains again at its end
        if code == 0:
            code = 141 if isinstance(error, BrokenPipeError) else _fail(_describe(error))
    return code


def _run(argv):
    try:
        args = make_parser().parse_args(argv)
        if "run" not in args:
            raise TinymmError(f"say what to do: {', '.join(VERBS)}: `tinymm --help` explains them")
        with np.errstate(all="ignore"):  # NaN and infinity end in an error that names the layer
            return args.run(args) or 0
    except SystemExit as end:  # how argparse ends after --help and --version
        return end.code
    except TinymmError as error:
        return _fail(error)
    except BrokenPipeError:
        return 141
    except OSError as error:
        return _fail(_describe(error))
    except UnicodeEncodeError:
        return _fail("the name of a file or folder is not readable text: rename it")
    except MemoryError:
        return _fail("there is not enough memory: try a smaller --batch-size, --size or --frames")
    except KeyboardInterrupt:
        print("tinymm: stopped", file=sys.stderr)
        return 130


class Parser(argparse.ArgumentParser):
    """An ArgumentParser that says what is wrong in one line."""

    def error(self, message):
        raise TinymmError(f"{message}: `{self.prog} --help` explains the arguments")


def make_parser():
    """The argparse parser of all verbs."""
    parser = Parser(
        prog="tinymm",
        description="A model of text, pictures and sound, by hand: make clips, train, evaluate,\npredict.",
        epilog="`tinymm VERB --help` explains a verb. To begin: `tinymm train`",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"tinymm {__version__}")
    verbs = parser.add_subparsers(metavar="VERB")
    for name, module in VERBS.items():
        text = module.__doc__.strip()
        verb = verbs.add_parser(name, help=text.splitlines()[0].rstrip("."), description=text, allow_abbrev=False,
                                formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
        module.add_arguments(verb)
        verb.set_defaults(run=module.run)
    return parser


def _describe(error):
    where = f"{error.filename}: " if error.filename else ""
    todo = ": make room and try again, what was saved before is whole" if error.errno in DISK_FULL else ""
    return f"{where}{error.strerror or error}{todo}"


def _fail(message):
    print(f"tinymm: {' '.join(str(message).split())}", file=sys.stderr)
    return 2
