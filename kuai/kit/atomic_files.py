"""Files that are whole or absent. A kill at any instant leaves the old state or the new one, never a half."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_HALF = re.compile(r"^\..+\.([0-9]+)\.part$")


@contextmanager
def replace_when_complete(target: Path) -> Iterator[Path]:
    """Yield a scratch path beside `target`; on success it is synced and renamed over `target`, else removed."""
    scratch = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        yield scratch
        with scratch.open("rb+") as stream:
            os.fsync(stream.fileno())
        scratch.replace(target)
        sync_folder(target.parent)
    finally:
        scratch.unlink(missing_ok=True)


def write_text(target: Path, text: str) -> None:
    """Replace `target` by `text` (UTF-8) atomically."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with replace_when_complete(target) as scratch:
        scratch.write_text(text, encoding="utf-8")


def sweep_halves(folder: Path) -> int:
    """Remove what killed writers left half-written below `folder`; returns how many. The living keep theirs."""
    swept = 0
    for path in folder.rglob(".*.part"):
        found = _HALF.match(path.name)
        if found and not Path(f"/proc/{found.group(1)}").exists():
            path.unlink(missing_ok=True)
            swept += 1
    return swept


def sync_folder(folder: Path) -> None:
    """Make renames in `folder` durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
