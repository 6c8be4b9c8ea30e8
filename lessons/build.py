"""Execute lessons: from each NN_name.py (jupytext's percent format) the notebook NN_name.ipynb beside it.

    python lessons/build.py            # all lessons
    python lessons/build.py 4 7        # some of them
    python lessons/build.py --check    # write nothing; exit code 1 when a notebook is not what comes out now

Behind the title it puts a cell that installs tinymm where it is missing; a plain Python file has no use for it.

The same sources and versions give the same bytes: ids and metadata are fixed, times are not kept, and NumPy and
BLAS compute with instructions that every x86-64 processor of the last ten years has. Needs pip install -e ".[lessons]".
"""

import argparse
import os
import sys
import tempfile

SAME_BITS = {
    "OPENBLAS_NUM_THREADS": "1",
    "OPENBLAS_CORETYPE": "Haswell",
    "TINYMM_THREADS": "1",
    "NPY_DISABLE_CPU_FEATURES": "AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL AVX512_SPR X86_V4",
    "PYTHONHASHSEED": "0",
    "PYTHONWARNINGS": "ignore::ImportWarning",
}
VIEWER = "*The step viewer stands here when you run this cell, and in the page that* `tinymm lesson {number}` *opens.*"
SETUP = """\
# Where tinymm is not installed yet, as in Colab, this cell installs it from a clone of its repository. Fetch that first,
# from the address at which you found this lesson, in a cell above this one:
#     !git clone ADDRESS clone
import importlib.util
import pathlib

if importlib.util.find_spec("tinymm") is None:
    if not pathlib.Path("clone/setup.py").exists():
        raise FileNotFoundError("tinymm is not installed, and there is no clone to install: !git clone ADDRESS clone")
    %pip install --quiet ./clone"""
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def main():
    """Build or check the lessons named on the command line: -> exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lessons", metavar="N", nargs="*", help="numbers or names; default: all")
    parser.add_argument("--check", action="store_true", help="compare with the notebooks that are there")
    args = parser.parse_args()
    os.environ.update(SAME_BITS)
    from tinymm.files import atomic_write
    from tinymm.lessons import find, shelf

    different = 0
    for lesson in [find(word) for word in args.lessons] or shelf():
        text = executed(lesson)
        old = lesson.notebook.read_text(encoding="utf-8") if lesson.notebook.exists() else ""
        if not args.check and text != old:
            with atomic_write(lesson.notebook, "w") as file:
                file.write(text)
        different += text != old
        print(f"{lesson.notebook.name}: {'the same' if text == old else 'DIFFERENT' if args.check else 'written'}")
    return 1 if args.check and different else 0


def executed(lesson):
    """The text of a lesson's notebook, executed from top to bottom in a fresh kernel."""
    import jupytext
    import nbformat
    from nbclient import NotebookClient

    notebook = jupytext.read(lesson.source)
    notebook.cells.insert(1, nbformat.v4.new_code_cell(SETUP, metadata={"tags": ["setup"]}))
    with tempfile.TemporaryDirectory() as folder:
        client = NotebookClient(
            notebook, kernel_name="python3", timeout=None, coalesce_streams=True, record_timing=False,
            extra_arguments=["--log-level=ERROR"],
            resources={"metadata": {"path": folder}},
        )  # fmt: skip
        client.execute()
    for k, cell in enumerate(notebook.cells):
        cell.id = f"lesson-{lesson.number:02d}-{k:02d}"
        cell.metadata = {key: cell.metadata[key] for key in ("tags", "alt") if key in cell.metadata}
        if "view" in cell.metadata.get("tags", ()):
            note = VIEWER.format(number=lesson.number)
            cell.outputs = [nbformat.v4.new_output("display_data", {"text/markdown": note, "text/plain": note})]
    notebook.metadata = nbformat.from_dict(METADATA)
    nbformat.validate(notebook)
    return nbformat.writes(notebook) + "\n"


if __name__ == "__main__":
    sys.exit(main())
