"""A day later a few rows of one source have changed: only they are worked on, and the build is the one made anew."""

from __future__ import annotations

import json
import random
import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest

from kuai.kit.store import Store, read_json, write_json
from tests.stories import towns

SOURCE = "rental_filings"


@pytest.fixture(scope="module")
def next_day(town: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One filing gone, one changed, one new."""
    package = towns.copy_town(town, tmp_path_factory.mktemp("day") / "package")
    rows = towns.read_extract(package, SOURCE)
    address = next(name for name in rows[0] if "地址" in name)
    changed = {**rows[1], address: rows[2][address]}
    towns.write_extract(package, SOURCE, [changed, *rows[2:], {**rows[3], address: "石桥村1号"}])
    return package


@pytest.fixture(scope="module")
def requests_of_the_next_day(town: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A day later some requests, of which no row names a person, are gone, changed or new."""
    package = towns.copy_town(town, tmp_path_factory.mktemp("later") / "package")
    towns.describe(package, lambda told: told.update(as_of=next_day_of(told["as_of"])))
    dice = random.Random(5)
    rows = towns.read_extract(package, "hotline_requests")
    kept = [row for row in rows if dice.random() > 0.1]
    for row in dice.sample(kept, 5):
        row["诉求内容"] = dice.choice(rows)["诉求内容"]
    towns.write_extract(package, "hotline_requests", kept)
    return package


def next_day_of(day: str) -> str:
    return (date.fromisoformat(day) + timedelta(days=1)).isoformat()


def links_said(store: Path) -> list[str]:
    stages = read_json(Store(store).current_build() / "receipts.json")["stages"]
    (link,) = [stage for stage in stages if stage["stage"] == "link"]
    return [part["notes"]["taken_over"][:2] for part in link["parts"]]


def copied(built: Path, folder: Path) -> Path:
    shutil.copytree(built, folder)
    shutil.copytree(Store(built).keys, Store(folder).keys)
    return folder


def tables_of(store: Path) -> dict[str, bytes]:
    core = towns.core_of(store)
    return {name: told for name, told in towns.bytes_by_file(core).items() if "parquet" in name}


def test_a_delta_gives_the_tables_that_a_build_from_nothing_gives(
    built: Path, next_day: Path, tmp_path: Path
) -> None:
    with_reuse, without = copied(built, tmp_path / "reuse"), copied(built, tmp_path / "anew")
    before = Store(with_reuse).current_build() / "inputs.json"
    assert all(
        line["addresses"]
        for line in read_json(before)["deliveries"]
        if line["zone"] == "core" and line["registration"]
    )
    mapped = {path: path.stat().st_mtime_ns for path in with_reuse.glob("extracts/*/*/map.json")}
    forget_what_was_made(without)
    # The second cold, under another seed of hashes.
    answers = [towns.build(next_day, with_reuse), towns.build(next_day, without, cold=True)]
    assert answers[0]["version"] == answers[1]["version"]
    assert tables_of(with_reuse) == tables_of(without)
    again = [path for path, at in mapped.items() if path.stat().st_mtime_ns != at]
    # A changed file is another delivery, with a folder of its own: no extract is made again.
    assert again == []


def test_a_later_day_keeps_the_links_of_rows_that_did_not_change_and_says_so(
    built: Path, requests_of_the_next_day: Path, tmp_path: Path
) -> None:
    with_reuse, without = copied(built, tmp_path / "reuse"), copied(built, tmp_path / "anew")
    forget_what_was_made(without)
    answers = [towns.build(requests_of_the_next_day, store) for store in (with_reuse, without)]
    assert answers[0]["version"] == answers[1]["version"]
    assert tables_of(with_reuse) == tables_of(without)
    # With the month the oldest living are others; and what a build from nothing does is said too.
    assert links_said(with_reuse) == ["提及", "沿用"]
    assert links_said(without) == ["提及", "提及"]
    # Another day on: nobody's row changed. But a damaged table of the build before is not handed on.
    (towns.core_of(with_reuse) / "organisation_tie.parquet").write_bytes(b"")
    towns.describe(
        requests_of_the_next_day, lambda told: told.update(as_of=next_day_of(told["as_of"]))
    )
    towns.build(requests_of_the_next_day, with_reuse)
    assert links_said(with_reuse) == ["沿用", "上一"]


def forget_what_was_made(store: Path) -> None:
    """Mentions go, and the build before says that another programme made it: nothing of either is taken over."""
    for made in store.glob("extracts/*/*/map.json"):
        made.unlink()
    told = Store(store).current_build() / "inputs.json"
    write_json(told, {**json.loads(told.read_text(encoding="utf-8")), "code": "other", "links": {}})
