"""Plain sentences for the person concerned: how a fact stands, who looked and why. No login name, no other person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kuai.guard.ledger_types import OwnEntry
from kuai.guard.queries import find_actor_by_login, list_purposes
from kuai.guard.types import Role, Zone
from kuai.kit.errors import Refusal
from kuai.registry.decisions import CaseState, Objection
from kuai.services.forms.queries import find_released_list
from kuai.web.doors import current_reader
from kuai.web.words import ROLE_NAMES, purpose_title

FIELD_NAMES = {
    "name": gettext_lazy("姓名"),
    "id_number": gettext_lazy("证件号码"),
    "phone": gettext_lazy("电话"),
    "history": gettext_lazy("过去的登记"),
    "birth_date": gettext_lazy("出生日期"),
    "sex": gettext_lazy("性别"),
    "address": gettext_lazy("地址"),
    "employer": gettext_lazy("工作单位"),
    "deliver_home": gettext_lazy("是否送达到户（只有是或否）"),
}
SAID_NAMES = {"birth_date": gettext_lazy("出生日期"), "sex": gettext_lazy("性别")}
SEX_NAMES = {"1": gettext_lazy("男"), "2": gettext_lazy("女")}
KIND_SENTENCES = {
    "PP_HOUSEHOLD": gettext_lazy("您登记在一户里"),
    "PP_GUARDIAN": gettext_lazy("登记的监护关系"),
    "PH_HUKOU": gettext_lazy("您的户籍在"),
    "PH_RESIDE": gettext_lazy("您住在"),
    "PH_OWN": gettext_lazy("您有产权的房屋"),
    "PH_RENT": gettext_lazy("您租住"),
    "PH_LET": gettext_lazy("您出租或管理"),
    "PL_LEGALREP": gettext_lazy("您是法定代表人（负责人）"),
    "PL_SHARE": gettext_lazy("您出资"),
    "PL_EMPLOY": gettext_lazy("您就职于"),
    "PL_OFFICER": gettext_lazy("您任职于"),
    "PT_REGISTERED": gettext_lazy("您申报为本人的电话"),
    "PT_USES": gettext_lazy("您的联系电话"),
}
STATUS_SENTENCES = {
    "asserted": gettext_lazy("来源这样登记，还没有人核实。"),
    "verified": gettext_lazy("已经核实。"),
    "disputed": gettext_lazy("来源之间说法不一，还没有弄清。"),
    "contested": gettext_lazy("您或别人提出了异议，已经停用，正在查。"),
    "withdrawn": gettext_lazy("已查明不属实，不再使用。"),
    "ended": gettext_lazy("已经终止。"),
}
OBJECTIONS = {
    Objection.NEVER_LIVED: gettext_lazy("从来不是这样（例如从没住过）"),
    Objection.MOVED_OUT: gettext_lazy("以前是，现在不是了（例如已搬走）"),
    Objection.WRONG_PERSON: gettext_lazy("说的不是我"),
    Objection.TYPO: gettext_lazy("写错了字或号码"),
    Objection.OTHER: gettext_lazy("别的不对"),
}
CASE_SENTENCES = {
    CaseState.OPENED: gettext_lazy("已开校核单，等着送去问。"),
    CaseState.SENT: gettext_lazy("已送去问，等答复。"),
    CaseState.ANSWERED: gettext_lazy("对方已答复，等办结。"),
    CaseState.CLOSED: gettext_lazy("已办结。"),
    CaseState.WITHDRAWN: gettext_lazy("异议已撤回，不再查。"),
}
ACTION_SENTENCES = {
    "viewed_task": gettext_lazy("打开了与您有关的办事页"),
    "ticket.issued": gettext_lazy("领了一张写明您的凭据"),
    "review.opened": gettext_lazy("开始核校与您有关的记录"),
    "review.closed": gettext_lazy("结束核校与您有关的记录"),
    "review.viewed": gettext_lazy("看了一条可能与您有关的存疑记录，没有看到姓名"),
    "viewed_conflict": gettext_lazy("看了您登记里的一处矛盾，没有看到姓名"),
    "viewed_base_library": gettext_lazy("在清单里看到您的编码，没有看到姓名"),
    "viewed_history": gettext_lazy("看了您过去的登记"),
    "decision.object": gettext_lazy("对与您有关的一条登记提出异议"),
    "decision.verify": gettext_lazy("核实了与您有关的一条登记"),
    "decision.retract": gettext_lazy("认定与您有关的一条登记不属实"),
    "decision.end": gettext_lazy("登记了与您有关的一条信息已终止"),
    "decision.withdraw": gettext_lazy("撤回了与您有关的一个决定"),
    "decision.same": gettext_lazy("认定两条记录都是您"),
    "decision.different": gettext_lazy("认定两条记录不是同一个人"),
    "decision.split": gettext_lazy("把不属于您的记录分了出去"),
    "decision.confirm": gettext_lazy("确认了与您有关的记录"),
    "decision.life_cycle": gettext_lazy("登记了您的出生、迁入、迁出一类的变化"),
    "binding.made": gettext_lazy("核对证件后，把这个登录认定为您本人的"),
    "binding.seeded": gettext_lazy("把这个演示登录设成您本人的"),
    "binding.tried": gettext_lazy("想把一个登录认定为您本人的，核对码不对，没有办成"),
    "binding.ended": gettext_lazy("终止了这个登录"),
    "viewed_own_file": gettext_lazy("看了自己的资料"),
    "form.prepared": gettext_lazy("准备了一份有您的名单，只看到遮住的样子"),
}
# Who cares for whom and who answers callers is in other zones: their looks are told there, to nobody else.
APART_ROLES = (Role.CARE_WORKER.value, Role.DISPATCHER.value)
_IN_AN_AREA = frozenset({Role.SUBDISTRICT_CLERK, Role.GRID_WORKER})


def purposes_apart() -> tuple[str, ...]:
    """Purposes of other zones than the core one: a line of such a look would tell that there is care, or a call."""
    return tuple(one.code for one in list_purposes() if Zone(one.zone) is not Zone.CORE)


def who(entry: OwnEntry, own_login: str) -> str:
    """The office and role of whoever looked; never a name."""
    if entry.actor == own_login:
        return _("您本人")
    if entry.role == Role.RESIDENT.value:
        return _("另一位当事人")
    actor = find_actor_by_login(entry.actor)
    role = next((str(name) for one, name in ROLE_NAMES.items() if one.value == entry.role), "")
    if not role or entry.actor == "system":
        return _("系统")
    area = _area_name(actor.areas) if actor and actor.role in _IN_AN_AREA else ""
    return f"{area} {role}".strip()


def _area_name(areas: Sequence[str]) -> str:
    code = areas[0].rsplit("/", 1)[-1] if areas else ""
    if not code:
        return ""
    try:
        return str(current_reader().get_block(code).name)
    except Refusal:
        return ""


def what(entry: OwnEntry) -> str:
    """What was done, in one clause."""
    if entry.action == "person.read":
        return _what_was_read(entry)
    if entry.action == "form.listed":
        return _what_was_listed(entry)
    told = ACTION_SENTENCES.get(entry.action)
    if told is None:
        return _("办理了与您有关的一步")
    fields = _named(entry.fields)
    return f"{told}（{fields}）" if fields and entry.action == "ticket.issued" else str(told)


def why(entry: OwnEntry) -> str:
    """For which purpose."""
    return purpose_title(entry.purpose) if entry.purpose else ""


def _what_was_read(entry: OwnEntry) -> str:
    clear = _named([field for field in entry.fields if not field.startswith("masked:")])
    masked = _named([field[7:] for field in entry.fields if field.startswith("masked:")])
    if entry.outcome != "allowed":
        return _("想看您的%(fields)s，没有权限，没有看到") % {"fields": clear or masked}
    if not clear:
        return _("看了您的%(fields)s，只看到遮住的样子") % {"fields": masked}
    return _("看了您的%(fields)s") % {"fields": clear}


def _what_was_listed(entry: OwnEntry) -> str:
    """Put on a registered form's list that left the house: which list, for which office, what of the person."""
    listed = find_released_list(entry.ticket_id)
    if listed is None:
        return _("准备了一份有您的名单，只看到遮住的样子")
    return _(
        "把您的%(fields)s列入名单“%(title)s”，送给%(office)s，用到 %(day)s。负责人：%(who)s；有异议找：%(where)s"
    ) % {
        "fields": _named(entry.fields),
        "title": listed.title,
        "office": listed.office,
        "day": listed.expires_on.isoformat(),
        "who": listed.responsible,
        "where": listed.channel,
    }


def _named(fields: Sequence[str]) -> str:
    return "、".join(str(FIELD_NAMES[field]) for field in fields if field in FIELD_NAMES)


def said_value(kind: str, value: str) -> Any:
    """A birth date or a sex as a page says it."""
    return SEX_NAMES.get(value, value) if kind == "sex" else value
