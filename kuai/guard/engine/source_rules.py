"""When a source may build: known purposes, handler, basis, retention, and an approved impact assessment."""

from __future__ import annotations

from datetime import date

from kuai.guard.engine.purposes import require_purpose
from kuai.guard.types import SourceRegistration
from kuai.kit.errors import Refusal

# PIPL art. 55-56 ask for an assessment beforehand and name no term; we ask anew after three years, the time for
# which the report must be kept.
ASSESSMENT_VALID_YEARS = 3

SYNTHETIC_NOTE = "合成数据包：免于个人信息保护影响评估。"
NO_PERSONS_NOTE = "不含个人信息：不需要个人信息保护影响评估。"


def require_source_may_build(
    registration: SourceRegistration, *, synthetic: bool, as_of: date
) -> str:
    """Why this source may build, as a note for the receipt; refuses what is not registered well enough."""
    for purpose in registration.permitted_purposes:
        require_purpose(purpose)
    if synthetic:
        return SYNTHETIC_NOTE
    _require_complete(registration)
    if not registration.has_personal_columns:
        return NO_PERSONS_NOTE
    return _require_assessment(registration, as_of=as_of)


def _require_complete(registration: SourceRegistration) -> None:
    missing = [
        label
        for label, given in (
            ("处理者", registration.handler),
            ("法律依据（职责清单事项）", registration.legal_basis),
            ("共享协议", registration.agreement),
            ("允许的用途", registration.permitted_purposes),
            ("告知书版本", registration.notice_version or not registration.has_personal_columns),
            ("保存期限", registration.retention_days > 0),
            ("更新周期", registration.refresh_days > 0),
        )
        if not given
    ]
    if missing:
        raise Refusal(
            "source.incomplete",
            f"来源“{registration.source}”登记不全，缺：{'、'.join(missing)}。",
            next_step="请数据管理员在来源页补齐后再构建。",
        )


def _require_assessment(registration: SourceRegistration, *, as_of: date) -> str:
    approved = registration.assessment_approved_on
    if not registration.assessment_id or approved is None or approved > as_of:
        raise Refusal(
            "source.no_assessment",
            f"来源“{registration.source}”含个人信息，但没有已批准的个人信息保护影响评估，不能构建。",
            next_step="先完成并批准影响评估（个人信息保护法第55条），再登记评估编号和批准日期。",
        )
    expires = _years_later(approved, ASSESSMENT_VALID_YEARS)
    if as_of >= expires:
        raise Refusal(
            "source.assessment_expired",
            f"来源“{registration.source}”的影响评估已于 {expires} 到期，不能构建。",
            next_step="重新评估并登记新的批准日期。",
        )
    return f"影响评估 {registration.assessment_id}，{approved} 批准，{expires} 前有效。"


def _years_later(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:  # 29 February
        return day.replace(year=day.year + years, month=3, day=1)
