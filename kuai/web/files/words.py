"""What the pages of files call stages, turns and values."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

STAGE_NAMES = {
    "in_being": _("在"),
    "not_yet": _("那时还没有"),
    "over": _("那时已不在"),
    "unnamed": _("已没有来源提到"),
}
STAGE_BADGES = {"in_being": "is-good", "not_yet": "is-warn", "over": "is-warn", "unnamed": ""}
TURN_NAMES = {
    "begins": _("开始"),
    "ends": _("终止"),
    "founded": _("成立"),
    "changed": _("变更"),
    "ended": _("注销"),
    "resumed": _("恢复"),
    "planned": _("规划"),
    "built": _("建成"),
    "demolished": _("拆除"),
}
VALUE_NAMES = {
    "name": _("名称"),
    "credit_code": _("统一社会信用代码"),
    "kind": _("类型"),
    "state": _("状态"),
    "founded_on": _("成立日期"),
    "standard_text": _("标准地址"),
    "use": _("用途"),
    "address_code": _("编码"),
}
INDUSTRY = _("行业（GB/T 4754-2017）")
KIND_NAMES = {
    "enterprise": _("企业"),
    "sole_trader": _("个体工商户"),
    "active": _("存续"),
    "ended": _("已注销"),
    "in_use": _("在用"),
    "planned": _("规划中"),
    "demolished": _("已拆除"),
    "withdrawn": _("已撤销"),
}
EVENT_NAMES = {
    "inspection": _("检查"),
    "request": _("诉求"),
    "hazard": _("隐患"),
}
PERSON = _("（某人）")


def in_words(value: Any) -> str:
    """A value as a page says it; what has no word shows itself."""
    return str(KIND_NAMES.get(value, EVENT_NAMES.get(value, value)))
