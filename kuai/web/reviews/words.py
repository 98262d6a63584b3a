"""Office words of the review pages: fields, how they agree, keys, roles of records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from kuai.linkage.queries import Agreement, list_organisation_keys, list_person_keys

STATES: Mapping[str, Any] = {
    "open": _("待核"),
    "aside": _("待第二人"),
    "same": _("同一"),
    "different": _("不同"),
    "confirmed": _("属实"),
}
BADGES: Mapping[str, str] = {
    "open": "is-warn",
    "aside": "is-warn",
    "same": "is-good",
    "different": "is-good",
    "confirmed": "is-good",
}
KINDS: Mapping[str, Any] = {
    "border": _("同键而相互矛盾"),
    "two_birth_dates": _("两个出生日期"),
    "birth_date_and_number": _("出生日期与证号不符"),
    "number_taken_off": _("证号属于他人"),
    "too_old": _("年龄超过在世者"),
    "many_phones": _("电话过多"),
    "listed_twice": _("名册分列为两人"),
    "bridge": _("单薄的一环"),
    "crowded_phone": _("多人共用的电话"),
    "clerk_contradiction": _("人工决定相互矛盾"),
}
FIELDS: Mapping[str, Any] = {
    "name": _("姓名"),
    "id_number": _("证件号码"),
    "birth_date": _("出生日期"),
    "sex": _("性别"),
    "phone": _("电话"),
    "room": _("房屋"),
    "building": _("楼栋"),
    "organisation": _("单位"),
    "organisation_name": _("单位"),
    "place": _("地点"),
    "start": _("起点：两条候选记录本来的机会"),
    "name_rarity": _("姓名是否少见"),
}
OUTCOMES: Mapping[str, Any] = {
    "same": _("相同"),
    "sounds_same": _("同音"),
    "one_character": _("差一字"),
    "position": _("差一两位"),
    "different": _("不同"),
    "unknown": _("一方没有，不能比"),
    "forbids": _("不同，这样的两条从不交给模型"),
    "same room": _("同一房屋"),
    "same building": _("同一楼栋"),
}
RECORD_ROLES: Mapping[str, Any] = {
    "subject": _("本人"),
    "owner": _("产权人"),
    "tenant": _("承租人"),
    "landlord": _("出租人"),
    "account_holder": _("户主（账户）"),
    "representative": _("法定代表人"),
}


def agreement_words(one: Agreement) -> str:
    """How one field agrees, in words; where it differs by place, the place and never the character."""
    word = str(OUTCOMES.get(one.outcome, one.outcome))
    if one.outcome == "position":
        places = "、".join(one.detail.split("+"))
        return _now("第 %(places)s 位不同") % {"places": places}
    if one.field == "name" and one.outcome in ("sounds_same", "one_character") and one.detail:
        place = one.detail.split("/")[0]
        return _now("%(word)s（第 %(place)s 字）") % {"word": word, "place": place}
    return word


def key_sentences() -> dict[str, str]:
    """The sentence of each key by its code."""
    keys = (*list_organisation_keys(), *list_person_keys())
    return {key.code: key.reason for key in keys}
