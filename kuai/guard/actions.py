"""Doors of guard that need no Django: vault, tokens, verification of ledger files (decisions 0007, 0014)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pyarrow as pa

from kuai.guard.engine import keys, tokens, vault
from kuai.guard.engine.envelopes import Envelope, make_envelope, open_envelope
from kuai.guard.engine.keys import WAITING_ERASURES
from kuai.guard.engine.ledger_files import LedgerVerdict, verify_ledger_file
from kuai.guard.engine.purposes import DENIED_PURPOSES, permitted_purposes
from kuai.guard.engine.vault import SealingWriter, VaultPlace
from kuai.guard.types import Zone
from kuai.kit.store import Store

__all__ = [
    "DENIED_PURPOSES",
    "WAITING_ERASURES",
    "Envelope",
    "LedgerVerdict",
    "SealingWriter",
    "VaultPlace",
    "count_sealed_rows",
    "is_shredded",
    "make_envelope",
    "open_envelope",
    "open_sealed",
    "open_sealed_batches",
    "permitted_purposes",
    "rotate_wrapping_key",
    "seal_table",
    "sealed_exists",
    "sealing_writer",
    "shred_period",
    "token_key_parameters",
    "token_sql",
    "tokenise",
    "tokeniser",
    "verify_ledger_file",
]


def seal_table(
    store: Store, *, zone: Zone, source: str, period: str, name: str, table: pa.Table
) -> None:
    """Seal `table` in the vault, whole or not at all; refuses a shredded period. May be repeated (replaces)."""
    with sealing_writer(
        store, zone=zone, source=source, period=period, name=name, schema=table.schema
    ) as writer:
        writer.write(table)


@contextmanager
def sealing_writer(
    store: Store, *, zone: Zone, source: str, period: str, name: str, schema: pa.Schema
) -> Iterator[SealingWriter]:
    """`seal_table` for what does not fit in memory: call `writer.write(batch_or_table)` in row order."""
    place = VaultPlace(zone=zone, source=source, period=period, name=name)
    with vault.sealing_writer(store, place=place, schema=schema) as writer:
        yield writer


def open_sealed(
    store: Store,
    *,
    zone: Zone,
    source: str,
    period: str,
    name: str,
    columns: Sequence[str] | None = None,
    rows: tuple[int, int] | None = None,
) -> pa.Table:
    """The sealed table, or `columns` of it, or its rows [from, to) counted from 0; Breakdown if it was altered."""
    place = VaultPlace(zone=zone, source=source, period=period, name=name)
    sealed = vault.open_sealed_table(store, place=place)
    schema = sealed.schema_of(columns)
    return pa.Table.from_batches(sealed.read_batches(columns=columns, rows=rows), schema=schema)


def open_sealed_batches(
    store: Store,
    *,
    zone: Zone,
    source: str,
    period: str,
    name: str,
    columns: Sequence[str] | None = None,
    rows: tuple[int, int] | None = None,
) -> pa.RecordBatchReader:
    """`open_sealed` as a stream of batches in row order (DuckDB can scan it once); for tables of any size."""
    place = VaultPlace(zone=zone, source=source, period=period, name=name)
    sealed = vault.open_sealed_table(store, place=place)
    schema = sealed.schema_of(columns)
    return pa.RecordBatchReader.from_batches(
        schema, sealed.read_batches(columns=columns, rows=rows)
    )


def count_sealed_rows(store: Store, *, zone: Zone, source: str, period: str, name: str) -> int:
    """How many rows the sealed table has, from its footer alone."""
    place = VaultPlace(zone=zone, source=source, period=period, name=name)
    return vault.open_sealed_table(store, place=place).rows


def sealed_exists(store: Store, *, zone: Zone, source: str, period: str, name: str) -> bool:
    """Has this table been sealed, and not shredded since?"""
    place = VaultPlace(zone=zone, source=source, period=period, name=name)
    if not place.path_in(store).exists():
        return False
    return not keys.open_keyring(store).is_shredded(zone=zone.value, source=source, period=period)


def shred_period(store: Store, *, zone: Zone, source: str, period: str) -> None:
    """Destroy a period's data key and files: its raw values are unreadable everywhere, backups too. For ever."""
    vault.shred(store, zone=zone, source=source, period=period)


def is_shredded(store: Store, *, zone: Zone, source: str, period: str) -> bool:
    """Has this period's key been destroyed? False where no key folder is mounted: nothing can be said then."""
    if not store.keys.exists():
        return False
    return keys.open_keyring(store).is_shredded(zone=zone.value, source=source, period=period)


def rotate_wrapping_key(store: Store) -> int:
    """Wrap all keys anew and destroy the old wrapping keys; sealed files stay as they are. Returns keys re-wrapped."""
    return keys.open_keyring(store).rotate()


def token_key_parameters(store: Store, *, zone: Zone) -> dict[str, bytes]:
    """The query parameters `token_sql` needs: {"token_inner": 64 bytes, "token_outer": 64 bytes}."""
    inner, outer = tokens.hmac_pads(keys.open_keyring(store).token_key(zone.value))
    return {"token_inner": inner, "token_outer": outer}


def token_sql(expression: str) -> str:
    """SQL for the token of a VARCHAR expression (32 hex characters; null and '' have none)."""
    return tokens.token_sql(expression)


def tokenise(store: Store, *, zone: Zone, value: str | None) -> str | None:
    """The token of one value; agrees with `token_sql`. For many values take `tokeniser` once."""
    return tokeniser(store, zone=zone)(value)


def tokeniser(store: Store, *, zone: Zone) -> Callable[[str | None], str | None]:
    """A function from value to token with the zone's key loaded."""
    return tokens.tokeniser(keys.open_keyring(store).token_key(zone.value))
