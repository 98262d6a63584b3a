"""What the build and the vault say of each row that a form asks about, cell by cell. Private."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from kuai.guard import access
from kuai.kit.errors import Refusal
from kuai.services.forms.engine.field_fact import FieldFact
from kuai.services.forms.engine.filling import FormRow, RowFact, anchors_of, folded
from kuai.services.forms.engine.form_fields import form_fields
from kuai.services.forms.engine.layouts import FormLayout, Sheet
from kuai.services.forms.listing import clean_name, name_key, read_day
from kuai.services.forms.models import RegisteredForm
from kuai.services.forms.store_reading import BuildFacts
from kuai.services.forms.writing import MOST_CARD_SHEETS

MOST_ROWS = 5_000
YES_NO = {"yes": "是", "no": "否"}


def blocked_cells(sheet: Sheet) -> frozenset[tuple[int, int]]:
    """Cells that are never written: the insides of merged ones, and formulas."""
    insides = {cell for cell, anchor in anchors_of(sheet).items() if cell != anchor}
    return frozenset(insides | set(sheet.formulas))


def like_first_row(sheet: Sheet, layout: FormLayout, row: FormRow) -> frozenset[tuple[int, int]]:
    """Where a new row computes, as the first row of the table does."""
    if layout.is_cards:
        return blocked_cells(sheet)
    columns = {column for number, column in sheet.formulas if number == layout.first_row}
    return frozenset((row.number, column) for column in columns)


def require_modest(rows: Sequence[FormRow], layout: FormLayout) -> None:
    """Refuse more rows, or cards, than one sheet is filled with."""
    if len(rows) > MOST_ROWS:
        raise Refusal("form.too_many", f"一次最多列 {MOST_ROWS} 行，请按社区分开。")
    if layout.is_cards and max((row.copy for row in rows), default=0) > MOST_CARD_SHEETS:
        raise Refusal("form.too_many", f"一次最多 {MOST_CARD_SHEETS} 张卡片，请按社区分开。")


def facts_of(
    form: RegisteredForm, facts: BuildFacts, codes: Sequence[str], asked: frozenset[str]
) -> dict[str, dict[str, FieldFact]]:
    """Row code -> field -> what the build says of it."""
    if form.about == "person":
        return facts.persons(codes)
    if form.about == "room":
        return facts.rooms(codes, with_let="room.is_let" in asked)
    return facts.firms(codes)


def people_of(
    form: RegisteredForm, facts: BuildFacts, codes: Sequence[str], asked: frozenset[str]
) -> dict[str, dict[str, str]]:
    """Row code -> field -> person code, of names that the form asks for; conflicts name nobody."""
    if form.about == "person":
        return {code: {"": code} for code in codes}
    people: dict[str, dict[str, str]] = defaultdict(dict)
    for field in sorted(asked):
        role = form_fields()[field].role
        if not role:
            continue
        end, other = ("to_code", "from_code") if form.about == "room" else ("from_code", "to_code")
        if role == "PL_LEGALREP":
            end, other = "to_code", "from_code"
        for code, said in facts.living(codes, (role,), end=end).items():
            ends = {row[other] for row in said if row["is_usable"]}
            sure = len(ends) == 1 and all(row["is_usable"] for row in said)
            people[code][field] = next(iter(ends)) if sure else ""
    return dict(people)


def row_facts(
    facts: BuildFacts,
    code: str,
    held: Mapping[str, Mapping[str, FieldFact]],
    people: Mapping[str, Mapping[str, str]],
    said: Mapping[str, Mapping[str, tuple[access.SaidValue, ...]]],
    asked: frozenset[str],
    *,
    today: date,
) -> dict[str, RowFact]:
    """What is known of one row, field by field: the build's facts, and of people what their sources say alike."""
    own = dict(held.get(code, {}))
    for field in asked:
        entry = form_fields()[field]
        named = people.get(code, {})
        person = named.get(field if entry.role else "")
        if entry.role and person == "" and field in named:
            own[field] = FieldFact(conflict="登记了不止一人，或正有争议")
        elif person and entry.is_sealed and code in held:
            own[field] = _agreed(entry.tells, said.get(f"person:{person}", {}), facts)
    if "person.age" in asked:
        own["person.age"] = _age(own.get("person.birth_date"), today)
    if "person.deliver_home" in asked and code in held:
        own["person.deliver_home"] = _delivery(said.get(f"person:{code}", {}), facts)
    return {
        field: RowFact(
            one.value,
            one.status,
            one.source,
            one.day,
            one.conflict,
            facts.is_stale(one, today=today),
            one.is_backed,
        )
        for field, one in own.items()
    }


def _agreed(
    tells: str, said: Mapping[str, tuple[access.SaidValue, ...]], facts: BuildFacts
) -> FieldFact:
    values = tuple(one for one in said.get(tells, ()) if not is_stand_in(tells, one.value))
    if not values:
        return FieldFact()
    keys = {name_key(one.value) for one in values}
    if len(keys) > 1:
        return FieldFact(conflict="来源之间写法不一")
    newest = max(values, key=lambda one: (facts.day_of(one.period), one.source))
    value = newest.value
    if tells == "name":
        # Some offices cannot type the dot of a name: where another one wrote it, it is there.
        written = sorted(
            {clean_name(one.value) for one in values}, key=lambda one: ("·" not in one, one)
        )
        value = written[0]
    return FieldFact(value, "asserted", newest.source, facts.day_of(newest.period))


def is_stand_in(tells: str, value: str) -> bool:
    """A number typed to get past a mandatory field is nobody's phone."""
    return tells == "phone" and (value[:8] in ("13800138", "13800000") or len(set(value[3:])) == 1)


def _age(born: FieldFact | None, today: date) -> FieldFact:
    if born is None or not born.value:
        return born or FieldFact()
    day = date.fromisoformat(born.value)
    years = today.year - day.year - ((today.month, today.day) < (day.month, day.day))
    return replace(born, value=str(years))


def _delivery(said: Mapping[str, tuple[access.SaidValue, ...]], facts: BuildFacts) -> FieldFact:
    told = said.get("deliver_home", ())
    value = YES_NO.get(told[0].value, "") if told else ""
    return FieldFact(value, "asserted", "", facts.as_of) if value else FieldFact()


def is_same(field: str, given: str, held: str) -> bool:
    """Whether what stands on the sheet says what is held, however it is written."""
    if field.endswith(("birth_date", "founded_on")):
        return read_day(given) == read_day(held)
    if field.endswith("sex"):
        return given.strip()[:1] == held[:1]
    left, right = folded(given), folded(held)
    if field.endswith(("residence", "hukou", "address", "registered", "operating")):
        return bool(left) and (right.endswith(left) or left.endswith(right))
    return left == right
