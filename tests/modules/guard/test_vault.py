"""The vault: what was sealed comes back, what was altered does not, what was shredded is gone everywhere."""

from __future__ import annotations

import os
import random
import shutil
import threading
from pathlib import Path

import pyarrow as pa
import pytest

from kuai.guard import actions
from kuai.guard.engine import keys
from kuai.guard.engine.vault import CHUNK_ROWS
from kuai.guard.types import Zone
from kuai.kit.errors import Breakdown, Refusal
from kuai.kit.store import Store

PLACE = {"zone": Zone.CORE, "source": "hukou", "period": "2026-10", "name": "snapshot"}


def a_table(rows: int = 1000) -> pa.Table:
    return pa.table(
        {
            "row_no": pa.array(range(rows), pa.int32()),
            "c0": [f"张{n}" for n in range(rows)],
            "c1": [None if n % 7 == 0 else f"44038119900101{n:04d}" for n in range(rows)],
        }
    )


def sealed_path(store: Store) -> Path:
    return store.vault / "core" / "hukou" / "2026-10" / "snapshot.sealed"


def open_every_row(store: Store) -> pa.Table:
    return actions.open_sealed(store, **PLACE)


def seal_a_chunk_then_another_shape(store: Store) -> None:
    table = a_table(CHUNK_ROWS + 1)
    with actions.sealing_writer(store, **PLACE, schema=table.schema) as writer:
        writer.write(table)
        writer.write(table.append_column("surprise", pa.nulls(table.num_rows)))


def test_a_sealed_table_comes_back_with_its_types_and_nulls(store: Store) -> None:
    table = a_table()
    actions.seal_table(store, **PLACE, table=table)
    assert open_every_row(store).equals(table)
    assert actions.sealed_exists(store, **PLACE)
    assert actions.count_sealed_rows(store, **PLACE) == 1000


def test_an_empty_table_keeps_its_columns(store: Store) -> None:
    actions.seal_table(store, **PLACE, table=a_table().slice(0, 0))
    opened = open_every_row(store)
    assert opened.num_rows == 0
    assert opened.schema.equals(a_table().schema)


@pytest.mark.parametrize(
    ("first", "last"),
    [(0, 1), (CHUNK_ROWS - 1, CHUNK_ROWS + 1), (3 * CHUNK_ROWS, 10**9), (5, 5), (10**8, 10**9)],
)
def test_a_row_range_and_some_columns_can_be_read_alone(
    store: Store, first: int, last: int
) -> None:
    table = a_table(3 * CHUNK_ROWS + 17)
    actions.seal_table(store, **PLACE, table=table)
    opened = actions.open_sealed(store, **PLACE, columns=["c1", "row_no"], rows=(first, last))
    assert opened.equals(table.select(["c1", "row_no"]).slice(first, last - first))


def test_a_long_file_is_sealed_batch_by_batch(store: Store) -> None:
    table = a_table(2 * CHUNK_ROWS + 5)
    with actions.sealing_writer(store, **PLACE, schema=table.schema) as writer:
        for batch in table.to_batches(max_chunksize=999):
            writer.write(batch)
    with actions.open_sealed_batches(store, **PLACE) as reader:
        sizes = [batch.num_rows for batch in reader]
    assert sizes == [CHUNK_ROWS, CHUNK_ROWS, 5]
    assert open_every_row(store).equals(table)


def test_a_writer_that_fails_leaves_the_old_table(store: Store) -> None:
    table = a_table()
    actions.seal_table(store, **PLACE, table=table)
    with pytest.raises(Breakdown, match="expects columns"):
        seal_a_chunk_then_another_shape(store)
    assert open_every_row(store).equals(table)
    assert [path.name for path in sealed_path(store).parent.iterdir()] == ["snapshot.sealed"]


def test_no_raw_value_stands_in_the_file(store: Store) -> None:
    actions.seal_table(store, **PLACE, table=a_table())
    content = sealed_path(store).read_bytes()
    assert "张1".encode() not in content
    assert b"44038119900101" not in content


def test_any_flipped_byte_is_found_and_a_chunk_is_named(store: Store) -> None:
    actions.seal_table(store, **PLACE, table=a_table(2 * CHUNK_ROWS))
    path = sealed_path(store)
    whole = path.read_bytes()
    dice = random.Random(20261122)
    for at in [0, 9, 20, len(whole) - 1, *dice.sample(range(len(whole)), 60)]:
        altered = bytearray(whole)
        altered[at] ^= 1 << dice.randrange(8)
        path.write_bytes(altered)
        with pytest.raises(Breakdown, match=r"altered|cut short|cipher"):
            open_every_row(store)
    altered = bytearray(whole)
    altered[len(whole) * 3 // 4] ^= 1
    path.write_bytes(altered)
    with pytest.raises(Breakdown, match=r"chunk 1 of 2 \(rows 65536 to 131071\)"):
        open_every_row(store)
    assert actions.open_sealed(store, **PLACE, rows=(0, 10)).num_rows == 10


def test_a_file_cut_short_anywhere_is_found(store: Store) -> None:
    actions.seal_table(store, **PLACE, table=a_table())
    path = sealed_path(store)
    whole = path.read_bytes()
    for length in (0, 5, 40, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(Breakdown, match="cut short|altered"):
            open_every_row(store)


def test_chunks_cannot_be_swapped(store: Store) -> None:
    table = pa.table({"n": pa.array([7] * (2 * CHUNK_ROWS), pa.int64())})
    actions.seal_table(store, **PLACE, table=table)
    path = sealed_path(store)
    whole = path.read_bytes()
    begins = 12 + int.from_bytes(whole[8:12], "big")
    footer_size = int.from_bytes(whole[-16:-8], "big")
    ends = len(whole) - 16 - footer_size
    half = (ends - begins) // 2
    first, second = whole[begins : begins + half], whole[begins + half : ends]
    assert len(first) == len(second)
    path.write_bytes(whole[:begins] + second + first + whole[ends:])
    with pytest.raises(Breakdown, match="chunk 0 of 2"):
        open_every_row(store)


@pytest.mark.parametrize(
    "change", [{"name": "quarantine"}, {"source": "rent"}, {"period": "2026-11"}]
)
def test_a_file_cannot_stand_in_for_another(store: Store, change: dict[str, str]) -> None:
    other = PLACE | change
    actions.seal_table(store, **PLACE, table=a_table())
    actions.seal_table(store, **other, table=a_table())
    target = store.vault / "core" / other["source"] / other["period"] / f"{other['name']}.sealed"
    shutil.copy(sealed_path(store), target)
    with pytest.raises(Breakdown, match="altered or moved"):
        actions.open_sealed(store, **other)


def test_an_earlier_write_cannot_lend_its_chunks(store: Store) -> None:
    actions.seal_table(store, **PLACE, table=a_table())
    earlier = sealed_path(store).read_bytes()
    actions.seal_table(store, **PLACE, table=a_table())
    later = sealed_path(store).read_bytes()
    assert len(earlier) == len(later)
    begins = 12 + int.from_bytes(later[8:12], "big")
    middle = len(later) - 16 - int.from_bytes(later[-16:-8], "big")
    sealed_path(store).write_bytes(later[:begins] + earlier[begins:middle] + later[middle:])
    with pytest.raises(Breakdown, match="chunk 0 of 1"):
        open_every_row(store)


def test_shredding_a_period_makes_backups_unreadable_and_spares_the_others(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = PLACE | {"period": "2026-11"}
    actions.seal_table(store, **PLACE, table=a_table())
    actions.seal_table(store, **other, table=a_table())
    backup = Store(tmp_path / "backup")
    shutil.copytree(store.root, backup.root)
    monkeypatch.setenv("KUAI_KEYS", str(store.keys))
    assert actions.open_sealed(backup, **PLACE).num_rows == 1000

    for _ in range(2):
        actions.shred_period(store, zone=Zone.CORE, source="hukou", period="2026-10")

    assert not sealed_path(store).exists()
    for place in (store, backup):
        assert not actions.sealed_exists(place, **PLACE)
        with pytest.raises(Refusal, match="销毁"):
            actions.open_sealed(place, **PLACE)
        assert actions.open_sealed(place, **other).num_rows == 1000
    actions.rotate_wrapping_key(store)
    with pytest.raises(Refusal, match="销毁"):
        actions.open_sealed(backup, **PLACE)


def test_a_shredded_period_is_not_revived_by_a_late_delivery(store: Store) -> None:
    actions.seal_table(store, **PLACE, table=a_table())
    actions.shred_period(store, zone=Zone.CORE, source="hukou", period="2026-10")
    with pytest.raises(Refusal) as refusal:
        actions.seal_table(store, **PLACE, table=a_table())
    assert refusal.value.code == "vault.shredded"


def test_rotation_keeps_everything_readable_and_no_old_key(store: Store) -> None:
    actions.seal_table(store, **PLACE, table=a_table())
    token = actions.tokenise(store, zone=Zone.CORE, value="440381199001010015")
    before = {path: path.read_bytes() for path in store.keys.rglob("wrapping-*.key")}
    sealed = sealed_path(store).read_bytes()

    assert actions.rotate_wrapping_key(store) == 2

    after = [path.read_bytes() for path in store.keys.rglob("*.key")]
    assert before
    assert not any(path.exists() or content in after for path, content in before.items())
    assert sealed_path(store).read_bytes() == sealed
    assert open_every_row(store).num_rows == 1000
    assert actions.tokenise(store, zone=Zone.CORE, value="440381199001010015") == token


def test_a_rotation_killed_half_way_is_finished_by_the_next(store: Store) -> None:
    for period in ("2026-10", "2026-11"):
        actions.seal_table(store, **(PLACE | {"period": period}), table=a_table(10))
    keyring = keys.open_keyring(store)
    keyring._create_wrapping_key("core")
    keyring._rewrap(
        keyring._data_key_path(zone="core", source="hukou", period="2026-11"), compartment="core"
    )
    for period in ("2026-10", "2026-11"):
        assert actions.open_sealed(store, **(PLACE | {"period": period})).num_rows == 10
    actions.rotate_wrapping_key(store)
    assert len(list((store.keys / "core").glob("*.key"))) == 1
    for period in ("2026-10", "2026-11"):
        assert actions.open_sealed(store, **(PLACE | {"period": period})).num_rows == 10


def test_keys_rotate_under_load_without_one_unreadable_table(store: Store) -> None:
    failures: list[BaseException] = []
    rounds_done = threading.Event()

    def work(worker: int) -> None:
        place = PLACE | {"source": f"office{worker}"}
        turn = 0
        while not rounds_done.is_set():
            turn += 1
            try:
                mine = place | {"period": f"p{turn % 5}"}
                actions.seal_table(store, **mine, table=a_table(10))
                assert actions.open_sealed(store, **mine).num_rows == 10
            except BaseException as failure:  # noqa: BLE001 - a thread must hand it over
                failures.append(failure)

    workers = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for worker in workers:
        worker.start()
    for _ in range(15):
        actions.rotate_wrapping_key(store)
    rounds_done.set()
    for worker in workers:
        worker.join()
    assert failures == []


def test_keys_are_private_and_outside_the_store(store: Store) -> None:
    actions.seal_table(store, **PLACE, table=a_table())
    actions.tokenise(store, zone=Zone.REPORTERS, value="x")
    assert not store.keys.is_relative_to(store.root)
    for path in [store.keys, *store.keys.rglob("*")]:
        assert path.stat().st_mode & 0o077 == 0, path
    assert not [path for path in store.root.rglob("*") if "key" in path.suffix]


@pytest.mark.parametrize("what", ["folder", "wrapping key"])
def test_keys_that_others_can_read_are_refused_with_the_remedy(store: Store, what: str) -> None:
    actions.seal_table(store, **PLACE, table=a_table())
    path = store.keys if what == "folder" else next((store.keys / "core").glob("*.key"))
    path.chmod(0o755 if what == "folder" else 0o644)
    with pytest.raises(Refusal) as refusal:
        open_every_row(store)
    assert refusal.value.code == "keys.too_open"
    assert "chmod" in refusal.value.next_step


def test_a_missing_key_folder_is_refused_and_never_made_anew(store: Store) -> None:
    actions.seal_table(store, **PLACE, table=a_table())
    shutil.move(store.keys, store.keys.with_name("elsewhere"))
    for attempt in (
        lambda: open_every_row(store),
        lambda: actions.seal_table(store, **PLACE, table=a_table()),
    ):
        with pytest.raises(Refusal) as refusal:
            attempt()
        assert refusal.value.code == "keys.missing"
        assert "KUAI_KEYS" in refusal.value.next_step
    store.keys.mkdir(mode=0o700)  # an unmounted key disk leaves an empty folder behind
    with pytest.raises(Refusal, match="找不到密钥"):
        open_every_row(store)


def test_another_stores_keys_are_refused(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Store(tmp_path / "other").create()
    actions.seal_table(store, **PLACE, table=a_table())
    actions.seal_table(other, **PLACE, table=a_table())
    monkeypatch.setenv("KUAI_KEYS", str(other.keys))
    with pytest.raises(Refusal) as refusal:
        open_every_row(store)
    assert refusal.value.code == "keys.other_store"


def test_keys_inside_the_store_are_refused(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUAI_KEYS", str(store.root / "keys"))
    with pytest.raises(Refusal) as refusal:
        actions.seal_table(store, **PLACE, table=a_table())
    assert refusal.value.code == "keys.inside_store"


def test_a_wrapped_key_cannot_take_another_periods_place(store: Store) -> None:
    for period in ("2026-10", "2026-11"):
        actions.seal_table(store, **(PLACE | {"period": period}), table=a_table(10))
    folder = store.keys / "core" / "data" / "hukou"
    os.replace(folder / "2026-11.json", folder / "2026-10.json")
    with pytest.raises(Breakdown, match="altered or moved"):
        open_every_row(store)


@pytest.mark.parametrize("name", ["../core", "a/b", "", ".hidden", "a..b", "x" * 200])
def test_names_that_could_leave_the_vault_are_refused(store: Store, name: str) -> None:
    for field in ("source", "period", "name"):
        with pytest.raises(Refusal) as refusal:
            actions.seal_table(store, **(PLACE | {field: name}), table=a_table(1))
        assert refusal.value.code == "vault.bad_name"


def test_what_was_never_sealed_is_refused(store: Store) -> None:
    with pytest.raises(Refusal) as refusal:
        open_every_row(store)
    assert refusal.value.code == "vault.no_key"
    actions.seal_table(store, **PLACE, table=a_table(1))
    with pytest.raises(Refusal) as refusal:
        actions.open_sealed(store, **(PLACE | {"name": "identity"}))
    assert refusal.value.code == "vault.not_sealed"


def test_sm4_can_take_the_place_of_aes(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUAI_CIPHER", "SM4-GCM")
    actions.seal_table(store, **PLACE, table=a_table())
    monkeypatch.delenv("KUAI_CIPHER")
    assert b"SM4-GCM" in sealed_path(store).read_bytes()[:80]
    assert open_every_row(store).equals(a_table())
    altered = bytearray(sealed_path(store).read_bytes())
    altered[150] ^= 1
    sealed_path(store).write_bytes(altered)
    with pytest.raises(Breakdown, match="chunk 0"):
        open_every_row(store)
    actions.rotate_wrapping_key(store)
