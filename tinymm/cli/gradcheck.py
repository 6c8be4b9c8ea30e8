"""Prove that gradients are right: of every layer, of some, or of your own.

`tinymm gradcheck` checks all of tinymm, `tinymm gradcheck lstm conv2d` two
layers, and `tinymm gradcheck my_layer.py:MyConv` a layer of your own
(my_layer.py:my_dense means the functions my_dense_forward and
my_dense_backward). Exit code 1: a gradient is wrong.
"""

import contextlib
import difflib
import sys

from tinymm.cli.output import add_json, print_json
from tinymm.errors import TinymmError
from tinymm.gradchecking.cases import CASES, cases_of, names
from tinymm.gradchecking.loading import is_file
from tinymm.gradchecking.own import check_own
from tinymm.gradchecking.report import table

METHODS = ("dy = 0", "central differences", "complex step", "full Jacobian", "adjoint identity")


def add_arguments(parser):
    parser.add_argument(
        "layers", metavar="LAYER", nargs="*", help="a layer, loss or container, or FILE.py:NAME; default: all"
    )
    parser.add_argument(
        "--shape", metavar="N,...", action="append", default=[], type=_shape,
        help="the input's shape for FILE.py:NAME, with the batch axis; once for each array of two functions",
    )  # fmt: skip
    parser.add_argument(
        "--seed", metavar="S", type=int, default=0, help="which random numbers to check with (default 0)"
    )
    add_json(parser)


def run(args):
    if args.shape and not any(map(is_file, args.layers)):
        raise TinymmError(
            "--shape is for a layer of your own, FILE.py:NAME: tinymm's layers bring their shapes"
        )
    if args.seed < 0:
        raise TinymmError(f"--seed is {args.seed}: give a whole number from 0")
    with contextlib.redirect_stdout(sys.stderr) if args.json else contextlib.nullcontext():
        reports = _reports(args)
    if args.json:
        print_json({"passed": all(reports), "reports": [report.to_dict() for report in reports]})
    elif args.layers:
        print("\n\n".join(map(str, reports)))
    else:
        print(_overview(reports))
    return 0 if all(reports) else 1


def _reports(args):
    """The Reports on all that was named, or on every case. What a learner's file prints comes out here."""
    if not args.layers:
        return [case.check(args.seed) for case in CASES]
    reports = []
    for word in args.layers:
        if is_file(word):
            reports += check_own(word, args.shape, args.seed)
        else:
            reports += [case.check(args.seed) for case in _cases(word)]
    return reports


def _cases(word):
    found = cases_of(word)
    if not found:
        lower = {name.lower(): name for name in names()}
        near = difflib.get_close_matches(word.lower(), lower, 1)
        hint = f"did you mean {lower[near[0]]}?" if near else f"there are {', '.join(names())}."
        raise TinymmError(
            f"{word or 'an empty name'} is no layer, loss or container: {hint} A layer of your own is FILE.py:NAME"
        )
    return found


def _overview(reports):
    """One line a case with the worst error of each method; what failed is told in full below."""
    rows = [("worst relative error of", *METHODS, "verdict")]
    for report in reports:
        worst = (report.worst(method) for method in METHODS)
        rows.append(
            (report.name, *("" if e is None else f"{e:.0e}" for e in worst), "ok" if report else "WRONG")
        )
    lines = table(rows)
    lines += [f"note: {report.name}: {note}" for report in reports for note in report.notes if "kink" in note]
    lines += [f"\n{report}" for report in reports if not report]
    right = sum(map(bool, reports))
    entries = sum(check.size for report in reports for check in report.checks)
    return "\n".join([*lines, f"{right} of {len(reports)} cases are right, {entries} comparisons"])


def _shape(text):
    try:
        shape = tuple(int(part) for part in text.strip("()").split(",") if part.strip())
    except ValueError:
        shape = ()
    if not shape or min(shape) < 1:
        raise TinymmError(f"--shape is {text!r}: give whole numbers with commas, as 2,5,4,3")
    return shape
