"""Take all figures of benchmarks/README.md and README.md anew, and write tables and pictures.

    pip install -e ".[bench]" torch==2.13.0 -r benchmarks/other_engines.txt
    python benchmarks/measure.py              # about six minutes on 2 cores; let the machine do nothing else

Three runs of `tinymm bench`: as BLAS finds the processor, with OPENBLAS_CORETYPE=Haswell as some machines set it, and
`--scaling`; then benchmarks/other_engines.py. Their JSON goes to benchmarks/results/, and benchmarks/tables.py writes the
tables of both pages from it.
"""

import argparse
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import tables

from tinymm.files import atomic_write

HERE = Path(__file__).parent
RUNS = {
    "cpu": ((), "roofline.png", None),
    "cpu-haswell": ((), None, "Haswell"),
    "scaling": (("--scaling",), "scaling.png", None),
}
ALL = (*RUNS, "other_engines")


def main():
    """Everything, or what is named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", metavar="RUN", nargs="*", help=f"{', '.join(ALL)}; default: all of them")
    parser.add_argument("--quick", action="store_true", help="a third of the time, with a larger spread")
    args = parser.parse_args()
    if not set(args.runs) <= set(ALL):
        parser.error(f"there are the runs {', '.join(ALL)}")
    if importlib.util.find_spec("torch") is None:
        sys.exit("the ratios are to PyTorch, which is missing: pip install torch==2.13.0")
    for name in args.runs or ALL:
        print(f"measuring {name}", file=sys.stderr, flush=True)
        if name == "other_engines":
            subprocess.run([sys.executable, HERE / "other_engines.py", *["--seconds", "0.5"] * args.quick], check=True)
        else:
            bench(name, *RUNS[name], args.quick)
    tables.write()


def bench(name, arguments, picture, coretype, quick):
    """One run of `tinymm bench` in a process of its own, because BLAS reads its setting when it is loaded."""
    environment = {key: value for key, value in os.environ.items() if key != "OPENBLAS_CORETYPE"}
    if coretype:
        environment["OPENBLAS_CORETYPE"] = coretype
    command = [sys.executable, "-m", "tinymm", "bench", "--json", *arguments, *["--quick"] * quick]
    if picture:
        command += ["--plot", HERE / "results" / picture]
    printed = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout
    with atomic_write(HERE / "results" / f"{name}.json", "w") as file:
        file.write(printed)


if __name__ == "__main__":
    main()
