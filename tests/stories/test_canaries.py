"""A thousand numbers and names of the town's people are planted in its extracts; none of them comes out in clear."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from kuai.kit.store import Store
from tests.stories import towns

PERSON_COLUMNS = {
    "police_residents": ("姓名", "身份证号码", "联系电话"),
    "rental_filings": (
        "出租人",
        "出租人证件号",
        "出租人电话",
        "承租人",
        "承租人证件号",
        "承租人电话",
    ),
    "business_registry": ("法定代表人", "法人证件号"),
    "access_cards": ("持卡人", "手机号"),
    "hotline_requests": ("来电号码",),
    "disability_cards": ("姓名", "证件号"),
    "water_usage": ("户名", "户号"),
}
NUMBER = re.compile(r"[0-9A-Z]*[0-9]{9,}[0-9X]")
# Three characters and no part of them a place's or a firm's: shorter names occur in addresses by chance.
NAME_CHARACTERS = 3
FEWEST_CANARIES = 1000


@pytest.fixture(scope="module")
def canaries(town: Path) -> list[bytes]:
    """Numbers of eleven digits or more, and three-character names that no address or firm happens to contain."""
    written = {
        value.strip()
        for source, columns in PERSON_COLUMNS.items()
        for row in towns.read_extract(town, source)
        for column in columns
        if (value := row.get(column) or "").strip()
    }
    numbers = {value for value in written if NUMBER.fullmatch(value) and len(set(value)) > 2}
    public = "\n".join(
        value
        for source in ("address_library", "business_registry", "inspections", "social_insurance")
        for row in towns.read_extract(town, source)
        for heading, value in row.items()
        if heading not in ("法定代表人", "法人证件号", "姓名", "社会保障号") and value
    )
    names = {value for value in written if len(value) == NAME_CHARACTERS and value not in public}
    names -= {value for value in names if not re.fullmatch(r"[\u4e00-\u9fff]+", value)}
    # What anybody may type into a free text, such as 无电话 or 13800138000, is nobody's.
    numbers -= {"13800138000", "13800000000", "000000000000000000", "111111111111111111"}
    found = sorted(numbers | (names - {"无电话", "未登记", "待核实"}))
    assert len(found) >= FEWEST_CANARIES
    assert len(names) > 200
    return [value.encode() for value in found]


@pytest.fixture(scope="module")
def pattern(canaries: list[bytes]) -> re.Pattern[bytes]:
    return re.compile(b"|".join(re.escape(value) for value in canaries))


def escapes(pattern: re.Pattern[bytes], text: bytes) -> int:
    """How many canaries a text holds. A count: the failing test must not print them either."""
    return len(set(pattern.findall(text)))


def test_the_canaries_would_be_seen(town: Path, pattern: re.Pattern[bytes]) -> None:
    register = "\n".join(
        value for row in towns.read_extract(town, "police_residents") for value in row.values()
    )
    assert escapes(pattern, register.encode()) > 500


def files_of(store: Path) -> Iterator[Path]:
    for root in (store, Store(store).keys):
        yield from (path for path in sorted(root.rglob("*")) if path.is_file())


def test_no_file_of_the_store_holds_a_canary_in_clear(
    built: Path, pattern: re.Pattern[bytes]
) -> None:
    kinds = {path.suffix for path in files_of(built)}
    assert {".parquet", ".sealed", ".sqlite3", ".json", ".yaml"} <= kinds
    escaped = {
        str(path.relative_to(built.parent)): escapes(pattern, towns.readable_text(path))
        for path in files_of(built)
        if path.name != "address_mention.parquet"
    }
    assert {name: count for name, count in escaped.items() if count} == {}


def test_addresses_as_written_hold_no_number_of_a_person(
    built: Path, canaries: list[bytes]
) -> None:
    """A written place may contain a name by chance or by an office's habit, never a number."""
    numbers = re.compile(b"|".join(value for value in canaries if value[:1].isdigit()))
    paths = list((built / "extracts").rglob("address_mention.parquet"))
    assert len(paths) > 5
    escaped = {path.parts[-3]: escapes(numbers, towns.readable_text(path)) for path in paths}
    assert {name: count for name, count in escaped.items() if count} == {}


def test_the_databases_hold_no_canary_in_any_table(built: Path, pattern: re.Pattern[bytes]) -> None:
    databases = [path for path in files_of(built) if path.suffix == ".sqlite3"]
    assert len(databases) == 3
    for path in databases:
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
            text = "\n".join(line for line in database.iterdump())
        assert escapes(pattern, text.encode()) == 0, path.name


def test_no_command_says_a_canary(
    own_store: Path, town: Path, tmp_path: Path, pattern: re.Pattern[bytes]
) -> None:
    fresh = tmp_path / "fresh"
    said = [
        towns.run_well("build", town, "--store", fresh),
        towns.run_well("build", town, "--store", own_store, "--json"),
        towns.run_well("block", "440310", "--store", own_store),
        towns.run_well("block", "440310", "--store", own_store, "--json"),
        towns.run_well("sources", "list", "--store", own_store),
        towns.run_well("sources", "list", "--store", own_store, "--json"),
        towns.run_well("export", "mentions", "--store", own_store, "-o", tmp_path / "m.csv"),
        towns.run_well("explain", "mention", "police_residents", "3", "--store", own_store),
        towns.run_well("explain", "mention", "rental_filings", "0", "--store", own_store),
        towns.run_well("explain", "relation", "5", "--store", own_store),
        towns.run_well("doctor", "--store", own_store),
        towns.run_well("ledger", "seal", "--store", own_store),
        towns.run_well("ledger", "export", "-o", tmp_path / "ledger", "--store", own_store),
    ]
    texts = [(answer.stdout + answer.stderr).encode() for answer in said]
    written = [(tmp_path / "m.csv").read_bytes()]
    written += [path.read_bytes() for path in (tmp_path / "ledger").rglob("*") if path.is_file()]
    assert all(texts)
    assert [escapes(pattern, text) for text in texts + written] == [0] * len(texts + written)
