"""Erasures done again in a restored store: of this store only, with names that are names, and not lost without keys."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from kuai.flows.restore_erasures import Erasure, Erasures, erase_again, read_erasures
from kuai.guard.actions import is_shredded, seal_table, sealed_exists, shred_period
from kuai.guard.types import Zone
from kuai.kit.errors import DataFault, Refusal
from kuai.kit.store import Store, read_json

WATER: dict[str, Any] = {"zone": Zone.CORE, "source": "water", "period": "0001"}
GONE = Erasures((Erasure("core", "water", "0001"),))


def a_store(root: Path) -> Store:
    store = Store(root).create()
    seal_table(store, name="snapshot", table=pa.table({"row_no": [1]}), **WATER)
    return store


def keyring_of(store: Store) -> str:
    return str(read_json(store.root / "keyring")["keyring"])


def test_tombstones_of_the_same_keyring_are_read_and_those_of_another_refused(
    tmp_path: Path,
) -> None:
    own, other = a_store(tmp_path / "own"), a_store(tmp_path / "other")
    shred_period(own, **WATER)
    read = read_erasures((own.keys,), keyring=keyring_of(own), ledger=own.root / "ledger")
    assert read == GONE
    with pytest.raises(Refusal) as refused:
        read_erasures((own.keys,), keyring=keyring_of(other), ledger=other.root / "ledger")
    assert refused.value.code == "restore.other_erasures"


@pytest.mark.parametrize("place", ["core/data/../x", "core/data/water/.hidden", "nowhere/data/a/b"])
def test_a_tombstone_whose_name_no_delivery_could_have_is_refused(
    tmp_path: Path, place: str
) -> None:
    own = a_store(tmp_path / "own")
    source, _, period = place.rpartition("/")
    source = source.replace("..", "a..b")
    path = own.keys / source / f"{period}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"shredded": True}), encoding="utf-8")
    with pytest.raises(DataFault) as refused:
        read_erasures((own.keys,), keyring=keyring_of(own), ledger=own.root / "ledger")
    assert refused.value.code == "restore.erasure_name"


def test_without_keys_an_erasure_waits_in_the_store_until_keys_come(tmp_path: Path) -> None:
    store = a_store(tmp_path / "store")
    away = store.keys.rename(tmp_path / "away")
    assert erase_again(store, GONE) == ("core water 0001",)
    assert erase_again(store, GONE) == ()
    assert not (store.vault / "core" / "water" / "0001").exists()
    away.rename(store.keys)
    assert not sealed_exists(store, name="snapshot", **WATER)
    assert is_shredded(store, **WATER)
    assert not (store.root / "erasures-waiting.json").exists()
    with pytest.raises(Refusal):
        a_store(store.root)
