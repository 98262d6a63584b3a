"""The registers of purposes and of sources, as rows."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from django.db import transaction

from kuai.guard.engine.keys import require_safe_name
from kuai.guard.engine.purposes import permitted_purposes, require_purpose
from kuai.guard.ledger import record_entry
from kuai.guard.models import PurposeRecord, SourceRecord
from kuai.guard.types import Actor, Role, SourceRegistration, Zone
from kuai.kit.errors import Refusal

REGISTRARS = frozenset({Role.DATA_STEWARD, Role.SYSTEM_ADMINISTRATOR})


def load_purposes() -> int:
    """Bring the table of purposes in line with `purposes.yaml`; a purpose no longer listed stays, not permitted."""
    listed = permitted_purposes()
    with transaction.atomic():
        PurposeRecord.objects.exclude(code__in=listed).update(is_permitted=False)
        for purpose in listed.values():
            PurposeRecord.objects.update_or_create(
                code=purpose.code,
                defaults={
                    "title_zh": purpose.title_zh,
                    "title_en": purpose.title_en,
                    "legal_basis": purpose.legal_basis,
                    "zone": purpose.zone.value,
                    "roles": [role.value for role in purpose.roles],
                    "ticket_kinds": [kind.value for kind in purpose.ticket_kinds],
                    "is_permitted": True,
                },
            )
    return len(listed)


def register_source(registration: SourceRegistration, *, by: Actor, at: datetime) -> None:
    """Put a source on the register, or replace what is registered of it. Refuses unknown and denied purposes, a
    change of zone, and a synthetic source's turning real (or back). An unchanged registration leaves no trace."""
    if by.role not in REGISTRARS:
        raise Refusal("source.not_yours", "来源由数据管理员登记。")
    for purpose in registration.permitted_purposes:
        require_purpose(purpose)
    require_safe_name(registration.source, what="来源名")
    known = find_source(registration.source)
    if known == registration:
        return
    if known is not None:
        _require_same_nature(known, registration)
    values = asdict(registration)
    values["zone"] = registration.zone.value
    values["permitted_purposes"] = list(registration.permitted_purposes)
    with transaction.atomic():
        SourceRecord.objects.update_or_create(
            source=values.pop("source"),
            defaults={**values, "registered_at": at, "registered_by": by.user_id},
        )
        record_entry(
            actor=by,
            action="source.registered" if known is None else "source.changed",
            object_kind="source",
            object_refs=(registration.source,),
            purpose="source_keeping",
            count=1,
            at=at,
        )


def _require_same_nature(known: SourceRegistration, wished: SourceRegistration) -> None:
    if known.zone is not wished.zone:
        raise Refusal("source.zone", f"来源“{wished.source}”已在另一分区登记，分区不能改。")
    if known.synthetic != wished.synthetic:
        raise Refusal("source.synthetic", f"来源“{wished.source}”不能在合成与真实之间改动。")


def find_source(source: str) -> SourceRegistration | None:
    """What is registered of `source`, or None."""
    record = SourceRecord.objects.filter(source=source).first()
    return None if record is None else as_registration(record)


def as_registration(record: SourceRecord) -> SourceRegistration:
    """The frozen form of a row."""
    return SourceRegistration(
        source=record.source,
        title=record.title,
        zone=Zone(record.zone),
        handler=record.handler,
        legal_basis=record.legal_basis,
        agreement=record.agreement,
        permitted_purposes=tuple(record.permitted_purposes),
        notice_version=record.notice_version,
        assessment_id=record.assessment_id,
        assessment_approved_on=record.assessment_approved_on,
        retention_days=record.retention_days,
        refresh_days=record.refresh_days,
        has_personal_columns=record.has_personal_columns,
        synthetic=record.synthetic,
    )
