"""Office words of the pages that explain, propose and apply."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from kuai.address.learning import ApplicationKind, ApplicationState, ProposalKind
from kuai.address.types import Grade

GRADE_NAMES: Mapping[str, Any] = {
    Grade.A: _("精确：只有书写习惯不同"),
    Grade.B: _("可靠：差异已列明"),
    Grade.C: _("候选：不能确定，请人判断"),
    Grade.D: _("没有找到"),
}
PART_NAMES: Mapping[str, Any] = {
    "divisions": _("区划"),
    "name": _("地名"),
    "number": _("门牌"),
    "room": _("房号"),
}
PROPOSAL_NAMES: Mapping[str, Any] = {
    ProposalKind.NEW_ROOMS: _("新增房屋"),
    ProposalKind.DIVIDED: _("房屋分隔变更"),
    ProposalKind.NEW_BUILDING: _("新增楼栋"),
}
PROPOSAL_STATES: Mapping[str, Any] = {
    "open": _("待办"),
    "applied": _("已申请"),
    "set_aside": _("已搁置"),
}
APPLICATION_NAMES: Mapping[str, Any] = {
    ApplicationKind.NEW_ROOMS: _("新增房屋"),
    ApplicationKind.DIVIDED: _("房屋分隔变更"),
    ApplicationKind.NEW_BUILDING: _("新增楼栋"),
    ApplicationKind.CHANGE: _("其他变更"),
    ApplicationKind.CANCEL: _("注销"),
}
APPLICATION_STATES: Mapping[str, Any] = {
    ApplicationState.DRAFT: _("草稿"),
    ApplicationState.FILED: _("已报送"),
    ApplicationState.RETURNED: _("已退回"),
    ApplicationState.ACCEPTED: _("已采纳"),
    ApplicationState.WITHDRAWN: _("已撤回"),
}
BADGES: Mapping[str, str] = {
    ApplicationState.DRAFT: "",
    ApplicationState.FILED: "is-warn",
    ApplicationState.RETURNED: "is-bad",
    ApplicationState.ACCEPTED: "is-good",
    ApplicationState.WITHDRAWN: "",
}
