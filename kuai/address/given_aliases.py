"""Other texts of places that people gave: added and taken back by rows that stay. Private: see the door `library`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction

from kuai.address.models import Alias
from kuai.address.types import AliasKind
from kuai.guard.free_text import require_nobody
from kuai.kit.errors import Refusal

LONGEST_TEXT, LONGEST_REASON = 400, 400


@dataclass(frozen=True)
class AliasView:
    """A text somebody gave a place, as the record has it. `number` is what `revoke_alias` takes."""

    number: int
    address_code: str
    text: str
    kind: AliasKind
    source: str
    valid_from: date | None
    reason: str
    recorded_by: str
    recorded_at: datetime
    is_revoked: bool
    revoked_by: str = ""
    revoked_at: datetime | None = None
    revoked_reason: str = ""


def add_given_alias(
    *,
    text: str,
    address_code: str,
    kind: AliasKind,
    source: str,
    by: str,
    reason: str,
    valid_from: date | None = None,
) -> AliasView:
    """Insert it, or return the live one that says the same."""
    written = text.strip()
    _require_fit(written, reason, by)
    with transaction.atomic():
        same = _live().filter(address_code=address_code, text=written).first()
        if same is not None:
            return _view(same)
        row = Alias(
            address_code=address_code,
            text=written,
            kind=kind.value,
            source=source,
            valid_from=valid_from,
            reason=reason,
            recorded_by=by,
        )
        row.save(force_insert=True)
    row.refresh_from_db()
    return _view(row)


def revoke_alias(number: int, *, by: str, reason: str) -> AliasView:
    """Take a text back: it leaves the next build, both rows stay. Refuses what is unknown or taken back already."""
    given = Alias.objects.filter(pk=number, revokes__isnull=True).first()
    if given is None:
        raise Refusal("alias.unknown", f"没有别名 {number}。", next_step="别名编号见别名清单。")
    if Alias.objects.filter(revokes=given).exists():
        raise Refusal("alias.revoked", f"别名 {number} 已经撤回。")
    _require_reason(reason, by)
    row = Alias(
        address_code=given.address_code,
        text=given.text,
        kind=given.kind,
        source=given.source,
        reason=reason,
        recorded_by=by,
        revokes=given,
    )
    with transaction.atomic():
        row.save(force_insert=True)
    return _view(Alias.objects.select_related("revoked_by").get(pk=number))


def list_aliases(code: str | None = None, *, live_only: bool = False) -> tuple[AliasView, ...]:
    """Texts that people gave (to one code), in the order in which they were given."""
    rows = _live() if live_only else Alias.objects.filter(revokes__isnull=True)
    if code is not None:
        rows = rows.filter(address_code=code)
    return tuple(_view(row) for row in rows.select_related("revoked_by").order_by("id"))


def _live():
    return Alias.objects.filter(revokes__isnull=True, revoked_by__isnull=True)


def _require_fit(text: str, reason: str, by: str) -> None:
    if not text or len(text) > LONGEST_TEXT:
        raise Refusal("alias.text", f"别名不能为空，最长 {LONGEST_TEXT} 字。")
    require_nobody(text, what="别名", code="alias.personal")
    _require_reason(reason, by)


def _require_reason(reason: str, by: str) -> None:
    if not reason.strip() or len(reason) > LONGEST_REASON:
        raise Refusal("alias.reason", f"要写明理由，最长 {LONGEST_REASON} 字。")
    require_nobody(reason, what="理由", code="alias.personal")
    if not by.strip():
        raise Refusal("alias.by", "要写明是谁。")


def _view(row: Alias) -> AliasView:
    revoking = getattr(row, "revoked_by", None)
    return AliasView(
        number=row.pk,
        address_code=row.address_code,
        text=row.text,
        kind=AliasKind(row.kind),
        source=row.source,
        valid_from=row.valid_from,
        reason=row.reason,
        recorded_by=row.recorded_by,
        recorded_at=row.recorded_at,
        is_revoked=revoking is not None,
        revoked_by=revoking.recorded_by if revoking else "",
        revoked_at=revoking.recorded_at if revoking else None,
        revoked_reason=revoking.reason if revoking else "",
    )
