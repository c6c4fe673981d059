"""Keep freed memory for what is computed next: the next forward pass, or the next part of a table."""

import ctypes
import os
import sys

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # names in malloc.h
_LARGE = 2**30  # bytes; more than the activations of a batch


def keep_freed_memory() -> None:
    """Tell glibc not to hand large blocks back to the system when they are freed; do nothing elsewhere.

    A network's activations are such blocks: mapped and cleared anew for every layer, they cost almost as much time as
    the convolutions. No number changes.
    """
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # other C libraries have none
    if mallopt is not None:
        mallopt(_MMAP_THRESHOLD, _LARGE)
        mallopt(_TRIM_THRESHOLD, 2 * _LARGE - 1)


def share_allocator() -> None:
    """Tell Arrow, which is not loaded yet, to allocate as everything else here does.

    Its own allocator claims tens of MB for the smallest table, and what it frees serves no array of numpy.
    """
    os.environ["ARROW_DEFAULT_MEMORY_POOL"] = "system"
