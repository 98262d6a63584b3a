"""Database triggers that keep ledger tables append-only below the ORM, on SQLite and PostgreSQL.

They stop mistakes and stolen application logins; whoever owns the database can drop them, and is found by the
chain and the checkpoints kept elsewhere.
"""

from __future__ import annotations

from django.db.backends.base.base import BaseDatabaseWrapper

NEVER_CHANGED = (
    "guard_ledgerentry",
    "guard_ledgersubject",
    "guard_ledgerseal",
    "guard_ledgercheckpoint",
    "guard_ledgerdeferral",
)
# Erasure deletes a secret, sealing a pending mark; neither is ever rewritten.
NEVER_REWRITTEN = ("guard_ledgersecret", "guard_ledgerpending")
MESSAGE = "ledger rows are only added"

_POSTGRESQL_REFUSAL = f"""
create or replace function guard_ledger_refuse() returns trigger language plpgsql as $$
begin
  raise exception '{MESSAGE} (%)', tg_table_name using errcode = 'integrity_constraint_violation';
end $$
"""


def raise_triggers(connection: BaseDatabaseWrapper) -> None:
    """Create the triggers; may be repeated."""
    drop_triggers(connection)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(_POSTGRESQL_REFUSAL)
        for table, event in _guarded(connection.vendor):
            cursor.execute(_create_sql(connection.vendor, table=table, event=event))


def drop_triggers(connection: BaseDatabaseWrapper) -> None:
    """Remove the triggers: for undoing the migration, and for emptying a test database."""
    with connection.cursor() as cursor:
        for table, event in _guarded(connection.vendor):
            place = f" on {table}" if connection.vendor == "postgresql" else ""
            cursor.execute(f"drop trigger if exists {_name(table, event)}{place}")


def _guarded(vendor: str) -> list[tuple[str, str]]:
    pairs = [(table, "update") for table in (*NEVER_CHANGED, *NEVER_REWRITTEN)]
    pairs += [(table, "delete") for table in NEVER_CHANGED]
    if vendor == "postgresql":
        pairs += [(table, "truncate") for table in NEVER_CHANGED]
    return pairs


def _name(table: str, event: str) -> str:
    return f"{table}_no_{event}"


def _create_sql(vendor: str, *, table: str, event: str) -> str:
    if vendor == "postgresql":
        each = "statement" if event == "truncate" else "row"
        return (
            f"create trigger {_name(table, event)} before {event} on {table}"
            f" for each {each} execute function guard_ledger_refuse()"
        )
    return (
        f"create trigger {_name(table, event)} before {event} on {table}"
        f" begin select raise(abort, '{MESSAGE}'); end"
    )
