"""The refused rows of an upload: values by a ticket of whoever handed it in, mended rows back by the same sheet."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import openpyxl
import pytest
from django.test import Client

from kuai.flows.delivery_series import list_series
from kuai.flows.handed_in import take_in
from kuai.guard.ledger import LedgerFilter, list_entries
from kuai.guard.types import Role, Zone
from kuai.kit.errors import DataFault
from kuai.kit.store import Store
from kuai.sources.mending import read_receipt_together, write_rows_to_mend
from kuai.web.doors import current_store
from kuai.web.models import Upload, UploadState
from kuai.web.uploads.returning import is_open
from tests.modules.web.test_uploads import HEADINGS, ROWS, hand_in

LogIn = Callable[[Role], Client]
BAD = "李四,#REF!,示例区甲街道一社区示例花园1栋201\n王五,#REF!,示例区甲街道一社区示例花园1栋202\n"


@pytest.fixture
def steward(log_in: LogIn) -> Client:
    return log_in(Role.DATA_STEWARD)


@pytest.fixture
def upload(steward: Client) -> Upload:
    hand_in(steward, (HEADINGS + ROWS + BAD).encode())
    found = Upload.objects.get()
    assert (found.received, found.kept, found.quarantined) == (7, 5, 2), found.sentence
    return found


def sheet_of(answer: object) -> openpyxl.worksheet.worksheet.Worksheet:
    content = b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    assert sheet is not None
    return sheet


def with_values(client: Client, upload: Upload) -> openpyxl.worksheet.worksheet.Worksheet:
    client.post(f"/uploads/{upload.uuid}/return-ticket/")
    return sheet_of(client.post(f"/uploads/{upload.uuid}/refused-values/"))


def as_file(sheet: openpyxl.worksheet.worksheet.Worksheet) -> bytes:
    held = io.BytesIO()
    sheet.parent.save(held)
    return held.getvalue()


def mended(sheet: openpyxl.worksheet.worksheet.Worksheet) -> bytes:
    for row in range(2, sheet.max_row + 1):
        sheet.cell(row, 2).value = ""
    return as_file(sheet)


# --- the ticket ---------------------------------------------------------------------------------------


def test_without_a_ticket_even_the_uploader_gets_row_numbers_and_reasons_only(
    steward: Client, upload: Upload
) -> None:
    sheet = sheet_of(steward.get(f"/uploads/{upload.uuid}/refused-rows/"))
    cells = [cell.value for cell in sheet[2]]
    assert cells[:3] == ["***", "***", "***"]
    assert cells[3].startswith("原文件第 7 行：")
    assert steward.post(f"/uploads/{upload.uuid}/refused-values/").status_code == 403


def test_a_ticket_of_the_upload_opens_the_values_and_the_ledger_has_it(
    steward: Client, upload: Upload
) -> None:
    assert "取凭据" in steward.get(f"/uploads/{upload.uuid}/").content.decode()
    sheet = with_values(steward, upload)
    assert [cell.value for cell in sheet[2]][:2] == ["李四", "#REF!"]
    assert "含原值" in steward.get(f"/uploads/{upload.uuid}/").content.decode()
    (issued,) = list_entries(LedgerFilter(action="ticket.issued")).entries
    assert issued.object_kind == "delivery"
    (entry,) = list_entries(LedgerFilter(action="exported_refused_rows")).entries
    assert (entry.objects, entry.count) == (("police_residents",), 2)
    assert entry.ticket_id == issued.ticket_id


def test_the_ticket_is_the_uploaders_for_this_upload_for_five_days(
    steward: Client, upload: Upload
) -> None:
    Upload.objects.update(uploaded_by="somebody.else")
    refused = steward.post(f"/uploads/{upload.uuid}/return-ticket/")
    assert refused.status_code == 403
    assert "不在你手上" in refused.content.decode()
    Upload.objects.update(uploaded_by="demo-data-steward")
    with_values(steward, upload)
    Upload.objects.update(uploaded_at=upload.uploaded_at - timedelta(days=6))
    assert steward.post(f"/uploads/{upload.uuid}/refused-values/").status_code == 403
    assert steward.post(f"/uploads/{upload.uuid}/return-ticket/").status_code == 403


def test_a_ticket_of_another_upload_opens_nothing(steward: Client, upload: Upload) -> None:
    hand_in(steward, (HEADINGS + ROWS + BAD).encode(), period="2026-09")
    other = Upload.objects.exclude(uuid=upload.uuid).get()
    steward.post(f"/uploads/{other.uuid}/return-ticket/")
    assert steward.post(f"/uploads/{upload.uuid}/refused-values/").status_code == 403
    assert steward.post(f"/uploads/{other.uuid}/refused-values/").status_code == 200


def test_rows_of_a_source_that_lies_apart_have_no_ticket(steward: Client) -> None:
    hand_in(steward, (HEADINGS + ROWS + BAD).encode(), source="disability_cards")
    upload = Upload.objects.get()
    answer = steward.post(f"/uploads/{upload.uuid}/return-ticket/")
    assert answer.status_code == 403
    assert "单独存放" in answer.content.decode()


# --- and back again -----------------------------------------------------------------------------------


def test_the_mended_sheet_adds_up_with_the_first_delivery_and_both_stay(
    steward: Client, upload: Upload, portal: Store
) -> None:
    text = hand_in(steward, mended(with_values(steward, upload)), "退回.xlsx")
    again = Upload.objects.exclude(uuid=upload.uuid).get()
    assert again.state == UploadState.KEPT, again.sentence
    assert (again.received, again.kept) == (2, 2)
    assert again.period == "2026-10-mended-1"
    assert "接收 7 = 收下 7 + 不收 0 + 退回 0" in text
    folder = portal.vault / "core" / "police_residents"
    assert (folder / "2026-10" / "snapshot.json").exists()
    assert (folder / "2026-10-mended-1" / "snapshot.json").exists()
    kinds = {one.period: one.delivery for one in list_series(portal, "police_residents")}
    assert kinds["2026-10-mended-1"] == "delta"
    nothing = steward.get(f"/uploads/{upload.uuid}/refused-rows/")
    assert nothing.status_code == 404
    assert "都已补收" in nothing.content.decode()


def test_mended_in_two_goes_each_row_counts_once(steward: Client, upload: Upload) -> None:
    sheet = with_values(steward, upload)
    sheet.cell(2, 2).value = ""
    first = as_file(sheet)
    # The same bytes again change nothing.
    for _ in range(2):
        text = hand_in(steward, first, "退回.xlsx")
        assert "接收 7 = 收下 6 + 不收 0 + 退回 1" in text
    rest = with_values(steward, upload)
    assert rest.max_row == 2
    text = hand_in(steward, mended(rest), "退回.xlsx")
    assert "接收 7 = 收下 7 + 不收 0 + 退回 0" in text


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda sheet: sheet.append(["赵六", "", "某处", "没有退回过"]), "不是这一期退回的行"),
        (lambda sheet: sheet.append([cell.value for cell in sheet[2]]), "有两行"),
        (lambda sheet: sheet.insert_cols(1), "列和那一期的不同"),
        (lambda sheet: sheet.cell(2, 1, "***"), "还是 ***"),
    ],
)
def test_a_sheet_that_is_not_the_refused_rows_is_refused_whole(
    steward: Client, upload: Upload, spoil: Callable[[object], object], sentence: str
) -> None:
    sheet = with_values(steward, upload)
    for row in range(2, sheet.max_row + 1):
        sheet.cell(row, 2).value = ""
    spoil(sheet)
    if sentence.startswith("列"):
        sheet.cell(1, 1).value = "新列"
    text = hand_in(steward, as_file(sheet), "退回.xlsx")
    assert sentence in text
    assert Upload.objects.exclude(uuid=upload.uuid).get().state == UploadState.REFUSED


def test_rows_mended_already_do_not_come_in_twice(steward: Client, upload: Upload) -> None:
    sheet = with_values(steward, upload)
    first = mended(sheet)
    hand_in(steward, first, "退回.xlsx")
    sheet.cell(2, 1).value = "李四四"
    assert "已经改好交过" in hand_in(steward, as_file(sheet), "退回.xlsx")


def test_rows_of_a_file_that_another_took_the_place_of_are_not_matched_by_number(
    steward: Client, upload: Upload, portal: Store, tmp_path: Path
) -> None:
    old = mended(with_values(steward, upload))
    place = {"source": upload.source, "period": upload.period, "zone": Zone(upload.zone)}
    file = tmp_path / "again.csv"
    # Rows 7 and 8 are refused again, of other people.
    file.write_text(HEADINGS + ROWS + BAD.replace("王五", "赵六"), encoding="utf-8")
    take_in(portal, file, **place)
    with pytest.raises(DataFault) as refused:
        take_in(portal, _written(tmp_path / "退回.xlsx", old), **place)
    assert refused.value.code == "mended.other_file"
    assert "重新下载" in str(refused.value.remedy)
    assert not list(portal.vault.glob(f"*/*/{upload.period}-mended-*"))


def test_rows_mended_of_an_earlier_file_mend_none_of_the_next(
    steward: Client, upload: Upload, portal: Store, tmp_path: Path
) -> None:
    place = {"source": upload.source, "period": upload.period, "zone": Zone(upload.zone)}
    hand_in(steward, mended(with_values(steward, upload)), "退回.xlsx")
    file = tmp_path / "again.csv"
    file.write_text(HEADINGS + ROWS + BAD.replace("王五", "赵六"), encoding="utf-8")
    take_in(portal, file, **place)
    together = read_receipt_together(portal, **place)
    assert (together.kept, together.quarantined) == (5, 2)
    sheet = tmp_path / "left.xlsx"
    assert write_rows_to_mend(portal, **place, target=sheet, with_values=True) == 2
    again = openpyxl.load_workbook(sheet).active
    assert again is not None
    come = take_in(portal, _written(tmp_path / "退回二.xlsx", mended(again)), **place)
    assert come.together is not None
    assert (come.together.kept, come.together.quarantined) == (7, 0)


def _written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def test_a_refused_sheet_without_its_delivery_is_told_so(steward: Client, upload: Upload) -> None:
    text = hand_in(steward, mended(with_values(steward, upload)), "退回.xlsx", period="2026-08")
    assert "还没有收到" in text


def test_another_file_of_the_same_name_in_the_vault_is_nobodys_rows_to_take_back(
    steward: Client, upload: Upload, portal: Store, tmp_path: Path
) -> None:
    file = tmp_path / upload.file_name
    file.write_text(HEADINGS + ROWS + BAD.replace("王五", "赵六"), encoding="utf-8")
    period = upload.period
    take_in(portal, file, source=upload.source, period=period, zone=Zone(upload.zone))
    assert not is_open(str(upload.uuid))
    assert steward.post(f"/uploads/{upload.uuid}/return-ticket/").status_code == 403


def test_the_same_rows_under_another_name_are_the_upload_that_lies_there(
    steward: Client, upload: Upload
) -> None:
    card = next(current_store().vault.rglob("snapshot.json"))
    told = json.loads(card.read_text(encoding="utf-8"))
    card.write_text(json.dumps(told | {"file_name": "another.csv"}), encoding="utf-8")
    assert is_open(str(upload.uuid))
