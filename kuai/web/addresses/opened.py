"""What the published build's library knows of codes, for the pages that confirm, propose and apply."""

from __future__ import annotations

from collections.abc import Iterable

from kuai.address.learning import Standing, read_standings
from kuai.address.types import ADDRESS_ENTRY
from kuai.kit.engine import engine, table_at
from kuai.web.doors import current_store


def standings_of(codes: Iterable[str]) -> dict[str, Standing]:
    """Text, level and area of each of these codes; refuses before the first build."""
    core = current_store().current_build() / "core"
    with engine(memory_limit="500MB") as connection:
        return read_standings(connection, table_at(connection, ADDRESS_ENTRY, core), codes)
