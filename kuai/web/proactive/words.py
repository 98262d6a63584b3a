"""What states, causes, sums and rows are called on the pages of offers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from kuai.kit.errors import Refusal
from kuai.rules.queries import list_rules
from kuai.services.proactive.types import (
    FindingLine,
    Grounds,
    OfferState,
    RuleState,
    Standing,
    Verdict,
)
from kuai.web.doors import current_reader, current_store

STATES = {
    OfferState.WAITING: gettext_lazy("受阻"),
    OfferState.OFFERED: gettext_lazy("等回答"),
    OfferState.ACCEPTED: gettext_lazy("要了"),
    OfferState.DECLINED: gettext_lazy("不要"),
    OfferState.LAPSED: gettext_lazy("过了期限"),
}
OWN_STATES = {
    OfferState.OFFERED.value: gettext_lazy("等您回答"),
    OfferState.ACCEPTED.value: gettext_lazy("您要了"),
    OfferState.DECLINED.value: gettext_lazy("您不要，不再提"),
    OfferState.LAPSED.value: gettext_lazy("过了期限，仍可回答"),
}
RULE_STATES = {
    "draft": gettext_lazy("没有演练"),
    "rehearsed": gettext_lazy("演练过，等签字"),
    "live": gettext_lazy("在用"),
    "suspended": gettext_lazy("停用"),
    "withdrawn": gettext_lazy("已撤销"),
}
# What waits for a reader of the rules' page, the most urgent first.
CLERKS_STEPS = {
    RuleState.REHEARSED: gettext_lazy("看演练，签字"),
    RuleState.SUSPENDED: gettext_lazy("停用了，看为什么"),
}
STEWARDS_STEPS = {
    RuleState.SUSPENDED: gettext_lazy("停用了，改好再演练"),
    RuleState.DRAFT: gettext_lazy("演练"),
}
CAUSES = {
    "not_live": gettext_lazy("规则没有签字上线"),
    "suspended": gettext_lazy("规则停用了"),
    "contested": gettext_lazy("本人提过异议"),
    "cool_down": gettext_lazy("不久前提过"),
    "no_contact": gettext_lazy("没有联系方式"),
    "no_guardian": gettext_lazy("是孩子，没有登记监护人"),
    "no_official": gettext_lazy("科室没有写明负责人"),
    "unanswered": gettext_lazy("提过，没有回答"),
}
SUBJECTS = {
    "person": gettext_lazy("一个人"),
    "room": gettext_lazy("一间房"),
    "building": gettext_lazy("一栋楼"),
    "organisation": gettext_lazy("一家单位"),
    "community": gettext_lazy("一个社区"),
}
VERDICTS = {
    Verdict.TRUE: gettext_lazy("属实"),
    Verdict.FALSE: gettext_lazy("不属实"),
    Verdict.CANNOT_TELL: gettext_lazy("说不清"),
    Verdict.NO_ANSWER: gettext_lazy("没有回答"),
    Verdict.REFUSED: gettext_lazy("不愿说"),
}
# A rule that says records are wrong is right where one of them was.
RECORD_VERDICTS = {
    Verdict.TRUE: gettext_lazy("登记确有错"),
    Verdict.FALSE: gettext_lazy("登记没有错"),
    Verdict.CANNOT_TELL: gettext_lazy("说不清"),
}
EVIDENCE = {
    "two_residences": gettext_lazy("登记住在两处"),
    "two_birth_dates": gettext_lazy("两处登记的生日不同"),
    "ended": gettext_lazy("已经注销"),
}
ABOUT_RECORDS = "record_review"
FIELD_NAMES = {"name": gettext_lazy("姓名"), "phone": gettext_lazy("电话")}
SUMS = {
    "builds": gettext_lazy("各版发现的数"),
    "found": gettext_lazy("最新一版"),
    "grids": gettext_lazy("各网格"),
    "overlap": gettext_lazy("同时被别的规则找到"),
    "hit_twice": gettext_lazy("被找到不止一次的"),
}
GROUPS = {
    "age": gettext_lazy("按年龄，是全体的几倍"),
    "area": gettext_lazy("按地方，是全体的几倍"),
    "housing": gettext_lazy("按住房，是全体的几倍"),
}
HOUSING = {
    "PH_RESIDE": gettext_lazy("住着"),
    "PH_RENT": gettext_lazy("租住"),
    "PH_OWN": gettext_lazy("自有"),
    "": gettext_lazy("没有登记住处"),
}
SAYS = {
    "PH_HUKOU": gettext_lazy("户籍"),
    "PH_RESIDE": gettext_lazy("居住"),
    "PH_OWN": gettext_lazy("产权"),
    "PH_RENT": gettext_lazy("租住"),
    "PH_LET": gettext_lazy("出租"),
    "PL_EMPLOY": gettext_lazy("就业"),
    "PT_REGISTERED": gettext_lazy("申报的电话"),
    "PT_USES": gettext_lazy("联系电话"),
    "PP_HOUSEHOLD": gettext_lazy("户内关系"),
    "PP_GUARDIAN": gettext_lazy("监护"),
}
AGE_BAND = 15


def subject_word(line: FindingLine) -> str:
    """What kind of thing the finding is about."""
    return str(SUBJECTS[line.subject_kind])


def offer_word(line: FindingLine) -> str:
    """How far its offer came; where it waits, for what."""
    if line.offer is None:
        return ""
    state = str(STATES[line.offer])
    if line.blocking is None:
        return state
    said = _("漏送，%(state)s：%(cause)s") if line.is_missed else _("%(state)s：%(cause)s")
    return said % {"state": state, "cause": CAUSES[line.blocking.value]}


def title_of(chinese: str, english: str) -> str:
    """A rule's title in the reader's language, as its file has it."""
    return english if english and (get_language() or "").startswith("en") else chinese


def evidence_word(value: str) -> str:
    """A value of the evidence; what the store writes as a word of its own in the reader's."""
    return str(EVIDENCE.get(value, value))


def due_word(one: Standing) -> str:
    """Until when what, of a rule."""
    if one.due_on is None:
        return ""
    sentences = {
        RuleState.REHEARSED: _("%(day)s 前签字，过了要重新演练"),
        RuleState.SUSPENDED: _("%(day)s 前改好、重新演练签字，或撤销"),
        RuleState.LIVE: _("用到 %(day)s"),
    }
    return sentences[one.state] % {"day": one.due_on.isoformat()}


def verdicts_of(purpose: str) -> Mapping[Verdict, Any]:
    """What a finding's page lets the desk say: of records in doubt whether a record was wrong."""
    return RECORD_VERDICTS if purpose == ABOUT_RECORDS else VERDICTS


def verdict_word(line: FindingLine) -> str:
    """What was found out, if anything."""
    return str(VERDICTS[line.verdict]) if line.verdict else ""


def row_lines(grounds: Grounds) -> list[str]:
    """The rows in one sentence each: which register, which delivery, which row, what it says, since when."""
    lines = []
    for one in grounds.rows:
        line = _("%(title)s %(period)s 期，第 %(row)s 行") % {
            "title": one.title, "period": one.period, "row": one.row,
        }  # fmt: skip
        if one.says:
            line += "：" + str(SAYS.get(one.says, one.says))
        if one.since:
            line += _("，自 %(day)s") % {"day": one.since.isoformat()}
        lines.append(line)
    if grounds.more_rows:
        lines.append(_("另有 %(count)s 行") % {"count": grounds.more_rows})
    return lines


def sureness(grounds: Grounds) -> str:
    """How sure in plain words, with the figure."""
    # Nothing that a register says is a hundred percent.
    percent = f"{min(grounds.confidence * 100, 99.9):.1f} %"
    if grounds.confidence >= 0.99:
        return _("几乎可以肯定（%(percent)s）") % {"percent": percent}
    if grounds.confidence >= 0.9:
        return _("很有把握（%(percent)s），仍可能弄错") % {"percent": percent}
    return _("不太有把握（%(percent)s）") % {"percent": percent}


def sum_sections(sums: Mapping[str, Any]) -> list[tuple[str, list[tuple[str, str]]]]:
    """A rehearsal as headings with lines, in words."""
    titles = {one.rule_id: one.title_zh for one in list_rules(current_store())}
    namers: dict[str, Callable[[str], str]] = {
        "overlap": lambda name: titles.get(name, name),
        "grids": _grid_name,
    }
    sections = []
    for key, title in SUMS.items():
        said = sums.get(key)
        if isinstance(said, Mapping):
            name_of: Callable[[str], str] = namers.get(key, str)
            lines = [
                (name_of(name), _told(count)) for name, count in said.items() if count is not None
            ]
            if hidden := sum(count is None for count in said.values()):
                lines.append((_("另 %(count)s 项") % {"count": hidden}, _told(None)))
        else:
            lines = [("", _told(said))]
        sections.append((str(title), lines))
    for key, title in GROUPS.items():
        shares = sums.get("groups", {}).get(key, {})
        lines = [
            (
                _group_name(key, name),
                _("%(ratio)s 倍（%(low)s–%(high)s）")
                % {"ratio": one["ratio"], "low": one["low"], "high": one["high"]},
            )
            for name, one in shares.items()
        ]
        sections.append((str(title), lines))
    return sections


def _told(count: int | None) -> str:
    if count is None:
        return _("不公布")
    return _("%(count)s 多") % {"count": count} if count else _("没有")


def _grid_name(code: str) -> str:
    return _place_name(code) if code else _("没有网格")


def _group_name(key: str, name: str) -> str:
    if key == "housing":
        return str(HOUSING.get(name, name))
    if key == "area":
        return _place_name(name) if name else _("没有登记住处")
    if not name:
        return _("生日不详")
    first = int(float(name))
    return _("%(first)s 到 %(last)s 岁") % {"first": first, "last": first + AGE_BAND - 1}


def _place_name(code: str) -> str:
    try:
        block = current_reader().get_block(code)
    except Refusal:
        return code
    # A grid's own name is a number within its community.
    return block.standard_text or block.name or code
