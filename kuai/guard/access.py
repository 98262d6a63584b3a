"""The Django door of the guard: who may do what. Bulk work without Django goes through `actions`.

Everything here refuses by raising `Refusal`, whose code and sentence the entrances show as they are.
"""

from __future__ import annotations

from kuai.guard.accounts import (
    DemoLogin,
    NewAccount,
    change_password,
    change_role,
    close_account,
    create_demo_accounts,
    open_account,
)
from kuai.guard.break_glass import (
    BrokenGlass,
    Headcount,
    break_glass,
    complete_review,
    count_in_emergency,
    list_due_reviews,
    note_persons_told,
    register_headcounter,
)
from kuai.guard.command_rules import (
    CommandRule,
    command_rule,
    list_command_rules,
    require_command_allowed,
)
from kuai.guard.engine.forbidden_columns import find_forbidden_column
from kuai.guard.engine.reading import (
    FIELD_LEVELS,
    ROLES_FOR_L4,
    ResolvedSubject,
    SealedMention,
)
from kuai.guard.engine.source_rules import require_source_may_build
from kuai.guard.home_delivery import whose_care_rows
from kuai.guard.ledger import record_entry
from kuai.guard.masks import mask
from kuai.guard.residents import (
    BINDERS,
    EVIDENCE,
    Binding,
    bind_resident,
    end_binding,
    end_binding_of,
    find_binding,
    seed_resident,
    show_binding_code,
)
from kuai.guard.retention_list import clear_technical_rows
from kuai.guard.revealing import register_resolver, reveal, withdraw_resolver
from kuai.guard.revealing_lists import (
    SaidValue,
    permitting_sources,
    register_list_resolver,
    reveal_list,
    withdraw_list_resolver,
)
from kuai.guard.route_rules import (
    ALL_ROLES,
    Route,
    RouteRule,
    decide_route,
    find_rule,
    list_routes,
    name_outside_view,
    public_route,
    route_rule,
)
from kuai.guard.source_register import load_purposes, register_source
from kuai.guard.tickets import (
    TicketRequest,
    end_dead_tickets,
    end_tickets,
    get_live_ticket,
    is_live_ticket,
    issue_ticket,
    own_data_origin,
    register_origin,
    withdraw_origin,
)

__all__ = [
    "ALL_ROLES",
    "BINDERS",
    "EVIDENCE",
    "FIELD_LEVELS",
    "ROLES_FOR_L4",
    "Binding",
    "BrokenGlass",
    "CommandRule",
    "DemoLogin",
    "Headcount",
    "NewAccount",
    "ResolvedSubject",
    "Route",
    "RouteRule",
    "SaidValue",
    "SealedMention",
    "TicketRequest",
    "bind_resident",
    "break_glass",
    "change_password",
    "change_role",
    "clear_technical_rows",
    "close_account",
    "command_rule",
    "complete_review",
    "count_in_emergency",
    "create_demo_accounts",
    "decide_route",
    "end_binding",
    "end_binding_of",
    "end_dead_tickets",
    "end_tickets",
    "find_binding",
    "find_forbidden_column",
    "find_rule",
    "get_live_ticket",
    "is_live_ticket",
    "issue_ticket",
    "list_command_rules",
    "list_due_reviews",
    "list_routes",
    "load_purposes",
    "mask",
    "name_outside_view",
    "note_persons_told",
    "open_account",
    "own_data_origin",
    "permitting_sources",
    "public_route",
    "record_entry",
    "register_headcounter",
    "register_list_resolver",
    "register_origin",
    "register_resolver",
    "register_source",
    "require_command_allowed",
    "require_source_may_build",
    "reveal",
    "reveal_list",
    "route_rule",
    "seed_resident",
    "show_binding_code",
    "whose_care_rows",
    "withdraw_list_resolver",
    "withdraw_origin",
    "withdraw_resolver",
]
