"""The reads of declarations that others may call. Needs Django."""

from kuai.services.residence.at_home import list_homes
from kuai.services.residence.counter import born_on_by, open_at_counter
from kuai.services.residence.engine.fields import TYPED
from kuai.services.residence.engine.marks import shown_door_code
from kuai.services.residence.engine.notice import (
    COUNTER_NOTICE_VERSION,
    LEGAL_BASIS,
    NOTICE_VERSION,
    NOTICES,
)
from kuai.services.residence.engine.sheet_form import write_template
from kuai.services.residence.handing import rows_in_force
from kuai.services.residence.questions import list_for_proof, list_waiting
from kuai.services.residence.receipts import read_receipt_lines, verify_receipt
from kuai.services.residence.staff_work import count_declared, list_area_questions
from kuai.services.residence.tenants_sheet import get_sheet_sums, read_returned_sheet

__all__ = [
    "COUNTER_NOTICE_VERSION",
    "LEGAL_BASIS",
    "NOTICES",
    "NOTICE_VERSION",
    "TYPED",
    "born_on_by",
    "count_declared",
    "get_sheet_sums",
    "list_area_questions",
    "list_for_proof",
    "list_homes",
    "list_waiting",
    "open_at_counter",
    "read_receipt_lines",
    "read_returned_sheet",
    "rows_in_force",
    "shown_door_code",
    "verify_receipt",
    "write_template",
]
