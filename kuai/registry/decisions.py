"""Door for what people decide, contest, verify and review (needs Django; bulk work goes through `actions`)."""

from kuai.registry.cases import (
    ANSWER_WORKDAYS,
    CaseMoveView,
    CaseView,
    answer_case,
    close_case,
    get_case,
    list_cases,
)
from kuai.registry.contesting import (
    Contested,
    appeal_case,
    contest_fact,
    decide_fact,
    promote_fact,
    withdraw_decision,
)
from kuai.registry.deciding import record_decision
from kuai.registry.doubtful import DoubtfulPage, DoubtfulTie, list_doubtful
from kuai.registry.engine.case_moves import LIVING, CaseAnswer, CaseState, Outcome
from kuai.registry.engine.decision_kinds import (
    LEVELS,
    DecisionKind,
    EvidenceKind,
    Objection,
    Objector,
    VerifiedLevel,
)
from kuai.registry.engine.powers import VERIFIERS, may_decide
from kuai.registry.freezing import freeze_decisions, last_sequence
from kuai.registry.return_flow import TakenAnswer, export_cases, take_in_answers
from kuai.registry.reviewing import close_review, open_review
from kuai.registry.suspicions import (
    REVEALED_FIELDS,
    HeldRecord,
    HeldTie,
    OpenedSuspicion,
    Suspicious,
    answer_suspicious,
    ask_to_read,
    confirm_suspicious,
    list_suspicious,
    open_suspicious,
    read_for_review,
)

__all__ = [
    "ANSWER_WORKDAYS",
    "LEVELS",
    "LIVING",
    "REVEALED_FIELDS",
    "VERIFIERS",
    "CaseAnswer",
    "CaseMoveView",
    "CaseState",
    "CaseView",
    "Contested",
    "DecisionKind",
    "DoubtfulPage",
    "DoubtfulTie",
    "EvidenceKind",
    "HeldRecord",
    "HeldTie",
    "Objection",
    "Objector",
    "OpenedSuspicion",
    "Outcome",
    "Suspicious",
    "TakenAnswer",
    "VerifiedLevel",
    "answer_case",
    "answer_suspicious",
    "ask_to_read",
    "appeal_case",
    "close_case",
    "close_review",
    "confirm_suspicious",
    "contest_fact",
    "decide_fact",
    "export_cases",
    "freeze_decisions",
    "get_case",
    "last_sequence",
    "list_cases",
    "list_doubtful",
    "list_suspicious",
    "may_decide",
    "open_review",
    "open_suspicious",
    "promote_fact",
    "read_for_review",
    "record_decision",
    "take_in_answers",
    "withdraw_decision",
]
