"""Cells of registered lists that stayed open, on their way to the outbox: once a person and field, whatever the forms.

Residence and phone are asked of the person or their door, the rest of the desk whose source should know. The answer
says whether somebody saw to it; the value itself comes in by a declaration or the source, never by this question.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from kuai.guard import officials
from kuai.kit.clock import local_day
from kuai.kit.engine import engine, scan_sql
from kuai.kit.errors import Refusal
from kuai.kit.receipt import Receipt
from kuai.kit.store import Store
from kuai.registry.types import RELATION
from kuai.services.forms import queries as forms
from kuai.services.forms.types import CellState, FormState, FormView, UnknownCell
from kuai.services.questions import actions, queries
from kuai.services.questions.types import Asking

CELL, RULE = "cell:", "form_cell"
# Sheets are sealed five days; the night after a missed one still finds them.
SHEETS_LAST = timedelta(days=7)
HOMES = ("PH_RESIDE", "PH_RENT")
# Of a wish for a value: what the sheet already says otherwise is the office's to compare.
ASKED_STATES = (CellState.UNKNOWN, CellState.HELD)
# An age comes of a birth date, a community of a residence: one question for both.
ONE_QUESTION = {
    "person.age": "person.birth_date",
    "person.community": "person.residence",
    "person.subdistrict": "person.residence",
}
RESIDENCE, PHONE = "person.residence", "person.phone"
OF_DESKS = ("person.name", "person.sex", "person.birth_date")
LONGEST_REASON, LONGEST_BASIS = 400, 200
_TEXTS = {
    RESIDENCE: "您现在的住址没有登记，或者几处登记不一样。您到社区窗口或扫门牌码申报过了吗？",
    PHONE: "这一户有一位住户没有登记联系电话。愿意留的话，到社区窗口或扫门牌码补报过了吗？",
    "person.name": "有一位居民的姓名没有登记清楚，来源部门补上了吗？",
    "person.sex": "有一位居民的性别没有登记清楚，来源部门补上了吗？",
    "person.birth_date": "有一位居民的出生日期没有登记清楚，来源部门补上了吗？",
}
_HOMES = """
select from_code as code, to_code as place from {relation}
where list_contains($types, type) and list_contains($codes, from_code)
  and list_contains(['asserted', 'verified'], status) and not is_contested
group by all order by all
"""


@dataclass(frozen=True)
class _Gap:
    """One person's field that forms in force wait for."""

    code: str
    field: str
    cell: UnknownCell
    form: FormView

    @property
    def origin(self) -> str:
        return f"{CELL}{self.field}:{self.code}"


def hand_over_form_cells(store: Store, *, at: datetime) -> Receipt:
    """Ask for what registered lists lack, close what is known by now or no form waits for. May be repeated.

    received = kept (a question lives) + refused (not asked of anybody, known by now, or asked before).
    """
    view = _in_force(at)
    cells = forms.list_unknown_cells(store, since=at - SHEETS_LAST)
    gaps = [gap for one in cells if (gap := _gap_of(one, view)) is not None]
    known = forms.list_known_cells(store, [(one.cell.purpose, one.code, one.field) for one in gaps])
    wanted = [one for one in gaps if (one.cell.purpose, one.code, one.field) not in known]
    homes = _homes_of(store, sorted({one.code for one in wanted}))
    kept = sum(_ask(store, one, homes.get(one.code, ()), at=at) for one in wanted)
    closed = _close(store, view, at=at)
    return Receipt(
        stage="forms_asked",
        received=len(cells),
        kept=kept,
        refused=len(cells) - kept,
        what="cells",
        notes={"known": len(gaps) - len(wanted), "closed": closed},
    )


def _in_force(at: datetime) -> Callable[[str], FormView | None]:
    """A form by its number, where it may still ask; an expired or withdrawn one waits for nothing."""
    found = {
        one.number: one
        for one in forms.list_forms(on=local_day(at))
        if one.state is FormState.IN_FORCE
    }
    return found.get


def _gap_of(cell: UnknownCell, view: Callable[[str], FormView | None]) -> _Gap | None:
    form = view(cell.form_number)
    field = ONE_QUESTION.get(cell.field, cell.field)
    is_asked = cell.about == "person" and cell.code and cell.state in ASKED_STATES
    if form is None or not is_asked or field not in _TEXTS:
        return None
    # Nobody answers for it by name: then nobody is asked.
    return _Gap(cell.code, field, cell, form) if officials.find_official(cell.office) else None


def _ask(store: Store, gap: _Gap, homes: Sequence[str], *, at: datetime) -> bool:
    asking = _asking_of(gap, homes)
    if asking is None:
        return False
    try:
        number = actions.ask_for_form(store, asking, form_number=gap.cell.form_number, at=at)
    except Refusal as refusal:
        # A title or basis that names somebody must not be sent on.
        if refusal.code in ("question.personal", "question.incomplete"):
            return False
        raise
    return bool(number)


def _asking_of(gap: _Gap, homes: Sequence[str]) -> Asking | None:
    home = homes[0] if len(homes) == 1 else ""
    area = gap.form.wish.area.strip("/").rpartition("/")[2]
    contact, place = "", home or area
    if gap.field == RESIDENCE:
        contact = f"person:{gap.code}"
    elif gap.field == PHONE:
        if not home:
            # No phone and no door: there is no way to ask.
            return None
        contact = f"place:{home}"
    return Asking(
        origin=gap.origin,
        rule=RULE,
        text=_TEXTS[gap.field],
        reason=_reason(gap),
        purpose=gap.cell.purpose,
        basis=gap.cell.basis[:LONGEST_BASIS],
        responsible=gap.cell.office,
        subject_ref=f"person:{gap.code}",
        place_code=place,
        contact=contact,
        # One door one knock: it goes along with what is asked there anyway. A desk is no door.
        ends_as_check=bool(home) and gap.field not in OF_DESKS,
        usefulness=30,
    )


def _reason(gap: _Gap) -> str:
    label = f"准入报表《{gap.cell.title}》（{gap.cell.basis}）要填这一项，登记里没有或说法不一"
    if gap.field in OF_DESKS:
        label = f"{label}，请来源部门核对"
    return label[:LONGEST_REASON]


def _close(store: Store, view: Callable[[str], FormView | None], *, at: datetime) -> int:
    waits = [one for one in queries.list_waits(of=CELL) if view(one.form_number) is not None]
    cells = {one: (one.purpose, *_person_and_field(one.origin)) for one in waits}
    known = forms.list_known_cells(store, cells.values())
    living = {one.origin for one, cell in cells.items() if cell not in known}
    return actions.close_gone(living, of=CELL, at=at)


def _person_and_field(origin: str) -> tuple[str, str]:
    field, code, *_ = origin.removeprefix(CELL).split(":")
    return code, field


def _homes_of(store: Store, codes: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
    """Where each person lives as registers say, in the order of codes."""
    wanted = list(codes)
    path = store.current_build() / "core" / f"{RELATION.name}.parquet"
    if not wanted or not path.exists():
        return {}
    with engine(memory_limit="500MB") as connection:
        rows = connection.execute(
            _HOMES.format(relation=scan_sql([path])), {"types": list(HOMES), "codes": wanted}
        ).fetchall()
    found: dict[str, tuple[str, ...]] = {}
    for code, place in rows:
        found[code] = (*found.get(code, ()), place)
    return found
