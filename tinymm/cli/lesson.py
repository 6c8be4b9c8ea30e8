"""Open a lesson in the browser, or list the lessons.

`tinymm lesson` lists them, `tinymm lesson 7` (or `tinymm lesson conv2d`)
opens one: a page with text, formulas, figures and the step viewer, which
needs no network. `tinymm lesson 7 --out page.html` writes the page
instead, and `tinymm lesson --out FOLDER` all of them with links between.
"""

import os
import webbrowser
from pathlib import Path

from tinymm.cli.arguments import path
from tinymm.errors import TinymmError
from tinymm.files import atomic_write
from tinymm.lessons import find, shelf
from tinymm.lessons.page import lesson_page


def add_arguments(parser):
    parser.add_argument("lesson", metavar="N", nargs="?", help="number or name of the lesson; without it, the list")
    parser.add_argument("--out", metavar="FILE", type=path, help="write the page there and open nothing")


def run(args):
    if args.lesson is None:
        _write_all(Path(args.out)) if args.out else _list()
        return 0
    lesson = find(args.lesson)
    if args.out:
        out = Path(args.out)
        if out.is_dir():
            out = out / f"{lesson.source.stem}.html"
        _write(out, lesson_page(lesson))
        print(f"{out}")
        return 0
    out = _cache() / f"{lesson.source.stem}.html"
    _write(out, lesson_page(lesson))
    opened = webbrowser.open(out.resolve().as_uri())
    print(f"lesson {lesson.number}, {lesson.title}: {out}" + ("" if opened else " (open it in a browser)"))
    return 0


def _list():
    for lesson in shelf():
        print(f"{lesson.number:>3}  {lesson.name:<12}  {lesson.title}")
    print("`tinymm lesson N` opens one")


def _write_all(folder):
    if folder.exists() and not folder.is_dir():
        raise TinymmError(f"{folder} is a file: without N, --out names a folder for all lessons")
    folder.mkdir(parents=True, exist_ok=True)
    lessons = shelf()
    for k, lesson in enumerate(lessons):
        around = [("← ", lessons[k - 1])] * (k > 0) + [("→ ", one) for one in lessons[k + 1 : k + 2]]
        links = "".join(f'<a href="{one.source.stem}.html">{arrow}{one.title}</a>' for arrow, one in around)
        _write(folder / f"{lesson.source.stem}.html", lesson_page(lesson, links))
        print(folder / f"{lesson.source.stem}.html")


def _cache():
    """A folder of the user's own for pages that are only looked at."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tinymm" / "lessons"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _write(out, text):
    with atomic_write(out, "w") as file:
        file.write(text)
