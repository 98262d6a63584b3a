"""What an unregistered form is told instead of values: how much of it the store could fill, in tens. Private.

Counted over everybody and everything on the reader's ground, never over the rows of the sheet: a sheet with one name
would else tell whether we know that name.
"""

from __future__ import annotations

from kuai.guard.types import Actor
from kuai.kit.errors import Refusal
from kuai.kit.store import Store
from kuai.services.forms.engine.form_fields import NEVER_FILLED, ROW_NUMBER, form_fields
from kuai.services.forms.engine.layouts import find_layout
from kuai.services.forms.fillings import FILLERS, plain_name, sheets_of
from kuai.services.forms.homes import HOMES
from kuai.services.forms.listing import INSIDE
from kuai.services.forms.store_reading import BuildFacts, open_facts
from kuai.services.forms.types import Coverage
from kuai.sources.form_sheets import meanings_of_heading, read_form

FEWEST = 10
# Whoever delivers records lets them be reviewed: counts rest on every core source.
PURPOSE = "record_review"


def count_coverage(
    store: Store, content: bytes, *, file_name: str, about: str, by: Actor
) -> tuple[Coverage, ...]:
    """For each heading we understand: of how many rows of this ground the store holds it. No value, nobody named."""
    if by.role not in FILLERS:
        raise Refusal("form.not_yours", "覆盖情况由街道或部门工作人员看。")
    read = read_form(store, content, file_name=plain_name(file_name))
    layout = find_layout(sheets_of(read), about, read_heading=meanings_of_heading)
    if layout is None:
        raise Refusal("form.no_headings", "没有认出这张表要填什么。")
    with open_facts(store, purpose=PURPOSE) as facts:
        whole, known = _counts(facts, about, list(by.areas))
    return tuple(
        Coverage(
            one.heading,
            form_fields()[one.field].label,
            None if one.field in NEVER_FILLED else _tens(known.get(one.field, 0)),
            _tens(whole),
        )
        for one in layout.columns
        if one.field and one.field != ROW_NUMBER
    )


def _tens(count: int) -> int | None:
    return None if count < FEWEST else count // FEWEST * FEWEST


def _counts(facts: BuildFacts, about: str, areas: list[str]) -> tuple[int, dict[str, int]]:
    if about == "person":
        return _persons(facts, areas)
    level = {"room": "b.level = 'room'", "firm": "true"}[about]
    if about == "room":
        sql = f"select b.code from {{block}} as b where {level} and {INSIDE} order by b.code"
    else:
        sql = (
            "select distinct r.from_code as code from {relation} as r"
            " join {block} as b on b.code = r.to_code"
            f" where r.type in ('LH_REGISTERED', 'LH_OPERATE') and {INSIDE} order by code"
        )
    codes = [row["code"] for row in facts.query(sql, areas=areas)]
    held = facts.rooms(codes, with_let=True) if about == "room" else facts.firms(codes)
    known: dict[str, int] = {}
    for fields in held.values():
        for field, fact in fields.items():
            known[field] = known.get(field, 0) + bool(fact.value)
    return len(codes), known


def _persons(facts: BuildFacts, areas: list[str]) -> tuple[int, dict[str, int]]:
    rows = facts.query(
        "select distinct r.from_code as code from {relation} as r join {block} as b on b.code = r.to_code"
        " join {person} as p on p.person_code = r.from_code and not p.is_child_under_14"
        " where list_contains($homes, r.type) and r.status not in ('ended', 'withdrawn')"
        f" and {INSIDE} order by code",
        homes=[*HOMES, "PH_HUKOU"],
        areas=areas,
    )
    codes = [row["code"] for row in rows]
    known: dict[str, int] = {}
    for fields in facts.persons(codes).values():
        for field, fact in fields.items():
            known[field] = known.get(field, 0) + bool(fact.value)
    known["person.age"] = known.get("person.birth_date", 0)
    named = facts.query(
        "select count(distinct m.code) filter (p.name_token is not null) as names,"
        " count(distinct m.code) filter (p.phone_token is not null) as phones"
        f" from {facts.person_mentions(['phone_token'])} as p"
        " join {mention_element} as m on m.mention_key = p.mention_key and m.element = 'person'"
        " where list_contains($codes, m.code)",
        codes=codes,
    )[0]
    known |= {"person.name": named["names"], "person.phone": named["phones"]}
    return len(codes), known
