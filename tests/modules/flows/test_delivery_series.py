"""A delivery's number is given once: it survives shredding, and no new delivery meets an old one's place."""

from __future__ import annotations

from pathlib import Path

import pytest

from kuai.flows.deliveries import receive_resource
from kuai.guard.actions import open_sealed, shred_period
from kuai.guard.types import Zone
from kuai.kit.errors import Refusal
from kuai.kit.store import Store, read_json
from kuai.sources import actions as sources

SOURCE = "residents"
HEADINGS = "姓名,身份证号码,现住址\n"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store").create()


def resource(folder: Path, month: int) -> sources.Resource:
    """The register as delivered in that month."""
    package = folder / f"month-{month}"
    package.mkdir(exist_ok=True)
    rows = "".join(f"张三,,甲区乙街道{month}路{n}号101\n" for n in range(4))
    (package / f"{SOURCE}.csv").write_text(HEADINGS + rows, encoding="utf-8")
    (only,) = sources.read_package(package).resources
    return only


def deliver(store: Store, folder: Path, month: int) -> str:
    """The number that the month's delivery was received under."""
    return receive_resource(store, resource(folder, month)).snapshot.period


def shred(store: Store, period: str) -> None:
    shred_period(store, zone=Zone.CORE, source=SOURCE, period=period)


def street_of(store: Store, period: str) -> str:
    rows = open_sealed(store, zone=Zone.CORE, source=SOURCE, period=period, name="snapshot")
    return str(rows["c2"][0].as_py())


def test_same_bytes_keep_their_number_and_new_bytes_get_the_next(
    store: Store, tmp_path: Path
) -> None:
    given = [deliver(store, tmp_path, month) for month in (1, 2, 1, 3, 2)]
    assert given == ["0001", "0002", "0001", "0003", "0002"]


def test_after_the_only_delivery_was_shredded_the_next_one_is_taken_in(
    store: Store, tmp_path: Path
) -> None:
    deliver(store, tmp_path, 1)
    shred(store, "0001")
    assert deliver(store, tmp_path, 2) == "0002"


def test_after_the_first_of_two_was_shredded_the_next_one_overwrites_nobody(
    store: Store, tmp_path: Path
) -> None:
    deliver(store, tmp_path, 1)
    deliver(store, tmp_path, 2)
    shred(store, "0001")
    assert deliver(store, tmp_path, 3) == "0003"
    assert street_of(store, "0002") == "甲区乙街道2路0号101"
    assert deliver(store, tmp_path, 2) == "0002"


def test_after_the_newest_was_shredded_its_number_is_not_given_again(
    store: Store, tmp_path: Path
) -> None:
    deliver(store, tmp_path, 1)
    deliver(store, tmp_path, 2)
    shred(store, "0002")
    assert deliver(store, tmp_path, 3) == "0003"


def test_a_shredded_delivery_handed_in_again_is_told_so(store: Store, tmp_path: Path) -> None:
    deliver(store, tmp_path, 1)
    shred(store, "0001")
    with pytest.raises(Refusal, match="0001 期已销毁") as refusal:
        deliver(store, tmp_path, 1)
    assert refusal.value.next_step
    assert not (store.vault / "core" / SOURCE / "0001").exists()


@pytest.mark.parametrize("shredded", ["0001", "0002"])
def test_a_store_from_before_the_series_goes_on_behind_what_it_has(
    store: Store, tmp_path: Path, shredded: str
) -> None:
    deliver(store, tmp_path, 1)
    deliver(store, tmp_path, 2)
    (store.root / "deliveries" / f"{SOURCE}.json").unlink()
    shred(store, shredded)
    assert deliver(store, tmp_path, 3) == "0003"


def test_a_month_handed_in_through_the_portal_keeps_its_name(store: Store, tmp_path: Path) -> None:
    for period in ("2026-01", "2026"):
        one = resource(tmp_path, 1 if period == "2026-01" else 2)
        sources.receive_file(store, one.paths[0], source=SOURCE, period=period, zone=Zone.CORE)
    assert deliver(store, tmp_path, 1) == "2026-01"
    assert deliver(store, tmp_path, 2) == "2026"
    assert deliver(store, tmp_path, 3) == "0001"


def test_a_number_is_kept_before_anything_is_received(store: Store, tmp_path: Path) -> None:
    """So that a killed build finds its number again and no other delivery takes it."""
    deliver(store, tmp_path, 1)
    kept = read_json(store.root / "deliveries" / f"{SOURCE}.json")["deliveries"]
    assert [one["period"] for one in kept] == ["0001"]
    for card in store.vault.rglob("snapshot.json"):
        card.unlink()
    assert deliver(store, tmp_path, 2) == "0002"
    assert deliver(store, tmp_path, 1) == "0001"
