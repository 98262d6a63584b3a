"""One thread for numpy's matrices: in workers, because there are as many as cores; here, because ours are small.

Measured 2026-11-22 on a busy machine: with threads of its own the library spends its time waiting for them, 30 times
slower. A library that cannot be found is left alone: slower, never wrong.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

_SETTINGS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
# (get, set) as the builds of OpenBLAS name them; the first is that of numpy's wheels.
_NAMES = (
    ("scipy_openblas_get_num_threads64_", "scipy_openblas_set_num_threads64_"),
    ("openblas_get_num_threads64_", "openblas_set_num_threads64_"),
    ("openblas_get_num_threads", "openblas_set_num_threads"),
)


@contextmanager
def one_thread_each() -> Iterator[None]:
    """Processes spawned inside take one thread. Set before they load numpy."""
    before = {name: os.environ.get(name) for name in _SETTINGS}
    os.environ.update(dict.fromkeys(_SETTINGS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def one_thread_here() -> Iterator[None]:
    """Inside, this process's matrices take one thread; afterwards as many as before."""
    switch = _switch()
    if switch is None:
        yield
        return
    get, put = switch
    before = get()
    put(1)
    try:
        yield
    finally:
        put(before)


@cache
def _switch() -> tuple[Callable[[], int], Callable[[int], None]] | None:
    for path in _loaded_libraries():
        try:
            library = ctypes.CDLL(path)
        except OSError:
            continue
        for get, put in _NAMES:
            if hasattr(library, get) and hasattr(library, put):
                return getattr(library, get), getattr(library, put)
    return None


def _loaded_libraries() -> list[str]:
    """Files of OpenBLAS that this process has loaded (Linux; elsewhere none are found)."""
    maps = Path("/proc/self/maps")
    if not maps.exists():
        return []
    lines = maps.read_text(encoding="utf-8", errors="replace").splitlines()
    return sorted({line.split(maxsplit=5)[-1] for line in lines if "openblas" in line})
