"""A mention that says what it said in the build before keeps its answer; whatever is new is washed."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kuai.address.actions import read_library, wash_mentions
from kuai.address.types import EarlierWash
from kuai.kit.engine import content_hash, engine
from kuai.kit.tables import TableRef
from tests.modules.address.builders import invented_table
from tests.modules.address.test_address_doors import MENTIONS

PLACE, OTHER = "石桥村三巷5号302", "石桥三巷7号101"
OLD = {"a": PLACE, "b": PLACE, "c": OTHER, "d": None}
NEW = {"a": PLACE, "b": OTHER, "e": OTHER, "d": None}


def mentions_at(path: Path, texts: dict[str, str | None]) -> TableRef:
    rows = {"mention_key": list(texts), "text": pa.array(list(texts.values()), pa.string())}
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(rows), path)
    return TableRef(MENTIONS, (path,), len(texts))


def wash(folder: Path, mentions: TableRef, earlier: EarlierWash | None = None) -> tuple[str, Path]:
    with engine() as connection:
        library, _ = read_library(connection, invented_table(), folder / "library")
        ref, receipt = wash_mentions(
            connection, mentions=[mentions], library=library, folder=folder, earlier=earlier
        )
        assert receipt.kept == mentions.rows
        return content_hash(connection, ref), ref.paths[0]


@pytest.fixture
def before(tmp_path: Path) -> Path:
    return wash(tmp_path / "old", mentions_at(tmp_path / "first.parquet", OLD))[1]


def marked(answers: Path) -> Path:
    """The same answers, told from new ones by their explanation."""
    table = pq.read_table(answers)
    place = table.column_names.index("explanation")
    told = table.set_column(place, "explanation", pa.array(["as before"] * table.num_rows))
    path = answers.with_name("marked.parquet")
    pq.write_table(told, path)
    return path


def test_what_is_kept_is_what_would_be_washed(tmp_path: Path, before: Path) -> None:
    mentions = mentions_at(tmp_path / "now.parquet", NEW)
    earlier = EarlierWash(before, ((tmp_path / "first.parquet",),))
    assert wash(tmp_path / "kept", mentions, earlier)[0] == wash(tmp_path / "anew", mentions)[0]


def test_only_the_same_text_under_the_same_key_keeps_its_answer(
    tmp_path: Path, before: Path
) -> None:
    earlier = EarlierWash(marked(before), ((tmp_path / "first.parquet",),))
    _, path = wash(tmp_path / "kept", mentions_at(tmp_path / "now.parquet", NEW), earlier)
    rows = pq.read_table(path).to_pylist()
    assert [one["mention_key"] for one in rows if one["explanation"] == "as before"] == ["a"]


def test_a_newer_delivery_says_what_an_older_ones_mention_was(tmp_path: Path, before: Path) -> None:
    """The answers were given to the newer text: the older one may not have them."""
    mentions_at(tmp_path / "older.parquet", {"a": OTHER, "c": OTHER})
    mentions_at(tmp_path / "newer.parquet", {"a": PLACE})
    deliveries = (tmp_path / "older.parquet", tmp_path / "newer.parquet")
    now = mentions_at(tmp_path / "now.parquet", {"a": OTHER, "c": OTHER})
    _, path = wash(tmp_path / "kept", now, EarlierWash(marked(before), (deliveries,)))
    rows = pq.read_table(path).to_pylist()
    assert [one["mention_key"] for one in rows if one["explanation"] == "as before"] == ["c"]
