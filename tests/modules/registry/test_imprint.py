"""No build follows on from one whose identity tables are not what it wrote: it says which file is wrong, and how."""

from __future__ import annotations

import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kuai.kit.element_codes import code_of
from kuai.kit.engine import engine
from kuai.kit.errors import DataFault
from kuai.kit.store import Store, read_json, write_json
from kuai.registry import actions as registry
from tests.modules.registry.builders import World, relate_world

NEW_TABLES = ("identity_event.parquet", "mention_home.parquet", "identity_imprint.json")


def world_of(*clusters: list[int]) -> World:
    world = World()
    for rows in clusters:
        for row in rows:
            world.person(row, cluster=f"police:{min(rows)}#subject")
    return world


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Two builds: four persons, of whom two become one. Copy it (`store`) before damaging it."""
    made = Store(tmp_path_factory.mktemp("imprint") / "store").create()
    previous = None
    for number, clusters in enumerate([([0], [1], [2], [3]), ([0, 1], [2], [3])]):
        folder = made.builds / f"b-20261031-{number:012x}"
        with engine() as connection:
            relate_world(
                connection,
                world_of(*clusters),
                folder,
                version=folder.name,
                previous=previous,
            )
        previous = folder / "core"
    return made


@pytest.fixture
def store(built: Store, tmp_path: Path) -> Store:
    return Store(shutil.copytree(built.root, tmp_path / "store"))


def newest(store: Store) -> Path | None:
    with engine() as connection:
        return registry.newest_build(connection, store)


def core(store: Store) -> Path:
    return store.builds / "b-20261031-000000000001" / "core"


def forget_release(store: Store) -> None:
    """As if an older release had made the builds."""
    for build in store.builds.iterdir():
        for name in NEW_TABLES:
            (build / "core" / name).unlink()


def change(path: Path, change_rows) -> None:
    table = pq.read_table(path)
    rows = table.to_pylist()
    pq.write_table(pa.Table.from_pylist(change_rows(rows), schema=table.schema), path)


def with_row(place: int, **values):
    def change_rows(rows):
        return [{**row, **(values if number == place else {})} for number, row in enumerate(rows)]

    return change_rows


NEVER_GIVEN = code_of("person", 999)
LEDGER_DAMAGES = {
    "有重复的编码或序号": lambda rows: [*rows, rows[0]],
    "序号不连续，有编码缺失": lambda rows: rows[:1] + rows[2:],
    "有编码并入了不存在的、更晚的或另一类的编码": with_row(1, merged_into=NEVER_GIVEN),
    "有编码分自不存在的、更晚的或另一类的编码": with_row(1, split_from=NEVER_GIVEN),
    "有编码和序号对不上": lambda rows: [
        {**row, "serial": {3: 4, 4: 3}.get(row["serial"], row["serial"])} for row in rows
    ],
}


def test_what_a_build_wrote_is_followed_on_from(store: Store) -> None:
    assert newest(store) == core(store).parent
    assert read_json(core(store) / "identity_imprint.json")["depth"] == 2
    with engine() as connection:
        assert registry.read_previous(connection, core(store))


def test_a_store_of_the_release_before_is_followed_on_from(store: Store) -> None:
    forget_release(store)
    (store.root / "current").write_text("b-20261031-000000000001\n")
    assert newest(store) == core(store).parent


@pytest.mark.parametrize("is_old", [False, True], ids=["with imprint", "of the release before"])
@pytest.mark.parametrize("sentence", LEDGER_DAMAGES)
def test_a_ledger_that_breaks_its_rules_is_refused_with_the_rule(
    store: Store, sentence: str, is_old: bool
) -> None:
    if is_old:
        forget_release(store)
    path = core(store) / "identity_ledger.parquet"
    change(path, LEDGER_DAMAGES[sentence])
    with pytest.raises(DataFault) as fault, engine() as connection:
        registry.read_previous(connection, core(store))
    assert sentence in fault.value.sentence
    assert fault.value.where.file.endswith("b-20261031-000000000001/core/identity_ledger.parquet")
    assert "备份" in fault.value.remedy


def test_codes_merged_in_a_circle_are_refused(store: Store) -> None:
    forget_release(store)
    path = core(store) / "identity_ledger.parquet"
    codes = [row["code"] for row in pq.read_table(path).to_pylist()]
    change(path, with_row(0, merged_into=codes[1]))
    with pytest.raises(DataFault, match="更晚的"), engine() as connection:
        registry.read_previous(connection, core(store))


@pytest.mark.parametrize(
    "name",
    [
        "identity_ledger.parquet",
        "identity_event.parquet",
        "mention_home.parquet",
        "mention_element.parquet",
        "identity_imprint.json",
    ],
)
@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda path: path.unlink(), "文件不见了"),
        (lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]), "读不出来"),
        (lambda path: path.write_bytes(b""), "读不出来"),
    ],
    ids=["gone", "cut short", "empty"],
)
def test_a_file_that_is_gone_or_cannot_be_read_is_named(
    store: Store, name: str, damage, sentence: str
) -> None:
    damage(core(store) / name)
    with pytest.raises(DataFault) as fault:
        newest(store)
    assert sentence in fault.value.sentence
    assert fault.value.where.file.endswith(name)


def test_a_table_that_keeps_its_rules_but_is_another_is_refused(store: Store) -> None:
    change(
        core(store) / "identity_ledger.parquet", with_row(3, founding_mention="police:9#subject")
    )
    with pytest.raises(DataFault, match="和建库时写下的不一样"):
        newest(store)


@pytest.mark.parametrize(
    ("name", "change_rows", "sentence"),
    [
        ("mention_home", lambda rows: [*rows, *rows], "同一提及有两个归属"),
        ("mention_home", with_row(0, home_code=NEVER_GIVEN), "不在台账里"),
        ("identity_event", lambda rows: rows[1:], "编号不连续"),
        ("identity_event", with_row(0, code=NEVER_GIVEN), "不在台账里"),
        ("mention_element", with_row(0, code=NEVER_GIVEN), "不在台账里的或已并入别处"),
    ],
)
def test_the_other_tables_say_what_is_wrong_with_them(
    store: Store, name: str, change_rows, sentence: str
) -> None:
    change(core(store) / f"{name}.parquet", change_rows)
    with pytest.raises(DataFault, match=sentence):
        newest(store)


def test_damage_in_a_build_that_nothing_follows_on_from_stops_nobody(store: Store) -> None:
    (store.builds / "b-20261031-000000000000" / "core" / "identity_ledger.parquet").unlink()
    assert newest(store) == core(store).parent


def test_of_builds_with_equal_codes_the_one_with_more_before_it_is_the_newest(store: Store) -> None:
    (store.root / "current").write_text("b-20261031-000000000000\n")
    assert newest(store) == core(store).parent


def test_an_imprint_of_another_shape_is_named(store: Store) -> None:
    write_json(core(store) / "identity_imprint.json", {"depth": 1})
    with pytest.raises(DataFault, match="读不出来"):
        newest(store)
