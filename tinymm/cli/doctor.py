"""Tell what this machine has for tinymm, and what to do about what is missing."""

import importlib
import importlib.metadata
import os
import platform

from tinymm import __version__
from tinymm.cli.output import add_json, print_json
from tinymm.engines.cpu.threads import thread_count

PACKAGES = {
    "scipy": "sound files and filters: pip install scipy",
    "av": "reading and writing video: pip install av",
    "imageio": "GIFs, frames and pictures: pip install imageio",
    "safetensors": "saving and loading models: pip install safetensors",
    "threadpoolctl": "sharing cores between BLAS and the CPU engine: pip install threadpoolctl",
    "rich": "the command line's display: pip install rich",
}


def add_arguments(parser):
    add_json(parser)


def run(args):
    findings = examine()
    if args.json:
        print_json({name: {"ok": ok, "found": found, "todo": todo} for name, ok, found, todo in findings})
        return 0
    width = max(len(name) for name, *_ in findings)
    for name, ok, found, todo in findings:
        print(f"{'ok' if ok else '--'}  {name:<{width}}  {found}")
        if todo:
            print(f"    {'':<{width}}  -> {todo}")
    return 0


def examine():
    """-> a list of (what, fine or not, what was found, what to do)."""
    import numpy as np

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    found = [
        ("tinymm", True, f"{__version__}, Python {platform.python_version()}", ""),
        ("system", True, f"{platform.system()} {platform.machine()}", ""),
        ("numpy", True, np.__version__, ""),
        ("processor", True, f"{cores} cores to use, {thread_count()} threads for the CPU engine (TINYMM_THREADS)", ""),
        _blas(np),
    ]
    found += [_package(name, use) for name, use in PACKAGES.items()]
    gpu = _gpu()
    return [*found, gpu, *([_graphs()] if gpu[1] else [])]


def _blas(np):
    """BLAS as NumPy runs it now: kind, version, the processor it computes for, and how many threads it uses."""
    pinned = "OPENBLAS_CORETYPE" in os.environ
    todo = "OPENBLAS_CORETYPE pins an instruction set; unset it if matrix products seem slow" if pinned else ""
    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        return "BLAS", True, "installed (threadpoolctl would tell its threads)", todo
    np.ones((2, 2)) @ np.ones((2, 2))
    found = [
        f"{lib['internal_api']} {lib.get('version') or ''} for {lib.get('architecture', 'any processor')}, "
        f"{lib['num_threads']} threads"
        for lib in threadpool_info() if lib["user_api"] == "blas"
    ]  # fmt: skip
    return "BLAS", True, "; ".join(dict.fromkeys(found)) or "unknown", todo


def _package(name, use):
    try:
        module = importlib.import_module(name)
    except Exception as error:  # a half-installed package can fail in any way, and this is to tell it
        return name, False, f"not usable ({error})", use
    return name, True, getattr(module, "__version__", None) or _installed(name), ""


def _installed(name):
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "installed"


def _graphs():
    """How the GPU engine does a training step here."""
    from tinymm.engines.gpu.graph import why_not

    reason = why_not()
    if reason:
        return "GPU step", True, f"launched kernel by kernel, since recording fails: {reason}", "a newer driver may record"
    return "GPU step", True, "recorded once for each batch shape as a CUDA graph, then replayed", ""


def _gpu():
    try:
        import cupy
    except ImportError:
        return "GPU", False, "CuPy is not installed; everything works without it, on the CPU", (
            'with an NVIDIA GPU: pip install -e ".[cuda12]" (or cuda13) in the clone; Colab: choose a runtime with a GPU'
        )
    try:
        if not cupy.is_available():
            return "GPU", False, f"CuPy {cupy.__version__}, but no usable GPU", "check the driver with nvidia-smi"
        a = cupy.ones((2, 2))
        assert float((a @ a).sum()) == 8
        name = cupy.cuda.runtime.getDeviceProperties(0)["name"].decode()
        return "GPU", True, f"{name}, CuPy {cupy.__version__}", ""
    except (ImportError, RuntimeError, AssertionError) as error:
        todo = "match the CUDA version of driver and CuPy"
        return "GPU", False, f"CuPy {cupy.__version__} cannot compute: {error}", todo
