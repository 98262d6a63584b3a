"""What is wrong on the ground of an area, as a list: all that the map shows in colour, and what it cannot show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import shapely
from django.utils.translation import gettext as _

from kuai.address.drawing import FindingKind, GroundFinding, finding_key
from kuai.address.library import Entry
from kuai.web.addresses.reader import LibraryReader
from kuai.web.addresses.words import FINDING_NAMES

MOST_LINES = 60
AROUND_ONE_POINT = 0.0006


@dataclass(frozen=True)
class FindingLine:
    """One thing that does not fit; `bounds` is where the map goes, `key` its shape there."""

    words: str
    more: str
    code: str
    key: str
    bounds: str


@dataclass(frozen=True)
class FindingPart:
    """All of one kind."""

    title: str
    lines: Sequence[FindingLine]
    total: int
    left: int
    is_open: bool


@dataclass(frozen=True)
class FindingsShown:
    """The list beside the map."""

    sums: Sequence[tuple[str, str, int]]
    parts: Sequence[FindingPart]
    has_outlines: bool
    is_clean: bool


def show_findings(reader: LibraryReader, entry: Entry) -> FindingsShown:
    """The findings under an area by kind."""
    drawn, findings = reader.survey(entry.address_code)
    entries = {one.address_code: one for one in drawn.entries}
    by_kind: dict[FindingKind, list[FindingLine]] = {kind: [] for kind in FindingKind}
    for one in findings:
        by_kind[one.kind].append(_line(one, entries))
    parts = [
        FindingPart(
            title=str(FINDING_NAMES[kind]),
            lines=lines[:MOST_LINES],
            total=len(lines),
            left=max(0, len(lines) - MOST_LINES),
            is_open=len(lines) <= 5,
        )
        for kind, lines in by_kind.items()
        if lines
    ]
    shown = [
        FindingKind.GAP,
        FindingKind.OVERLAP,
        FindingKind.BUILDING_WITHOUT_POINT,
        FindingKind.POINT_OUTSIDE,
    ]
    return FindingsShown(
        sums=[(kind.value, str(FINDING_NAMES[kind]), len(by_kind[kind])) for kind in shown],
        parts=parts,
        has_outlines=drawn.has_outlines,
        is_clean=not findings,
    )


def _line(finding: GroundFinding, entries: dict[str, Entry]) -> FindingLine:
    named = [entries[code] for code in finding.address_codes if code in entries]
    first = named[0] if named else None
    names = "、".join(one.standard_text or one.name for one in named)
    return FindingLine(
        words=names or finding.words,
        more=finding.words if names else _above(finding, entries),
        code=first.address_code if first else "",
        key=finding_key(finding) if finding.geometry else "",
        bounds=_bounds(finding, first),
    )


def _above(finding: GroundFinding, entries: dict[str, Entry]) -> str:
    above = entries.get(finding.parent_code)
    return _("在%(name)s里") % {"name": above.name} if above else ""


def _bounds(finding: GroundFinding, entry: Entry | None) -> str:
    if finding.geometry is not None:
        edges = shapely.from_wkb(finding.geometry).bounds
    elif entry is not None and entry.longitude is not None and entry.latitude is not None:
        x, y, around = entry.longitude, entry.latitude, AROUND_ONE_POINT
        edges = (x - around, y - around, x + around, y + around)
    else:
        return ""
    return ",".join(f"{edge:.6f}" for edge in edges)
