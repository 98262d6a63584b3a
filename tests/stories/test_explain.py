"""Why is it so: an address, a row and a relation can be followed step by step; no step shows a person's value."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.stories import towns

REGISTER = "police_residents"


@pytest.fixture(scope="module")
def sure_rows(built: Path, town: Path) -> list[dict[str, str]]:
    """Rows of the register whose room the truth knows, with what the office wrote."""
    rows = towns.read_extract(town, REGISTER)
    truth = [row for row in towns.read_truth(town, "rows") if row["resource"] == REGISTER]
    return [
        {**rows[int(row["row"])], **row}
        for row in truth
        if len(row["room_code"]) > len("4403100010010100001")
    ]


@pytest.fixture
def store(own_store: Path) -> Path:
    """Explaining persons writes into the ledger, so each story has a store of its own."""
    return own_store


def test_an_address_is_explained_down_to_its_room(
    built: Path, town: Path, sure_rows: list[dict[str, str]]
) -> None:
    row = sure_rows[0]
    library = town / "extracts" / "address_library.csv"
    for words in (("--store", built), ("--library", library, "--store", built)):
        steps = towns.run_well("explain", "address", row["现住地址"], *words, "--json").json()
        assert len(steps) >= 4
        assert all(set(step) == {"step", "text"} for step in steps)
        assert steps[0]["text"] == row["现住地址"]
        assert row["room_code"] in " ".join(step["text"] for step in steps)


def test_an_address_of_elsewhere_ends_in_no_room(built: Path) -> None:
    answer = towns.run_well("explain", "address", "北京市海淀区中关村大街1号", "--store", built)
    assert "D" in answer.stdout
    assert "44031000" not in answer.stdout


def test_a_row_is_explained_with_its_person_place_and_relations(
    store: Path, sure_rows: list[dict[str, str]]
) -> None:
    row = sure_rows[0]
    steps = towns.run_well(
        "explain", "mention", REGISTER, row["row"], "--store", store, "--json"
    ).json()
    text = " ".join(f"{step['step']} {step['text']}" for step in steps)
    assert "P-" in text
    assert row["room_code"] in text
    assert "居住" in text
    assert row["姓名"] not in text
    assert row["身份证号码"] not in text


def test_a_relation_of_the_row_is_explained_by_its_number(
    store: Path, sure_rows: list[dict[str, str]]
) -> None:
    row = sure_rows[0]
    mention = towns.run_well(
        "explain", "mention", REGISTER, row["row"], "--store", store, "--json"
    ).json()
    number = next(step["step"].split()[1] for step in mention if step["step"].startswith("关系 "))
    steps = towns.run_well("explain", "relation", number, "--store", store, "--json").json()
    told = {step["step"]: step["text"] for step in steps}
    assert f"{REGISTER} 第 {row['row']} 行" in told["来自"]
    assert "申报" in told["状态"]
    assert 0 < float(told["把握"].split()[0]) <= 1
    assert told["可用于"]


def test_in_words_it_says_the_same_as_in_json(store: Path) -> None:
    words = towns.run_well("explain", "mention", REGISTER, "3", "--store", store).stdout
    steps = towns.run_well("explain", "mention", REGISTER, "3", "--store", store, "--json").json()
    assert all(step["text"] in words and step["step"] in words for step in steps)


def test_whoever_looks_at_a_row_is_in_the_ledger(store: Path, tmp_path: Path) -> None:
    towns.run_well("explain", "mention", REGISTER, "3", "--store", store)
    towns.run_well("export", "mentions", "--store", store, "-o", tmp_path / "m.csv")
    towns.run_well("ledger", "seal", "--store", store)
    towns.run_well("ledger", "export", "-o", tmp_path / "ledger", "--store", store)
    entries = b"".join(
        path.read_bytes() for path in sorted((tmp_path / "ledger").glob("entries-*"))
    )
    assert b"explained_mention" in entries
    assert b"exported_mentions" in entries


def test_doubtful_merges_are_listed_by_row_without_code_or_value(store: Path, town: Path) -> None:
    page = towns.run_well("review", "doubtful", "--store", store, "--limit", "5", "--json").json()
    assert page["total"] == sum(page["by_key"].values())
    assert len(page["ties"]) == min(5, page["total"]) > 0
    told = towns.run_well("review", "doubtful", "--store", store).stdout
    assert not re.search(r"P-[0-9A-Z]{8}|[0-9]{11}", told)
    names = {row["姓名"] for row in towns.read_extract(town, REGISTER)}
    assert not any(name in told for name in names if len(name) > 2)
    first = page["ties"][0]
    rows = [(first[end]["source"], first[end]["row_no"]) for end in ("left", "right")]
    ends = [f"{source}:{row_no}" for source, row_no in rows]
    explained = towns.run_well("explain", "pair", *ends, "--store", store).stdout
    # A row may name two persons, landlord and tenant; which tie comes first hangs on the store's keys.
    assert all(f"{source} 第 {row_no} 行" in explained for source, row_no in rows)
