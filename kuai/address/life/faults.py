"""Why a delivered row is refused: every kind of fault with its column, its sentence and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class FaultKind:
    """`is_of_form`: the row contradicts itself or its file; else it contradicts the record or the ground."""

    column: str
    sentence: str
    remedy: str
    is_of_form: bool = True


_LEVELS = "区、街道、社区、网格、楼栋、房屋"
FAULT_KINDS: dict[str, FaultKind] = {
    "code_unreadable": FaultKind(
        "地址编码",
        "地址编码为空或不是 4 到 40 位数字",
        "补上编码；在 Excel 里把编码列设为文本，长编码才不会变成科学计数",
    ),
    "level_unknown": FaultKind("级别", f"级别须是 {_LEVELS} 之一", "改正级别"),
    "code_twice": FaultKind("地址编码", "地址编码重复（第 {detail} 行已有）", "每个编码只留一行"),
    "text_empty": FaultKind("标准地址", "标准地址为空", "补上标准地址（只有网格可以空）"),
    "alias_personal": FaultKind(
        "别名",
        "别名里像有{detail}",
        "别名只留说地点的文字；这一行退回改过再导入",
    ),
    "text_personal": FaultKind(
        "标准地址",
        "名称或标准地址里像有{detail}",
        "名称和标准地址只留说地点的文字",
    ),
    "coordinate_unreadable": FaultKind(
        "经度", "经纬度不是数字，或只写了一个", "两个都写成度数，或都留空"
    ),
    "coordinate_outside": FaultKind("经度", "经纬度超出范围", "核对经度在前、纬度在后，单位是度"),
    "state_unknown": FaultKind(
        "状态", "状态须是 规划中 或 在用", "停用不靠导入：登记拆分、合并、改号或注销"
    ),
    "code_level": FaultKind("级别", "编码有 {detail} 位，和级别不符", "核对编码和级别"),
    "code_hierarchy": FaultKind(
        "上级编码",
        "编码和上级 {detail} 互相矛盾",
        "核对上级；区划调整过的，先按编码所示的上级导入，再登记划转（move）",
        is_of_form=False,
    ),
    "code_ended": FaultKind(
        "地址编码",
        "这个编码已经停用，编码永不再用",
        "用 kuai library resolve 看它的去向；新地点用新编码",
        is_of_form=False,
    ),
    "level_changed": FaultKind(
        "级别", "这个编码在库里是另一级", "核对级别；换了级别的地点要用新编码", is_of_form=False
    ),
    "state_back": FaultKind(
        "状态", "已经在用的不能退回规划中", "登记有误的事件可以撤销", is_of_form=False
    ),
    "parent_unknown": FaultKind(
        "上级编码", "上级编码 {detail} 不在库中", "先导入上级，或改正上级编码"
    ),
    "parent_refused": FaultKind("上级编码", "上级 {detail} 那一行被退回", "先改正上级那一行"),
    "parent_ended": FaultKind(
        "上级编码",
        "上级 {detail} 已经停用",
        "用 kuai library resolve 找到上级现在的编码",
        is_of_form=False,
    ),
    "parent_not_above": FaultKind("上级编码", "上级的级别不高于本行", "改正上级编码或级别"),
    "room_without_building": FaultKind("上级编码", "房屋的上级须是楼栋", "改正上级编码"),
    "point_outside": FaultKind(
        "经度",
        "点位在所属社区 {detail} 的范围以外",
        "核对点位和坐标系（--datum）；社区调整过的先更新社区范围",
        is_of_form=False,
    ),
    "text_taken": FaultKind(
        "标准地址",
        "同一上级下，{detail} 已经用了这个标准地址",
        "给其中一个另写标准地址；同一地点只留一个编码，换了编码的登记改号（renumber）",
        is_of_form=False,
    ),
    "shape": FaultKind("geometry", "{detail}", "改正这一行的图形", is_of_form=False),
}
