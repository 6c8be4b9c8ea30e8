"""How much memory a contestant takes above what its program takes: each in a process of its own.

One process imports everything and then starts a child for every measurement, which takes over what is imported and
starts with a peak of its own. Linux alone tells the peak; elsewhere there are no figures.
"""

import json
import os
import subprocess
import sys
import warnings
from pathlib import Path

from tinymm.bench import allocator, own, pytorch
from tinymm.bench.works import works_named

STATUS = Path("/proc/self/status")
STEPS = 2


def peaks(names, contestants):
    """-> {work: {contestant: MiB}} for the works and contestants of these names; {} where it cannot be measured."""
    if not (STATUS.exists() and hasattr(os, "fork")):
        return {}
    program = "from tinymm.bench import memory; memory.serve()"
    asked = json.dumps({"works": names, "contestants": contestants})
    ended = subprocess.run([sys.executable, "-c", program], input=asked, capture_output=True, text=True)
    if ended.returncode:
        raise RuntimeError(f"the process that measures memory failed:\n{ended.stderr}")
    return json.loads(ended.stdout)


def serve():
    """Measure what stdin asks for; the answer goes to stdout."""
    warnings.simplefilter("ignore")  # newer Pythons warn of fork beside threads; BLAS's are idle here
    asked = json.load(sys.stdin)
    allocator.keep_freed_memory()
    if "torch" in asked["contestants"]:
        pytorch.why_absent()
    found = {}
    for name in asked["works"]:
        found[name] = {who: _in_a_child(name, who) for who in asked["contestants"]}
    json.dump(found, sys.stdout)


def _in_a_child(name, who):
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        code = 1
        try:
            os.write(writer, f"{_peak_of(name, who):.1f}".encode())
            code = 0
        finally:
            os._exit(code)
    os.close(writer)
    with os.fdopen(reader) as answer:
        text = answer.read()
    os.waitpid(child, 0)
    return float(text) if text else None


def _peak_of(name, who):
    """The peak of a few steps above that of a step at the tiny size, which has loaded all there is to load."""
    (work,) = works_named([name])
    _steps(work.tiny, who, 1)
    before = _peak()
    _steps(work, who, STEPS)
    return _peak() - before


def _steps(work, who, count):
    run = pytorch.contestants(work)["torch"] if who == "torch" else getattr(own, who)(work)
    for _ in range(count):
        run()


def _peak():
    """MiB of the largest resident size of this process so far."""
    return int(STATUS.read_text().partition("VmHWM:")[2].split()[0]) / 1024
