"""The catalogue of relation types: data a city can replace, checked when read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from kuai.kit.errors import DataFault, Where

ELEMENTS = frozenset({"person", "organisation", "event", "contact", "address"})
# The order of promotion; a catalogue may leave out the end of it, never a step in between.
LEVELS = ("community", "subdistrict", "department")

HIGHEST_TIER = 3


@dataclass(frozen=True)
class RelationType:
    """One of the 22, or a structural one: who relates to what, how many at one moment (None: any number), tier 1-3.

    `verified_by`: who confirms a fact of it, by level, in the order of promotion; empty: nobody does.
    """

    code: str
    title_zh: str
    title_en: str
    from_element: str
    to_element: str
    at_most: int | None
    tier: int
    source_department: str
    to_at_most: int | None = None
    has_one_primary: bool = False
    conflict: str = ""
    conflict_zh: str = ""
    is_structural: bool = False
    is_symmetric: bool = False
    verified_by: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_listed(self) -> bool:
        """Whether its facts stand on lists to look through: of the highest tier none do."""
        return self.tier < HIGHEST_TIER

    @property
    def cardinality(self) -> str:
        """1:1, N:1, 1:N or N:M, read from `from` to `to`."""
        left = "1" if self.to_at_most == 1 else "N"
        right = "1" if self.at_most == 1 else ("N" if left == "1" else "M")
        return f"{left}:{right}"


def read_relation_types(path: Path) -> tuple[RelationType, ...]:
    """The catalogue in `path`; a faulty entry is a DataFault that names it."""
    value = yaml.safe_load(path.read_text(encoding="utf-8"))
    entries = value.get("relations") if isinstance(value, dict) else None
    if not isinstance(entries, list) or not entries:
        raise DataFault(
            "relations.empty",
            "没有 relations 列表",
            where=Where(file=path.name),
            remedy="参照自带的 relations.yaml 填写。",
        )
    types = tuple(
        _read_entry(entry, position, path) for position, entry in enumerate(entries, start=1)
    )
    codes = [entry.code for entry in types]
    repeated = sorted({code for code in codes if codes.count(code) > 1})
    if repeated:
        raise DataFault(
            "relations.repeated", f"代码重复：{'、'.join(repeated)}", where=Where(file=path.name)
        )
    return types


def _read_entry(entry: Any, position: int, path: Path) -> RelationType:
    where = Where(file=path.name, row=position)
    try:
        read = RelationType(
            code=str(entry["code"]),
            title_zh=str(entry["zh"]),
            title_en=str(entry["en"]),
            from_element=str(entry["from"]),
            to_element=str(entry["to"]),
            at_most=_count(entry["at_most"]),
            tier=int(entry["tier"]),
            source_department=str(entry["source"]),
            to_at_most=_count(entry.get("to_at_most")),
            has_one_primary=bool(entry.get("one_primary", False)),
            conflict=str(entry.get("conflict", "")),
            conflict_zh=str(entry.get("conflict_zh", "")),
            is_structural=bool(entry.get("structural", False)),
            is_symmetric=bool(entry.get("symmetric", False)),
            verified_by=_read_levels(entry.get("verify", _usual_levels(entry))),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as fault:
        raise DataFault(
            "relations.entry",
            f"第 {position} 项缺字段或写法不对（{fault}）",
            where=where,
            remedy="每项要有 code, zh, en, from, to, at_most, tier, source。",
        ) from fault
    unknown = {read.from_element, read.to_element} - ELEMENTS
    if unknown:
        raise DataFault(
            "relations.element",
            f"{read.code} 的要素 {'、'.join(sorted(unknown))} 不认识",
            where=where,
        )
    return read


def _count(value: Any) -> int | None:
    return None if value is None else int(value)


def _usual_levels(entry: Mapping[str, Any]) -> dict[str, str]:
    """Where a catalogue does not say: every level; of structural ones none."""
    if entry.get("structural", False):
        return {}
    return dict(zip(LEVELS, ("社区", "街道", str(entry["source"])), strict=True))


def _read_levels(given: Mapping[str, Any]) -> dict[str, str]:
    levels = {level: str(given[level]) for level in LEVELS if level in given}
    if set(given) != set(levels) or list(levels) != list(LEVELS[: len(levels)]):
        raise ValueError("verify")
    return levels
