"""A door: the person who answers, by name, for what an office asks, offers or lists, and where to object.

Each office names its own; who is concerned reads the name on every finding, question and list (issue 6, decision 0044).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction

from kuai.guard.ledger import record_entry
from kuai.guard.models import OfficialRecord, SourceRecord
from kuai.guard.types import Actor, Role
from kuai.kit.errors import Refusal

__all__ = [
    "CHILD_WELFARE",
    "DECLARATIONS",
    "FORM_KEEPING",
    "NAMING",
    "STANDING_OFFICES",
    "Official",
    "find_official",
    "list_officials",
    "name_official",
    "require_official",
    "speak_of",
    "where_to_object",
    "who_answers",
]

# What has no rule and no form of its own is answered for too.
DECLARATIONS, FORM_KEEPING, CHILD_WELFARE = "街道社区服务窗口", "报表准入", "街道儿童福利"
STANDING_OFFICES = (DECLARATIONS, FORM_KEEPING, CHILD_WELFARE)
NAMING = frozenset({Role.DATA_STEWARD, Role.SUBDISTRICT_CLERK, Role.DEPARTMENT_CLERK})
# Together they have to fit on a question: office, post and name.
LONGEST_SPOKEN, LONGEST_POST, LONGEST_CHANNEL, SHORTEST_CHANNEL = 80, 24, 120, 4
_NAME = re.compile(r"^(?:[一-龥]{2,6}(?:·[一-龥]{1,10})?|[A-Z][A-Za-z' .-]{2,22})$")
_MOBILE = re.compile(r"(?<![0-9])1[3-9][0-9]{9}(?![0-9])")
# An office is nobody: it cannot be asked for by name.
_OFFICE = re.compile(
    r"负责人|窗口|中心|办公室|社区|街道|值班|部门|科室|专班|领导|主任|.{3}[办局科处站所委]$"
)
# Where all sources are invented, so is whoever answers.
INVENTED_NAME, INVENTED_POST = "李演示", "负责人"


@dataclass(frozen=True)
class Official:
    """Who answers for an office. `since`: None where all is invented and nobody was named."""

    office: str
    name: str
    post: str
    channel: str
    since: datetime | None = None

    @property
    def spoken(self) -> str:
        """As it stands on letters and pages."""
        return f"{self.office} {self.post} {self.name}"


def find_official(office: str) -> Official | None:
    """Who answers for the office; None where nobody was named, but an invented one where all sources are invented."""
    row = OfficialRecord.objects.filter(office=office).last()
    if row is not None:
        return _as_official(row)
    if SourceRecord.objects.filter(synthetic=False).exists():
        return None
    return Official(office, INVENTED_NAME, INVENTED_POST, settings.KUAI_QUESTION_CHANNEL)


def require_official(office: str) -> Official:
    """Who answers for the office; refuses one that named nobody."""
    found = find_official(office)
    if found is None:
        raise Refusal(
            "official.none",
            f"{office}没有写明负责人：找谁问、向谁提异议，要有名有姓。",
            next_step="请在“规则与主动服务”的“负责人”页写明姓名、职务和联系渠道。",
        )
    return found


def who_answers(office: str) -> tuple[str, str]:
    """(office, post and name; where to object); where nobody was named, what the settings say for all."""
    found = find_official(office)
    if found is not None:
        return found.spoken, found.channel
    spoken = f"{office} {settings.KUAI_QUESTION_OFFICIAL}".strip()
    return spoken, str(settings.KUAI_QUESTION_CHANNEL)


def speak_of(office: str) -> str:
    """Office, post and name of who answers."""
    return who_answers(office)[0]


def where_to_object(office: str) -> str:
    """The channel of who answers."""
    return who_answers(office)[1]


def list_officials(offices: Iterable[str] = ()) -> tuple[tuple[str, Official | None], ...]:
    """Each of these offices, and every one that ever named somebody, with who answers for it."""
    known = {*offices, *OfficialRecord.objects.values_list("office", flat=True)}
    return tuple((office, find_official(office)) for office in sorted(known - {""}))


def name_official(
    office: str, *, name: str, post: str, channel: str, by: Actor, at: datetime
) -> Official:
    """From now on this person answers for the office. Refuses an office in place of a name, another office than the
    clerk's own, and what does not fit on a letter."""
    wished = Official(office.strip(), name.strip(), post.strip(), channel.strip(), at)
    _require_own(wished.office, by)
    _require_whole(wished)
    with transaction.atomic():
        row = OfficialRecord(
            office=wished.office, name=wished.name, post=wished.post, channel=wished.channel,
            named_by=by.user_id, named_at=at,
        )  # fmt: skip
        row.save()
        record_entry(
            actor=by,
            action="official.named",
            object_kind="official",
            object_refs=(f"official-{row.pk}",),
            purpose="fact_upkeep",
            count=1,
            at=at,
        )
    return wished


def _as_official(row: OfficialRecord) -> Official:
    return Official(row.office, row.name, row.post, row.channel, row.named_at)


def _require_own(office: str, by: Actor) -> None:
    if by.role not in NAMING:
        raise Refusal("official.not_yours", "负责人由数据管理员或本科室的工作人员写明。")
    if by.role is Role.DATA_STEWARD or by.department == office:
        return
    is_real = SourceRecord.objects.filter(synthetic=False).exists()
    if by.department or is_real:
        raise Refusal(
            "official.other_office",
            f"您的账号不是{office}的，不能替它写负责人。",
            next_step="请该科室的人或数据管理员来写。",
        )


def _require_whole(wished: Official) -> None:
    if not wished.office or not wished.post:
        raise Refusal("official.incomplete", "科室和职务都要写。")
    if not _NAME.match(wished.name) or _OFFICE.search(wished.name):
        raise Refusal(
            "official.name",
            "请写一个人的姓名，不写科室、窗口或“负责人”。",
            next_step="例如：林晓明。",
        )
    if len(wished.spoken) > LONGEST_SPOKEN or len(wished.post) > LONGEST_POST:
        raise Refusal(
            "official.long",
            f"科室、职务和姓名合起来最长 {LONGEST_SPOKEN} 字，职务 {LONGEST_POST} 字。",
        )
    if _MOBILE.search(re.sub(r"[\s-]", "", wished.channel)):
        raise Refusal("official.mobile", "这里不写个人手机，写办公电话、窗口或网址。")
    if not SHORTEST_CHANNEL <= len(wished.channel) <= LONGEST_CHANNEL:
        raise Refusal(
            "official.channel",
            f"请写明到哪里提异议：窗口、电话或网址，{SHORTEST_CHANNEL} 到 {LONGEST_CHANNEL} 字。",
        )
