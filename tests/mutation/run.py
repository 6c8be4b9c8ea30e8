"""Plant every mistake in every backward pass and ask the tests: ``python tests/mutation/run.py [SUBJECT...]``.

pytest collects the tests once. For each mutant the process forks; the child plants the mutant and runs the
subject's tests up to the first failure. Nothing a child does reaches its parent, so each mutant meets a fresh
program. Exit status 1 when a mutant survives that ``equivalent.py`` does not list, when an entry there is out of
date, when a backward pass has no mutants, or when a whole run plants fewer than 300.
"""

import argparse
import gc
import json
import os
import signal
import sys
import time
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import pytest
from hypothesis import Phase, settings
from mutation.equivalent import EQUIVALENT
from mutation.matrix import json_report, text_report
from mutation.subjects import CONTRACT, is_backward_pass, subjects

from tinymm.gradchecking.mutants import mutants_of, planted

TESTS = Path(__file__).resolve().parents[1]
SURVIVED, WRONG, CRASHED, TOO_SLOW, BROKEN = "survived", "wrong", "crashed", "too slow", "broken"
EXIT = {SURVIVED: 0, WRONG: 1, CRASHED: 2, BROKEN: 3}
LIMIT_S = 20
LEAST = 300


class MutationRun:
    """A pytest plugin: takes the place of the loop that runs the collected tests."""

    def __init__(self, chosen, jobs):
        self.chosen, self.jobs = chosen, jobs
        self.verdicts = []  # (subject name, function, mutant, verdict)
        self.broken = []  # subjects whose tests fail without any mutant
        self.first_error = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self):
        """The same examples as in a normal run, but no search for the smallest that fails."""
        settings.register_profile("mutation", settings.default, phases=(Phase.explicit, Phase.generate), database=None)
        settings.load_profile("mutation")

    def pytest_exception_interact(self, call):
        self.first_error = self.first_error or call.excinfo

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session):
        if session.testsfailed:
            self.broken.append("the collection of the tests")
            return True
        gc.freeze()  # the children then share the parent's memory instead of copying it
        running, started = {}, time.perf_counter()
        for subject in self.chosen:
            items = sorted(filter(subject.judged_by, session.items), key=lambda item: item.path.name != CONTRACT)
            if not items or self._verdict(os.waitpid(self._fork(session, items), 0)[1]) != SURVIVED:
                self.broken.append(subject.name)
                continue
            for function in subject.functions:
                for mutant in mutants_of(function):
                    if len(running) == self.jobs:
                        self._wait(running)
                    running[self._fork(session, items, function, mutant)] = subject.name, function, mutant
            print(f"\r{time.perf_counter() - started:5.0f} s  {subject.name:24}", end="", file=sys.stderr, flush=True)
        while running:
            self._wait(running)
        print("\r" + 40 * " ", end="\r", file=sys.stderr)
        return True

    def _wait(self, running):
        pid, status = os.wait()
        self.verdicts.append((*running.pop(pid), self._verdict(status)))

    def _verdict(self, status):
        if os.WIFSIGNALED(status):
            return TOO_SLOW if os.WTERMSIG(status) == signal.SIGALRM else CRASHED
        return {code: verdict for verdict, code in EXIT.items()}[os.WEXITSTATUS(status)]

    def _fork(self, session, items, function=None, mutant=None):
        """The child's process id. The child itself never returns from here."""
        pid = os.fork()
        if pid:
            return pid
        code = EXIT[BROKEN]
        try:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(LIMIT_S)
            silence = os.open(os.devnull, os.O_WRONLY)
            os.dup2(silence, 1)
            os.dup2(silence, 2)
            if mutant is None:
                code = EXIT[self._judge(session, items)]
            else:
                with planted(function, mutant):
                    code = EXIT[self._judge(session, items)]
        finally:
            os._exit(code)

    def _judge(self, session, items):
        for item, following in zip(items, [*items[1:], None]):
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if session.testsfailed:
                return WRONG if self.first_error and self.first_error.errisinstance(AssertionError) else CRASHED
        return SURVIVED


def chosen_subjects(names):
    """The subjects with these names, all without any."""
    known = subjects()
    unknown = [name for name in names if name.lower() not in known]
    if unknown:
        sys.exit(f"{', '.join(unknown)} is no subject: choose from {', '.join(known)}")
    return [known[name.lower()] for name in names] or list(known.values())


def complaints(run, whole):
    """What is wrong with the outcome, one sentence each; none when the tests notice every mistake."""
    keys = {(f.__qualname__, m.before, m.after): verdict for _, f, m, verdict in run.verdicts}
    yield from (f"the tests of {name} fail without any mutant" for name in run.broken)
    for subject in run.chosen:
        for function in subject.functions:
            if is_backward_pass(function) and not any(f is function for _, f, _, _ in run.verdicts):
                yield f"{function.__qualname__} has no mutants"
    survivors = sum(v == SURVIVED and key not in EQUIVALENT for key, v in keys.items())
    if survivors:
        yield f"{survivors} mutants survive"
    functions = {f.__qualname__ for s in run.chosen for f in s.functions}
    for key in EQUIVALENT:
        if keys.get(key) not in (None, SURVIVED):
            yield f"equivalent.py lists a mutant that is killed: {key}"
        elif key not in keys and (whole or key[0] in functions):
            yield f"equivalent.py lists a mutant that there is not: {key}"
    if whole and len(run.verdicts) < LEAST:
        yield f"only {len(run.verdicts)} mutants, {LEAST} are the least"


def main(arguments=None):
    parser = argparse.ArgumentParser(description="Does the test suite notice a wrong gradient?")
    parser.add_argument("subject", nargs="*", help="layer files, losses and optimizers (default: all)")
    parser.add_argument("--jobs", type=int, default=2, help="processes at a time (default: 2)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    started = time.perf_counter()
    run = MutationRun(chosen_subjects(options.subject), max(options.jobs, 1))
    files = sorted({CONTRACT, *(file for subject in run.chosen for file in subject.files)})
    paths = [str(path) for file in files for path in (TESTS / "layers" / file, TESTS / file) if path.exists()]
    pytest.main(
        [*paths, "--rootdir", str(TESTS.parent), "-c", str(TESTS.parent / "pyproject.toml"), "-s", "-x",
         "-p", "no:cacheprovider", "-p", "no:terminal"], plugins=[run],
    )  # fmt: skip
    wrong = list(complaints(run, whole=not options.subject))
    seconds = time.perf_counter() - started
    if options.json:
        print(json.dumps(json_report(run.verdicts, EQUIVALENT, seconds, wrong), indent=1))
    else:
        print(text_report(run.verdicts, EQUIVALENT, seconds, wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
