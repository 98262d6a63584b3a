"""The record: events are added and undone, versions fold the same however they are opened, a build freezes one."""

from __future__ import annotations

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import shapely

from kuai.address import library, record
from kuai.address.models import Alias, LibraryStep, PlannedImport, StepSubject
from kuai.address.types import ADDRESS_ENTRY, AliasKind, EventKind, State
from kuai.kit.engine import engine
from kuai.kit.errors import Refusal
from kuai.kit.store import Store
from tests.modules.address.deliveries import delivered_rows, with_changes, write_delivery
from tests.modules.address.life.builders import EAST, GRIDS, building, room

pytestmark = pytest.mark.django_db
DAY = date(2026, 11, 1)
ROAD = "广东省深圳市青湾区松涛街道东岸社区望潮101路"


@pytest.fixture
def filled(store: Store, tmp_path: Path) -> Store:
    """A store whose library is the small invented one."""
    path = write_delivery(tmp_path / "library.csv", delivered_rows())
    made = library.plan_import(store, path, by="os:wang", day=DAY)
    library.apply_plan(store, made.plan_id, by="os:wang", reason="首次导入")
    return store


def happen(store: Store, kind: EventKind, **asked: object) -> library.EventView:
    event = library.NewEvent(kind, DAY, "测试", **asked)  # type: ignore[arg-type]
    return library.record_event(store, event, by="os:wang")


def renumber(store: Store, code: str = "", text: str = f"{ROAD}99号") -> library.EventView:
    new = library.NewEntry("望潮村", standard_text=text)
    return happen(store, EventKind.RENUMBERED, codes=(code or building(),), begins=(new,))


def frozen_bytes(store: Store, folder: Path) -> dict[str, bytes]:
    with engine() as connection:
        frozen = library.freeze_library(connection, store, folder)
    assert frozen is not None
    return {ref.name: ref.paths[0].read_bytes() for ref in frozen.tables}


def forget_open_records() -> None:
    record._OPEN.clear()


def test_an_event_is_in_the_log_with_its_codes_and_by_whom(filled: Store) -> None:
    step = renumber(filled)
    assert (step.number, step.kind, step.by, step.reason) == (2, "renumbered", "os:wang", "测试")
    assert building() in step.ended
    assert f"{GRIDS[0]}00004" in step.begun
    assert [one.number for one in library.list_events(code=room())] == [2]
    assert [one.kind for one in library.list_events()] == ["renumbered", "imported"]
    assert library.list_events(code=building(number=2)) == ()


def test_what_is_refused_leaves_no_trace(filled: Store) -> None:
    before = LibraryStep.objects.count(), StepSubject.objects.count()
    with pytest.raises(Refusal):
        happen(filled, EventKind.DEMOLISHED, codes=(GRIDS[0],))
    assert (LibraryStep.objects.count(), StepSubject.objects.count()) == before
    assert library.open_record(filled).sequence == 1


def test_a_preview_records_nothing(filled: Store) -> None:
    event = library.NewEvent(EventKind.DEMOLISHED, DAY, "拆除", codes=(building(),))
    assert len(library.preview_event(filled, event).changes) == 5
    assert library.open_record(filled).sequence == 1


def test_threads_that_bring_one_version_to_rest_at_once_all_get_it(filled: Store) -> None:
    renumber(filled)
    now = library.open_record(filled)
    versions = filled.library / "versions"

    def bring(_: int) -> str:
        made = record.snapshot_of(filled, now)
        assert made is not None
        return made.path(ADDRESS_ENTRY).read_bytes().hex()

    for _ in range(3):
        shutil.rmtree(versions / now.at.chain, ignore_errors=True)
        with ThreadPoolExecutor(6) as pool:
            assert len(set(pool.map(bring, range(6)))) == 1
    assert not list(versions.glob(".*.part"))


def test_what_a_killed_writer_left_of_a_version_goes(filled: Store) -> None:
    left = filled.library / "versions" / f".{'0' * 64}.abcd0123.999999999.part"
    left.mkdir()
    renumber(filled)
    record.snapshot_of(filled, library.open_record(filled))
    assert not left.exists()


@pytest.fixture
def drawn(store: Store, tmp_path: Path) -> Store:
    """A store whose first building and room have codes in another scheme, the building an outline too."""
    rows = [{"不动产单元号": "", **row} for row in delivered_rows()]
    rows = with_changes(rows, building(), 不动产单元号="440399001001GB00001F0001")
    rows = with_changes(rows, room(), 不动产单元号="440399001001GB00001F00010001")
    path = write_delivery(tmp_path / "library.csv", rows)
    made = library.plan_import(store, path, by="os:wang", day=DAY)
    library.apply_plan(store, made.plan_id, by="os:wang", reason="首次导入")
    shape = shapely.to_geojson(shapely.box(114.0999, 22.5999, 114.1001, 22.6001))
    outline = tmp_path / "outline.geojson"
    cells = {
        name: value for row in rows if row["地址编码"] == building() for name, value in row.items()
    }
    outline.write_text(
        f'{{"type":"FeatureCollection","features":[{{"type":"Feature","geometry":{shape},'
        f'"properties":{json.dumps(cells, ensure_ascii=False)}}}]}}',
        encoding="utf-8",
    )
    made = library.plan_import(store, outline, by="os:wang", day=DAY)
    library.apply_plan(store, made.plan_id, by="os:wang", reason="轮廓")
    return store


def test_a_renumbered_building_keeps_its_outline_and_its_other_codes(drawn: Store) -> None:
    step = renumber(drawn)
    new = next(code for code in step.begun if len(code) == 19)
    at_once = library.open_record(drawn)
    before = at_once.outline(building())
    assert before is not None
    (follower,) = at_once.resolve(room()).successors

    def keeps(opened: library.LibraryRecord) -> None:
        outline = opened.outline(new)
        assert outline is not None
        assert outline.geometry == before.geometry
        assert opened.identifiers(new) == (("不动产单元号", "440399001001GB00001F0001"),)
        assert opened.identifiers(follower) == (("不动产单元号", "440399001001GB00001F00010001"),)

    keeps(at_once)
    # As it is folded anew from the log, and as a build freezes it.
    frozen_bytes(drawn, drawn.root / "frozen")
    forget_open_records()
    shutil.rmtree(drawn.library / "versions")
    keeps(library.open_record(drawn))
    rows = pq.read_table(drawn.root / "frozen" / "address_identifier.parquet").to_pylist()
    assert {row["address_code"] for row in rows} >= {new, follower}


def test_a_code_is_not_in_use_before_it_was_issued(filled: Store) -> None:
    new = next(code for code in renumber(filled).begun if len(code) == 19)
    now = library.open_record(filled)
    assert now.resolve(new, DAY).successors == (new,)
    with pytest.raises(Refusal) as refused:
        now.resolve(new, DAY - timedelta(days=1))
    assert refused.value.code == "library.code_not_yet"
    assert str(DAY) in refused.value.sentence
    # When an imported code was issued is not known.
    assert now.resolve(building(number=2), date(2000, 1, 1)).is_living


def test_steps_are_never_changed_or_removed(filled: Store) -> None:
    step = LibraryStep.objects.get()
    with pytest.raises(TypeError):
        step.save()
    with pytest.raises(TypeError):
        step.delete()


def test_undoing_is_a_step_of_its_own_and_happens_once(filled: Store) -> None:
    done = renumber(filled)
    back = library.undo_event(filled, done.number, by="os:li", reason="登记错了")
    assert (back.kind, back.undoes) == ("undone", done.number)
    assert library.get_event(done.number).undone_by == back.number
    now = library.open_record(filled)
    assert now.resolve(room()).successors == (room(),)
    assert now.resolve(f"{GRIDS[0]}00004").successors == (building(),)
    for number, code in (
        (done.number, "library.undone_already"),
        (back.number, "library.undo_stays"),
        (77, "library.event_unknown"),
    ):
        with pytest.raises(Refusal) as refused:
            library.undo_event(filled, number, by="os:li", reason="再来")
        assert refused.value.code == code


def import_rows(store: Store, folder: Path, rows: list[dict[str, str]], **asked: object) -> int:
    path = write_delivery(folder / "more.csv", rows)
    made = library.plan_import(store, path, by="os:wang", day=DAY, **asked)  # type: ignore[arg-type]
    library.apply_plan(store, made.plan_id, by="os:wang", reason="更新")
    return library.open_record(store).sequence


def living(store: Store, folder: Path) -> list[dict[str, object]]:
    frozen_bytes(store, folder)
    rows = pq.read_table(folder / "address_entry.parquet").to_pylist()
    return [row for row in rows if row["state"] in ("planned", "in_use")]


def test_a_full_import_by_mistake_is_undone(filled: Store, tmp_path: Path) -> None:
    before = living(filled, tmp_path / "before")
    newcomer = {**delivered_rows()[-1], "地址编码": room(77, of=building()), "上级编码": building(), "名称": "777",
                "标准地址": f"{ROAD}1号777房"}  # fmt: skip
    part = [row for row in delivered_rows() if not row["地址编码"].startswith(building(number=2))]
    changed = with_changes([*part, newcomer], building(), 用途="厂房", 俗称="老厂")
    number = import_rows(filled, tmp_path, changed, full=True)
    assert not library.open_record(filled).entry(building(number=2)).is_living
    step = library.undo_event(filled, number, by="os:li", reason="送来的不是全量")
    assert (step.undoes, library.get_event(number).undone_by) == (number, step.number)
    assert living(filled, tmp_path / "after") == before
    now = library.open_record(filled)
    assert now.aliases(building()) == ()
    assert now.resolve(building(number=2)).successors == (building(number=2),)
    gone = now.resolve(room(77))
    assert gone.successors == ()
    assert "送来的不是全量" in gone.chain[0].reason
    forget_open_records()
    shutil.rmtree(filled.library / "versions")
    assert living(filled, tmp_path / "anew") == before


def test_an_import_that_later_steps_build_upon_is_not_undone(filled: Store, tmp_path: Path) -> None:
    rows = with_changes(delivered_rows(), building(), 用途="厂房")
    number = import_rows(filled, tmp_path, rows)
    renumber(filled, building(number=2), f"{ROAD}77号")
    done = renumber(filled)
    with pytest.raises(Refusal) as refused:
        library.undo_event(filled, number, by="os:li", reason="有误")
    assert refused.value.code == "library.undo_too_late"
    library.undo_event(filled, done.number, by="os:li", reason="有误")
    library.undo_event(filled, number, by="os:li", reason="有误")
    assert library.open_record(filled).entry(building()).use == "住宅"


def test_a_version_is_the_same_however_it_is_opened(filled: Store, tmp_path: Path) -> None:
    renumber(filled)
    happen(filled, EventKind.RENAMED, codes=(EAST,), new_name="望潮社区")
    rows = with_changes(delivered_rows(), building(grid=2), 用途="商铺", 俗称="老铺")
    made = library.plan_import(filled, write_delivery(tmp_path / "b.csv", rows), by="os:wang")
    library.apply_plan(filled, made.plan_id, by="os:wang", reason="更新")
    done = renumber(filled, building(grid=2), "广东省深圳市青湾区松涛街道西岸社区望潮201路99号")
    library.undo_event(filled, done.number, by="os:wang", reason="登记错了")
    first = frozen_bytes(filled, tmp_path / "first")
    forget_open_records()
    assert frozen_bytes(filled, tmp_path / "second") == first
    forget_open_records()
    shutil.rmtree(filled.library / "versions")
    assert frozen_bytes(filled, tmp_path / "third") == first


def test_two_machines_with_the_same_library_freeze_the_same_bytes(
    filled: Store, tmp_path: Path
) -> None:
    once = frozen_bytes(filled, tmp_path / "once")
    done = renumber(filled)
    library.undo_event(filled, done.number, by="os:wang", reason="登记错了")
    assert frozen_bytes(filled, tmp_path / "later") != once
    # Another machine: an empty work database.
    for model in (PlannedImport, StepSubject, LibraryStep):
        model.objects.all()._raw_delete("default")  # type: ignore[attr-defined]
    other = Store(tmp_path / "other").create()
    path = write_delivery(tmp_path / "same.csv", list(reversed(delivered_rows())))
    made = library.plan_import(other, path, by="os:li", day=date(2027, 1, 1))
    library.apply_plan(other, made.plan_id, by="os:li", reason="另一台机器")
    assert frozen_bytes(other, tmp_path / "there") == once


def test_nothing_is_frozen_while_nothing_is_recorded(store: Store, tmp_path: Path) -> None:
    with engine() as connection:
        assert library.freeze_library(connection, store, tmp_path) is None


def test_large_effects_lie_in_the_store_and_are_proven_when_read(
    store: Store, tmp_path: Path
) -> None:
    path = write_delivery(tmp_path / "wide.csv", delivered_rows(buildings=30, rooms=20))
    made = library.plan_import(store, path, by="os:wang")
    library.apply_plan(store, made.plan_id, by="os:wang", reason="导入")
    happen(store, EventKind.RENAMED, codes=(EAST,), new_name="望潮社区")
    step = LibraryStep.objects.get(sequence=2)
    assert step.bulk
    assert step.effect == {}
    forget_open_records()
    assert "望潮社区" in library.open_record(store).entry(room()).standard_text
    forget_open_records()
    (kept,) = (store.library / "events").iterdir()
    kept.write_bytes(b"")
    with pytest.raises(Exception, match=r"missing|recorded|EOF|gzip"):
        library.open_record(store)


def test_pages_ask_for_children_counts_roots_and_codes(filled: Store) -> None:
    renumber(filled)
    now = library.open_record(filled)
    assert [one.address_code for one in now.roots()] == ["440399"]
    assert [one.name for one in now.ancestors(room(of=building(number=2)))][-2:] == [
        "第1网格",
        "望潮村",
    ]
    assert building() not in [one.address_code for one in now.children(GRIDS[0])]
    assert building() in [one.address_code for one in now.children(GRIDS[0], ended_too=True)]
    assert now.counts()["building", "renumbered"] == 1
    assert now.counts()["building", "in_use"] == 12
    found = now.search(f"{GRIDS[0]}0000", limit=100)
    assert len(found) == 4 + 4 * 4
    assert now.search("x") == []
    with pytest.raises(Refusal, match="没有编码"):
        now.entry("440399999")


def test_a_record_that_is_held_does_not_change(filled: Store) -> None:
    held = library.open_record(filled)
    renumber(filled)
    assert held.entry(building()).state is State.IN_USE
    assert library.open_record(filled).entry(building()).state is State.RENUMBERED


# --- texts that people gave -----------------------------------------------------------------------------
def give(store: Store, text: str, code: str = "") -> library.AliasView:
    return library.add_alias(
        store,
        text=text,
        address_code=code or building(),
        kind=AliasKind.CONFIRMED,
        source="review",
        by="os:wang",
        reason="核实过",
    )


def frozen_texts(store: Store, folder: Path) -> set[tuple[str, str]]:
    frozen_bytes(store, folder)
    rows = pq.read_table(folder / "address_alias.parquet").to_pylist()
    return {(row["address_code"], row["text"]) for row in rows}


def test_a_given_text_is_frozen_until_it_is_taken_back(filled: Store, tmp_path: Path) -> None:
    given = give(filled, " 老榕树旁 ")
    assert give(filled, "老榕树旁").number == given.number
    assert frozen_texts(filled, tmp_path / "a") == {(building(), "老榕树旁")}
    gone = library.revoke_alias(given.number, by="os:li", reason="认错了")
    assert gone.is_revoked
    assert gone.revoked_by == "os:li"
    assert frozen_texts(filled, tmp_path / "b") == set()
    assert [one.number for one in library.list_aliases(building())] == [given.number]
    assert library.list_aliases(building(), live_only=True) == ()
    with pytest.raises(Refusal, match="已经撤回"):
        library.revoke_alias(given.number, by="os:li", reason="再撤")
    assert give(filled, "老榕树旁").number != given.number
    assert Alias.objects.count() == 3


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "alias.text"),
        ("长" * 401, "alias.text"),
        ("望潮村 13800138000", "alias.personal"),
        (f"{ROAD}1号", "alias.own_text"),
    ],
)
def test_a_text_that_does_not_fit_is_refused(filled: Store, text: str, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        give(filled, text)
    assert refused.value.code == code


def test_texts_follow_the_one_place_that_took_over(filled: Store, tmp_path: Path) -> None:
    give(filled, "老榕树旁")
    renumber(filled)
    follower = f"{GRIDS[0]}00004"
    assert frozen_texts(filled, tmp_path / "a") == {
        (building(), "老榕树旁"),
        (follower, "老榕树旁"),
    }
    with pytest.raises(Refusal) as refused:
        give(filled, "别的名字")
    assert refused.value.code == "alias.code_ended"


def test_a_text_that_is_somebody_s_address_today_is_no_alias(filled: Store, tmp_path: Path) -> None:
    give(filled, f"{ROAD}77号")
    assert frozen_texts(filled, tmp_path / "a") == {(building(), f"{ROAD}77号")}
    renumber(filled, building(number=2), f"{ROAD}77号")
    assert frozen_texts(filled, tmp_path / "b") == set()
