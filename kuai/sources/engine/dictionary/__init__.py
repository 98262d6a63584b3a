"""The dictionary of the map stage: our fields, what headings mean, kinds of source, purposes.

Data, not code: a city edits the YAML beside this file. Owned by sources; read once a process.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class FieldEntry:
    """One of our fields. `level` is L1 to L4; `looks_like` names kinds of content."""

    key: str
    label: str
    level: str
    purpose: str
    looks_like: tuple[str, ...]

    @property
    def element(self) -> str:
        return self.key.split(".", 1)[0]


@dataclass(frozen=True)
class LinkRule:
    """What a row of this kind of source says about two of its mentions."""

    relation: str
    from_role: str
    to_role: str
    role: str = ""
    period: str = ""
    organisation_relation: str = ""
    organisation_role: str = ""


@dataclass(frozen=True)
class SourceTemplate:
    """A kind of source, known by its columns."""

    key: str
    title: str
    purpose: str
    zone: str
    refused: str
    event: str
    least: float
    signals: Mapping[str, float]
    needs: tuple[str, ...]
    becomes: Mapping[str, Mapping[str, str]]
    persons: tuple[str, ...]
    organisations: tuple[str, ...]
    addresses: tuple[str, ...]
    may_be_organisation: tuple[str, ...]
    contact_phones: tuple[str, ...]
    everyone_is_reporter: bool
    links: tuple[LinkRule, ...]

    def roles_of(self, element: str) -> tuple[str, ...]:
        """The roles this kind of source has a use for."""
        return {
            "person": self.persons,
            "organisation": self.organisations,
            "address": self.addresses,
        }.get(element, ())

    def settle_role(self, element: str, role: str) -> str:
        """The role in this kind of source of what a heading called `role`."""
        return self.becomes.get(element, {}).get(role, role)


@dataclass(frozen=True)
class HeadingMeaning:
    """What a heading word means: one of our fields, and whose or which place, where it says so."""

    field: str
    role: str


@dataclass(frozen=True)
class RoleWord:
    """A word that names a role and may stand before a field word."""

    word: str
    role: str
    element: str


@dataclass(frozen=True)
class RefusedWords:
    """Words whose columns stay outside, and why."""

    key: str
    contains: tuple[str, ...]
    reason: str


@dataclass(frozen=True)
class IndustryStandard:
    """A classification of industries: its edition, the section of each division, the code each name stands for."""

    standard: str
    edition: str
    sections: Mapping[str, str]
    section_of: Mapping[str, str]
    code_of: Mapping[str, str]


@dataclass(frozen=True)
class Dictionary:
    """All of it."""

    purposes: Mapping[str, str]
    fields: Mapping[str, FieldEntry]
    exact: Mapping[str, HeadingMeaning]
    role_words: tuple[RoleWord, ...]
    field_words: Mapping[str, Mapping[str, str]]
    refusals: tuple[RefusedWords, ...]
    templates: Mapping[str, SourceTemplate]
    placeholders: frozenset[str] = frozenset()
    sexes: Mapping[str, str] = field(default_factory=dict)
    states: Mapping[str, str] = field(default_factory=dict)
    industries: IndustryStandard = field(
        default_factory=lambda: IndustryStandard("", "", {}, {}, {})
    )


@cache
def load_dictionary() -> Dictionary:
    """The dictionary as shipped."""
    headings, words = _read("headings"), _read("words")
    exact = {
        word.upper(): HeadingMeaning(entry["field"], entry["role"])
        for entry in headings["exact"]
        for word in entry["words"]
    }
    role_words = tuple(
        RoleWord(word.upper(), entry["role"], entry["element"])
        for entry in headings["roles"]
        for word in entry["words"]
    )
    return Dictionary(
        purposes=_read("purposes"),
        fields={key: _field(key, entry) for key, entry in _read("fields").items()},
        exact=exact,
        # Longest first, because 参保单位 must be read before 单位.
        role_words=tuple(sorted(role_words, key=lambda word: (-len(word.word), word.word))),
        field_words={
            element: {word.upper(): key for key, listed in entries.items() for word in listed}
            for element, entries in headings["fields"].items()
        },
        refusals=tuple(
            RefusedWords(
                entry["key"], tuple(word.upper() for word in entry["contains"]), entry["reason"]
            )
            for entry in _read("refusals")
        ),
        templates={key: _template(key, entry) for key, entry in _read("templates").items()},
        placeholders=frozenset(word.upper() for word in words["placeholders"]),
        sexes=words["sexes"],
        states=words["states"],
        industries=_industries(_read("industries")),
    )


def _read(name: str) -> Any:
    return yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))


def _field(key: str, entry: Mapping[str, Any]) -> FieldEntry:
    return FieldEntry(
        key, entry["label"], entry["level"], entry["purpose"], tuple(entry["looks_like"])
    )


def fold_industry(name: str) -> str:
    """A name of an industry without signs and joining words, as `industry_reading.sql` compares it."""
    return re.sub("[^一-龥]|和|及|与", "", name)


def _industries(entry: Mapping[str, Any]) -> IndustryStandard:
    section_of: dict[str, str] = {}
    code_of: dict[str, str] = {}
    for section in entry["sections"]:
        letter = section["code"]
        named = [(name, letter) for name in (section["name"], *section["also"])]
        for division, name in section["divisions"].items():
            section_of[division] = letter
            named.append((name, f"{letter}{division}"))
        for name, code in named:
            # A division called as its section (教育) says no more than the section.
            code_of.setdefault(fold_industry(name), code)
    return IndustryStandard(
        standard=entry["standard"],
        edition=entry["edition"],
        sections={section["code"]: section["name"] for section in entry["sections"]},
        section_of=section_of,
        code_of=code_of,
    )


def _template(key: str, entry: Mapping[str, Any]) -> SourceTemplate:
    return SourceTemplate(
        key=key,
        title=entry["title"],
        purpose=entry["purpose"],
        zone=entry.get("zone", "core"),
        refused=entry.get("refused", ""),
        event=entry.get("event", ""),
        least=float(entry.get("least", 2.5)),
        signals=entry["signals"],
        needs=tuple(entry.get("needs", ())),
        becomes=entry["becomes"],
        persons=tuple(entry["persons"]),
        organisations=tuple(entry["organisations"]),
        addresses=tuple(entry["addresses"]),
        may_be_organisation=tuple(entry.get("may_be_organisation", ())),
        contact_phones=tuple(entry.get("contact_phones", ())),
        everyone_is_reporter=bool(entry.get("everyone_is_reporter", False)),
        links=tuple(_link(link) for link in entry["links"]),
    )


def _link(entry: Mapping[str, str]) -> LinkRule:
    return LinkRule(
        relation=entry["relation"],
        from_role=entry["from"],
        to_role=entry["to"],
        role=entry.get("role", ""),
        period=entry.get("period", ""),
        organisation_relation=entry.get("organisation_relation", ""),
        organisation_role=entry.get("organisation_role", ""),
    )
