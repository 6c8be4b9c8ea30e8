"""Measure a trained model on a folder of labelled clips.

Clips that the model was trained or selected on are left out, since it knows
them. They are found by their content, whatever they are called.
"""

from tinymm.cli.arguments import path
from tinymm.cli.output import add_json, count, print_json
from tinymm.display import counting, make_console, percent
from tinymm.errors import TinymmError
from tinymm.metrics import accuracy
from tinymm.pipeline import Classifier, acquire, chance, score_labels


def add_arguments(parser):
    parser.add_argument("model", type=path, metavar="MODEL", help="a model file, or the run folder it lies in")
    parser.add_argument("dir", type=path, metavar="DIR", help="a folder with clips.csv")
    parser.add_argument("--seen", action="store_true", help="measure on the clips of the training, too")
    parser.add_argument("--strict", action="store_true", help="stop when a clip cannot be used")
    add_json(parser)


def run(args):
    classifier = Classifier(args.model)
    console = make_console(args.json)
    with counting(console, "checking clips") as progress:
        kept, left_out = acquire(args.dir, args.strict, progress)
    new = kept if args.seen else [clip for clip in kept if clip.digest[:16] not in classifier.seen]
    if not new:
        raise TinymmError(f"{args.dir}: the model was trained on all of these clips: give others, or --seen")
    targets = classifier.labels.encode(new)
    with counting(console, "reading clips") as progress:
        probabilities = classifier.predict(new, progress=progress)
    loss = float(classifier.loss.__class__().forward(probabilities, targets)[0])
    confusion, per_label = score_labels(probabilities, targets, classifier.labels)
    result = {
        "model": str(classifier.path), "clips": len(new), "seen_before": len(kept) - len(new),
        "left_out": [{"clip": clip.name, "reason": clip.reason} for clip in left_out],
        "accuracy": accuracy(probabilities, targets), "chance": chance(targets), "loss": loss, "labels": per_label,
        "confusion": None if confusion is None else confusion.tolist(),
    }  # fmt: skip
    if args.json:
        print_json(result)
        return
    print_left_out(console, left_out)
    known = f" ({result['seen_before']} more are left out: the model knows them)" if result["seen_before"] else ""
    console.print(f"measured on {count(len(new), 'clip')}{known}")
    console.print(f"accuracy {percent(result['accuracy']).strip()}, loss {loss:.4f}")
    console.print(f"always the most frequent answer would be right for {percent(result['chance']).strip()}")
    width = max(len(row["label"]) for row in per_label)
    for row in per_label:
        console.print(
            f"  {row['label']:<{width}}  precision {percent(row['precision'])}  recall {percent(row['recall'])}"
            f"  F1 {row['f1']:.3f}  {count(row['clips'], 'clip')}"
        )


def print_left_out(console, left_out, most=10):
    """The clips that cannot be used and why, the first ones by name, all of them counted."""
    if not left_out:
        return
    console.print(f"{count(len(left_out), 'clip')} left out:")
    for clip in left_out[:most]:
        console.print(f"  {clip.name}: {clip.reason}")
    if len(left_out) > most:
        console.print(f"  and {len(left_out) - most} more")
