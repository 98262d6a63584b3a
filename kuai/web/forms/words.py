"""Words of registered forms, in the reader's language."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kuai.services.forms.queries import form_fields
from kuai.services.forms.types import CellState, FormState, ListKind
from kuai.web.words import reads_english

STATE_NAMES = {
    FormState.WAITING: _("待批准"),
    FormState.IN_FORCE: _("已准入"),
    FormState.REFUSED: _("未获准"),
    FormState.WITHDRAWN: _("已撤销"),
    FormState.EXPIRED: _("已过期"),
}
STATE_BADGES = {FormState.WAITING: "is-warn", FormState.IN_FORCE: "is-good"}
MOVE_NAMES = {"approved": _("批准"), "refused": _("不批准"), "withdrawn": _("撤销")}
LIST_NAMES = {
    ListKind.NONE: _("不列名单，只填表上已有的行"),
    ListKind.TURNING: _("期间内年满这一岁的人"),
    ListKind.RESIDENTS: _("到期末已满这一岁的人"),
    ListKind.LET_ROOMS: _("有租赁备案的房屋"),
    ListKind.ROOMS: _("全部房屋"),
    ListKind.FIRMS: _("全部在册单位"),
}
ABOUT_NAMES = {"person": _("人"), "room": _("房屋"), "firm": _("单位")}
CELL_NAMES = {
    CellState.FRESH: _("已核实"),
    CellState.ASSERTED: _("有登记，未核实"),
    CellState.STALE: _("登记已旧"),
    CellState.UNKNOWN: _("没有登记"),
    CellState.HELD: _("说法不一，不填"),
    CellState.SAME: _("原已填，一致"),
    CellState.DIFFERENT: _("原已填，不一致"),
    CellState.FORMULA: _("公式，不动"),
}
CELL_BADGES = {
    CellState.FRESH: "is-good",
    CellState.STALE: "is-warn",
    CellState.HELD: "is-warn",
    CellState.DIFFERENT: "is-bad",
}
FILLING_NAMES = {"prepared": _("待放行"), "released": _("已放行"), "ended": _("已结束")}
REASON_NAMES = {
    "not_registered": _("没有办理报表准入登记"),
    "no_basis": _("没有写明依据"),
    "has_source": _("有关部门已经掌握，应当申请共享"),
    "never_filled": _("要求填身份证号等最高级别的资料"),
    "too_much": _("栏目超出办事必需的范围"),
}


def field_name(key: str) -> str:
    """A field's name in the reader's language; what is none of ours is empty."""
    known = form_fields().get(key)
    if known is None:
        return ""
    return known.english if reads_english() else known.label
