"""Applications of a sub-district to the owner of the library: opened, filed, answered, taken back. Needs Django.

The moves are a table (`applying.moves`); each leaves a line and an entry of the ledger. What is accepted becomes an
event of the library, recorded in the same transaction. The filer never answers: four eyes. See `learning`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from kuai.address.applying.events import Answer, Asked, events_of, require_parts_fit
from kuai.address.applying.forms import FormAnswer, FormLine
from kuai.address.applying.moves import (
    ANSWER_WORKDAYS,
    FILERS,
    ApplicationKind,
    ApplicationState,
    is_overdue,
    moves_open_to,
    require_move,
)
from kuai.address.life.shapes import NewEvent
from kuai.address.models import Application, ApplicationMove
from kuai.address.phantoms.standing import Standing
from kuai.address.proposing import (
    ProposalView,
    get_row,
    note_application_ended,
    note_applied,
    view_of,
    within,
)
from kuai.guard import access
from kuai.guard.free_text import require_nobody
from kuai.guard.queries import covers_any
from kuai.guard.types import Actor
from kuai.kit.clock import local_day
from kuai.kit.errors import Refusal

PURPOSE = "address_upkeep"
LONGEST_WORDING = 400
SATURDAY = 5
TRIES_FOR_A_NUMBER = 5
# Records one event of the library and returns the number of its step in the log.
Recorder = Callable[[NewEvent], int]


@dataclass(frozen=True)
class Wish:
    """What an application asks for: of `place` these new parts, or (cancel) its end, or (change) its new name."""

    kind: ApplicationKind
    place: Standing
    parts: tuple[str, ...] = ()
    wording: str = ""


@dataclass(frozen=True)
class MoveView:
    """One step in the life of an application."""

    start: str
    end: str
    moved_by: str
    moved_at: datetime
    reason: str


@dataclass(frozen=True)
class ApplicationView:
    """One application, as pages and forms show it."""

    number: str
    kind: ApplicationKind
    address_code: str
    area_path: str
    place_text: str
    parts: tuple[str, ...]
    wording: str
    evidence: Mapping[str, object]
    state: ApplicationState
    opened_by: str
    opened_at: datetime
    filed_by: str
    due_on: date | None
    given_codes: Mapping[str, str]
    library_steps: tuple[int, ...]
    moves: tuple[MoveView, ...] = field(default=())

    def is_overdue(self, today: date) -> bool:
        return is_overdue(self.state, self.due_on, today=today)

    def next_states(self, actor: Actor) -> tuple[ApplicationState, ...]:
        """What `actor` may do with it now."""
        filed = {move.moved_by for move in self.moves if move.end == ApplicationState.FILED.value}
        filer = actor.user_id in {self.filed_by, self.opened_by} | filed
        return tuple(move.end for move in moves_open_to(self.state, actor.role, is_filer=filer))


def open_application(wish: Wish, *, by: Actor, at: datetime) -> ApplicationView:
    """A draft by hand. Refuses other roles, a place outside one's areas, an ended place, and parts that do not fit."""
    _require_filer(by)
    _require_wish(wish, by)
    row = Application(
        kind=wish.kind.value,
        address_code=wish.place.address_code,
        area_path=wish.place.area_path,
        place_text=wish.place.standard_text,
        parts=list(wish.parts),
        wording=wish.wording,
        evidence={},
    )
    return _insert(row, by=by, at=at)


def open_from_proposal(number: int, *, by: Actor, at: datetime) -> ApplicationView:
    """A draft that carries a proposal's evidence; the proposal is applied for. Refuses one that is not open."""
    _require_filer(by)
    with transaction.atomic():
        proposal = get_row(number, by)
        said = view_of(proposal)
        row = Application(
            kind=said.kind.value,
            address_code=said.address_code,
            area_path=said.area_path,
            place_text=said.place_text,
            parts=list(said.parts),
            wording="；".join(said.notes)[:LONGEST_WORDING],
            evidence=evidence_of(said),
            proposal=proposal,
        )
        view = _insert(row, by=by, at=at)
        note_applied(proposal, reason=view.number, by=by, at=at)
    return view


def evidence_of(proposal: ProposalView) -> dict[str, object]:
    """What goes along with an application: how many sources, at least how many rows, since when. Nobody's row."""
    return {
        "sources": proposal.sources,
        "at_least_rows": proposal.at_least_rows,
        "first_period": proposal.first_period,
        "last_period": proposal.last_period,
        "examples": list(proposal.examples),
        "version": proposal.last_version,
    }


def file_application(number: str, *, by: Actor, at: datetime) -> ApplicationView:
    """Hand a draft (or a returned one, again) to the owner; the days to answer begin."""
    return _move(
        number, ApplicationState.FILED, by=by, at=at, filed_by=by.user_id, due_on=due_day(at)
    )


def withdraw_application(number: str, *, reason: str, by: Actor, at: datetime) -> ApplicationView:
    """Take it back for good; its proposal is open again."""
    with transaction.atomic():
        view = _move(number, ApplicationState.WITHDRAWN, by=by, at=at, reason=reason, due_on=None)
        row = Application.objects.select_related("proposal").get(number=number)
        if row.proposal is not None:
            note_application_ended(row.proposal, by=by, at=at)
    return view


def return_application(number: str, *, reason: str, by: Actor, at: datetime) -> ApplicationView:
    """The owner's no, with the reason; the filer may mend and file again, or withdraw."""
    return _move(number, ApplicationState.RETURNED, by=by, at=at, reason=reason, due_on=None)


def accept_application(
    number: str, answer: Answer, *, record: Recorder, by: Actor, at: datetime
) -> ApplicationView:
    """The owner's yes: the events it means are recorded in the library, in the same transaction.

    Refuses the filer, an answer that lacks what its kind needs, and whatever the library refuses.
    """
    with transaction.atomic():
        row = _get_row(number, by, locked=True)
        _require_step(row, ApplicationState.ACCEPTED, by=by, reason=answer.reason)
        asked = Asked(
            row.number,
            ApplicationKind(row.kind),
            row.address_code,
            tuple(row.parts),
            row.place_text,
        )
        steps = [record(event) for event in events_of(asked, answer, on=local_day(at))]
        return _move(
            number,
            ApplicationState.ACCEPTED,
            by=by,
            at=at,
            reason=answer.reason,
            due_on=None,
            given_codes=dict(answer.codes),
            library_steps=steps,
        )


def answer_application(
    one: FormAnswer, *, record: Recorder, by: Actor, at: datetime
) -> ApplicationView:
    """Carry out what a form that came back says of one application."""
    if one.is_accepted:
        return accept_application(one.number, one.answer, record=record, by=by, at=at)
    return return_application(one.number, reason=one.answer.reason, by=by, at=at)


def list_applications(actor: Actor, *, state: str = "") -> tuple[ApplicationView, ...]:
    """Applications of the areas of `actor`, newest first."""
    rows = _of_areas(actor)
    if state:
        rows = rows.filter(state=state)
    return tuple(map(view_application, rows.prefetch_related("moves")))


def get_application(number: str, actor: Actor) -> ApplicationView:
    """One application of the areas of `actor`, with its moves; refuses any other as unknown."""
    return view_application(_get_row(number, actor))


def form_line(application: ApplicationView) -> FormLine:
    """The application as its form shows it: without anybody's login."""
    return FormLine(
        number=application.number,
        kind=application.kind,
        address_code=application.address_code,
        place_text=application.place_text,
        parts=application.parts,
        wording=application.wording,
        evidence=application.evidence,
        due_on=application.due_on,
    )


def due_day(at: datetime) -> date:
    """The last day for the owner's answer. Weekdays only: public holidays come with the orders' calendar."""
    day, left = local_day(at), ANSWER_WORKDAYS
    while left:
        day += timedelta(days=1)
        left -= day.weekday() < SATURDAY
    return day


def _insert(row: Application, *, by: Actor, at: datetime) -> ApplicationView:
    """Number it, keep it, and enter it: an application's number counts within its year."""
    row.state = ApplicationState.DRAFT.value
    row.opened_by, row.opened_at = by.user_id, at
    row.given_codes, row.library_steps = {}, []
    with transaction.atomic():
        _keep_with_next_number(row, f"DZ-{local_day(at).year}-")
        _add_move(row, "", ApplicationState.DRAFT, reason="", by=by, at=at)
    return view_application(row)


def _keep_with_next_number(row: Application, beginning: str) -> None:
    """Whoever comes second to a number takes the next: two drafts at once are no failure."""
    for attempt in range(TRIES_FOR_A_NUMBER):
        last = Application.objects.filter(number__startswith=beginning).order_by("-number").first()
        serial = int(last.number.rpartition("-")[2]) + 1 if last else 1
        row.number = f"{beginning}{serial:06d}"
        try:
            with transaction.atomic():
                row.save(force_insert=True)
        except IntegrityError:
            if attempt == TRIES_FOR_A_NUMBER - 1:
                raise
        else:
            return


def _move(
    number: str,
    end: ApplicationState,
    *,
    by: Actor,
    at: datetime,
    reason: str = "",
    **changes: object,
) -> ApplicationView:
    with transaction.atomic():
        row = _get_row(number, by, locked=True)
        _require_step(row, end, by=by, reason=reason)
        Application.objects.filter(pk=row.pk).update(state=end.value, **changes)
        _add_move(row, row.state, end, reason=reason, by=by, at=at)
    return view_application(Application.objects.get(pk=row.pk))


def _require_step(row: Application, end: ApplicationState, *, by: Actor, reason: str) -> None:
    require_move(
        ApplicationState(row.state),
        end,
        role=by.role,
        is_filer=_has_filed(row, by),
        reason=reason,
    )
    if len(reason) > LONGEST_WORDING:
        raise Refusal("application.reason", f"理由最长 {LONGEST_WORDING} 字。")
    require_nobody(reason, what="理由", code="application.personal")


def _has_filed(row: Application, by: Actor) -> bool:
    """Opened or ever filed it: whoever files it again overwrites `filed_by`, the moves stay."""
    filed = row.moves.filter(end=ApplicationState.FILED.value, moved_by=by.user_id)
    return by.user_id in (row.opened_by, row.filed_by) or filed.exists()


def _add_move(
    row: Application, start: str, end: ApplicationState, *, reason: str, by: Actor, at: datetime
) -> None:
    ApplicationMove(
        application=row,
        start=start,
        end=end.value,
        moved_by=by.user_id,
        moved_at=at,
        reason=reason,
    ).save(force_insert=True)
    access.record_entry(
        actor=by,
        action=f"address.application_{end.value}",
        object_kind="application",
        object_refs=(row.number,),
        purpose=PURPOSE,
        count=1,
        at=at,
    )


def _get_row(number: str, actor: Actor, *, locked: bool = False) -> Application:
    rows = _of_areas(actor)
    # Locked only inside a transaction: two answers at once must not both be taken.
    row = (rows.select_for_update() if locked else rows).filter(number=number).first()
    if row is None:
        raise Refusal("application.unknown", f"你的辖区里没有申请单 {number}。")
    return row


def _of_areas(actor: Actor) -> QuerySet[Application]:
    _require_filer(actor)
    return Application.objects.filter(within(actor))


def _require_filer(by: Actor) -> None:
    if by.role not in FILERS:
        raise Refusal("application.not_yours", "地址申请由街道工作人员和数据管理员办理。")


def _require_wish(wish: Wish, by: Actor) -> None:
    if not covers_any(by.areas, (wish.place.area_path,)):
        raise Refusal("application.other_area", "这个地点不在你的辖区。")
    if not wish.place.is_living:
        raise Refusal("application.ended_place", "这个地点已经停用。")
    if len(wish.wording) > LONGEST_WORDING or not (wish.wording.strip() or wish.parts):
        raise Refusal("application.wording", f"要写明申请什么，最长 {LONGEST_WORDING} 字。")
    require_nobody("；".join((wish.wording, *wish.parts)), what="申请", code="application.personal")
    require_parts_fit(wish.kind, wish.place.level, wish.parts)


def view_application(row: Application) -> ApplicationView:
    return ApplicationView(
        number=row.number,
        kind=ApplicationKind(row.kind),
        address_code=row.address_code,
        area_path=row.area_path,
        place_text=row.place_text,
        parts=tuple(row.parts),
        wording=row.wording,
        evidence=row.evidence,
        state=ApplicationState(row.state),
        opened_by=row.opened_by,
        opened_at=row.opened_at,
        filed_by=row.filed_by,
        due_on=row.due_on,
        given_codes=row.given_codes,
        library_steps=tuple(row.library_steps),
        moves=tuple(
            MoveView(move.start, move.end, move.moved_by, move.moved_at, move.reason)
            for move in row.moves.all()
        ),
    )
