"""What leaves as a file: definitions, sources, purpose; withheld figures as a word; nothing a spreadsheet would run."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import openpyxl
import pytest
from django.test import Client

from kuai.guard.ledger import list_entries
from kuai.guard.ledger_types import LedgerFilter
from kuai.guard.types import Role
from kuai.web.blocks.printing import as_pdf
from kuai.web.blocks.sheets import (
    Asking,
    FigureSheet,
    SheetRow,
    as_csv,
    as_geojson,
    as_xlsx,
    plain_cell,
)
from tests.modules.web.fakes import AS_OF, COMMUNITY, HIDDEN_FIGURE, ROOM, VERSION, a_block

LogIn = Callable[[Role], Client]
ASKING = Asking("统计", "设施布点", "demo-leader", datetime(2026, 11, 22, 9, 0, tzinfo=UTC))
EVIL = '=HYPERLINK("http://x.invalid")'


def a_sheet() -> FigureSheet:
    counters = a_block(COMMUNITY).counters
    # Its real figure stands behind a suppressed counter: no form may show it.
    odd = replace(counters[0], figure=424242)
    part = SheetRow("440309001001", "community", EVIL, (odd, *counters[1:]))
    whole = SheetRow("440309001", "subdistrict", "+甲街道", counters)
    return FigureSheet(
        "甲街道", VERSION, AS_OF, whole, (part,), ("说明",), {"police_residents": "实有人口"}
    )


def hidden(text: str) -> bool:
    return str(HIDDEN_FIGURE) not in text


def test_csv_marks_withheld_figures_and_defuses_formulas() -> None:
    text = as_csv(a_sheet(), ASKING).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    residents = [row for row in rows if row["指标"] == "登记居住人口"]
    assert [row["数"] for row in residents] == ["不公布", "不公布"]
    assert {row["名称"] for row in rows} == {"'+甲街道", "'" + EVIL}
    rooms = next(row for row in rows if row["指标"] == "房屋")
    assert rooms["口径"] == "房屋的口径"
    assert (rooms["来源"], rooms["数据截至"], rooms["版本"]) == ("实有人口", "2026-10-31", VERSION)
    assert rooms["用途"] == "统计：设施布点"


def test_the_workbook_says_what_for_first_and_holds_no_formula() -> None:
    book = openpyxl.load_workbook(io.BytesIO(as_xlsx(a_sheet(), ASKING)))
    assert book.sheetnames == ["用途与说明", "指标", "分项"]
    purpose = {row[0].value: row[1].value for row in book["用途与说明"].iter_rows()}
    assert purpose["用途"] == "统计：设施布点"
    assert purpose["数据截至"] == "2026-10-31"
    cells = [cell for page in book for row in page.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "n"}
    assert "'" + EVIL in [cell.value for cell in cells]
    figures = {row[0].value: row[1].value for row in book["指标"].iter_rows(min_row=2)}
    assert figures["登记居住人口"] == "不公布"
    assert figures["房屋"] == 120
    assert HIDDEN_FIGURE not in [cell.value for cell in cells]


def test_geojson_leaves_withheld_figures_out_and_names_them() -> None:
    collection = json.loads(as_geojson(a_sheet(), ASKING))
    for feature in collection["features"]:
        assert "residents" not in feature["properties"]["figures"]
        assert feature["properties"]["suppressed"] == ["residents"]
    assert collection["kuai"]["lines"]["用途"] == "统计：设施布点"
    assert collection["kuai"]["counters"]["rooms"]["definition"] == "房屋的口径"


def test_the_pdf_is_set_from_values_and_never_from_markup() -> None:
    plain = as_pdf(a_sheet(), ASKING)
    assert plain.startswith(b"%PDF-")
    # A name that is Typst code stays a name: reading a file would fail the setting.
    sly = replace(a_sheet(), title='#read("/etc/passwd")')
    assert as_pdf(sly, ASKING).startswith(b"%PDF-")


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", "\t=1", "\r=1", "＝1", "\n=1"])
def test_no_cell_begins_like_a_formula(text: str) -> None:
    assert plain_cell(text) == "'" + text
    assert plain_cell("甲" + text) == "甲" + text


@pytest.mark.parametrize(
    ("form", "begins"),
    [("csv", b"\xef\xbb\xbf"), ("xlsx", b"PK"), ("geojson", b"{"), ("pdf", b"%PDF")],
)
def test_an_export_leaves_a_line_and_its_reason_apart(
    log_in: LogIn, form: str, begins: bytes
) -> None:
    answer = log_in(Role.LEADER).post(
        f"/blocks/{COMMUNITY}/export/", {"form": form, "reason": "设施布点"}
    )
    assert answer.status_code == 200, answer.content.decode()[:800]
    assert answer.content.startswith(begins)
    assert "attachment" in answer.headers["Content-Disposition"]
    assert answer.headers["Cache-Control"] == "private, no-store"
    (entry,) = list_entries(LedgerFilter(action="exported_figures")).entries
    assert entry.objects == (COMMUNITY,)
    assert "设施布点" not in str(entry)


@pytest.mark.parametrize(
    "sent",
    [
        {"form": "csv", "reason": ""},
        {"form": "csv", "reason": "给王先生看"},
        {"form": "csv", "reason": "电话 13800138000"},
        {"form": "exe", "reason": "设施布点"},
        {"form": "csv", "reason": "长" * 81},
    ],
)
def test_an_export_without_a_fit_reason_is_refused(log_in: LogIn, sent: dict[str, str]) -> None:
    client = log_in(Role.LEADER)
    assert client.post(f"/blocks/{COMMUNITY}/export/", sent).status_code == 409
    assert not list_entries(LedgerFilter(action="exported_figures")).entries


def test_a_room_is_not_exported_and_a_link_exports_nothing(log_in: LogIn) -> None:
    client = log_in(Role.LEADER)
    sent = {"form": "csv", "reason": "设施布点"}
    assert client.post(f"/blocks/{ROOM}/export/", sent).status_code == 409
    assert client.get(f"/blocks/{COMMUNITY}/export/", sent).status_code == 405
