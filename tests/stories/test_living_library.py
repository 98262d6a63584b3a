"""A building is divided, a name is confirmed: the next build finds people where they are now, by old words and new."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.stories import towns

LIBRARY = "address_library"


def washed(store: Path, text: str) -> dict[str, Any]:
    """The last step of `kuai explain address`: grade and reason."""
    steps = towns.run_well("explain", "address", text, "--store", store, "--json").json()
    return {"steps": steps, "words": "".join(step["text"] for step in steps)}


def kuai_library(store: Path, *words: object) -> Any:
    return towns.run_well("library", *words, "--store", store, "--json").json()


@pytest.fixture
def a_building(town: Path) -> tuple[dict[str, str], list[dict[str, str]]]:
    """A building of the town whose rooms have people, with its rooms."""
    rows = towns.read_extract(town, LIBRARY)
    building = next(row for row in rows if row["级别"] == "楼栋")
    return building, [row for row in rows if row["上级编码"] == building["地址编码"]]


def test_a_renumbered_building_is_found_by_its_old_number_at_the_next_build(
    town: Path, own_store: Path, a_building: tuple[dict[str, str], list[dict[str, str]]]
) -> None:
    building, rooms = a_building
    old, room = building["地址编码"], rooms[0]
    before = {row["mention_key"] for row in towns.read_core(own_store, "address_wash")
              if (row["address_code"] or "").startswith(old)}  # fmt: skip
    assert before
    new_text = f"{building['标准地址']}附9988号"
    words = (
        "event",
        "renumber",
        old,
        "--begin",
        f"{building['名称']}={new_text}",
        "--reason",
        "换门牌",
    )
    (step,) = kuai_library(own_store, *words)
    follower = next(code for code in step["begun"] if len(code) == 19)
    result = towns.build(town, own_store)
    assert not result["already_published"]
    entries = {row["address_code"]: row for row in towns.read_core(own_store, "address_entry")}
    assert entries[old]["state"] == "renumbered"
    assert entries[follower]["standard_text"] == new_text
    after = {
        row["mention_key"]: row["address_code"]
        for row in towns.read_core(own_store, "address_wash")
    }
    moved = {key for key in before if (after[key] or "").startswith(follower)}
    assert len(moved) >= 0.95 * len(before)
    resolved = kuai_library(own_store, "resolve", room["地址编码"])
    assert [code[:19] for code in resolved["successors"]] == [follower]
    # The same package again is taken in once: what was recorded since stays.
    assert towns.build(town, own_store)["already_published"]
    back = kuai_library(own_store, "undo", step["number"], "--reason", "登记错了")
    assert back[0]["undoes"] == step["number"]
    assert kuai_library(own_store, "resolve", follower)["successors"] == [old]


def test_a_package_without_a_library_is_washed_against_the_recorded_one(
    town: Path, own_store: Path, tmp_path: Path
) -> None:
    bare = towns.copy_town(town, tmp_path / "bare")
    towns.describe(
        bare,
        lambda text: text.update(
            resources=[one for one in text["resources"] if one["name"] != LIBRARY]
        ),
    )
    recorded = len(towns.read_core(own_store, "address_entry"))
    towns.build(bare, own_store)
    assert len(towns.read_core(own_store, "address_entry")) == recorded
    rooms = [row for row in towns.read_core(own_store, "address_wash") if row["level"] == "room"]
    assert len(rooms) > 100


def test_rows_that_vanish_are_not_ended_unless_the_delivery_says_it_is_full(
    town: Path, own_store: Path, tmp_path: Path
) -> None:
    fewer = towns.copy_town(town, tmp_path / "fewer")
    rows = towns.read_extract(fewer, LIBRARY)
    last = rows[-1]["地址编码"]
    towns.write_extract(fewer, LIBRARY, rows[:-1])
    say_delivery(fewer, "delta")
    towns.build(fewer, own_store)
    assert kuai_library(own_store, "resolve", last)["successors"] == [last]
    towns.write_extract(fewer, LIBRARY, rows[:-2] + rows[-1:])
    say_delivery(fewer, "full")
    towns.build(fewer, own_store)
    gone = kuai_library(own_store, "resolve", rows[-2]["地址编码"])
    assert (gone["successors"], gone["state"]) == ([], "demolished")


def test_a_build_that_was_there_already_tells_of_the_file_at_hand(
    town: Path, own_store: Path, tmp_path: Path
) -> None:
    longer = towns.copy_town(town, tmp_path / "longer")
    rows = towns.read_extract(longer, LIBRARY)
    twin = {**rows[-1], "地址编码": f"{rows[-1]['上级编码']}987654"}
    towns.write_extract(longer, LIBRARY, [*rows, twin])
    again = towns.build(longer, own_store)
    assert again["already_published"]
    (part,) = (one for one in again["receipt"]["parts"] if one["received"] == len(rows) + 1)
    assert part["kept"] == len(rows) + 1
    told = towns.run_well("build", longer, "--store", own_store).stdout
    assert "这次的地址库" in told
    assert f"{len(rows) + 1:,}" in told


def test_a_package_that_lost_its_rooms_ends_nothing_unasked(
    town: Path, own_store: Path, tmp_path: Path
) -> None:
    bare = towns.copy_town(town, tmp_path / "bare")
    rows = towns.read_extract(bare, LIBRARY)
    towns.write_extract(bare, LIBRARY, [row for row in rows if row["级别"] != "房屋"])
    say_delivery(bare, "full")
    answer = towns.run_kuai("build", bare, "--store", own_store)
    assert answer.exit_code == towns.BUILD_EXIT_REFUSED
    assert "kuai library plan" in answer.sentences
    room = next(row["地址编码"] for row in rows if row["级别"] == "房屋")
    assert kuai_library(own_store, "resolve", room)["successors"] == [room]


def say_delivery(town: Path, kind: str) -> None:
    """What the office says its library is: all there is (`full`), or what changed (`delta`)."""

    def change(description: dict[str, Any]) -> None:
        for one in description["resources"]:
            if one["name"] == LIBRARY:
                one["delivery"] = kind

    towns.describe(town, change)


def test_a_library_goes_out_and_comes_in_again_unchanged(own_store: Path, tmp_path: Path) -> None:
    for ending in ("csv", "xlsx", "parquet"):
        out = tmp_path / f"library.{ending}"
        towns.run_well("library", "export", "-o", out, "--store", own_store)
        assert out.stat().st_size > 5_000
    for ending in ("csv", "xlsx"):
        plan = kuai_library(own_store, "plan", tmp_path / f"library.{ending}", "--full")
        assert (plan["added"], plan["changed"], plan["refused"], plan["retired"]) == (0, 0, 0, 0)


def test_clear_words_for_what_cannot_be(own_store: Path, tmp_path: Path) -> None:
    for words, told in (
        (("resolve", "123"), "没有编码"),
        (("apply", "L-none", "--reason", "x"), "没有导入计划"),
        (("undo", "99", "--reason", "x"), "没有第 99 步"),
        (("export", "-o", tmp_path / "x.doc"), "只会写"),
        (("event", "move", "440310", "--to", "440310", "--reason", "x"), ""),
    ):
        answer = towns.run_kuai("library", *words, "--store", own_store)
        assert answer.exit_code == towns.BUILD_EXIT_REFUSED, words
        assert told in answer.sentences
        assert "Traceback" not in answer.stderr


def test_other_texts_come_with_the_package_and_its_library(
    town: Path, own_store: Path, tmp_path: Path
) -> None:
    named = towns.copy_town(town, tmp_path / "named")
    rows = towns.read_extract(named, LIBRARY)
    first = next(row for row in rows if row["级别"] == "楼栋")
    more = [{**row, "俗称": "", "旧名": ""} for row in rows]
    more[rows.index(first)] |= {"俗称": "望海牌坊楼", "旧名": "老望海楼;望海旧村"}
    towns.write_extract(named, LIBRARY, more)
    # A mapping is kept once suggested: a steward takes the new columns in, or the source is new.
    fresh = towns.same_keys(own_store, tmp_path / "fresh")
    towns.build(named, fresh)
    texts = {(row["text"], row["kind"]) for row in towns.read_core(fresh, "address_alias")}
    assert texts == {
        ("望海牌坊楼", "vernacular"),
        ("老望海楼", "old_name"),
        ("望海旧村", "old_name"),
    }
    found = {row["address_code"] for row in towns.read_core(fresh, "address_alias")}
    assert found == {first["地址编码"]}
    assert "望海牌坊楼" in kuai_library(fresh, "show", first["地址编码"])["aliases"]
    assert first["标准地址"] in washed(fresh, "望海牌坊楼")["words"]
