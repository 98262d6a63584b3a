"""The door to what the address room learns: confirmed texts, proposals for missing rooms, applications upward.

Nothing here names a person, a row of anybody or a source; proposals and applications are about premises and serve the
upkeep of the library only. Needs Django. Decision 0020.
"""

from __future__ import annotations

from kuai.address.applying.events import Answer
from kuai.address.applying.forms import FormAnswer, FormLine, read_answers, write_form
from kuai.address.applying.moves import (
    ANSWER_WORKDAYS,
    KIND_WORDS,
    STATE_WORDS,
    ApplicationKind,
    ApplicationState,
)
from kuai.address.confirming import (
    Pair,
    confirm_pair,
    find_alias,
    restore_pair,
    revoke_pair,
)
from kuai.address.filing import (
    ApplicationView,
    MoveView,
    Wish,
    accept_application,
    answer_application,
    file_application,
    form_line,
    get_application,
    list_applications,
    open_application,
    open_from_proposal,
    return_application,
    withdraw_application,
)
from kuai.address.given_aliases import AliasView, list_aliases
from kuai.address.phantoms.clustering import Naming, ProposalKind
from kuai.address.phantoms.standing import Standing, read_standings
from kuai.address.proposing import (
    ProposalView,
    count_proposals,
    get_proposal,
    list_proposals,
    refresh_proposals,
    set_aside,
    take_up_again,
)

__all__ = [
    "ANSWER_WORKDAYS",
    "KIND_WORDS",
    "STATE_WORDS",
    "AliasView",
    "Answer",
    "ApplicationKind",
    "ApplicationState",
    "ApplicationView",
    "FormAnswer",
    "FormLine",
    "MoveView",
    "Naming",
    "Pair",
    "ProposalKind",
    "ProposalView",
    "Standing",
    "Wish",
    "accept_application",
    "answer_application",
    "confirm_pair",
    "count_proposals",
    "file_application",
    "find_alias",
    "form_line",
    "get_application",
    "get_proposal",
    "list_aliases",
    "list_applications",
    "list_proposals",
    "open_application",
    "open_from_proposal",
    "read_answers",
    "read_standings",
    "refresh_proposals",
    "restore_pair",
    "return_application",
    "revoke_pair",
    "set_aside",
    "take_up_again",
    "withdraw_application",
    "write_form",
]
