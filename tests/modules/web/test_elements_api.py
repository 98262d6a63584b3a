"""The JSON API's two clocks: places and organisations by day and belief; no person, whoever asks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.test import Client

from kuai.guard.ledger_models import LedgerEntry
from kuai.guard.models import SourceRecord
from kuai.guard.types import Role
from kuai.kit.store import Store
from tests.modules.flows.small_towns import SmallTown, small_town

LogIn = Callable[[Role], Client]
ELEMENTS = "/api/elements/"


@pytest.fixture
def town(portal: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SmallTown:
    monkeypatch.delenv("KUAI_KEYS", raising=False)
    # The folder of the fakes' build holds nothing to go on from.
    portal.current_build().rmdir()
    (portal.root / "current").unlink()
    town = small_town(tmp_path / "town")
    town.store = portal
    town.build()
    return town


def test_a_firm_is_told_by_day_and_belief_with_what_is_public_of_it(
    town: SmallTown, log_in: LogIn
) -> None:
    clerk = log_in(Role.SUBDISTRICT_CLERK)
    code = town.rows("organisation")[0]["organisation_code"]
    version = town.store.current_version()
    told = clerk.get(f"{ELEMENTS}{code}", {"on": "2026-10-31", "believed": f"{version}:0"}).json()
    assert {"LH_REGISTERED", "PL_LEGALREP"} <= {one["type"] for one in told["relations"]}
    assert told["belief"] == {"version": version, "sequence": 0, "built_up_to": 0}
    assert clerk.get(f"{ELEMENTS}{code}", {"on": "2000-01-01"}).json()["stage"] == "not_yet"
    assert "founding_mention" not in told["values"]
    assert LedgerEntry.objects.filter(action="viewed_block").count() == 2


def test_what_is_no_place_and_no_organisation_is_not_told(town: SmallTown, log_in: LogIn) -> None:
    clerk = log_in(Role.SUBDISTRICT_CLERK)
    codes = [
        town.rows("person")[0]["person_code"],
        town.rows("event")[0]["event_code"],
    ]
    for code in codes:
        answer = clerk.get(f"{ELEMENTS}{code}")
        assert answer.status_code == 409
        assert code not in answer.content.decode()
    assert clerk.get(f"{ELEMENTS}O-00000000-0").status_code == 404
    assert (
        clerk.get(f"{ELEMENTS}440310", {"believed": "b-20000101-000000000000"}).status_code == 404
    )
    assert clerk.get(f"{ELEMENTS}440310", {"on": "yesterday"}).status_code == 422
    assert Client().get(f"{ELEMENTS}440310").status_code in (302, 401, 403)
    assert log_in(Role.RESIDENT).get(f"{ELEMENTS}440310").status_code == 403


def test_the_written_interface_names_the_route(town: SmallTown, log_in: LogIn) -> None:
    written = log_in(Role.DATA_STEWARD).get("/api/openapi.json").json()
    assert "/api/elements/{code}" in written["paths"]


def test_where_people_are_real_a_firm_is_told_without_their_codes(
    town: SmallTown, log_in: LogIn
) -> None:
    clerk = log_in(Role.SUBDISTRICT_CLERK)
    code = town.rows("organisation")[0]["organisation_code"]
    assert '"P-' in clerk.get(f"{ELEMENTS}{code}").content.decode()
    SourceRecord.objects.update(synthetic=False)
    answer = clerk.get(f"{ELEMENTS}{code}")
    assert "P-" not in answer.content.decode()
    (headed,) = [one for one in answer.json()["relations"] if one["type"] == "PL_LEGALREP"]
    assert (headed["from_code"], headed["to_code"]) == ("", code)


def test_a_child_is_told_of_to_nobody(town: SmallTown, log_in: LogIn) -> None:
    path = town.store.current_build() / "core" / "person.parquet"
    persons = pq.read_table(path)
    place = persons.schema.get_field_index("is_child_under_14")
    children = pa.array([True] * persons.num_rows)
    pq.write_table(persons.set_column(place, "is_child_under_14", children), path)
    code = town.rows("organisation")[0]["organisation_code"]
    told = log_in(Role.SUBDISTRICT_CLERK).get(f"{ELEMENTS}{code}").json()
    assert "LH_REGISTERED" in {one["type"] for one in told["relations"]}
    assert "PL_LEGALREP" not in {one["type"] for one in told["relations"] + told["hidden"]}
