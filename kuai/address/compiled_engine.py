"""The wash's engine as machine code, where somebody compiled it (`make compile-wash`); else the same files as Python.

The compiled modules stand outside the sources with a stamp of what they were made from. Where one source, the
Python or the machine differs they are ignored, so they can be missing or out of date but never wrong.
"""

from __future__ import annotations

import hashlib
import os
import platform
import sys
from pathlib import Path

ENGINE = Path(__file__).parent / "engine"
COMPILED = Path(__file__).parents[2] / "build" / "wash"
STAMP_FILE = "stamp"
# What every text passes through.
MODULES = (
    "divisions",
    "finding",
    "grading",
    "heads",
    "mending",
    "names",
    "normalising",
    "packed",
    "place_index",
    "rooms",
    "segmenting",
    "short_way",
    "similarity",
)


def stamp_of_sources() -> str:
    """What the compiled modules must have been made from to be used."""
    digest = hashlib.sha256()
    digest.update(f"{sys.implementation.cache_tag} {sys.platform} {platform.machine()}".encode())
    for module in MODULES:
        digest.update((ENGINE / f"{module}.py").read_bytes())
    return digest.hexdigest()


def find_compiled() -> Path | None:
    """The folder of compiled modules that fit the sources; None where there is none, or KUAI_PURE_PYTHON is set."""
    if os.environ.get("KUAI_PURE_PYTHON"):
        return None
    try:
        stamp = (COMPILED / STAMP_FILE).read_text(encoding="ascii")
    except OSError:
        return None
    return COMPILED if stamp == stamp_of_sources() else None
