"""Office words of the address pages: levels, states, kinds of events, aliases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from kuai.address.drawing import FindingKind
from kuai.address.types import AliasKind, EventKind, Level, State

STATE_NAMES: Mapping[str, Any] = {
    State.PLANNED: _("规划中"),
    State.IN_USE: _("在用"),
    State.SPLIT: _("已拆分"),
    State.MERGED: _("已并入别处"),
    State.RENUMBERED: _("已改号"),
    State.DEMOLISHED: _("已注销"),
}
EVENT_NAMES: Mapping[str, Any] = {
    EventKind.PLANNED: _("规划"),
    EventKind.TAKEN_INTO_USE: _("启用"),
    EventKind.SPLIT: _("拆分"),
    EventKind.MERGED: _("合并"),
    EventKind.RENUMBERED: _("改号"),
    EventKind.RENAMED: _("更名"),
    EventKind.MOVED: _("划转"),
    EventKind.DEMOLISHED: _("注销"),
    "undone": _("撤销"),
    "imported": _("导入"),
}
ALIAS_NAMES: Mapping[str, Any] = {
    AliasKind.VERNACULAR: _("俗称"),
    AliasKind.OLD_NAME: _("旧名"),
    AliasKind.DOORPLATE: _("门牌"),
    AliasKind.ESTATE: _("小区名"),
    AliasKind.SECONDARY: _("次要地址"),
    AliasKind.CONFIRMED: _("人工确认"),
}
LIVE_STATES = (State.PLANNED, State.IN_USE)
# What a button calls the act; what it did is called as in EVENT_NAMES.
ACT_NAMES: Mapping[str, Any] = {
    **EVENT_NAMES,
    EventKind.PLANNED: _("新增下级"),
    EventKind.TAKEN_INTO_USE: _("启用"),
}
ENDED_WORDS: Mapping[str, Any] = {
    State.SPLIT: _("这个编码已拆分，现在看："),
    State.MERGED: _("这个编码已并入："),
    State.RENUMBERED: _("这个编码已改号，现在是："),
    State.DEMOLISHED: _("这个编码已注销。"),
}
LEVEL_BELOW: Mapping[str, Level] = {
    Level.SUBDISTRICT: Level.COMMUNITY,
    Level.COMMUNITY: Level.GRID,
    Level.GRID: Level.BUILDING,
    Level.BUILDING: Level.ROOM,
}
# What each act does, said beside its form.
ACT_HINTS: Mapping[str, Any] = {
    EventKind.PLANNED: _("在这里新增一处。编码留空就由系统取下一个空号；发过的编码不会再用。"),
    EventKind.TAKEN_INTO_USE: _("规划的地点建成了。楼栋启用时，其中规划的房屋一同启用。"),
    EventKind.RENAMED: _("编码不变，名称变。旧名自动成为别名，照旧查得到。"),
    EventKind.RENUMBERED: _("同一处换新编码。旧编码停用并指向新编码，房屋随楼栋一同换号。"),
    EventKind.SPLIT: _("一处变成几处。下级要逐一归到其中一处；旧编码停用并指向它们。"),
    EventKind.MERGED: _("几处并成一处。并入的编码停用并指向接替者；房号相同时要加前缀区分。"),
    EventKind.MOVED: _("换一个上级，编码不变。编码里的网格号是发码那天的，不用改。"),
    EventKind.DEMOLISHED: _("这里不再存在。编码停用，没有后继；楼栋注销时，其中房屋一同注销。"),
}
FINDING_NAMES: Mapping[str, Any] = {
    FindingKind.GAP: _("空白"),
    FindingKind.OVERLAP: _("重叠"),
    FindingKind.CHILD_OUTSIDE: _("伸出上级区域"),
    FindingKind.BUILDING_WITHOUT_POINT: _("没有位置的楼栋"),
    FindingKind.POINT_OUTSIDE: _("位置在区域之外"),
    FindingKind.BUILDING_IN_TWO_GRIDS: _("跨网格的楼栋"),
    FindingKind.DATUM_SUSPECT: _("坐标系可疑"),
}
PLAN_STATES: Mapping[str, Any] = {
    "open": _("等您决定"),
    "applied": _("已写入"),
    "dropped": _("已放弃"),
}
