"""Say what clips show, with a trained model.

The model's file is all it needs: how to read clips is kept in it.
"""

from dataclasses import replace

from tinymm.cli.arguments import path
from tinymm.cli.output import add_json, print_json
from tinymm.display import counting, make_console, percent
from tinymm.errors import TinymmError
from tinymm.pipeline import Classifier


def add_arguments(parser):
    parser.add_argument("model", type=path, metavar="MODEL", help="a model file, or the run folder it lies in")
    parser.add_argument("clips", type=path, metavar="CLIP", nargs="+", help="a video, a GIF, or a folder of frames")
    parser.add_argument(
        "--text", action="append", default=[], metavar="WORDS",
        help="the words that go with the clips: none, once for all clips, or once for each, in their order",
    )  # fmt: skip
    add_json(parser)


def run(args):
    if len(args.text) not in (0, 1, len(args.clips)):
        raise TinymmError(
            f"there are {len(args.text)} --text for {len(args.clips)} clips: give none, one for all, or one for each"
        )
    classifier = Classifier(args.model)
    console = make_console(args.json)
    texts = args.text * len(args.clips) if len(args.text) == 1 else args.text or [""] * len(args.clips)
    clips = [replace(classifier.read(path), text=text) for path, text in zip(args.clips, texts)]
    with counting(console, "reading clips") as progress:
        probabilities = classifier.predict(clips, progress=progress)
    answers = [
        {"clip": clip.name, "labels": list(labels), "probabilities": classifier.by_label(row)}
        for clip, labels, row in zip(clips, classifier.labels.decode(probabilities), probabilities)
    ]
    if args.json:
        print_json({"model": str(classifier.path), "predictions": answers})
        return
    for answer in answers:
        ranked = sorted(answer["probabilities"].items(), key=lambda item: -item[1])
        console.print(f"{answer['clip']}: {', '.join(answer['labels']) or 'none of the tags'}")
        console.print("   " + "   ".join(f"{name} {percent(p).strip()}" for name, p in ranked))
