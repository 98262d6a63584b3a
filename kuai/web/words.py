"""Office words that several pages share, in the reader's language."""

from __future__ import annotations

from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from kuai.guard.queries import list_purposes
from kuai.guard.types import Role

LEVEL_NAMES = {
    "city": _("市"),
    "district": _("区"),
    "subdistrict": _("街道"),
    "community": _("社区"),
    "grid": _("网格"),
    "building": _("楼栋"),
    "room": _("房屋"),
    "organisation": _("单位"),
    "name": _("地名"),
    "area": _("区域"),
    "cell": _("人数单元"),
}

ROLE_NAMES = {
    Role.DATA_STEWARD: _("数据管理员"),
    Role.SUBDISTRICT_CLERK: _("街道工作人员"),
    Role.GRID_WORKER: _("网格员"),
    Role.DEPARTMENT_CLERK: _("部门工作人员"),
    Role.OFFICER: _("执法人员"),
    Role.CARE_WORKER: _("照护人员"),
    Role.LEADER: _("领导"),
    Role.AUDITOR: _("审计员"),
    Role.RESIDENT: _("居民"),
    Role.DISPATCHER: _("派遣员"),
    Role.CHECKER: _("核查员"),
    Role.CHILD_WELFARE_WORKER: _("儿童福利工作人员"),
    Role.SYSTEM_ADMINISTRATOR: _("系统管理员"),
    Role.SECURITY_ADMINISTRATOR: _("安全管理员"),
    Role.AUDIT_ADMINISTRATOR: _("审计管理员"),
}


def reads_english() -> bool:
    """Whether the page is shown in English."""
    return (get_language() or "").startswith("en")


def counter_title(counter: Any) -> str:
    """A counter's name in the reader's language."""
    return str(counter.title_en if reads_english() else counter.title_zh)


def purpose_title(code: str) -> str:
    """A purpose's name in the reader's language; an unknown one shows its code."""
    for purpose in list_purposes():
        if purpose.code == code:
            return purpose.title_en if reads_english() else purpose.title_zh
    return code
