"""What conflicts, facts and cases are called on pages."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kuai.registry.decisions import (
    CaseAnswer,
    CaseState,
    EvidenceKind,
    Objection,
    Outcome,
    VerifiedLevel,
)

CONFLICT_NAMES = {
    "two_birth_dates": _("出生日期不同"),
    "two_residences": _("同时在两处居住"),
    "two_households": _("同时登记在两户"),
    "two_hukou_places": _("两处户籍"),
    "two_legal_representatives": _("两个法定代表人"),
    "two_declared_holders": _("一个号码两人申报"),
    "two_registered_places": _("两处注册住所"),
    "two_event_places": _("两处发生地"),
    "two_homes_of_account": _("一个户号两处房屋"),
    "registered_operating_differ": _("注册与经营不在一处"),
    "said_after_end": _("终止以后仍有登记"),
}
STATUS_NAMES = {
    "asserted": _("申报"),
    "verified": _("已核实"),
    "disputed": _("有矛盾"),
    "contested": _("有异议"),
    "withdrawn": _("不属实"),
    "ended": _("终止"),
}
STATUS_BADGES = {
    "asserted": "",
    "verified": "is-good",
    "disputed": "is-warn",
    "contested": "is-bad",
    "withdrawn": "is-bad",
    "ended": "",
}
LEVEL_WORDS = {
    VerifiedLevel.COMMUNITY: _("社区核实"),
    VerifiedLevel.SUBDISTRICT: _("街道核实"),
    VerifiedLevel.DEPARTMENT: _("部门核实"),
}
EVIDENCE_WORDS = {
    EvidenceKind.PAPER_SEEN: _("看过材料原件"),
    EvidenceKind.VISIT: _("上门走访"),
    EvidenceKind.DEPARTMENT_ANSWER: _("部门书面答复"),
    EvidenceKind.OWNER_DECLARATION: _("权利人申报并附材料"),
    EvidenceKind.OWN_DECLARATION: _("本人申报并附材料"),
}
OBJECTION_NAMES = {
    Objection.NEVER_LIVED: _("从未如此（如从未在此居住）"),
    Objection.MOVED_OUT: _("已经终止（如已搬离）"),
    Objection.WRONG_PERSON: _("不是这个人（单位）"),
    Objection.TYPO: _("登记有误（错字、错号）"),
    Objection.OTHER: _("其他"),
}
CASE_STATES = {
    CaseState.OPENED: _("待送"),
    CaseState.SENT: _("已送"),
    CaseState.ANSWERED: _("已答复"),
    CaseState.CLOSED: _("已办结"),
    CaseState.WITHDRAWN: _("已撤回"),
}
CASE_BADGES = {
    CaseState.OPENED: "is-warn",
    CaseState.SENT: "is-warn",
    CaseState.ANSWERED: "is-good",
    CaseState.CLOSED: "",
    CaseState.WITHDRAWN: "",
}
ANSWER_NAMES = {
    CaseAnswer.CORRECTED: _("已更正"),
    CaseAnswer.UPHELD: _("原登记无误"),
    CaseAnswer.PARTLY: _("部分更正"),
}
OUTCOME_NAMES = {
    Outcome.RETRACT: _("从来不属实"),
    Outcome.END: _("自某日起终止"),
    Outcome.STANDS: _("原登记无误，异议不成立"),
}
DISPUTED_BY = {
    "other_statement": _("新的登记与它矛盾"),
    "declared_end": _("来源说已终止"),
    "full_delivery": _("最新的全量报送里没有了"),
    "life_cycle": _("对象已经终止"),
    "objection": _("有人提出异议"),
}
ENGLISH_KINDS = {"birth_date": "birth date", "sex": "sex"}
