"""Words for kinds of source, in the reader's language."""

from __future__ import annotations

from django import template
from django.utils.translation import gettext_lazy

register = template.Library()

_WORDS = {
    "统一地址库": gettext_lazy("统一地址库"),
    "写的地址是哪一栋、哪一间；没有它什么都落不到图上": gettext_lazy(
        "写的地址是哪一栋、哪一间；没有它什么都落不到图上"
    ),
    "规划和自然资源": gettext_lazy("规划和自然资源"),
    "实有人口登记": gettext_lazy("实有人口登记"),
    "每栋每格住多少人、各年龄段多少人；没有它人数只是台账里写到的人": gettext_lazy(
        "每栋每格住多少人、各年龄段多少人；没有它人数只是台账里写到的人"
    ),
    "公安": gettext_lazy("公安"),
    "租赁备案": gettext_lazy("租赁备案"),
    "哪些房在出租、合同到哪天": gettext_lazy("哪些房在出租、合同到哪天"),
    "住房和建设": gettext_lazy("住房和建设"),
    "不动产权属": gettext_lazy("不动产权属"),
    "谁是房东或业主，通知该发给谁": gettext_lazy("谁是房东或业主，通知该发给谁"),
    "不动产登记": gettext_lazy("不动产登记"),
    "商事登记": gettext_lazy("商事登记"),
    "哪里有哪些企业和个体工商户、是否在业": gettext_lazy("哪里有哪些企业和个体工商户、是否在业"),
    "市场监管": gettext_lazy("市场监管"),
    "12345 诉求": gettext_lazy("12345 诉求"),
    "哪里在反映什么；不看是谁反映的": gettext_lazy("哪里在反映什么；不看是谁反映的"),
    "政务服务热线": gettext_lazy("政务服务热线"),
    "检查记录": gettext_lazy("检查记录"),
    "哪些场所查过、有没有没改的隐患": gettext_lazy("哪些场所查过、有没有没改的隐患"),
    "应急、消防": gettext_lazy("应急、消防"),
    "社保参保": gettext_lazy("社保参保"),
    "哪家单位有多少员工": gettext_lazy("哪家单位有多少员工"),
    "人力资源和社会保障": gettext_lazy("人力资源和社会保障"),
}


@register.filter
def source_kind(word: str) -> str:
    """统一地址库 -> Unified address library."""
    return str(_WORDS.get(word, word))
