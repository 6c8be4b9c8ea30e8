"""Measure how fast the engines are on this machine, and why.

`tinymm bench` measures every layer and the whole step of the article's model:
loops, the textbook, the CPU engine, the GPU engine where there is a GPU, and
PyTorch where it is installed, side by side. `tinymm bench conv2d lstm` measures
some, `tinymm bench --scaling` how the time grows with the size. It takes up
to two minutes; let the machine do nothing else meanwhile.
"""

import shutil

from tinymm.cli.arguments import path
from tinymm.cli.output import add_json, print_json
from tinymm.display import counting, make_console
from tinymm.errors import TinymmError

WIDE = 120  # columns where there is no terminal


def add_arguments(parser):
    parser.add_argument(
        "names", metavar="NAME", nargs="*",
        help="what to measure: conv2d, conv1d, dense, lstm, maxpool, batchnorm, embedding, cross-entropy, step; "
        "with --scaling batch, image, sequence, filters; default: all",
    )  # fmt: skip
    parser.add_argument("--scaling", action="store_true", help="measure the time a sample against the size instead")
    parser.add_argument("--quick", action="store_true", help="half a minute, with a larger spread, without memory")
    parser.add_argument(
        "--seconds", metavar="S", type=float, help="measure each piece of work so long; more is steadier"
    )
    parser.add_argument("--plot", metavar="FILE", type=path, help="draw the figures into a PNG, SVG or PDF")
    add_json(parser)


def run(args):
    from tinymm.bench import measuring, plots, scaling, works  # here, so that other verbs start without them

    seconds = _seconds(args, scaling.SECONDS if args.scaling else measuring.SECONDS)
    if args.plot:
        plots.require(args.plot)
    console = make_console(args.json)
    if args.scaling:
        chosen = scaling.families_named(args.names) if args.names else scaling.FAMILIES
        with counting(console, "measuring") as progress:
            results = scaling.measure(chosen, seconds, progress)
    else:
        chosen = works.works_named(args.names) if args.names else works.WORKS
        with counting(console, "measuring") as progress:
            rounds = 2 if args.quick else measuring.ROUNDS
            results = measuring.measure(chosen, seconds, rounds, with_memory=not args.quick, progress=progress)
    if args.plot:
        (plots.draw_scaling if args.scaling else plots.draw)(results, args.plot)
    _print(args, results)


def _print(args, results):
    from tinymm.bench import tables

    if args.json:
        print_json(results)
        return
    width = shutil.get_terminal_size((WIDE, 24)).columns
    print((tables.scaling_report if args.scaling else tables.report)(results, width))
    if args.plot:
        print(f"\ndrawn: {args.plot}")


def _seconds(args, default):
    if args.seconds is None:
        return default / 4 if args.quick else default
    if not 0 < args.seconds <= 3600:
        raise TinymmError(f"--seconds is {args.seconds:g}: give a number above 0, up to 3600")
    if args.quick:
        raise TinymmError("--quick and --seconds both say how long to measure: give one of them")
    return args.seconds
