"""Under which registration a source comes into a build, and the gate it has to pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime

from kuai.flows.deliveries import Gate, ReceivedResource, Registrar
from kuai.guard import access, queries
from kuai.guard.types import Actor, Role, SourceRegistration
from kuai.kit.errors import Refusal
from kuai.kit.tables import Sensitivity

BUILDER = Actor(user_id="build", role=Role.SYSTEM_ADMINISTRATOR)
SYNTHETIC_BASIS = "合成数据：无需法律依据"
# Registers of government run monthly unless their registration says otherwise.
USUAL_REFRESH_DAYS = 31
USUAL_RETENTION_DAYS = 730


def registrar_of(*, synthetic: bool, at: datetime) -> Registrar:
    """Finds a source's registration; one that is not registered yet is entered with what its package tells.

    For real personal data that is not enough, and the gate says what is missing. Refuses a source registered as
    real in a package that says it is synthetic; what a mapping takes of persons counts whatever the registration says.
    """

    def find_or_enter(received: ReceivedResource) -> SourceRegistration:
        known = queries.find_source(received.resource.name)
        if known is not None and synthetic and not known.synthetic:
            raise Refusal(
                "source.is_real",
                f"来源“{known.source}”登记为真实数据，这个数据包却写着是合成的，不能构建。",
                next_step="真实数据请去掉数据包里的 synthetic；演示数据请建到另一个库。",
            )
        if known is not None and known.synthetic == synthetic:
            return replace(
                known,
                has_personal_columns=known.has_personal_columns or _takes_persons(received),
            )
        registration = _from_package(received, synthetic=synthetic)
        if known is None and (synthetic or not registration.has_personal_columns):
            access.register_source(registration, by=BUILDER, at=at)
        return registration

    return find_or_enter


def gate_of(*, synthetic: bool) -> Callable[[date], Gate]:
    """The check of a source's right to build, on a day."""

    def gate_on(as_of: date) -> Gate:
        def may_build(registration: SourceRegistration) -> str:
            return access.require_source_may_build(registration, synthetic=synthetic, as_of=as_of)

        return may_build

    return gate_on


def _takes_persons(received: ReceivedResource) -> bool:
    """Whether the mapping takes in what is sensitive, and persons are who it is about."""
    mapping = received.mapping
    personal = any(
        column.is_taken and column.sensitivity >= Sensitivity.L3.name for column in mapping.columns
    )
    return personal and any(
        column.element in ("person", "care", "reporter") for column in mapping.taken
    )


def _from_package(received: ReceivedResource, *, synthetic: bool) -> SourceRegistration:
    mapping = received.mapping
    department = received.resource.department
    has_persons = _takes_persons(received)
    plain = not has_persons
    return SourceRegistration(
        source=received.resource.name,
        title=received.resource.title or received.resource.name,
        zone=mapping.zone,
        handler=department or ("演示部门" if synthetic else "公开数据" if plain else ""),
        legal_basis=SYNTHETIC_BASIS if synthetic else "公开信息" if plain else "",
        agreement="合成数据包" if synthetic else "公开数据包" if plain else "",
        # Whoever delivers records may have them reviewed (Decree 809: correction channel).
        permitted_purposes=tuple(sorted({*mapping.purposes, "record_review"})),
        notice_version="synthetic" if synthetic else "",
        assessment_id="",
        assessment_approved_on=None,
        retention_days=USUAL_RETENTION_DAYS,
        refresh_days=USUAL_REFRESH_DAYS,
        has_personal_columns=has_persons,
        synthetic=synthetic,
    )
