"""Walk through a layer's forward and backward pass on one page, number by number.

`tinymm view conv2d` writes view-conv2d.html and opens it in the browser,
`tinymm view` lists what there is. On arrays of your own it is
mm.view(layer, x) in Python.
"""

import sys
import webbrowser
from pathlib import Path

from tinymm.cli.arguments import path
from tinymm.viewer import example_name, listing, view


def add_arguments(parser):
    parser.add_argument("layer", metavar="LAYER", nargs="*", help="a layer, a loss, or fusion; default: list them")
    parser.add_argument("--out", metavar="FILE", type=path, help="where to write the page (default view-LAYER.html)")


def run(args):
    if not args.layer:
        print(listing())
        return
    name = example_name(" ".join(args.layer))
    out = Path(args.out or f"view-{name.lower().replace(' ', '-')}.html")
    view(name).save(out)
    print(f"{out} shows {name} step by step: open it in a browser")
    if args.out is None and sys.stdout.isatty():
        webbrowser.open(out.resolve().as_uri())
