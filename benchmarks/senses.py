"""How much do three senses know together that none knows alone? Trains every task with several seeds.

    python benchmarks/senses.py            # 9 runs of two to three minutes each on 2 cores, and 6 of the article's model

Every run makes its own clips (the seed decides them), trains the fused model and each sense alone, and leaves
a run folder with report.html under --runs. A run that is already there is not repeated: give
another --runs after a change. Prints the table
that the README shows, and writes it with all figures to benchmarks/results/senses.json.
"""

import argparse
import json
import platform
import subprocess
import sys
from pathlib import Path
from statistics import mean

import numpy as np

import tinymm as mm
from tinymm.data.synthetic import TASKS
from tinymm.files import atomic_write

SAME_INPUT = ("--frames", "6", "--sound", "log-mel", "--epochs", "20")  # what the default model gets
RESULTS = Path(__file__).parent / "results" / "senses.json"


def main():
    """Run what is missing, then print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3, help="how many seeds a task (3)")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="where the run folders go (runs)")
    args = parser.parse_args()
    table = {}
    for task in TASKS:
        seeds = [train(args.runs / f"{task}-s{seed}", "--task", task, "--seed", str(seed)) for seed in range(args.seeds)]
        article = train(args.runs / f"{task}-article", f"clips/{task}", "--model", "article")
        same = train(args.runs / f"{task}-article-same", f"clips/{task}", "--model", "article", *SAME_INPUT)
        table[task] = {
            "chance": seeds[0]["chance"],
            "default": {row["name"]: [s["comparison"][k]["test"] for s in seeds]
                        for k, row in enumerate(seeds[0]["comparison"])},
            "article": {row["name"]: row["test"] for row in article["comparison"]},
            "article, same input": {row["name"]: row["test"] for row in same["comparison"]},
            "seconds": [s["seconds"] for s in seeds],
        }  # fmt: skip
    with atomic_write(RESULTS, "w") as file:
        json.dump({"machine": machine(), "tasks": table}, file, indent=2)
        file.write("\n")
    print(markdown({"tasks": table}))


def machine():
    """What the figures were computed with. They do not depend on the number of threads."""
    return {"tinymm": mm.__version__, "numpy": np.__version__, "python": platform.python_version(), "processor": platform.machine()}


def train(run, *arguments):
    """The results of one run, made if they are not there yet."""
    if not (run / "results.json").exists():
        subprocess.run([sys.executable, "-m", "tinymm", "train", *arguments, "--out", str(run)], check=True)
    return json.loads((run / "results.json").read_text())


def markdown(results):
    """Mean test accuracy over the seeds in per cent, the gain of fusion, and the article's model on the first seed's clips."""
    lines = [
        "| task | text | video | audio | all three | gain | lowest gain | article's model | same, more input | guessing |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for task, row in results["tasks"].items():
        fused, *alone = row["default"].values()
        gains = [f - max(a[k] for a in alone) for k, f in enumerate(fused)]
        cells = [*(mean(a) for a in alone), mean(fused), mean(gains), min(gains)]
        cells += [next(iter(row[name].values())) for name in ("article", "article, same input")]
        lines.append(f"| {task} | " + " | ".join(f"{100 * c:.0f}" for c in [*cells, row["chance"]]) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
