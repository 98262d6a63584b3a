"""Words of the search page: by what a hit was found, in the reader's language."""

from __future__ import annotations

from django import template
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

register = template.Library()

_WHY = {
    "名称": gettext_lazy("名称相符"),
    "拼音": gettext_lazy("按拼音"),
    "拼音首字母": gettext_lazy("按拼音首字母"),
    "汉字、拼音混输": gettext_lazy("按汉字和拼音"),
    "编码": gettext_lazy("按编码"),
    "读音相同": gettext_lazy("相近：读音相同"),
    "差一个字": gettext_lazy("相近：差一个字"),
}


@register.filter
def why_found(why: str) -> str:
    """拼音；没有这个号 -> By pinyin; that number does not exist."""
    way, _separator, rest = why.partition("；")
    said = str(_WHY.get(way, way))
    return _("%(why)s；没有这个号") % {"why": said} if rest else said
