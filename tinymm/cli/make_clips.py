"""Make a folder of video clips with sound and text to train on.

Each clip is 2 seconds of drawn pictures and synthetic sound. Its label can
only be told for sure from text, pictures and sound together.
"""

from tinymm.cli.arguments import path
from tinymm.data.synthetic import TASKS, make_clips
from tinymm.display import counting, make_console


def add_arguments(parser):
    about = "; ".join(f"{name}: {text}" for name, text in TASKS.items())
    parser.add_argument("dir", type=path, metavar="DIR", help="the folder to make")
    parser.add_argument("--task", default="content", choices=TASKS, metavar="TASK", help=f"{about} (content)")
    parser.add_argument("--clips", type=int, default=600, metavar="N", help="how many clips (600)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="the same seed gives the same files (0)")


def run(args):
    console = make_console()
    with counting(console, "making clips") as progress:
        folder = make_clips(args.dir, task=args.task, clips=args.clips, seed=args.seed, progress=progress)
    console.print(f"{args.clips} clips and clips.csv are in {folder}: `tinymm train {folder}` trains on them")
