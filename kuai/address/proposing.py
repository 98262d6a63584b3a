"""Proposals out of builds: refreshed after each, set aside with a reason, applied for. See `learning`. Needs Django.

Safeguard: a proposal is about premises, for the owner of the library. It names no source, row or person, is shown to
clerks of its own area only, and is no finding; there is no way here to take the list out of the house.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Count, Q, QuerySet

from kuai.address.applying.events import room_name
from kuai.address.engine.place_index import room_keys
from kuai.address.models import Proposal
from kuai.address.phantoms.clustering import Cluster, Naming, ProposalKind, cluster_namings
from kuai.address.phantoms.standing import Standing
from kuai.guard import access
from kuai.guard.queries import covers
from kuai.guard.types import Actor, Role
from kuai.kit.errors import Refusal
from kuai.kit.receipt import Receipt

PURPOSE = "address_upkeep"
READERS = (Role.SUBDISTRICT_CLERK, Role.DATA_STEWARD)
OPEN, SET_ASIDE, APPLIED = "open", "set_aside", "applied"
STATE_WORDS = {OPEN: "待办", SET_ASIDE: "已搁置", APPLIED: "已申请"}
PAGE = 50
DELETED_AT_ONCE = 500


@dataclass(frozen=True)
class ProposalView:
    """One proposal as a page shows it. `at_least_rows` is a band (3, 10, 50), never the count."""

    number: int
    kind: ProposalKind
    address_code: str
    area_path: str
    place_text: str
    parts: tuple[str, ...]
    sources: int
    at_least_rows: int
    first_period: str
    last_period: str
    notes: tuple[str, ...]
    first_version: str
    last_version: str
    state: str
    decided_because: str

    @property
    def examples(self) -> tuple[str, ...]:
        """How the places would be written: made of the library's text, never taken from anybody's row."""
        return tuple(spell(self.kind, self.place_text, part) for part in self.parts[:3])


def spell(kind: ProposalKind, place_text: str, part: str) -> str:
    """A part's address behind the text of the place that is there."""
    if kind is ProposalKind.NEW_BUILDING:
        name, _, number = part.partition("|")
        return f"{place_text}{name}{number}号"
    if kind is ProposalKind.DIVIDED:
        return f"{place_text} → {room_name(part)}"
    return f"{place_text}{room_name(part)}"


def refresh_proposals(
    namings: Iterable[Naming],
    *,
    places: Mapping[str, Standing],
    version: str,
    by: Actor,
    at: datetime,
) -> Receipt:
    """Bring the proposals in line with what build `version` named. Repeatable.

    What was set aside or applied for stays so; what this build does not name, or the library now has, is deleted.
    """
    rooms_of = {
        code: frozenset(key for name in place.rooms for key in room_keys(name))
        for code, place in places.items()
    }
    found = cluster_namings(namings, rooms_of=rooms_of)
    settled = [one for one in found.clusters if one.address_code in places]
    with transaction.atomic():
        known = {row.key: row for row in Proposal.objects.select_for_update()}
        fresh = [
            _row_of(one, places[one.address_code], version)
            for one in settled
            if one.key not in known
        ]
        Proposal.objects.bulk_create(fresh)
        again = [
            _renewed(known[one.key], one, places[one.address_code], version)
            for one in settled
            if one.key in known
        ]
        Proposal.objects.bulk_update(again, _RENEWED)
        gone = _delete_unnamed(known, {one.key for one in settled})
        _enter("address.proposals_refreshed", (version,), by=by, at=at, count=len(settled))
    held_back = found.held_back + len(found.clusters) - len(settled)
    return Receipt(
        "refresh_proposals",
        len(settled) + held_back,
        len(settled),
        refused=held_back,
        what="proposals",
        notes={"new": len(fresh), "gone": gone},
    )


_RENEWED = (
    "area_path", "place_text", "parts", "sources", "at_least_rows", "first_period", "last_period", "notes",
    "last_version",
)  # fmt: skip


def _delete_unnamed(known: Mapping[str, Proposal], named: set[str]) -> int:
    """A list of what once was named helps nobody and may harm; what people decided stays."""
    gone = [row.pk for key, row in known.items() if row.state == OPEN and key not in named]
    for start in range(0, len(gone), DELETED_AT_ONCE):
        Proposal.objects.filter(pk__in=gone[start : start + DELETED_AT_ONCE]).delete()
    return len(gone)


def _row_of(cluster: Cluster, place: Standing, version: str) -> Proposal:
    return Proposal(
        key=cluster.key,
        kind=cluster.kind.value,
        address_code=cluster.address_code,
        area_path=place.area_path,
        place_text=place.standard_text,
        parts=list(cluster.parts),
        sources=cluster.sources,
        at_least_rows=cluster.at_least_rows,
        first_period=cluster.first_period,
        last_period=cluster.last_period,
        notes=list(cluster.notes),
        first_version=version,
        last_version=version,
        state=OPEN,
    )


def _renewed(row: Proposal, cluster: Cluster, place: Standing, version: str) -> Proposal:
    fresh = _row_of(cluster, place, version)
    for name in _RENEWED:
        setattr(row, name, getattr(fresh, name))
    return row


def list_proposals(
    actor: Actor, *, state: str = OPEN, kind: str = "", after: int = 0, limit: int = PAGE
) -> tuple[ProposalView, ...]:
    """Proposals in the areas of `actor`, by place. Refuses roles that do not keep addresses."""
    rows = _of_areas(actor).filter(state=state)
    if kind:
        rows = rows.filter(kind=kind)
    return tuple(map(view_of, rows[after : after + limit]))


def count_proposals(actor: Actor) -> dict[str, int]:
    """How many proposals the areas of `actor` have, by state."""
    counted = _of_areas(actor).order_by().values_list("state").annotate(count=Count("pk"))
    return dict(counted)


def get_proposal(number: int, actor: Actor) -> ProposalView:
    """One proposal of the areas of `actor`; refuses any other as unknown."""
    return view_of(get_row(number, actor))


def get_row(number: int, actor: Actor) -> Proposal:
    row = _of_areas(actor).filter(pk=number).first()
    if row is None:
        raise Refusal("proposal.unknown", f"你的辖区里没有建议 {number}。")
    return row


def set_aside(number: int, *, reason: str, by: Actor, at: datetime) -> None:
    """Say why nothing follows from a proposal; it stays set aside in later builds. Refuses no reason."""
    row = get_row(number, by)
    if not reason.strip() or len(reason) > 400:
        raise Refusal("proposal.reason", "要写明为什么搁置，最长 400 字。")
    _decide(row, OPEN, SET_ASIDE, reason=reason, by=by, at=at)


def take_up_again(number: int, *, by: Actor, at: datetime) -> None:
    """Undo the setting aside."""
    row = get_row(number, by)
    _decide(row, SET_ASIDE, OPEN, reason="", by=by, at=at)


def note_applied(row: Proposal, *, reason: str, by: Actor, at: datetime) -> None:
    """An application takes the proposal up; in the caller's transaction."""
    _decide(row, OPEN, APPLIED, reason=reason, by=by, at=at)


def note_application_ended(row: Proposal, *, by: Actor, at: datetime) -> None:
    """The application was withdrawn: the proposal is open again; in the caller's transaction."""
    _decide(row, APPLIED, OPEN, reason="", by=by, at=at)


def _decide(row: Proposal, start: str, end: str, *, reason: str, by: Actor, at: datetime) -> None:
    """Move it if it still is where it should start from: of two at once, one is refused."""
    with transaction.atomic():
        moved = Proposal.objects.filter(pk=row.pk, state=start).update(
            state=end, decided_by=by.user_id, decided_at=at, decided_because=reason
        )
        if not moved:
            raise Refusal(f"proposal.not_{start}", f"这条建议不在“{STATE_WORDS[start]}”里。")
        _enter(f"address.proposal_{end}", (row.address_code,), by=by, at=at)


def _of_areas(actor: Actor) -> QuerySet[Proposal]:
    if actor.role not in READERS:
        raise Refusal("proposal.not_yours", "地址库的建议只给街道工作人员和数据管理员看。")
    return Proposal.objects.filter(within(actor))


def within(actor: Actor) -> Q:
    """The condition that `area_path` lies in one of the actor's areas; nothing for somebody without areas."""
    condition = Q(pk__in=[])
    for area in actor.areas:
        if covers(area, ""):
            return Q()
        path = area.strip("/")
        condition |= Q(area_path=path) | Q(area_path__startswith=f"{path}/")
    return condition


def view_of(row: Proposal) -> ProposalView:
    return ProposalView(
        number=row.pk,
        kind=ProposalKind(row.kind),
        address_code=row.address_code,
        area_path=row.area_path,
        place_text=row.place_text,
        parts=tuple(row.parts),
        sources=row.sources,
        at_least_rows=row.at_least_rows,
        first_period=row.first_period,
        last_period=row.last_period,
        notes=tuple(row.notes),
        first_version=row.first_version,
        last_version=row.last_version,
        state=row.state,
        decided_because=row.decided_because,
    )


def _enter(action: str, refs: Sequence[str], *, by: Actor, at: datetime, count: int = 1) -> None:
    access.record_entry(
        actor=by,
        action=action,
        object_kind="address",
        object_refs=tuple(refs),
        purpose=PURPOSE,
        count=count,
        at=at,
    )
