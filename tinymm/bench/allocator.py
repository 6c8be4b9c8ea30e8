"""glibc's allocator, told to keep memory that is freed: PyTorch gains most, since it asks for every result anew.

The same as MALLOC_TRIM_THRESHOLD_, MALLOC_MMAP_THRESHOLD_ and MALLOC_TOP_PAD_ in the environment.
"""

import ctypes

TRIM_THRESHOLD, TOP_PAD, MMAP_THRESHOLD = -1, -2, -3  # numbers of mallopt(3)


def keep_freed_memory():
    """-> "keeps freed memory", or "as the system has it" where there is no mallopt."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):
        return "as the system has it"
    done = [mallopt(TRIM_THRESHOLD, 10**9), mallopt(MMAP_THRESHOLD, 10**9), mallopt(TOP_PAD, 10**8)]
    return "keeps freed memory" if all(done) else "as the system has it"
