"""Reads the small subset of Markdown that our public texts use: headings, paragraphs, lists."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Part:
    """One language of a text: its title, and its pieces as (kind, text or items)."""

    title: str
    language: str
    pieces: list[tuple[str, list[str]]] = field(default_factory=list)


def read_parts(text: str) -> list[Part]:
    """One part a `# ` heading; a heading without a Chinese character begins the English part."""
    parts: list[Part] = []
    for line in text.splitlines():
        if line.startswith("# "):
            title = line[2:].strip()
            parts.append(Part(title, "en" if title.isascii() else "zh-Hans"))
        elif parts and line.strip():
            _add(parts[-1].pieces, line)
        elif parts:
            parts[-1].pieces.append(("gap", []))
    for part in parts:
        part.pieces = [piece for piece in part.pieces if piece[0] != "gap"]
    return parts


def _add(pieces: list[tuple[str, list[str]]], line: str) -> None:
    last_kind = pieces[-1][0] if pieces else ""
    if line.startswith("## "):
        pieces.append(("heading", [line[3:].strip()]))
    elif line.startswith("- "):
        if last_kind == "list":
            pieces[-1][1].append(line[2:].strip())
        else:
            pieces.append(("list", [line[2:].strip()]))
    elif last_kind == "list" and line.startswith("  "):
        pieces[-1][1][-1] += _joint(pieces[-1][1][-1]) + line.strip()
    elif last_kind == "paragraph":
        pieces[-1][1][0] += _joint(pieces[-1][1][0]) + line.strip()
    else:
        pieces.append(("paragraph", [line.strip()]))


def _joint(text: str) -> str:
    # Chinese lines join without a space.
    return " " if text[-1:].isascii() else ""
