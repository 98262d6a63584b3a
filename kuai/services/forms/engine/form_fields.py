"""The catalogue of what a form may ask, and which of it a heading means. Data: `fields.yaml`. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import yaml

FIELD_FILE = Path(__file__).resolve().parents[1] / "fields.yaml"
# Written 1, 2, 3 by whoever fills the sheet; no fact of anybody.
ROW_NUMBER = "row.number"
NUMBER_WORDS = frozenset({"序号", "编号", "序", "NO", "行号"})
# Never put into a cell, whoever asks (L4), nor anything of a child under 14.
NEVER_FILLED = frozenset({"person.id_number"})
_BRACKETS = re.compile(r"[（(【\[].*?[)）】\]]")
# 证件类型 asks what kind of paper it is, not its number.
_KIND = re.compile(r"(类型|种类|类别|名称)$")
_ORNAMENT = re.compile(r"[\s*＊#:：、.．/\\_\-？?]+")


class Meaning(Protocol):
    """What the dictionary of headings says (kuai.sources)."""

    @property
    def field(self) -> str: ...
    @property
    def role(self) -> str: ...
    @property
    def score(self) -> float: ...


ReadHeading = Callable[[str], Sequence[Meaning]]
# Nearness of letters alone weighs less: 备注 is near nothing, 电话 is near 电话号码.
LEAST_SCORE = 0.48


@dataclass(frozen=True)
class FormField:
    """One thing a form may ask. `tells`: how ticket and ledger call it; empty where it tells of no person."""

    key: str
    about: str
    label: str
    english: str
    level: str
    tells: str
    role: str
    words: frozenset[str]
    meanings: frozenset[str]

    @property
    def is_sealed(self) -> bool:
        """Whether its value lies in the vault."""
        return self.tells in ("name", "phone")


@cache
def form_fields() -> Mapping[str, FormField]:
    """The catalogue by key."""
    listed: dict[str, dict[str, Any]] = yaml.safe_load(FIELD_FILE.read_text(encoding="utf-8"))
    return {
        key: FormField(
            key=key,
            about=one["about"],
            label=one["label"],
            english=one["english"],
            level=one["level"],
            tells=one["tells"],
            role=one.get("role", ""),
            words=frozenset(fold(word) for word in one["words"]),
            meanings=frozenset(one["meanings"]),
        )
        for key, one in listed.items()
    }


def fields_about(about: str) -> tuple[FormField, ...]:
    """Those of one kind of row, in the order of the catalogue."""
    return tuple(one for one in form_fields().values() if one.about == about)


def fold(heading: str) -> str:
    """A heading without remarks in brackets, blanks and ornaments."""
    plain = _ORNAMENT.sub("", _BRACKETS.sub("", heading)).upper()
    return plain or _ORNAMENT.sub("", heading).upper()


def field_of(heading: str, about: str, *, read_heading: ReadHeading) -> str:
    """The field of our catalogue that a heading of a form about `about` means, or nothing."""
    folded = fold(heading)
    if not folded or len(folded) > 30:
        return ""
    if folded in NUMBER_WORDS:
        return ROW_NUMBER
    fields = fields_about(about)
    for one in fields:
        if folded in one.words:
            return one.key
    for meaning in read_heading(_BRACKETS.sub("", heading) or heading):
        if meaning.score < LEAST_SCORE:
            continue
        said = f"{meaning.field}@{meaning.role}" if meaning.role else meaning.field
        for one in fields:
            if said in one.meanings and not (one.key in NEVER_FILLED and _KIND.search(folded)):
                return one.key
    return ""
