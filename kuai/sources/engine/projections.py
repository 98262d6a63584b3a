"""Turns a mapping into the narrow views that the SQL steps read: which cell is whose name, number, address.

Only renames columns; every decision about values is in `sql/`. Pure: makes SQL text from trusted parts
(column numbers, our own field names), never from headings or values.
"""

from __future__ import annotations

from collections.abc import Mapping as MappingType
from collections.abc import Sequence
from dataclasses import dataclass

from kuai.guard.types import Zone
from kuai.sources.engine.dictionary import SourceTemplate
from kuai.sources.engine.folding_cells import ANY_SIGNS, GAPS, CellTraits
from kuai.sources.engine.mappings import ColumnMapping, Mapping

PERSON_ATTRIBUTES = ("name", "id_number", "birth_date", "sex", "phone")
ORGANISATION_ATTRIBUTES = ("name", "credit_code", "kind", "state", "founded_on", "industry")
EVENT_ATTRIBUTES = ("occurred_on", "category", "outcome")
DAY_ATTRIBUTES = ("valid_from", "valid_to", "recorded_on", "share")
DAY_FIELDS = frozenset(
    {
        "person.birth_date",
        "organisation.founded_on",
        "event.occurred_on",
        "row.recorded_on",
        "row.valid_from",
        "row.valid_to",
    }
)
# The key of an order or a licence names no person; any other own key is kept as a token only.
PLAIN_KEYS = frozenset({("row.own_number", "order"), ("organisation.credit_code", "subject")})

# The role of a number that a person declares to be registered in the own name: of whom, and this.
REGISTERED = "_registered_phone"
ACCOUNT_KINDS = (("水", "water_account"), ("电", "power_account"), ("气", "gas_account"))
# Of all utilities a city's water company has the most complete list; used if no heading says which it is.
DEFAULT_ACCOUNT_KIND = "water_account"


@dataclass(frozen=True)
class SourcePlan:
    """A mapping bound to one delivery: `places` says which column number holds which taken column."""

    mapping: Mapping
    template: SourceTemplate
    places: MappingType[int, ColumnMapping]
    headings: Sequence[str]

    @property
    def core_places(self) -> dict[int, ColumnMapping]:
        """Columns that may shape the build: not a reporter's, not a care column."""
        return {
            number: column
            for number, column in self.places.items()
            if column.element not in ("reporter", "care", "library")
        }

    def places_of(self, element: str) -> dict[int, ColumnMapping]:
        """The columns of one element."""
        return {n: column for n, column in self.places.items() if column.element == element}


def cell_views(plan: SourcePlan) -> dict[str, str]:
    """The SQL of every view between the delivered cells and the steps, by name."""
    views = {
        "person_cell": _person_cell(plan),
        "organisation_cell": _role_rows(plan, "organisation", ORGANISATION_ATTRIBUTES),
        "address_cell": _address_cell(plan),
        "event_cell": _event_cell(plan),
        "account_cell": _account_cell(plan),
        "phone_cell": _phone_cell(plan),
        "related_cell": _related_cell(plan),
        "day_cell": f"select row_no, {_attributes(plan.places_of('row'), DAY_ATTRIBUTES)} from cell",
    }
    views |= _written_views(plan)
    return views


def _roles(columns: MappingType[int, ColumnMapping]) -> list[str]:
    return sorted({column.role for column in columns.values()})


def _attributes(columns: MappingType[int, ColumnMapping], names: Sequence[str]) -> str:
    numbers = {column.attribute: number for number, column in columns.items()}
    return ", ".join(
        f"c{numbers[name]} as {name}" if name in numbers else f"cast(null as varchar) as {name}"
        for name in names
    )


def _role_rows(plan: SourcePlan, element: str, attributes: Sequence[str], extra: str = "") -> str:
    columns = plan.places_of(element)
    parts = []
    for role in _roles(columns):
        of_role = {number: column for number, column in columns.items() if column.role == role}
        if not {column.attribute for column in of_role.values()} & set(attributes):
            continue
        more = extra.format(role=role) if extra else ""
        parts.append(
            f"select row_no, '{role}' as role, {_attributes(of_role, attributes)}{more} from cell"
        )
    if parts:
        return " union all ".join(parts)
    empty = extra.format(role="") if extra else ""
    return f"select row_no, '' as role, {_attributes({}, attributes)}{empty} from cell where false"


def _person_cell(plan: SourcePlan) -> str:
    firms = ", ".join(f"'{role}'" for role in plan.template.may_be_organisation) or "''"
    extra = f", '{{role}}' in ({firms}) as may_be_organisation"
    return _role_rows(plan, "person", PERSON_ATTRIBUTES, extra)


def _address_cell(plan: SourcePlan) -> str:
    parts = [
        f"select row_no, '{column.role}' as role, w{number} as text,"
        f" {'true' if column.attribute == 'sentence' else 'false'} as is_sentence from cell"
        for number, column in sorted(plan.places_of("address").items())
    ]
    return " union all ".join(parts) or (
        "select row_no, '' as role, cast(null as varchar) as text, false as is_sentence"
        " from cell where false"
    )


def _event_cell(plan: SourcePlan) -> str:
    columns = plan.places_of("event")
    condition = "" if plan.template.event else " where false"
    return (
        f"select row_no, '{plan.template.event}' as kind, {_attributes(columns, EVENT_ATTRIBUTES)}"
        f" from cell{condition}"
    )


def _account_cell(plan: SourcePlan) -> str:
    columns = plan.places_of("account")
    if not columns:
        return (
            "select row_no, '' as role, '' as kind, cast(null as varchar) as account_number"
            " from cell where false"
        )
    number = min(columns)
    return (
        f"select row_no, 'account' as role, '{account_kind(plan.headings)}' as kind,"
        f" c{number} as account_number from cell"
    )


def account_kind(headings: Sequence[str]) -> str:
    """Which utility the headings speak of (用水地址, 电表号)."""
    joined = "".join(headings).replace("电话", "").replace("电子", "")
    return next((kind for sign, kind in ACCOUNT_KINDS if sign in joined), DEFAULT_ACCOUNT_KIND)


def _phone_cell(plan: SourcePlan) -> str:
    parts = [
        f"select row_no, 'organisation_phone' as role, c{number} as phone from cell"
        for number, column in sorted(plan.places_of("organisation").items())
        if column.attribute == "phone"
    ][:1]
    parts += [
        f"select row_no, '{column.role}{REGISTERED}' as role, c{number} as phone from cell"
        for number, column in sorted(plan.places_of("person").items())
        if column.attribute == "registered_phone"
    ]
    return " union all ".join(parts) or (
        "select row_no, '' as role, cast(null as varchar) as phone from cell where false"
    )


def _related_cell(plan: SourcePlan) -> str:
    """Numbers of other records that a row says it repeats or follows from."""
    parts = [
        f"select row_no, '{column.role}' as role, {_plain(_normal(f'c{number}', gaps=' '))} as number from cell"
        for number, column in sorted(plan.places_of("row").items())
        if column.attribute == "related_number"
    ]
    return " union all ".join(parts) or (
        "select row_no, '' as role, cast(null as varchar) as number from cell where false"
    )


def _written_views(plan: SourcePlan) -> dict[str, str]:
    """The distinct written values of each kind: each is read once, however often it stands in the file."""
    fields: dict[str, list[int]] = {
        "day": [],
        "number": [],
        "code": [],
        "phone": [],
        "industry": [],
    }
    for number, column in plan.core_places.items():
        if column.field in DAY_FIELDS:
            fields["day"].append(number)
        elif column.attribute == "id_number":
            fields["number"].append(number)
            if column.role in plan.template.may_be_organisation:
                fields["code"].append(number)
        elif column.attribute == "credit_code":
            fields["code"].append(number)
        elif column.attribute in ("phone", "registered_phone"):
            fields["phone"].append(number)
        elif column.field == "organisation.industry":
            fields["industry"].append(number)
    return {f"written_{kind}": _distinct(numbers) for kind, numbers in fields.items()}


def _distinct(numbers: Sequence[int]) -> str:
    if not numbers:
        return "select cast(null as varchar) as raw from cell where false"
    parts = " union all ".join(f"select c{number} as raw from cell" for number in sorted(numbers))
    return f"select distinct raw from ({parts}) as listed where raw <> ''"


def own_key_sql(plan: SourcePlan) -> str:
    """The select of every row's own key: own_plain where it may be read, own_secret where only its token is kept."""
    plain, secret = _own_key(plan)
    return f"select c.row_no, {plain} as own_plain, {secret} as own_secret from cell as c"


def row_text_sql(
    plan: SourcePlan, traits: MappingType[int, CellTraits], *, condition: str = "true"
) -> str:
    """The select of core_text, behind every record_key without an own key: the normalised row, core columns alone.

    Fields are named and sorted, so neither the order of columns nor their headings matter; days count as days,
    so a change of date style does not make a new row. `condition` on `c` says whose text is wanted.
    """
    core = sorted(plan.core_places.items(), key=lambda item: (item[1].field, item[1].role))
    parts, joins = [], []
    for number, column in core:
        label = _normal_label(f"{column.field}@{column.role}=")
        if column.field in DAY_FIELDS:
            # Read from the few distinct days, not once a row.
            joins.append(
                " left join (select raw, replace(cast(day as varchar), '-', '') as day_text from day_reading)"
                f" as d{number} on d{number}.raw = c.c{number}"
            )
            parts.append(f"'{label}' || d{number}.day_text")
        else:
            filled = f"nullif(c.c{number}, '')"
            parts.append(f"'{label}' || {_normal_cell(filled, traits.get(number, ANY_SIGNS))}")
    core_text = f"concat_ws(chr(31), {', '.join(parts)})" if parts else "''"
    return (
        f"select c.row_no, {core_text} as core_text"
        f" from cell as c{''.join(joins)} where {condition}"
    )


def _normal_label(label: str) -> str:
    return label.translate(str.maketrans("", "", GAPS)).upper()


def _normal_cell(expression: str, traits: CellTraits) -> str:
    """`_normal` less what the column's cells cannot need: measured, it was two thirds of a row's text."""
    gaps = "".join(sign for sign in GAPS if sign in traits.gaps)
    said = expression
    if len(gaps) == 1:
        said = f"replace({said}, '{_quoted(gaps)}', '')"
    elif gaps:
        said = f"translate({said}, '{_quoted(gaps)}', '')"
    return f"upper({said})" if traits.has_cases else said


def _own_key(plan: SourcePlan) -> tuple[str, str]:
    for number, column in plan.core_places.items():
        if plan.mapping.own_key and column.heading == plan.mapping.own_key:
            key = f"nullif({_normal(f'c.c{number}', gaps=' ')}, '')"
            is_plain = (column.field, column.role) in PLAIN_KEYS and _is_core(plan)
            return (_plain(key), "null") if is_plain else ("null", f"'own=' || {key}")
    return "null", "null"


def _plain(key: str) -> str:
    # '#' and '~' divide record_key, role and ordinal.
    return f"translate({key}, '#~', '＃～')"


def _is_core(plan: SourcePlan) -> bool:
    return plan.mapping.zone is Zone.CORE


def _normal(expression: str, *, gaps: str = GAPS) -> str:
    return f"upper(translate({expression}, '{_quoted(gaps)}', ''))"


def _quoted(text: str) -> str:
    return text.replace("'", "''")
