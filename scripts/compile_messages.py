"""Compile kuai/web/locale/*/LC_MESSAGES/django.po to .mo. In Python, because msgfmt is not on every machine.

The .mo is committed: a fresh machine needs nothing but a checkout. A test keeps the two in step.
"""

from __future__ import annotations

import ast
import struct
from pathlib import Path

LOCALES = Path(__file__).resolve().parents[1] / "kuai" / "web" / "locale"
MAGIC = 0x950412DE


def read_po(path: Path) -> dict[str, str]:
    """msgid -> msgstr of a .po file without plurals and contexts (we use neither)."""
    entries: dict[str, str] = {}
    key, value, part = "", "", ""
    for line in [*path.read_text(encoding="utf-8").splitlines(), 'msgid ""']:
        if line.startswith("msgid "):
            if part == "msgstr" and value:
                entries[key] = value
            key, value, part = ast.literal_eval(line[6:]), "", "msgid"
        elif line.startswith("msgstr "):
            value, part = ast.literal_eval(line[7:]), "msgstr"
        elif line.startswith('"') and part == "msgid":
            key += ast.literal_eval(line)
        elif line.startswith('"'):
            value += ast.literal_eval(line)
    return entries


def as_mo(entries: dict[str, str]) -> bytes:
    """The binary form that gettext reads: two tables of (length, offset), then the texts."""
    pairs = [(key.encode(), entries[key].encode()) for key in sorted(entries)]
    tables_end = 7 * 4 + len(pairs) * 16
    keys, values, texts = [], [], b""
    for table, column in ((keys, 0), (values, 1)):
        for pair in pairs:
            table += [len(pair[column]), tables_end + len(texts)]
            texts += pair[column] + b"\0"
    header = (MAGIC, 0, len(pairs), 28, 28 + len(pairs) * 8, 0, 0)
    return struct.pack(f"<{7 + 4 * len(pairs)}I", *header, *keys, *values) + texts


def main() -> None:
    for path in sorted(LOCALES.glob("*/LC_MESSAGES/django.po")):
        entries = read_po(path)
        path.with_suffix(".mo").write_bytes(as_mo(entries))
        print(f"{path.relative_to(LOCALES)}: {len(entries)} 条")


if __name__ == "__main__":
    main()
