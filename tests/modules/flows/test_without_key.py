"""Rows by which nobody can be told again are kept, each by itself, counted, and listed by their numbers."""

from __future__ import annotations

from pathlib import Path

import pytest

from kuai.flows.queries import list_keyless_rows, list_stage_receipts
from kuai.guard import access
from kuai.kit.store import read_json
from tests.modules.flows.small_towns import small_town

pytestmark = pytest.mark.django_db
HEADINGS = ("姓名", "身份证号码", "联系电话", "现住地址")


def test_rows_without_any_key_are_kept_single_and_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KUAI_KEYS", raising=False)
    access.load_purposes()
    town = small_town(tmp_path)
    known = ("王测试", "440381199001011237", "13800000001", "坪山街道")
    town.deliver(
        "residents",
        HEADINGS,
        [
            known,
            ("李测试", "", "", ""),
            known[:1] + ("", "13800000001", ""),
            ("李测试", "", "", ""),
        ],
    )
    town.build()
    rows = list_keyless_rows(town.store, "residents")
    assert [(row.row_no, row.element, row.has_name) for row in rows] == [
        (1, "person", True),
        (3, "person", True),
    ]
    codes = {
        row["row_no"]: row["code"]
        for row in town.rows("mention_element")
        if row["source"] == "residents" and row["element"] == "person"
    }
    assert codes[1] != codes[3]
    receipts = read_json(town.store.current_build() / "receipts.json")
    told = {one["source"]: one["without_key"] for one in receipts["sources"]}
    assert (told["residents"], told["visits"]) == (2, 0)
    serve = next(one for one in list_stage_receipts(town.store) if one.stage == "serve")
    assert serve.notes["without_key"] == len(list_keyless_rows(town.store))
    assert serve.received == serve.kept
