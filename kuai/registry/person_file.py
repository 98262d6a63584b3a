"""What is held of one person: whole for that person, by kinds for somebody whose ticket is about them. Private.

Other persons have no code here, what happened to anybody has no line (calls for help and cases are told of at the
counter, so that a page tells nobody who called), and care lies in another zone. Decision 0030.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from kuai.kit.store import Store
from kuai.registry import types
from kuai.registry.believing import (
    BuildReading,
    catalogue_of,
    day_of,
    find_belief,
    laid_over,
    with_all_columns,
)
from kuai.registry.cases import CaseView, view_case
from kuai.registry.element_file import Said, best_row, names_of
from kuai.registry.engine.decision_kinds import DecisionKind, Objection
from kuai.registry.engine.relation_types import RelationType
from kuai.registry.engine.task_kinds import kinds_for
from kuai.registry.freezing import in_force
from kuai.registry.models import Decision
from kuai.registry.overlay import words_under

# Parts in events: complaints, mediations, calls for help. Who reads of one learns that somebody called.
UNTOLD = frozenset({"PE_PARTY"})
OVER = ("ended", "withdrawn")
# What is said of the person themself, beside relations.
SAID_FIELDS = ("birth_date", "sex")
MOST_DELIVERIES = 200


@dataclass(frozen=True)
class PersonFact:
    """One fact about a person. `other`: person, organisation, place, contact or empty; a person's code is left out.

    `value` is of what is said of the person (birth date, sex); `said` the rows that say so, where the build knows.
    """

    fact_key: str
    type: str
    title: str
    role: str
    is_from: bool
    other: str
    other_code: str
    other_name: str
    value: str
    valid_from: date | None
    valid_to: date | None
    precision: str
    status: str
    level: str
    is_contested: bool
    said: tuple[Said, ...]


@dataclass(frozen=True)
class PersonFile:
    """All that the core zone holds of one person. `deliveries`: which ones name them, with how many rows."""

    code: str
    as_of: date
    version: str
    facts: tuple[PersonFact, ...]
    deliveries: tuple[tuple[str, str, int], ...]
    merged_codes: tuple[str, ...]


@dataclass(frozen=True)
class OwnObjection:
    """An objection of one login, with the cases that follow from it. `is_in_force`: not withdrawn, not settled."""

    sequence: int
    fact_key: str
    says: Objection
    made_at: datetime
    is_in_force: bool
    cases: tuple[CaseView, ...]


def read_person_file(store: Store, code: str) -> PersonFile:
    """Everything about `code` for the person themself: facts that hold, are over, or were found wrong.

    Who asks is the caller's to make sure of (their own login, bound to them); this reads no vault.
    """
    reading = BuildReading(store.current_build() / "core")
    found, values = reading.resolve(code)
    facts = [*_said_of(found, values), *_facts(store, reading, found)]
    return PersonFile(
        code=found,
        as_of=day_of(store.current_build()),
        version=store.current_build().name,
        facts=tuple(facts),
        deliveries=_deliveries(reading, found),
        merged_codes=tuple(sorted(reading.merged_codes([found]).get(found, ()))),
    )


def read_task_facts(store: Store, code: str, *, purpose: str) -> tuple[PersonFact, ...]:
    """Of a person whom a ticket of `purpose` names: what holds of the kinds that its work needs, by rows that may
    serve it. One step, and no history."""
    kinds = kinds_for(purpose)
    if not kinds:
        return ()
    reading = BuildReading(store.current_build() / "core")
    found, _values = reading.resolve(code)
    facts = _facts(store, reading, found, kinds=kinds, purpose=purpose)
    return tuple(one for one in facts if one.status not in OVER)


def is_record_of(store: Store, record: str, code: str) -> bool:
    """Whether the published build still has this record under this person; a record that is gone speaks for nobody
    else, so then the person's code need only live on."""
    reading = BuildReading(store.current_build() / "core")
    rows = reading.rows(
        types.MENTION_ELEMENT,
        "mention_key = $record and element = 'person'",
        columns="code",
        record=record,
    )
    if rows:
        return str(rows[0]["code"]) == code
    living = reading.rows(types.PERSON, "person_code = $code", columns="person_code", code=code)
    return bool(living)


def record_of(store: Store, code: str) -> str:
    """A record by which the published build knows this person; the one their code was born with, if it is there."""
    reading = BuildReading(store.current_build() / "core")
    rows = reading.rows(
        types.MENTION_ELEMENT,
        "element = 'person' and code = $code order by mention_key",
        columns="mention_key",
        code=code,
    )
    keys = [str(row["mention_key"]) for row in rows]
    born = reading.rows(
        types.IDENTITY_LEDGER, "code = $code", columns="founding_mention", code=code
    )
    founding = str(born[0]["founding_mention"]) if born else ""
    return founding if founding in keys else next(iter(keys), "")


def objections_of(user_id: str, *, since: datetime) -> tuple[OwnObjection, ...]:
    """What this login objected to since it belongs to whom it belongs to, newest first."""
    made = Decision.objects.filter(
        kind=DecisionKind.OBJECT, decided_by=user_id, decided_at__gte=since
    ).order_by("-pk")
    living = set(in_force().filter(pk__in=made).values_list("pk", flat=True))
    return tuple(
        OwnObjection(
            sequence=row.pk,
            fact_key=row.subjects[0],
            says=Objection(row.detail["says"]),
            made_at=row.decided_at,
            is_in_force=row.pk in living,
            cases=tuple(view_case(case) for case in row.cases.order_by("pk")),
        )
        for row in made
    )


def _said_of(code: str, values: Mapping[str, Any]) -> list[PersonFact]:
    keys = {name: f"{name}|{code}" for name in SAID_FIELDS if values.get(name)}
    words = words_under({key: [key] for key in keys.values()})
    return [
        PersonFact(
            fact_key=key,
            type=name,
            title=name,
            role="",
            is_from=True,
            other="",
            other_code="",
            other_name="",
            value=_value(name, values),
            valid_from=None,
            valid_to=None,
            precision="",
            status=words[key].status or "asserted" if key in words else "asserted",
            level="",
            is_contested=key in words and words[key].is_contested,
            said=(),
        )
        for name, key in keys.items()
    ]


def _value(name: str, values: Mapping[str, Any]) -> str:
    value = values[name]
    if name != "birth_date":
        return str(value)
    shape = {"year": "%Y", "month": "%Y-%m"}.get(str(values.get("birth_precision")), "%Y-%m-%d")
    return str(value.strftime(shape))


def _facts(
    store: Store,
    reading: BuildReading,
    code: str,
    *,
    kinds: Collection[str] | None = None,
    purpose: str = "",
) -> list[PersonFact]:
    catalogue = catalogue_of(store)
    rows = [
        with_all_columns(row)
        for row in reading.relations(code)
        if row["type"] not in UNTOLD
        and (kinds is None or row["type"] in kinds)
        and (not purpose or purpose in (row["purposes"] or "").split(","))
    ]
    laid = laid_over(reading, find_belief(store), rows, as_of=day_of(store.current_build()))
    stated: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in laid:
        stated[row["fact_key"]].append(row)
    names = names_of(reading, {end for row in rows for end in (row["from_code"], row["to_code"])})
    order = {name: place for place, name in enumerate(catalogue)}
    facts = [_fact(those, code=code, names=names, catalogue=catalogue) for those in stated.values()]
    return sorted(
        facts,
        key=lambda one: (one.status in OVER, order.get(one.type, len(order)), one.fact_key),
    )


def _fact(
    stated: Sequence[dict[str, Any]],
    *,
    code: str,
    names: Mapping[str, str],
    catalogue: Mapping[str, RelationType],
) -> PersonFact:
    row = best_row(stated)
    is_from = row["from_code"] == code
    end = row["to_code"] if is_from else row["from_code"]
    kind = _kind_of(end)
    known = catalogue.get(row["type"])
    return PersonFact(
        fact_key=row["fact_key"],
        type=row["type"],
        title=known.title_zh if known else row["type"],
        role=row["role"],
        is_from=is_from,
        other=kind,
        other_code=end if kind in ("place", "organisation") else "",
        other_name=names.get(end, end) if kind in ("place", "organisation") else "",
        value="",
        valid_from=row["valid_from"],
        valid_to=row["valid_to"],
        precision=row["precision"],
        status=row["status"],
        level=row["level"],
        is_contested=row["is_contested"],
        said=_said(stated),
    )


def _said(stated: Iterable[Mapping[str, Any]]) -> tuple[Said, ...]:
    return tuple(
        dict.fromkeys(Said(one["source"], one["period"], one["recorded_on"]) for one in stated)
    )


def _kind_of(code: str) -> str:
    if code.isdigit():
        return "place"
    return {"P-": "person", "O-": "organisation", "C-": "contact"}.get(code[:2], "")


def _deliveries(reading: BuildReading, code: str) -> tuple[tuple[str, str, int], ...]:
    rows = reading.rows(
        types.MENTION_ELEMENT,
        "element = 'person' and code = $code group by source, period order by source, period"
        f" limit {MOST_DELIVERIES}",
        columns="source, period, count(*) as named",
        code=code,
    )
    return tuple((row["source"], row["period"], int(row["named"])) for row in rows)
