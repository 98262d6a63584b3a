"""`kuai link` on written addresses: the same door in other words is one key, another door is not."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kuai.kit.engine import read_sql
from kuai.linkage import actions
from kuai.linkage.actions import link_file

DOOR = "广东省深圳市龙华区福城街道竹坑社区竹坑村十七坊41号301"
FLAT = "深圳市龙华区龙华街道白石龙社区景芬二路220号鹏城翠花园2栋1单元2003"


def tied(tmp_path: Path, *addresses: str) -> bool:
    """Are rows of one name at these addresses one person?"""
    rows = pa.table(
        {
            "row_id": [str(n) for n in range(len(addresses))],
            "source": [f"s{n}" for n in range(len(addresses))],
            "name": ["王晓明"] * len(addresses),
            "address": list(addresses),
        }
    )
    pq.write_table(rows, tmp_path / "in.parquet")
    link_file(tmp_path / "in.parquet", tmp_path / "out.parquet")
    return len(set(pq.read_table(tmp_path / "out.parquet")["person_code"].to_pylist())) == 1


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (DOOR, "龙华区竹坑村17坊41号3层301室"),
        (DOOR, "深圳竹坑村十七坊41号三楼301房(出租屋)"),
        (DOOR, "广东省深圳市龙华区福城办事处竹坑社区竹坑十七坊４１号３０１ 电话联系"),
        (FLAT, "广东省深圳市龙华区龙华街鹏城翠花园2-1-2003"),
        (FLAT, "龙华街道鹏城翠（景芬二路220号）2号楼1单元2003室"),
        (FLAT, "深圳市 龙华区，鹏城翠小区2幢一单元20层2003"),
    ],
)
def test_one_door_in_other_words_is_one_key(tmp_path: Path, left: str, right: str) -> None:
    assert tied(tmp_path, left, right)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (DOOR, "龙华区竹坑村17坊41号302"),
        (DOOR, "龙华区竹坑村17坊14号301"),
        (DOOR, "龙华区竹坑老村17坊41号301"),
        (DOOR, "龙华区竹坑村17坊41号301-2"),
        (FLAT, "龙华区鹏城翠花园2栋2单元2003"),
        (FLAT, "龙华区鹏城翠花园3栋1单元2003"),
        ("龙华区竹坑村二十区1号101", "龙华区竹坑村二区01号101"),
    ],
)
def test_another_door_is_another_key(left: str, right: str) -> None:
    folded = keys_of(left, right)
    assert folded[0] != folded[1]


def keys_of(*addresses: str) -> list[str | None]:
    columns = ("row_id", "source", "role", "name", "id_number", "birth_date", "sex", "phone")
    more = ("room_code", "organisation_name")
    rows = pa.table(
        {
            "mention_no": list(range(len(addresses))),
            "address": list(addresses),
            **{name: pa.nulls(len(addresses), pa.string()) for name in (*columns, *more)},
        }
    )
    with duckdb.connect() as connection:
        connection.register("file_row", rows)
        made = connection.sql(read_sql(actions.__file__, "person_file_row")).to_arrow_table()
    return made.sort_by("mention_no")["room_code"].to_pylist()


def test_without_a_room_the_address_is_a_buildings() -> None:
    assert keys_of("龙华区竹坑村17坊41号", "竹坑村") == [None, None]
