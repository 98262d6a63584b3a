"""A frozen library, the people who keep it, and proposals for them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kuai.address import learning
from kuai.address.actions import read_library
from kuai.address.learning import Naming, Standing
from kuai.address.queries import OpenLibrary, open_library
from kuai.guard.types import Actor, Role
from kuai.kit.engine import engine
from kuai.kit.tables import TableRef
from tests.modules.address.builders import invented_table

NOW = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
STEWARD = Actor("steward", Role.DATA_STEWARD, areas=("",))
COLLEAGUE = Actor("colleague", Role.DATA_STEWARD, areas=("",))
CLERK = Actor("clerk", Role.SUBDISTRICT_CLERK, areas=("440301/440301001",))
NEIGHBOUR = Actor("neighbour", Role.SUBDISTRICT_CLERK, areas=("440301/440301002",))
# 石桥村三巷5号 and its 101, in 松涛街道石桥社区.
BUILDING = "4403010010010100001"
ROOM = f"{BUILDING}000001"
COMMUNITY = "440301001001"
VERSION, NEXT_VERSION = "b-20261101-000000000001", "b-20261201-000000000002"


@pytest.fixture(scope="session")
def entries(tmp_path_factory: pytest.TempPathFactory) -> TableRef:
    folder: Path = tmp_path_factory.mktemp("library")
    with engine() as connection:
        ref, _ = read_library(connection, invented_table(), folder)
    return ref


@pytest.fixture(scope="session")
def library(entries: TableRef) -> OpenLibrary:
    return open_library(entries)


@pytest.fixture(scope="session")
def standing_of(entries: TableRef) -> Callable[[str], Standing]:
    def find(code: str) -> Standing:
        with engine() as connection:
            return learning.read_standings(connection, entries, [code])[code]

    return find


def namings(*unknown: str, code: str = BUILDING, level: str = "building") -> list[Naming]:
    """Each place named by two sources, twice each."""
    return [
        Naming(code, level, one, source, 2, ("2026-10",))
        for one in unknown
        for source in ("police", "rental")
    ]


@pytest.fixture
def refresh(standing_of: Callable[[str], Standing]) -> Callable[..., object]:
    def with_namings(*found: Naming, version: str = VERSION) -> object:
        places = {one.address_code: standing_of(one.address_code) for one in found}
        return learning.refresh_proposals(found, places=places, version=version, by=STEWARD, at=NOW)

    return with_namings
