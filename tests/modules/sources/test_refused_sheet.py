"""The sheet that goes back to the office holds what could not be read and what no element was found in."""

from __future__ import annotations

from pathlib import Path

import openpyxl

from kuai.guard.types import Zone
from kuai.kit.store import Store
from kuai.sources import actions
from tests.modules.sources.map_builders import AS_OF, a_registration, an_id

HEADINGS = "姓名,身份证号码,出生日期,现住地址,联系电话"
ROWS = [
    f"张安,{an_id(1)},1980-01-01,坪山区甲村一巷1号101房,16400000001",
    "无,无,,-,",
    f"李宁,{an_id(2)},1980-01-01,坪山区甲村一巷1号102房,16400000002,多出的格",
]


def test_the_sheet_names_rows_of_both_stages_with_their_reasons(
    store: Store, tmp_path: Path
) -> None:
    file = tmp_path / "residents.csv"
    file.write_text("\n".join([HEADINGS, *ROWS]) + "\n", encoding="utf-8")
    place = {"zone": Zone.CORE, "source": "residents", "period": "0001"}
    snapshot, received = actions.receive_file(store, file, **place)
    mapping = actions.settle_mapping(store, snapshot, zone=Zone.CORE)
    _, mapped = actions.map_snapshot(
        store, snapshot, mapping, registration=a_registration("residents"), as_of=AS_OF
    )
    assert (received.quarantined, mapped.quarantined) == (1, 1)
    written = actions.write_refused_sheet(
        store, **place, target=tmp_path / "back.xlsx", with_values=True
    )
    lines = list(openpyxl.load_workbook(tmp_path / "back.xlsx").active.iter_rows(values_only=True))
    assert written == 2
    assert lines[0][: len(HEADINGS.split(","))] == tuple(HEADINGS.split(","))
    assert lines[1][0] == "李宁"
    assert "原文件第 4 行" in lines[1][5]
    mark = f"［文件 {snapshot.content_hash[:12]}］"
    assert (lines[2][0], lines[2][5]) == ("无", f"第 2 条数据：没有可识别的人、地址或单位{mark}")
    bare = actions.write_refused_sheet(store, **place, target=tmp_path / "bare.xlsx")
    shown = list(openpyxl.load_workbook(tmp_path / "bare.xlsx").active.iter_rows(values_only=True))
    assert bare == written
    # Role alone: which cells are filled, which row of the office's own file it is and why; no value.
    assert shown[1][0] == "***"
    assert "原文件第 4 行" in shown[1][5]
    assert {cell for line in shown[1:] for cell in line[:5]} <= {"***", None}
    assert all(len(line) == 6 for line in shown[1:])
