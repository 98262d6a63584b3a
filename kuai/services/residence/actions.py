"""The writes of declarations that others may call. Needs Django."""

from kuai.services.residence.at_home import answer_home
from kuai.services.residence.counter import declare_at_counter
from kuai.services.residence.declaring import ask_for_code, declare
from kuai.services.residence.door_codes import end_door_code, issue_door_codes, open_door
from kuai.services.residence.door_proof import ask_for_door_proof, prove_at_door
from kuai.services.residence.handing import note_handed_over, shred_overdue
from kuai.services.residence.on_file import write_look_up
from kuai.services.residence.proving import find_proof
from kuai.services.residence.questions import answer_question, turn_into_checks
from kuai.services.residence.staff_work import settle, take_question_ticket
from kuai.services.residence.tenants_sheet import (
    ask_for_sheet_code,
    prove_sheet_code,
    take_sheet,
)
from kuai.services.residence.withdrawing import withdraw_declaration

__all__ = [
    "answer_home",
    "answer_question",
    "ask_for_code",
    "ask_for_door_proof",
    "ask_for_sheet_code",
    "declare",
    "declare_at_counter",
    "end_door_code",
    "find_proof",
    "issue_door_codes",
    "note_handed_over",
    "open_door",
    "prove_at_door",
    "prove_sheet_code",
    "settle",
    "shred_overdue",
    "take_question_ticket",
    "take_sheet",
    "turn_into_checks",
    "withdraw_declaration",
    "write_look_up",
]
