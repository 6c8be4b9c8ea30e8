"""Plant every mistake in every backward pass, ask the tests: ``python tests/mutation/run.py [SUBJECT...]``.

pytest collects the tests once. For each mutant the process forks; the child plants the mutant and runs the
subject's tests up to the first failure. Nothing a child does reaches its parent, so each mutant meets a fresh
program. Exit status 1 when a mutant survives that ``equivalent.py`` does not list, when an entry there is out
of date, when a backward pass has no mutants, or when a whole run plants fewer than 300.
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
from mutation.equivalent import EQUIVALENT, key_of
from mutation.matrix import json_report, markdown_table, text_report
from mutation.subjects import CONTRACT, is_backward_pass, subjects

from tinymm.gradchecking.mutants import mutants_of, planted

TESTS = Path(__file__).resolve().parents[1]
SURVIVED, WRONG, CRASHED, TOO_SLOW, BROKEN = "survived", "wrong", "crashed", "too slow", "broken"
EXIT = {SURVIVED: 0, WRONG: 1, CRASHED: 2, BROKEN: 3}
LIMIT_S = 20  # of computing, so that a busy machine does not count as an endless loop
LEAST = 300


class MutationRun:
    """A pytest plugin: takes the place of the loop that runs the collected tests."""

    def __init__(self, chosen, jobs):
        self.chosen, self.jobs = chosen, jobs
        self.mutants = {subject.name: _all_mutants(subject) for subject in chosen}
        self.verdicts = []  # (subject name, function, mutant, verdict)
        self.broken = []  # subjects whose tests fail without any mutant
        self.first_error = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self):
        """The same examples as in a normal run, but no search for the smallest that fails."""
        phases = Phase.explicit, Phase.generate
        settings.register_profile("mutation", settings.default, phases=phases, database=None)
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
            items = [item for item in session.items if subject.judged_by(item)]
            items.sort(key=lambda item: item.path.name != CONTRACT)
            if not items or self._verdict(os.waitpid(self._fork(session, items), 0)[1]) != SURVIVED:
                self.broken.append(subject.name)
                continue
            for function, mutant in self.mutants[subject.name]:
                if len(running) == self.jobs:
                    self._wait(running)
                running[self._fork(session, items, function, mutant)] = subject.name, function, mutant
            self._tell(f"{time.perf_counter() - started:5.0f} s  {subject.name}")
        while running:
            self._wait(running)
        self._tell("")
        order = [mutant for subject in self.chosen for _, mutant in self.mutants[subject.name]]
        place = {id(mutant): k for k, mutant in enumerate(order)}
        self.verdicts.sort(key=lambda verdict: place[id(verdict[2])])
        return True

    def _tell(self, progress):
        if sys.stderr.isatty():
            print(f"\r{progress:40}\r", end="", file=sys.stderr, flush=True)

    def _wait(self, running):
        pid, status = os.wait()
        self.verdicts.append((*running.pop(pid), self._verdict(status)))

    def _verdict(self, status):
        if os.WIFSIGNALED(status):
            return {signal.SIGPROF: TOO_SLOW, signal.SIGSEGV: CRASHED}.get(os.WTERMSIG(status), BROKEN)
        return {code: verdict for verdict, code in EXIT.items()}.get(os.WEXITSTATUS(status), BROKEN)

    def _fork(self, session, items, function=None, mutant=None):
        """The child's process id. The child itself never returns from here."""
        pid = os.fork()
        if pid:
            return pid
        code = EXIT[BROKEN]
        try:
            signal.signal(signal.SIGPROF, signal.SIG_DFL)
            signal.setitimer(signal.ITIMER_PROF, LIMIT_S)
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
                wrong = self.first_error and self.first_error.errisinstance(AssertionError)
                return WRONG if wrong else CRASHED
        return SURVIVED


def _all_mutants(subject):
    return [(function, mutant) for function in subject.functions for mutant in mutants_of(function)]


def complaints(run, whole):
    """What is wrong with the outcome, one sentence each; nothing when the tests notice every mistake."""
    keys = {key_of(f, m): verdict for _, f, m, verdict in run.verdicts}
    yield from (f"the tests of {name} fail without any mutant" for name in run.broken)
    functions = {f.__qualname__: f for s in run.chosen if s.name not in run.broken for f in s.functions}
    mutated = {f.__qualname__ for _, f, _, _ in run.verdicts}
    for name, function in functions.items():
        if is_backward_pass(function) and name not in mutated:
            yield f"{name} has no mutants"
    survivors = sum(v == SURVIVED and key_of(f, m) not in EQUIVALENT for _, f, m, v in run.verdicts)
    if survivors:
        yield f"{survivors} mutants survive"
    if unclear := sum(v == BROKEN for *_, v in run.verdicts):
        yield f"the tests of {unclear} mutants did not run to an end"
    for key in EQUIVALENT:
        if keys.get(key) not in (None, SURVIVED):
            yield f"equivalent.py lists a mutant of {key[0]} that is killed: {EQUIVALENT[key]}"
        elif key not in keys and (whole or key[0] in functions):
            yield f"equivalent.py lists a mutant of {key[0]} that there is not: {EQUIVALENT[key]}"
    if whole and len(run.verdicts) < LEAST:
        yield f"only {len(run.verdicts)} mutants, {LEAST} are the least"


def main(arguments=None):
    parser = argparse.ArgumentParser(description="Does the test suite notice a wrong gradient?")
    parser.add_argument("subject", nargs="*", help="layer files, losses and optimizers (default: all)")
    parser.add_argument("--jobs", type=int, default=2, help="processes at a time (default: 2)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--markdown", action="store_true", help="print the table alone; complaints on stderr")
    options = parser.parse_args(arguments)
    if not hasattr(os, "fork"):
        parser.error("this needs fork, which only Linux and macOS have")
    known, started = subjects(), time.perf_counter()
    for name in options.subject:
        if name.lower() not in known:
            parser.error(f"{name} is no subject: choose from {', '.join(known)}")
    chosen = [known[name.lower()] for name in options.subject] or list(known.values())
    run = MutationRun(chosen, max(options.jobs, 1))
    files = sorted({CONTRACT, *(file for subject in run.chosen for file in subject.files)})
    paths = [str(path) for file in files for path in (TESTS / "layers" / file, TESTS / file) if path.exists()]
    status = pytest.main(
        [*paths, "--rootdir", str(TESTS.parent), "-c", str(TESTS.parent / "pyproject.toml"), "-s", "-x",
         "-p", "no:cacheprovider", "-p", "no:terminal"], plugins=[run],
    )  # fmt: skip
    wrong = [] if status == pytest.ExitCode.OK else [f"pytest stopped with {status!r}"]
    wrong += complaints(run, whole=not options.subject)
    seconds = time.perf_counter() - started
    if options.json:
        print(json.dumps(json_report(run.verdicts, seconds, wrong), indent=1))
    elif options.markdown:
        print(markdown_table(run.verdicts))
        for sentence in wrong:
            print(f"error: {sentence}", file=sys.stderr)
    else:
        print(text_report(run.verdicts, seconds, wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
