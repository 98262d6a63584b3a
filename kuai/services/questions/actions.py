"""The writes of questions and checks that others may call. Needs Django."""

from kuai.services.questions.asking import (
    close_gone,
    lapse_overdue,
    open_question,
    pause_rule,
    resume_rule,
)
from kuai.services.questions.mandates import end_mandate, give_mandate, send_by_mandate
from kuai.services.questions.printing import print_letters, visit_sheet_pdf
from kuai.services.questions.sending import (
    mark_unsure,
    print_again,
    send_due,
    settle_unsure,
)
from kuai.services.questions.settling import answer_link, open_link, settle, take_ticket
from kuai.services.questions.visiting import draw_sheet, take_in_returns
from kuai.services.questions.waiting import ask_for_form

__all__ = [
    "answer_link",
    "ask_for_form",
    "close_gone",
    "draw_sheet",
    "end_mandate",
    "give_mandate",
    "lapse_overdue",
    "mark_unsure",
    "open_link",
    "open_question",
    "pause_rule",
    "print_again",
    "print_letters",
    "resume_rule",
    "send_by_mandate",
    "send_due",
    "settle",
    "settle_unsure",
    "take_in_returns",
    "take_ticket",
    "visit_sheet_pdf",
]
