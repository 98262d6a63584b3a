"""Builds DBF files as dBASE, FoxPro and Chinese exports write them."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

Columns = Sequence[tuple[str, str, int]]


def dbf_bytes(
    columns: Columns,
    rows: Sequence[Sequence[bytes | str]],
    *,
    encoding: str = "gbk",
    language: int = 0x4D,
    version: int = 0x03,
    deleted: frozenset[int] = frozenset(),
) -> bytes:
    """A table of `rows`; text is encoded and cut at its field's end as dBASE cuts it, bytes go in as they are."""
    length = 1 + sum(size for _, _, size in columns)
    header = 32 + 32 * len(columns) + 1
    parts = [struct.pack("<BBBBIHH", version, 126, 11, 22, len(rows), header, length)]
    parts.append(b"\0" * 17 + bytes([language]) + b"\0\0")
    for name, kind, size in columns:
        raw = name.encode(encoding)[:10].ljust(11, b"\0")
        parts.append(raw + kind.encode() + b"\0\0\0\0" + bytes([size, 0]) + b"\0" * 14)
    parts.append(b"\r")
    for place, row in enumerate(rows):
        parts.append(b"*" if place in deleted else b" ")
        for (_, _, size), cell in zip(columns, row, strict=True):
            raw = cell.encode(encoding) if isinstance(cell, str) else cell
            parts.append(raw[:size].ljust(size))
    return b"".join(parts) + b"\x1a"


def write_dbf(
    folder: Path, columns: Columns, rows: Sequence[Sequence[bytes | str]], **form: object
) -> Path:
    """A DBF file in `folder`."""
    path = folder / "people.dbf"
    path.write_bytes(dbf_bytes(columns, rows, **form))  # type: ignore[arg-type]
    return path
