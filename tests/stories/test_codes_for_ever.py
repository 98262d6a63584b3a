"""No build between two others, and no way back to an old one, changes anybody's code or gives it to somebody else."""

from __future__ import annotations

from pathlib import Path

import pytest

from kuai.kit.store import Store
from kuai.registry.types import MENTION_ELEMENT
from tests.stories import towns

FIRMS_ONLY = ("address_library", "business_registry")
NEWCOMERS = 5


def founders(store: Path) -> dict[str, str]:
    return {
        row["code"]: row["founding_mention"] for row in towns.read_core(store, "identity_ledger")
    }


def codes(store: Path) -> dict[tuple[str, str], str]:
    return {
        (row["element"], row["mention_key"]): row["code"]
        for row in towns.read_core(store, MENTION_ELEMENT.name)
        if row["element"] != "address"
    }


def keep_only(names: tuple[str, ...]):
    def change(description: dict) -> None:
        description["resources"] = [one for one in description["resources"] if one["name"] in names]

    return change


@pytest.fixture
def grown_town(town: Path, tmp_path: Path) -> Path:
    """The town with residents of another one among its own."""
    package = towns.copy_town(town, tmp_path / "grown")
    elsewhere = towns.make_town(tmp_path / "elsewhere", rooms=200, seed=99)
    added = towns.read_extract(elsewhere, "police_residents")[:NEWCOMERS]
    towns.write_extract(
        package, "police_residents", [*towns.read_extract(package, "police_residents"), *added]
    )
    return package


def test_a_build_of_other_sources_in_between_leaves_everybody_their_code(
    town: Path, grown_town: Path, own_store: Path, tmp_path: Path
) -> None:
    before = codes(own_store)
    firms = towns.copy_town(town, tmp_path / "firms")
    towns.describe(firms, keep_only(FIRMS_ONLY))
    towns.build(firms, own_store)
    towns.build(grown_town, own_store)
    after = codes(own_store)
    # Cluster by cluster a newcomer may join or part records, but hardly anywhere in five rows.
    kept = [key for key in before if after.get(key) == before[key]]
    assert len(kept) >= len(before) - NEWCOMERS


def test_after_going_back_to_an_old_build_nobody_gets_a_code_given_since(
    town: Path, grown_town: Path, own_store: Path, tmp_path: Path
) -> None:
    towns.build(grown_town, own_store)
    given = founders(own_store)
    assert towns.build(town, own_store)["already_published"]
    assert len(founders(own_store)) < len(given)
    third = towns.copy_town(town, tmp_path / "third")
    elsewhere = towns.make_town(tmp_path / "farther", rooms=200, seed=98)
    added = towns.read_extract(elsewhere, "police_residents")[:NEWCOMERS]
    towns.write_extract(
        third, "police_residents", [*towns.read_extract(third, "police_residents"), *added]
    )
    towns.build(third, own_store)
    now = founders(own_store)
    assert {code: now[code] for code in given} == given
    assert len(now) > len(given)


def test_what_is_said_of_a_build_is_built_anew_when_it_changes(town: Path, own_store: Path) -> None:
    shipped = Path(__file__).parents[2] / "kuai" / "registry" / "relations.yaml"
    before = {row["type"] for row in towns.read_core(own_store, "relation")}
    kept = [
        line for line in shipped.read_text(encoding="utf-8").splitlines() if "PH_OWN" not in line
    ]
    (own_store / "relations.yaml").write_text("\n".join(kept), encoding="utf-8")
    result = towns.build(town, own_store)
    assert not result["already_published"]
    assert {row["type"] for row in towns.read_core(own_store, "relation")} == before - {"PH_OWN"}
    assert Store(own_store).current_version() == result["version"]
