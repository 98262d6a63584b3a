"""A sheet on its way: taken in, laid out, planned and previewed; released by a named person; fetched; gone. Private.

Two looks at the vault: a masked one when the sheet is prepared, a clear one at the release. Each is in the ledger, a
line a person, before anything is shown. Decision 0038.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import replace
from datetime import date, datetime, timedelta

import pyarrow as pa
from django.core.exceptions import ValidationError
from django.db import transaction

from kuai.guard import access, officials
from kuai.guard import actions as guard_actions
from kuai.guard.free_text import require_reason
from kuai.guard.types import Actor, Role, Ticket, TicketKind, Zone
from kuai.kit.clock import DEFAULT_ZONE, local_day
from kuai.kit.errors import DataFault, Refusal
from kuai.kit.store import Store
from kuai.registry.queries import contested_facts
from kuai.services.forms.engine.filling import PlannedCell, place_list, plan_row, rows_of_sheets
from kuai.services.forms.engine.form_fields import ROW_NUMBER, form_fields
from kuai.services.forms.engine.layouts import (
    FormLayout,
    Sheet,
    as_json,
    find_layout,
    sections_of,
    with_learned,
    without_hidden,
)
from kuai.services.forms.listing import Recogniser, list_for
from kuai.services.forms.models import FormFilling, FormLesson, RegisteredForm
from kuai.services.forms.planned import Planned, count_torn, counts_of, notes_of, sample_of
from kuai.services.forms.registering import area_for, enter, get_form, require_in_force, view_of
from kuai.services.forms.row_facts import (
    blocked_cells,
    facts_of,
    is_same,
    like_first_row,
    people_of,
    require_modest,
    row_facts,
)
from kuai.services.forms.store_reading import open_facts
from kuai.services.forms.types import (
    CellState,
    ColumnCount,
    FillingView,
    ReleasedList,
    SampleCell,
    UnknownCell,
)
from kuai.services.forms.writing import FilledSheet, write_filled
from kuai.sources.form_sheets import ReadForm, meanings_of_heading, read_form

FILLERS = frozenset({Role.SUBDISTRICT_CLERK, Role.DEPARTMENT_CLERK})
SEALED_SOURCE = "registered_forms"
KEEPS_FOR = timedelta(days=5)
TICKET_LASTS = timedelta(hours=4)
PREPARED, RELEASED, ENDED = "prepared", "released", "ended"
A_DAY, MOST_PREVIEWS_DAILY = timedelta(days=1), 40
KNOWN_ENDINGS = frozenset({"xlsx", "xlsm", "xls", "et", "csv", "tsv", "txt", "docx", "doc", "pdf"})
OPEN_STATES = (CellState.UNKNOWN, CellState.HELD, CellState.DIFFERENT)
PREPARING, RELEASING = "form.prepared", "form.listed"
# The subjects that were written a moment ago, for the ticket being issued: the guard asks person by person, and five
# thousand times the same five thousand codes from the database would take a minute.
_JUST_WRITTEN: ContextVar[tuple[str, frozenset[str]]] = ContextVar(
    "just_written", default=("", frozenset())
)


# --- taking a sheet in ------------------------------------------------------------------------------


def prepare_filling(
    store: Store,
    number: str,
    content: bytes,
    *,
    file_name: str,
    by: Actor,
    at: datetime,
    meanings: Mapping[str, str] | None = None,
) -> str:
    """Lay out and plan one sheet of a form in force; nothing leaves. Returns the filling's random number.

    A layout that was released before needs no hand; else `meanings` (heading place -> field) may correct what the
    dictionary says. Refuses other roles, other ground, and sheets without headings we understand.
    """
    form = _require_fillable(number, by=by, at=at)
    end_old_fillings(store, at=at)
    _require_previews_left(by, at=at)
    read = read_form(store, content, file_name=plain_name(file_name))
    layout, is_learned = _layout_of(form, read, meanings)
    filling = FormFilling(
        uuid=uuid.uuid4(),
        form=form,
        format=read.format,
        layout_key=layout.layout_key,
        meanings=as_json(layout),
        is_learned=is_learned,
        state=PREPARED,
        build=store.current_build().name,
        prepared_by=by.user_id,
        prepared_at=at,
    )
    _seal(store, filling, "sheet", content)
    filling.save()
    try:
        _plan_and_note(store, filling, read, layout, by=by, at=at)
    except (Refusal, DataFault):
        # What could not be planned has no preview: it must not lie about waiting for a release.
        _end(store, filling, at=at)
        raise
    return str(filling.uuid)


def correct_headings(
    store: Store, number: str, meanings: Mapping[str, str], *, by: Actor, at: datetime
) -> None:
    """Say what the headings of a waiting sheet mean (heading place -> field, empty: not ours) and plan anew."""
    filling = _require_waiting(store, number, by=by, at=at)
    _require_previews_left(by, at=at)
    read = _read_again(store, filling)
    layout, _ = _layout_of(filling.form, read, meanings)
    filling.meanings = as_json(layout)
    filling.is_learned = False
    _plan_and_note(store, filling, read, layout, by=by, at=at)


def release_filling(
    store: Store, number: str, *, reason: str, by: Actor, at: datetime
) -> tuple[str, bytes]:
    """Fill the sheet and let it go: this person's act, for this reason, a ledger line for everybody on it.

    Returns file name and content. Refuses a sheet that was planned on another build than the published one.
    """
    filling = _require_waiting(store, number, by=by, at=at)
    said = require_reason(reason, what="放行", area="form")
    _require_ground(filling, by)
    if filling.build != store.current_build().name:
        raise Refusal(
            "form.old_preview",
            "预览以后发布了新的数据版本。",
            next_step="请重新上传这张表，看过新的预览再放行。",
        )
    read = _read_again(store, filling)
    layout, _ = _layout_of(filling.form, read, filling.meanings)
    planned = _plan(store, filling, read, layout, by=by, at=at, is_release=True)
    content = write_filled(_filled(filling, read, planned, said=said, by=by, at=at))
    filling.state, filling.released_by, filling.released_at = RELEASED, by.user_id, at
    filling.reason = said
    filling.counts = counts_of(filling, planned) | {
        "previews": _previews(filling),
        "ground": filling.counts.get("ground", []),
    }
    open_cells = [
        _as_open(cell)
        for cell in planned.cells
        if cell.state in OPEN_STATES and cell.field != "person.deliver_home"
    ]
    with transaction.atomic():
        _take(filling, RELEASED)
        _seal(store, filling, "filled", content)
        _seal(store, filling, "open_cells", json.dumps(open_cells, ensure_ascii=False).encode())
        filling.save(update_fields=["released_by", "released_at", "reason", "counts"])
        _learn(filling, by=by, at=at)
        enter("form.released", filling.form.number, by=by, at=at, purpose=filling.form.purpose)
    access.end_tickets(TicketKind.FORM, str(filling.uuid), at=at, because="form_released")
    return file_name_of(filling), content


def fetch_filled(store: Store, number: str, *, by: Actor, at: datetime) -> tuple[str, bytes]:
    """The released file once more, for who released it, within five days; entered each time."""
    end_old_fillings(store, at=at)
    filling = get_filling(number)
    if filling.state != RELEASED or filling.released_by != by.user_id:
        raise Refusal("form.not_released", "只有放行人可以在五天内再取一次。")
    # A form withdrawn, or ground taken away, since the release ends the right to take the file again.
    _require_fillable(filling.form.number, by=by, at=at)
    _require_ground(filling, by)
    if set(filling.subjects) & {part for key in contested_facts() for part in key.split("|")}:
        raise Refusal(
            "form.contested",
            "放行以后，名单上有人对登记提了异议，这份文件不再取出。",
            next_step="请重新交这张表：有异议的会标明暂不填。",
        )
    enter("form.fetched", filling.form.number, by=by, at=at, purpose=filling.form.purpose)
    return file_name_of(filling), _unseal(store, filling, "filled")


def drop_filling(store: Store, number: str, *, by: Actor, at: datetime) -> None:
    """End a waiting sheet without release; what was sealed of it goes at once."""
    filling = _require_waiting(store, number, by=by, at=at)
    _take(filling, ENDED)
    _end(store, filling, at=at)


def end_old_fillings(store: Store, *, at: datetime) -> int:
    """Shred the sheets of fillings older than five days. May be repeated; whatever touches a sheet calls it."""
    old = FormFilling.objects.filter(ended_at__isnull=True, prepared_at__lt=at - KEEPS_FOR)
    for filling in old:
        _end(store, filling, at=at)
    return len(old)


def _end(store: Store, filling: FormFilling, *, at: datetime) -> None:
    guard_actions.shred_period(store, zone=Zone.CORE, source=SEALED_SOURCE, period=_period(filling))
    if filling.state == PREPARED:
        filling.state = ENDED
    filling.ended_at, filling.subjects = at, []
    filling.save(update_fields=["state", "ended_at", "subjects"])
    access.end_tickets(TicketKind.FORM, str(filling.uuid), at=at, because="form_ended")


def _take(filling: FormFilling, state: str) -> None:
    """Move a waiting sheet on, once: whoever comes second, from another worker or window, is refused."""
    waiting = FormFilling.objects.filter(pk=filling.pk, state=PREPARED, ended_at__isnull=True)
    if not waiting.update(state=state):
        raise _over()
    filling.state = state


def _over() -> Refusal:
    return Refusal("form.over", "这一次填报已经放行或结束。", next_step="请重新上传。")


# --- what the guard asks ----------------------------------------------------------------------------


def is_open(origin: str) -> bool:
    filling = _find(origin)
    return filling is not None and filling.state == PREPARED


def names_subject(origin: str, ref: str) -> bool:
    code = ref.removeprefix("person:")
    written, subjects = _JUST_WRITTEN.get()
    if written == origin:
        return code in subjects
    filling = _find(origin)
    return filling is not None and code in filling.subjects


def is_held_by(origin: str, actor: Actor) -> bool:
    filling = _find(origin)
    if filling is None or actor.role not in FILLERS:
        return False
    try:
        area_for(filling.form, actor)
    except Refusal:
        return False
    return True


# --- reading ----------------------------------------------------------------------------------------


def get_filling(number: str) -> FormFilling:
    filling = _find(number)
    if filling is None:
        raise Refusal("form.no_filling", "没有这一次填报。")
    return filling


def _find(number: str) -> FormFilling | None:
    try:
        return FormFilling.objects.select_related("form").filter(uuid=uuid.UUID(number)).first()
    except (ValueError, ValidationError):
        return None


def view_filling(store: Store, number: str, *, by: Actor, on: date) -> FillingView:
    """Counts, and while it waits the masked sample made when it was planned; for who may fill on its ground."""
    filling = get_filling(number)
    is_steward = by.role is Role.DATA_STEWARD
    if not is_steward:
        area_for(filling.form, by)
    counts = filling.counts
    sample: tuple[tuple[SampleCell, ...], ...] = ()
    # The masked look was entered for who prepared it, on their ground; another clerk's may be narrower.
    is_own = filling.prepared_by == by.user_id and not is_steward
    if filling.state == PREPARED and filling.ended_at is None and is_own:
        rows = json.loads(_unseal(store, filling, "sample").decode())
        sample = tuple(tuple(SampleCell(**cell) for cell in row) for row in rows)
    return FillingView(
        uuid=str(filling.uuid),
        form=view_of(filling.form, on=on),
        state=filling.state,
        is_learned=filling.is_learned,
        rows=counts.get("rows", 0),
        generated=counts.get("generated", 0),
        unrecognised=counts.get("unrecognised", 0),
        left_out=counts.get("left_out", 0),
        columns=tuple(ColumnCount(**one) for one in counts.get("columns", [])),
        prepared_by=filling.prepared_by,
        prepared_at=filling.prepared_at,
        released_by=filling.released_by,
        released_at=filling.released_at,
        reason=filling.reason,
        sample=sample,
        notes=tuple(counts.get("notes", [])),
    )


def find_released_list(ticket_id: str) -> ReleasedList | None:
    """The list a ticket was for, as the person concerned is told of it."""
    filling = (
        FormFilling.objects.select_related("form")
        .filter(ticket=ticket_id, state=RELEASED)
        .exclude(ticket="")
        .first()
    )
    if filling is None or filling.released_at is None:
        return None
    return ReleasedList(
        title=filling.form.title,
        office=filling.form.office,
        released_by=filling.released_by,
        released_at=filling.released_at,
        reason=filling.reason,
        responsible=officials.speak_of(filling.form.office),
        channel=officials.where_to_object(filling.form.office),
        expires_on=filling.form.expires_on,
    )


def list_unknown_cells(store: Store, *, since: datetime) -> tuple[UnknownCell, ...]:
    """Cells that stayed open on sheets released since a moment and still kept, in the order of their release.

    For a flow that hands them to questions: the same cell has the same `origin` at each delivery.
    """
    released = FormFilling.objects.select_related("form").filter(
        state=RELEASED, released_at__gte=since, ended_at__isnull=True
    )
    found = []
    for filling in released.order_by("released_at", "pk"):
        form = filling.form
        for one in _open_cells(store, filling):
            found.append(
                UnknownCell(
                    origin=f"form:{form.number}:{one['field']}:{one['code']}",
                    form_number=form.number,
                    title=form.title,
                    office=form.office,
                    basis=form.basis,
                    purpose=form.purpose,
                    about=form.about,
                    code=one["code"],
                    field=one["field"],
                    label=form_fields()[one["field"]].label,
                    state=CellState(one["state"]),
                    why=one["why"],
                    released_by=filling.released_by,
                    released_at=filling.released_at or since,
                )
            )
    return tuple(found)


def _open_cells(store: Store, filling: FormFilling) -> list[dict[str, str]]:
    if not guard_actions.sealed_exists(
        store,
        zone=Zone.CORE,
        source=SEALED_SOURCE,
        period=_period(filling),
        name="open_cells",
    ):
        return []
    cells: list[dict[str, str]] = json.loads(_unseal(store, filling, "open_cells").decode())
    return cells


def _as_open(cell: PlannedCell) -> dict[str, str]:
    return {"code": cell.code, "field": cell.field, "state": cell.state.value, "why": cell.why}


def plain_name(file_name: str) -> str:
    """What a sheet is called from here on: its kind alone, because people name files after people."""
    ending = file_name.rpartition(".")[2].lower()
    return f"上传的表.{ending}" if ending in KNOWN_ENDINGS else "上传的表"


def _require_previews_left(by: Actor, *, at: datetime) -> None:
    """Each preview is a look at everybody on it, if a masked one: nobody needs more of them in a day."""
    todays = FormFilling.objects.filter(prepared_by=by.user_id, prepared_at__gt=at - A_DAY)
    if sum(max(1, _previews(one)) for one in todays) >= MOST_PREVIEWS_DAILY:
        raise Refusal(
            "form.previews",
            f"一个人一天最多预览 {MOST_PREVIEWS_DAILY} 次，今天已经用完。",
            next_step="请明天再来，或请同事办理。",
        )


def _previews(filling: FormFilling) -> int:
    return int(str(filling.counts.get("previews", 0)))


def file_name_of(filling: FormFilling) -> str:
    return f"{filling.form.number}-{local_day(filling.prepared_at):%Y%m%d}.xlsx"


# --- planning ---------------------------------------------------------------------------------------


def _require_fillable(number: str, *, by: Actor, at: datetime) -> RegisteredForm:
    if by.role not in FILLERS:
        raise Refusal("form.not_yours", "填报由街道或部门工作人员办理。")
    form = get_form(number)
    require_in_force(form, on=local_day(at))
    area_for(form, by)
    return form


def _require_ground(filling: FormFilling, by: Actor) -> None:
    """Refuse where their ground is not that of the preview: nobody lets go what they have not seen."""
    if sorted(area_for(filling.form, by)) != filling.counts.get("ground", []):
        raise Refusal(
            "form.ground_changed",
            "预览以后，您负责的区域变了，名单不再是您看过的那一份。",
            next_step="请重新交这张表：名单会按现在的区域列。",
        )


def _require_waiting(store: Store, number: str, *, by: Actor, at: datetime) -> FormFilling:
    filling = get_filling(number)
    _require_fillable(filling.form.number, by=by, at=at)
    if filling.prepared_by != by.user_id:
        # Their ground may differ, and with it the list: nobody lets go what they have not seen.
        raise Refusal(
            "form.not_previewed",
            "这张表是别人上传的，您没有看过它的预览。",
            next_step="请自己上传一次，看过预览再放行。",
        )
    end_old_fillings(store, at=at)
    filling.refresh_from_db()
    if filling.state != PREPARED or filling.ended_at is not None:
        raise _over()
    return filling


def _layout_of(
    form: RegisteredForm, read: ReadForm, meanings: Mapping[str, str] | None
) -> tuple[FormLayout, bool]:
    sheets = sheets_of(read)
    layout = find_layout(sheets, form.about, read_heading=meanings_of_heading)
    if layout is None:
        raise Refusal(
            "form.no_headings",
            "没有认出这张表要填什么：找不到两个以上认得的栏目。",
            next_step="请确认栏目名称写在表里，例如“姓名、出生日期、住址”。",
        )
    if meanings is not None:
        known = {*form_fields(), ROW_NUMBER, ""}
        wrong = [field for field in meanings.values() if field not in known]
        if wrong:
            raise Refusal("form.fields", "没有这样的字段。")
        return _visible(sheets, with_learned(layout, meanings)), False
    lesson = form.lessons.filter(layout_key=layout.layout_key).order_by("-pk").first()
    if lesson is None:
        return layout, False
    return _visible(sheets, with_learned(layout, lesson.meanings)), True


def _visible(sheets: Sequence[Sheet], layout: FormLayout) -> FormLayout:
    return without_hidden(sheets[layout.sheet], layout)


def sheets_of(read: ReadForm) -> tuple[Sheet, ...]:
    return tuple(
        Sheet(one.name, one.rows, one.merges, one.formulas, one.hidden_rows, one.hidden_columns)
        for one in read.sheets
    )


def _plan_and_note(
    store: Store,
    filling: FormFilling,
    read: ReadForm,
    layout: FormLayout,
    *,
    by: Actor,
    at: datetime,
) -> None:
    planned = _plan(store, filling, read, layout, by=by, at=at, is_release=False)
    filling.counts = counts_of(filling, planned) | {
        "previews": _previews(filling) + 1,
        "ground": sorted(area_for(filling.form, by)),
    }
    filling.save(update_fields=["counts", "meanings", "is_learned"])
    _seal(store, filling, "sample", json.dumps(sample_of(planned), ensure_ascii=False).encode())
    enter(PREPARING, filling.form.number, by=by, at=at, purpose=filling.form.purpose)


def _plan(
    store: Store,
    filling: FormFilling,
    read: ReadForm,
    layout: FormLayout,
    *,
    by: Actor,
    at: datetime,
    is_release: bool,
) -> Planned:
    form = filling.form
    areas = area_for(form, by)
    sheets = sheets_of(read)
    sections = sections_of(sheets, layout, form.about, read_heading=meanings_of_heading)
    asked = frozenset(form.fields) & layout.fields
    found = rows_of_sheets(sheets, sections)
    with open_facts(store, purpose=form.purpose) as facts:
        listed = list_for(form, facts, areas=areas)
        recogniser = Recogniser(store, facts, areas=areas)
        known = recogniser.recognise(
            form.about, dict(enumerate(row.given for row in found.given)), listed=listed.codes
        )
        if form.list_kind:
            # A form of whom it lists tells nothing of anybody else, whoever is typed onto it.
            known = {row: code for row, code in known.items() if code in listed.codes}
        given = [replace(row, code=known.get(number, "")) for number, row in enumerate(found.given)]
        taken = set(known.values())
        fresh = [code for code in listed.codes if code not in taken]
        rows = [*given, *place_list(found, layout, fresh)] if form.list_kind else given
        require_modest(rows, layout)
        codes = sorted({row.code for row in rows if row.code})
        held = facts_of(form, facts, codes, asked)
        people = people_of(form, facts, codes, asked)
        said = _said(store, filling, people, asked, by=by, at=at, is_release=is_release)
        values = {
            code: row_facts(facts, code, held, people, said, asked, today=local_day(at))
            for code in codes
        }
        titles, version, lending = facts.titles, facts.version, len(facts.permitting)
    visible = {ref.removeprefix("person:") for ref in said}
    if form.about == "person":
        # Whom the reader may not see is on no list of theirs: not the row either.
        unseen = {row.code for row in rows if row.code} - visible
        if form.list_kind:
            kept = [code for code in fresh if code not in unseen]
            rows = [*given, *place_list(found, layout, kept)]
        rows = [replace(row, code="") if row.code in unseen else row for row in rows]
    else:
        unseen = set()
    if not is_release:
        # Neither read nor counted before: a preview dropped after it must not have asked the care zone.
        asked -= {"person.deliver_home"}
    blocked = [blocked_cells(sheets[section.sheet]) for section in sections]
    cells = [
        cell
        for row in rows
        if row.code
        for cell in plan_row(
            row,
            values[row.code],
            asked=asked,
            blocked=like_first_row(sheets[layout.sheet], layout, row)
            if row.is_new
            else blocked[row.section],
            is_same=is_same,
        )
    ]
    unrecognised = sum(1 for row in rows if not row.code)
    return Planned(
        layout, sections, sheets, read, tuple(cells), len(rows), listed, unrecognised, len(unseen), titles, version,
        count_torn(rows), lending, recogniser.guessed,
    )  # fmt: skip


def _said(
    store: Store,
    filling: FormFilling,
    people: Mapping[str, Mapping[str, str]],
    asked: frozenset[str],
    *,
    by: Actor,
    at: datetime,
    is_release: bool,
) -> dict[str, dict[str, tuple[access.SaidValue, ...]]]:
    """What the vault says of everybody on the list, by the filling's ticket; an entry each, before it is read."""
    codes = sorted({code for named in people.values() for code in named.values() if code})
    tells = sorted({form_fields()[field].tells for field in asked} - {""})
    if not codes or not tells:
        return {}
    filling.subjects = codes
    filling.save(update_fields=["subjects"])
    just_written = _JUST_WRITTEN.set((str(filling.uuid), frozenset(codes)))
    try:
        ticket = _ticket(filling, codes, tells, by=by, at=at)
    finally:
        _JUST_WRITTEN.reset(just_written)
    filling.ticket = ticket.ticket_id
    filling.save(update_fields=["ticket"])
    return access.reveal_list(
        {f"person:{code}": tells for code in codes},
        to=by,
        ticket=ticket.ticket_id,
        at=at,
        action=RELEASING if is_release else PREPARING,
        is_masked=not is_release,
        store=store,
    )


def _ticket(
    filling: FormFilling, codes: Sequence[str], tells: Sequence[str], *, by: Actor, at: datetime
) -> Ticket:
    return access.issue_ticket(
        access.TicketRequest(
            kind=TicketKind.FORM,
            origin=str(filling.uuid),
            purpose=filling.form.purpose,
            subjects=tuple(f"person:{code}" for code in codes),
            fields=tuple(tells),
            ends_at=at + TICKET_LASTS,
        ),
        holder=by,
        at=at,
    )


# --- file and seal ----------------------------------------------------------------------------------


def _filled(
    filling: FormFilling, read: ReadForm, planned: Planned, *, said: str, by: Actor, at: datetime
) -> FilledSheet:
    form = filling.form
    return FilledSheet(
        content=b"" if read.format != "xlsx" else filling.sheet_content,  # type: ignore[attr-defined]
        format=read.format,
        sheets=planned.sheets,
        sections=planned.sections,
        cells=planned.cells,
        titles=planned.titles,
        lines=(
            ("报表", form.title),
            ("送往", form.office),
            ("准入编号", form.number),
            ("依据", f"{form.basis}（{form.approval_no}）"),
            ("负责人", officials.speak_of(form.office)),
            ("有异议找", officials.where_to_object(form.office)),
            ("期限", f"用到 {form.expires_on} 为止"),
            ("放行人", by.user_id),
            ("放行时间", f"{at.astimezone(DEFAULT_ZONE):%Y-%m-%d %H:%M}"),
            ("理由", said),
            ("用法", "只用于上面写明的用途，用完按规定销毁；如有异议，本人可在“我的资料”提出。"),
        ),
        notes=notes_of(form, planned),
    )


def _learn(filling: FormFilling, *, by: Actor, at: datetime) -> None:
    if not filling.is_learned:
        FormLesson(
            form=filling.form,
            layout_key=filling.layout_key,
            meanings=filling.meanings,
            taught_by=by.user_id,
            taught_at=at,
        ).save()


def _read_again(store: Store, filling: FormFilling) -> ReadForm:
    content = _unseal(store, filling, "sheet")
    filling.sheet_content = content  # type: ignore[attr-defined]
    return read_form(store, content, file_name=plain_name(f".{filling.format}"))


def _period(filling: FormFilling) -> str:
    return f"f-{filling.uuid.hex}"


def _seal(store: Store, filling: FormFilling, name: str, content: bytes) -> None:
    guard_actions.seal_table(
        store,
        zone=Zone.CORE,
        source=SEALED_SOURCE,
        period=_period(filling),
        name=name,
        table=pa.table({"content": pa.array([content], pa.binary())}),
    )


def _unseal(store: Store, filling: FormFilling, name: str) -> bytes:
    if filling.ended_at is not None:
        raise Refusal("form.over", "这一次填报已经结束，文件已经销毁。", next_step="请重新上传。")
    table = guard_actions.open_sealed(
        store, zone=Zone.CORE, source=SEALED_SOURCE, period=_period(filling), name=name
    )
    content: bytes = table["content"][0].as_py()
    return content
