"""What crosses the door of `rules`: a rule with its basis, the logical views it reads, what it found and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from kuai.kit.tables import CATALOGUE, BulkTable, Column, Sensitivity

L1, L2, L3 = Sensitivity.L1, Sensitivity.L2, Sensitivity.L3
# Fewer than this, and a rule would be about somebody rather than about a kind of case.
SMALLEST_POPULATION = 100


class Asks(StrEnum):
    """All that a finding may lead to. There is no fourth: a rule decides nothing about anybody."""

    OFFER = "offer"
    QUESTION = "question"
    CHECK = "check"


class SubjectKind(StrEnum):
    """What a finding is about."""

    PERSON = "person"
    ROOM = "room"
    BUILDING = "building"
    ORGANISATION = "organisation"
    COMMUNITY = "community"


class ToWhom(StrEnum):
    """Who is offered or asked something."""

    PERSON = "person"
    LANDLORD = "landlord"
    ROOM = "room"
    ORGANISATION = "organisation"
    PROPERTY_COMPANY = "property_company"
    DEPARTMENT = "department"
    SOCIAL_WORKER = "social_worker"
    COMMUNITY = "community"
    GRID = "grid"


class Harm(StrEnum):
    """How much a wrong finding costs whom it names; from the rule's file."""

    LOW = "low"
    MIDDLE = "middle"
    HIGH = "high"


@dataclass(frozen=True)
class ViewColumn:
    """One column that a rule may read. `kind`: code, ref, day, word, number, flag, standing.

    `purposes`: for which purposes it may be read; empty where all may. `comes_from`: table.column of the build.
    """

    name: str
    type: str
    kind: str
    level: Sensitivity
    title_zh: str
    comes_from: str
    element: str = ""
    purposes: tuple[str, ...] = ()


@dataclass(frozen=True)
class LogicalView:
    """One view of views.yaml. `sql` is empty where no build holds such facts yet: the view is there and empty."""

    name: str
    title_zh: str
    row: str
    columns: tuple[ViewColumn, ...]
    sql: str = ""
    needs: tuple[str, ...] = ()
    filled_by: str = ""

    @property
    def column_names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> ViewColumn:
        return next(column for column in self.columns if column.name == name)

    @property
    def has_standing(self) -> bool:
        """Whether its rows are facts that are asserted or verified, and not places of the library."""
        return "status" in self.column_names


@dataclass(frozen=True)
class Example:
    """A case kept beside the rule: rows of views, the day, and whom the rule must find."""

    name: str
    shows: str
    day: date
    rows: Mapping[str, tuple[Mapping[str, Any], ...]]
    finds: tuple[str, ...]
    line: int = 0


@dataclass(frozen=True)
class Rule:
    """One rule as its file says it. `rule_id` is PACK.NAME; `evidence` names the columns shown and their headings."""

    rule_id: str
    version: int
    title_zh: str
    title_en: str
    basis: str
    purpose: str
    owner: str
    valid_from: date
    valid_until: date | None
    asks: Asks
    to_whom: ToWhom
    ask_zh: str
    subject: SubjectKind
    sql: str
    population: str
    evidence: Mapping[str, str]
    clears_zh: str
    cool_down_days: int
    least_confidence: float
    least_precision: float
    harm: Harm
    examples: tuple[Example, ...] = ()
    file: str = ""
    sql_line: int = 0
    lines: Mapping[str, int] = field(default_factory=dict)

    @property
    def pack(self) -> str:
        return self.rule_id.split(".")[0]

    def is_valid_on(self, day: date) -> bool:
        """Whether the rule holds on that day."""
        return self.valid_from <= day and (self.valid_until is None or day < self.valid_until)


@dataclass(frozen=True)
class RuleFault:
    """Why a rule may not run: what about it, where in its file, what to do. `column` is VIEW.COLUMN or as written."""

    code: str
    sentence: str
    column: str = ""
    remedy: str = ""
    file: str = ""
    line: int = 0
    field: str = ""

    def __str__(self) -> str:
        place = f"{self.file} 第 {self.line} 行" if self.line else self.file
        what = f"{self.field}：{self.sentence}" if self.field else self.sentence
        return "：".join(part for part in (place, what) if part) + (
            f"。{self.remedy}" if self.remedy else ""
        )


@dataclass(frozen=True)
class Finding:
    """What a rule says of one subject: offer, question or check, with its reasons. Codes only."""

    finding_id: str
    rule: str
    rule_version: int
    asks: Asks
    to_whom: ToWhom
    purpose: str
    subject_kind: SubjectKind
    subject_code: str
    place_code: str
    grid_code: str
    occasion: str
    evidence: Mapping[str, str]
    rows: tuple[str, ...]
    confidence: float
    status: str
    clears_zh: str
    first_found: date
    found_on: date
    build: str


@dataclass(frozen=True)
class RuleCount:
    """What one run of one rule came to. `refused`: why it did not run; empty if it did."""

    rule: str
    version: int
    population: int
    findings: int
    seconds: float
    refused: str = ""
    way: str = "whole"


@dataclass(frozen=True)
class RuleRun:
    """One run of all rules over one build, as of one day."""

    build: str
    day: date
    way: str
    counts: tuple[RuleCount, ...]
    new: int
    gone: int
    view_rows: Mapping[str, int] = field(default_factory=dict)

    @property
    def findings(self) -> int:
        return sum(one.findings for one in self.counts)


@dataclass(frozen=True)
class Overlay:
    """What people decided since the build: these facts and these persons' birth dates are out of every rule.

    `paused`: codes of which somebody contests something; no rule says anything of them until that is settled.
    `gone`: persons who died or departed.
    """

    facts: frozenset[str] = frozenset()
    birth_dates: frozenset[str] = frozenset()
    paused: frozenset[str] = frozenset()
    gone: frozenset[str] = frozenset()


FINDING = CATALOGUE.declare(
    BulkTable(
        name="finding",
        owner="rules",
        row="One finding: a rule says of one subject that something may be offered, asked or checked. Codes only.",
        retention="with its run, of which the newest two are kept; what its build no longer knows is swept out before",
        columns=(
            Column("finding_id", "VARCHAR", L2, "F- and sixteen characters, the same for ever"),
            Column("rule", "VARCHAR", L1, "PACK.NAME"),
            Column("rule_version", "INTEGER", L1, "version of the rule that found it"),
            Column("asks", "VARCHAR", L1, "offer, question, check"),
            Column("to_whom", "VARCHAR", L1, "person, landlord, room, organisation, ..."),
            Column("purpose", "VARCHAR", L1, "the rule's purpose"),
            Column(
                "subject_kind", "VARCHAR", L1, "person, room, building, organisation, community"
            ),
            Column("subject_code", "VARCHAR", L2, "whom or what it is about"),
            Column("place_code", "VARCHAR", L2, "where; empty if nowhere"),
            Column("grid_code", "VARCHAR", L1, "the grid of that place; empty if unknown"),
            Column(
                "occasion",
                "VARCHAR",
                L2,
                "what tells two findings of one subject apart; mostly empty",
            ),
            Column("evidence", "VARCHAR", L3, "JSON: the evidence columns of the rule, as text"),
            Column("rows", "VARCHAR", L2, "the rows it rests on, separated by blanks"),
            Column("confidence", "DOUBLE", L2, "lowest of the facts used, 4 places"),
            Column("status", "VARCHAR", L1, "asserted, verified: lowest of the facts used"),
            Column("clears", "VARCHAR", L1, "the one fact that would clear it"),
            Column("first_found", "DATE", L2, "day of the first run that found it"),
            Column("found_on", "DATE", L1, "day of this run"),
            Column("build", "VARCHAR", L1, "build it was found in"),
        ),
        order_by=("rule", "subject_code", "place_code", "occasion"),
    )
)
