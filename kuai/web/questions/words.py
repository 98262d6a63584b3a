"""Words of states, answers and ways, for the pages."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kuai.services.questions.types import By, MandateState, MessageState, Said, State

STATE_NAMES = {
    State.OPEN: _("待发出"),
    State.SENT: _("已发出，等答复"),
    State.ANSWERED: _("已答复，待记下"),
    State.LAPSED: _("到期没答"),
    State.CHECK: _("上门核对中"),
    State.CLOSED: _("办结"),
}
SAID_NAMES = {
    Said.HOLDS: _("属实"),
    Said.ENDED: _("已经不是"),
    Said.WRONG: _("从来不是"),
    Said.UNKNOWN: _("说不清"),
    Said.REFUSED: _("不愿说"),
    Said.NOT_MET: _("没见到人"),
}
# As whoever is asked says it.
LINK_ANSWERS = (
    (Said.HOLDS, _("对，是这样")),
    (Said.ENDED, _("以前是，现在不是了")),
    (Said.WRONG, _("不对，从来不是")),
    (Said.UNKNOWN, _("说不清")),
    (Said.REFUSED, _("不想回答")),
)
# To whoever is asked whether they have seen to something.
REQUEST_ANSWERS = (
    (Said.HOLDS, _("已经办了")),
    (Said.UNKNOWN, _("还没有，或说不清")),
    (Said.REFUSED, _("不想回答")),
)
STAFF_ANSWERS = (Said.HOLDS, Said.ENDED, Said.WRONG, Said.UNKNOWN, Said.REFUSED)
WAY_NAMES = {By.PHONE: _("电话里说的"), By.COUNTER: _("在窗口说的")}
MESSAGE_NAMES = {
    MessageState.TO_PRINT: _("信，待印"),
    MessageState.CLAIMED: _("正在发"),
    MessageState.SENT: _("已发出"),
    MessageState.FAILED: _("没发出，明天再发"),
    MessageState.UNSURE: _("说不清发没发"),
}
MANDATE_NAMES = {
    MandateState.HOLDS: _("有效"),
    MandateState.EXPIRED: _("到期"),
    MandateState.ENDED: _("已收回"),
    MandateState.VOID: _("账号变动，失效"),
}
FIELD_NAMES = {"name": _("姓名"), "phone": _("电话")}
