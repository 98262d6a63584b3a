"""For how long rows of every table stay, in a form that a run can follow; the words are in each table's `privacy`.

Three ends: a row is erased, a row keeps its place but loses whom it names, or rows stay and it is said why. A table
that nobody ruled on is reported as such (and fails a house test), never erased.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from django.db.models import Q

YEAR = 365
THREE_YEARS, TEN_YEARS = 3 * YEAR, 10 * YEAR


class End(StrEnum):
    """What becomes of a row whose time is over."""

    ERASED = "erased"
    ANONYMISED = "anonymised"
    STAYS = "stays"


@dataclass(frozen=True)
class TableRule:
    """`since`: from which of its times a row's days are counted; `rows`: which rows at all.

    `by_source`: the days are those of the source that this field names. `valid_until`: not before this day is over.
    """

    end: End
    because: str
    since: str = ""
    days: int = 0
    rows: Q = field(default_factory=Q)
    by_source: str = ""
    valid_until: str = ""


def _erased(since: str, days: int, because: str, rows: Q | None = None) -> TableRule:
    return TableRule(End.ERASED, because, since, days, rows or Q())


def _stays(because: str) -> TableRule:
    return TableRule(End.STAYS, because)


LEDGER = _stays("台账只增不减：链断了就证明不了别的")
RECORDS = _stays("决定与依据：每次构建都重放它们，永久")
UNUSED = _stays("空表，不使用")

# In this order they are run: what hangs on another table's row goes before it.
TABLE_RULES: dict[str, TableRule] = {
    "sessions.Session": _erased("expire_date", 1, "过期的登录"),
    "axes.AccessAttempt": _erased("attempt_time", 90, "登录失败记录"),
    "django_tasks_database.DBTaskResult": _erased(
        "finished_at", 30, "做完的后台任务", Q(finished_at__isnull=False)
    ),
    "web.Upload": _erased("ended_at", YEAR, "上传经过（文件早已不在）", Q(ended_at__isnull=False)),
    "web.LibraryWork": _erased("ended_at", YEAR, "地址库后台工作", Q(ended_at__isnull=False)),
    "web.SavedArea": _erased("removed_at", 7, "删掉的自画区域", Q(removed_at__isnull=False)),
    "guard.BindingCode": _erased("shown_at", 1, "核对码（十分钟内有效）"),
    "guard.TicketRecord": _erased("ends_at", THREE_YEARS, "凭据"),
    "guard.ReviewDuty": _erased("break_glass__ends_at", TEN_YEARS, "应急查看的复核"),
    "guard.BreakGlassRecord": _erased("ends_at", TEN_YEARS, "应急查看"),
    "guard.AccountWish": _erased(
        "decided_at", THREE_YEARS, "账号申请", Q(decided_at__isnull=False)
    ),
    # The commitment in the entry stays; what it commits to goes.
    "guard.LedgerSecret": _erased("entry__recorded_at", THREE_YEARS, "台账条目背后的明文和盐"),
    "guard.Account": TableRule(
        End.ANONYMISED,
        "停用满两年：去掉姓名和工号，登录名留给台账",
        "closed_at",
        2 * YEAR,
        Q(is_active=False, closed_at__isnull=False) & ~Q(staff_no="", display_name=""),
    ),
    "sources.GivenAnswer": TableRule(
        End.ERASED,
        "来源的答复：过了有效期，再按来源登记的天数",
        "asked__asked_at",
        by_source="asked__source",
        valid_until="valid_until",
    ),
    "sources.AskedQuestion": TableRule(
        End.ERASED,
        "向来源问过的：按来源登记的天数",
        "asked_at",
        rows=Q(givenanswer__isnull=True),
        by_source="source",
    ),
    "registry.Review": _erased("closed_at", THREE_YEARS, "核校", Q(closed_at__isnull=False)),
    "services_residence.DoorMiss": _erased("missed_at", 1, "试错的申报码"),
    "services_residence.CodeSent": _erased("sent_at", 1, "验证码"),
    "services_residence.QuestionAnswer": _erased(
        "question__declaration__declared_at", THREE_YEARS, "申报问答"
    ),
    "services_residence.Question": _erased("declaration__declared_at", THREE_YEARS, "申报的问题"),
    "services_residence.DeclarationStep": _erased(
        "declaration__declared_at", THREE_YEARS, "申报经过"
    ),
    "services_residence.StampedReceipt": _erased("issued_at", THREE_YEARS, "申报回执"),
    "services_residence.Declaration": _erased("declared_at", THREE_YEARS, "申报"),
    "services_residence.TenantSheet": _erased("handed_in_at", THREE_YEARS, "房东申报表"),
    "services_residence.DoorCode": _erased(
        "ended_at", THREE_YEARS, "换下的门牌二维码", Q(ended_at__isnull=False)
    ),
    "services_forms.RegisteredForm": RECORDS,
    "services_forms.FormMove": RECORDS,
    "services_forms.FormLesson": RECORDS,
    "services_forms.RefusalLetter": RECORDS,
    "services_forms.FormFilling": _erased(
        "ended_at", THREE_YEARS, "填报经过（文件五天就销毁）", Q(ended_at__isnull=False)
    ),
    "services_questions.LinkMiss": _erased("missed_at", 1, "试错的答复链接"),
    "services_questions.VisitLine": _erased(
        "question__closed_at", THREE_YEARS, "上门核对的行", Q(question__closed_at__isnull=False)
    ),
    "services_questions.VisitRound": _erased(
        "drawn_at", THREE_YEARS, "上门核对表", Q(lines__isnull=True)
    ),
    "services_questions.MessageLine": _erased(
        "question__closed_at", THREE_YEARS, "消息里的问题", Q(question__closed_at__isnull=False)
    ),
    "services_questions.Message": _erased(
        "claimed_at", THREE_YEARS, "消息（号码和链接从来不留）", Q(lines__isnull=True)
    ),
    "services_questions.QuestionWait": _erased(
        "question__closed_at", THREE_YEARS, "等答复的报表", Q(question__closed_at__isnull=False)
    ),
    "services_questions.MandateEnd": _erased("mandate__until", THREE_YEARS, "收回的夜间代发委托"),
    "services_questions.SendingMandate": _erased("until", THREE_YEARS, "夜间代发委托"),
    "services_questions.GivenAnswer": _erased(
        "question__closed_at", THREE_YEARS, "答复", Q(question__closed_at__isnull=False)
    ),
    "services_questions.QuestionMove": _erased(
        "question__closed_at", THREE_YEARS, "问题的经过", Q(question__closed_at__isnull=False)
    ),
    "services_questions.Question": _erased(
        "closed_at", THREE_YEARS, "问题", Q(closed_at__isnull=False)
    ),
    "services_questions.PausedRule": _erased(
        "until", THREE_YEARS, "停用过的规则", Q(until__isnull=False)
    ),
    "services_proactive.Rehearsal": RECORDS,
    "services_proactive.RuleMove": RECORDS,
    "services_proactive.NotedFinding": _erased("noted_at", THREE_YEARS, "问过的发现（没有人）"),
    "services_proactive.FindingAnswer": _erased("given_at", THREE_YEARS, "对发现的回答"),
    "services_proactive.OfferMove": _erased(
        "offer__closed_at", THREE_YEARS, "主动服务的经过", Q(offer__closed_at__isnull=False)
    ),
    "services_proactive.Offer": _erased(
        "closed_at", THREE_YEARS, "主动服务", Q(closed_at__isnull=False)
    ),
    "guard.LedgerEntry": LEDGER,
    "guard.LedgerSubject": LEDGER,
    "guard.LedgerSeal": LEDGER,
    "guard.LedgerCheckpoint": LEDGER,
    "guard.LedgerDeferral": LEDGER,
    "guard.LedgerPending": _stays("封存以后自己消失，约一秒"),
    "guard.PurposeRecord": _stays("用途清单：台账按编码指它"),
    "guard.SourceRecord": _stays("来源登记：来源停报满十年以后，由管理员定"),
    "guard.OutsideLogin": _stays("随账号：停用时马上解除"),
    "guard.ResidentBinding": _stays("随账号：只增不减"),
    "guard.OfficialRecord": _stays("谁在什么时候负责，以后要说得清"),
    "guard.LegalHold": _stays("为什么多留，以后要说得清"),
    "registry.Decision": RECORDS,
    "registry.DecisionSubject": RECORDS,
    "registry.VerificationCase": _stays("校核单指着永久的决定，步骤只增不减：归档由档案规则定"),
    "registry.CaseMove": _stays("随校核单"),
    "registry.SetAside": _stays("只增不减，只有摘要"),
    "address.LibraryStep": RECORDS,
    "address.StepSubject": RECORDS,
    "address.Alias": RECORDS,
    "address.PlannedImport": _stays("已应用的计划属于地址库的经过；未应用的由管理员作废"),
    "address.Proposal": _stays("建议留着它的理由"),
    "address.Application": RECORDS,
    "address.ApplicationMove": RECORDS,
    "contenttypes.ContentType": _stays("我们自己的表名"),
    "auth.Permission": UNUSED,
    "auth.Group": UNUSED,
    "auth.Group_permissions": UNUSED,
    "axes.AccessAttemptExpiration": UNUSED,
    "axes.AccessLog": UNUSED,
    "axes.AccessFailureLog": UNUSED,
}
