"""What declarations are called on their pages, in the reader's language."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kuai.rules.types import Asks
from kuai.services.residence.types import Act, Paper, QuestionKind, Tenure

# What is shown at a door, in this order; the rest has its own way in.
DOOR_ACTS = (
    Act.LIVE,
    Act.LEAVE,
    Act.CHILD,
    Act.LET,
    Act.SUBLET,
    Act.AGENT,
    Act.TENANT_LEFT,
    Act.EMPLOY,
)
ACT_NAMES = {
    Act.LIVE: _("我搬来住了"),
    Act.LEAVE: _("我搬走了"),
    Act.CHILD: _("替孩子申报（未满 14 周岁）"),
    Act.LET: _("我是房东，租给了别人"),
    Act.SUBLET: _("我是二房东，转租给了别人"),
    Act.AGENT: _("我是中介，经手租出去的"),
    Act.TENANT_LEFT: _("我的租客搬走了"),
    Act.EMPLOY: _("我是用人单位，员工住这里"),
    Act.CONFIRM: _("确认住在这里"),
}
# At the service window; who stands there is spoken of, not to.
COUNTER_ACTS = {
    Act.LIVE: _("本人住进来了"),
    Act.CHILD: _("监护人替孩子申报（未满 14 周岁）"),
    Act.LET: _("房东出租给了别人"),
    Act.LEAVE: _("本人搬走了"),
}
ASKS_NAMES = {Asks.OFFER: _("服务"), Asks.QUESTION: _("要问"), Asks.CHECK: _("要核对")}
PAPER_NAMES = {
    Paper.IDENTITY_CARD: _("居民身份证"),
    Paper.HOUSEHOLD_BOOK: _("户口簿"),
    Paper.RESIDENCE_PERMIT: _("居住证"),
    Paper.OTHER_PASS: _("护照、通行证等"),
    Paper.LEASE: _("产权证或租赁合同"),
}
KIND_NAMES = {
    **{one.value: name for one, name in ACT_NAMES.items()},
    Act.LIVE.value: _("居住申报"),
    Act.LEAVE.value: _("搬离申报"),
    Act.CHILD.value: _("监护人代为申报"),
    Act.LET.value: _("出租申报"),
    Act.SUBLET.value: _("转租申报"),
    Act.AGENT.value: _("中介申报"),
    Act.TENANT_LEFT.value: _("租客搬离申报"),
    Act.EMPLOY.value: _("用人单位申报"),
    Act.CONFIRM.value: _("居住确认"),
    "sheet": _("房东成批申报"),
}
NAME_LABELS = {
    Act.LIVE: _("您的姓名"),
    Act.LEAVE: _("您的姓名"),
    Act.CHILD: _("孩子的姓名"),
    Act.EMPLOY: _("员工的姓名"),
}
TENANTS_NAME = _("租客的姓名")
PHONE_LABELS = {Act.CHILD: _("您（监护人）的手机号")}
YOUR_PHONE = _("您的手机号")
TENURE_NAMES = {
    Tenure.RENT: _("租的"),
    Tenure.OWN: _("自己的房"),
    Tenure.FAMILY: _("家人、亲友的房"),
}
QUESTION_TEXTS = {
    QuestionKind.IMPOSSIBLE_NUMBER: _("您填的证件号码好像写错了一位，是照着证件写的吗？"),
    QuestionKind.UNDER_AGE_ALONE: _("申报的人还不满十六周岁，有大人一起住吗？"),
    QuestionKind.OVER_OCCUPANCY: _("登记在这里的人数比较多，这个人现在确实住在这里吗？"),
    QuestionKind.CONTRADICTS_VERIFIED: _("以前核实过您住在别处，现在确实搬来了吗？"),
    QuestionKind.TENANT_CONFIRMS: _("有人申报把这里租给了您，对吗？"),
    QuestionKind.LANDLORD_CONFIRMS: _("有一位租客申报租住这里，是您租出去的吗？"),
    QuestionKind.TENANT_LEFT: _("房东说您已经搬走，对吗？"),
    QuestionKind.DISAGREEMENT: _("这里的租住情况，双方说的不一样。您说的是对的吗？"),
}
QUESTION_NAMES = {
    QuestionKind.IMPOSSIBLE_NUMBER: _("证件号码不对"),
    QuestionKind.UNDER_AGE_ALONE: _("未满十六周岁独住"),
    QuestionKind.OVER_OCCUPANCY: _("人数偏多"),
    QuestionKind.CONTRADICTS_VERIFIED: _("与核实过的不一致"),
    QuestionKind.TENANT_CONFIRMS: _("等租客确认"),
    QuestionKind.LANDLORD_CONFIRMS: _("等房东确认"),
    QuestionKind.TENANT_LEFT: _("房东说租客搬走"),
    QuestionKind.DISAGREEMENT: _("双方说法不一"),
}
FIELD_NAMES = {"name": _("姓名"), "phone": _("电话"), "id_number": _("证件号码")}
# What a bound resident says of a home.
HOME_ANSWERS = (
    ("moved_out", _("我已经搬走")),
    ("never_lived", _("我从没住过这里")),
    ("landlord_wrong", _("房东报错了人")),
    ("typo", _("写错了（门牌、日期）")),
)
