"""For how long and for how many persons live work of each kind may open a ticket."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from kuai.guard.types import TicketKind

# The longest a ticket runs; work that lasts longer asks again, and the ledger then shows that it did.
LONGEST: Mapping[TicketKind, timedelta] = {
    TicketKind.ORDER: timedelta(days=15),
    TicketKind.APPLICATION: timedelta(days=20),
    TicketKind.DECLARATION: timedelta(days=15),
    TicketKind.REVIEW: timedelta(days=5),
    TicketKind.OWN_DATA: timedelta(hours=1),
    TicketKind.DUTY: timedelta(days=5),
    TicketKind.RETURN: timedelta(days=5),
    TicketKind.FORM: timedelta(days=1),
    TicketKind.QUESTION: timedelta(days=5),
    TicketKind.FINDING: timedelta(days=1),
}
# One visit sheet, one household and what lies one step around it; a list of a building is no ticket.
MOST_SUBJECTS = 60
# But for a form that two people registered with its basis: a list is what it is (0038).
MOST_ON_A_FORM = 5_000
LONGEST_BREAK_GLASS = timedelta(hours=24)
