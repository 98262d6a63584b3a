"""May this command run here, and who runs it: the rule, the ticket, the entry in the ledger."""

from __future__ import annotations

import os
import pwd
from typing import Any

from kuai.cli import rules
from kuai.guard.command_rules import list_command_rules, require_command_allowed
from kuai.guard.types import Actor, Role
from kuai.kit.clock import utc_now
from kuai.kit.errors import Refusal
from kuai.kit.store import Store

Persons = frozenset[str]
# The field by which a ticket opens what a person's relations were and when.
HISTORY = "history"


def require_allowed(name: str, *, store: Store | None = None, ticket: str = "") -> Persons | None:
    """Refuse unless the command's rule lets it run on this store; returns whom it may show (None: everybody).

    Everybody only where all are invented, or where the command shows nobody; else the persons the ticket names.
    """
    from kuai.flows.queries import is_synthetic

    assert rules.COMMAND_RULES
    synthetic = store is not None and is_synthetic(store)
    require_command_allowed(
        name, synthetic=synthetic, ticket=ticket, ticket_is_live=_ticket_lookup(store)
    )
    if synthetic or not list_command_rules()[name].touches_persons:
        return None
    from kuai.guard import access

    live = access.get_live_ticket(ticket, holder=account_of_operator(), at=utc_now())
    return frozenset(subject.removeprefix("person:") for subject in live.subjects)


def require_history(store: Store, ticket: str) -> Persons | None:
    """Whose history may be told (None: everybody, where all are invented); else a live ticket has to name it.

    The store's work database is open already.
    """
    from kuai.flows.queries import is_synthetic
    from kuai.guard import access

    if is_synthetic(store):
        return None
    live = access.get_live_ticket(ticket, holder=account_of_operator(), at=utc_now())
    if HISTORY not in live.fields:
        raise Refusal(
            "command.no_history",
            "这张凭据没有写明 history（历史），不能看个人的关系和变化。",
            next_step="请在核校里申请写明 history 的凭据。",
        )
    return frozenset(subject.removeprefix("person:") for subject in live.subjects)


def _ticket_lookup(store: Store | None) -> Any:
    if store is None:
        return None

    def is_live(ticket_id: str) -> bool:
        from kuai.cli.work_database import open_work_database

        open_work_database(store.root)
        from kuai.guard import access, queries

        holder = queries.find_actor_by_login(login_of_operator())
        return holder is not None and access.is_live_ticket(ticket_id, holder=holder, at=utc_now())

    return is_live


def enter_in_ledger(
    store: Store,
    action: str,
    *,
    count: int,
    ticket: str,
    about: str = "",
    fields: tuple[str, ...] = (),
) -> None:
    """Who ran a command that touches persons or keys is in the ledger, synthetic or not."""
    from kuai.cli.work_database import open_work_database

    open_work_database(store.root)
    from kuai.guard import access

    access.record_entry(
        actor=operator(),
        action=action,
        object_kind="delivery" if about else "store",
        # A store into which nothing was built has no version to name.
        object_refs=tuple(filter(None, (about or store.current_version(),))),
        fields=fields,
        purpose="record_review",
        ticket_id=ticket,
        count=count,
        at=utc_now(),
    )


def login_of_operator() -> str:
    """Who sits at the machine: the name under which the operating system knows them."""
    # Not getpass.getuser(): that believes LOGNAME and USER, which anybody may set to another one's name.
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid-{os.getuid()}"


def operator() -> Actor:
    return Actor(user_id=f"os:{login_of_operator()}", role=Role.DATA_STEWARD)


def account_of_operator() -> Actor:
    """The operator's own account in the store whose work database is open; refuses whoever has none."""
    from kuai.guard import queries

    login = login_of_operator()
    account = queries.find_actor_by_login(login)
    if account is None:
        raise Refusal(
            "command.no_account",
            f"系统用户“{login}”在这个库里没有在用的账号。",
            next_step=f"请安全管理员运行 kuai accounts open {login} --role … --name … --staff-no …。",
        )
    return account
