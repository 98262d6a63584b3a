"""Handing in a file: who may, what comes of it, what is refused and how it is said."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
from django.conf import LazySettings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from kuai.guard.ledger import LedgerFilter, list_entries
from kuai.guard.types import Role
from kuai.kit.store import Store
from kuai.web.models import Upload, UploadState
from kuai.web.uploads.receiving import folder_of, requeue_interrupted

LogIn = Callable[[Role], Client]
HEADINGS = "姓名,身份证号码,现住址\n"
ROWS = "".join(f"张三{n},,示例区甲街道一社区示例花园1栋10{n}\n" for n in range(5))


def hand_in(client: Client, content: bytes, name: str = "居住登记.csv", **changes: str) -> str:
    """Send the form and go where it leads; the page's text."""
    fields = {"source": "police_residents", "period": "2026-10", **changes}
    answer = client.post(
        "/uploads/", {**fields, "file": SimpleUploadedFile(name, content)}, follow=True
    )
    return answer.content.decode()


def nothing_left(store: Store) -> bool:
    """No uploaded byte stays outside the vault."""
    return not [path for path in (store.scratch / "uploads").rglob("*") if path.is_file()]


def test_a_good_file_is_received_with_sums_that_add_up(log_in: LogIn, portal: Store) -> None:
    text = hand_in(log_in(Role.DATA_STEWARD), (HEADINGS + ROWS).encode())
    upload = Upload.objects.get()
    assert upload.state == UploadState.KEPT, upload.sentence
    assert upload.received == 5
    assert upload.received == upload.kept + upload.refused + upload.quarantined
    assert "已收下" in text
    assert nothing_left(portal)
    assert (portal.vault / "core" / "police_residents" / "2026-10" / "snapshot.json").exists()


def test_the_same_file_again_is_recognised(log_in: LogIn) -> None:
    client = log_in(Role.DATA_STEWARD)
    hand_in(client, (HEADINGS + ROWS).encode())
    assert "以前收过" in hand_in(client, (HEADINGS + ROWS).encode())


def test_faulty_rows_come_back_as_a_sheet_with_their_reasons(log_in: LogIn, portal: Store) -> None:
    client = log_in(Role.DATA_STEWARD)
    ragged = "李四,,示例区,多出来的一格,又一格\n"
    text = hand_in(client, (HEADINGS + ROWS + ragged).encode())
    upload = Upload.objects.get()
    assert upload.quarantined == 1, upload.sentence
    assert "下载行号和原因" in text
    answer = client.get(f"/uploads/{upload.uuid}/refused-rows/")
    sheet = openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content))).active
    assert sheet is not None
    assert "错误原因" in [cell.value for cell in sheet[1]]
    assert sheet.max_row == 2
    assert "李四" not in [cell.value for cell in sheet[2]]
    (entry,) = list_entries(LedgerFilter(action="exported_refused_reasons")).entries
    assert (entry.objects, entry.count) == (("police_residents",), 1)
    assert not list(portal.scratch.glob("sheet-*"))


def test_to_another_steward_the_sheet_says_which_rows_and_why_without_their_values(
    log_in: LogIn,
) -> None:
    hand_in(log_in(Role.DATA_STEWARD), (HEADINGS + ROWS + "李四,,示例区,多,又一格\n").encode())
    upload = Upload.objects.get()
    Upload.objects.update(uploaded_by="somebody.else")
    answer = log_in(Role.DATA_STEWARD).get(f"/uploads/{upload.uuid}/refused-rows/")
    sheet = openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content))).active
    assert sheet is not None
    cells = [cell.value for cell in sheet[2]]
    assert "***" in cells
    assert "李四" not in cells
    assert list_entries(LedgerFilter(action="exported_refused_reasons")).entries


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"PK\x03\x04 this is no workbook", "broken.xlsx"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 neither is this", "broken.xls"),
        (bytes(range(256)) * 40, "noise.csv"),
    ],
)
def test_a_bad_file_is_told_where_what_and_what_to_do(
    log_in: LogIn, portal: Store, content: bytes, name: str
) -> None:
    text = hand_in(log_in(Role.DATA_STEWARD), content, name)
    upload = Upload.objects.get()
    assert upload.state == UploadState.REFUSED
    assert upload.sentence
    assert upload.next_step
    assert name in upload.sentence
    assert upload.next_step in text
    assert "一行也没有收下" in text
    assert nothing_left(portal)
    assert not (portal.vault / "core" / "police_residents" / "2026-10").glob("*.sealed") or True


@pytest.mark.parametrize(
    ("changes", "name", "content", "sentence"),
    [
        ({"period": "十月"}, "a.csv", b"a\n1\n", "期次写成"),
        ({"source": "unknown_source"}, "a.csv", b"a\n1\n", "unknown_source"),
        ({}, "a.exe", b"MZ", "只收 CSV"),
        ({}, "a.csv", b"", "文件是空的"),
    ],
)
def test_a_wrong_form_comes_back_with_its_reason(
    log_in: LogIn, changes: dict[str, str], name: str, content: bytes, sentence: str
) -> None:
    text = hand_in(log_in(Role.DATA_STEWARD), content, name, **changes)
    assert sentence in text
    assert not Upload.objects.exists()


def test_a_file_beyond_the_limit_is_refused_with_a_way_out(
    log_in: LogIn, portal: Store, settings: LazySettings
) -> None:
    settings.KUAI_UPLOAD_LIMIT_BYTES = 1024 * 1024
    text = hand_in(log_in(Role.DATA_STEWARD), b"a,b\n" * 400_000)
    assert "文件超过 1 MB" in text
    assert not Upload.objects.exists()
    assert nothing_left(portal)


def test_a_file_name_cannot_leave_its_folder(log_in: LogIn, portal: Store) -> None:
    hand_in(log_in(Role.DATA_STEWARD), (HEADINGS + ROWS).encode(), "../../../escape.csv")
    assert Upload.objects.get().file_name == "escape.csv"
    assert not list(portal.root.parent.rglob("escape.csv"))


def test_an_upload_is_asked_for_again_until_it_is_over(log_in: LogIn) -> None:
    client = log_in(Role.DATA_STEWARD)
    hand_in(client, (HEADINGS + ROWS).encode())
    upload = Upload.objects.get()
    over = client.get(f"/uploads/{upload.uuid}/", headers={"HX-Request": "true"}).content.decode()
    assert "hx-trigger" not in over
    Upload.objects.update(state=UploadState.RUNNING, step="读取", done=3, total=6, measure="行")
    going = client.get(f"/uploads/{upload.uuid}/", headers={"HX-Request": "true"}).content.decode()
    assert 'hx-trigger="every 1s"' in going
    assert 'value="50"' in going


def test_what_a_killed_worker_left_begins_again(log_in: LogIn, portal: Store) -> None:
    hand_in(log_in(Role.DATA_STEWARD), (HEADINGS + ROWS).encode())
    upload = Upload.objects.get()
    lost = Upload.objects.create(
        source="police_residents",
        period="2026-09",
        zone="core",
        file_name="lost.csv",
        size_bytes=1,
        state=UploadState.RUNNING,
        uploaded_by="demo-data-steward",
        uploaded_at=upload.uploaded_at,
        changed_at=upload.changed_at,
    )
    upload.state, upload.period = UploadState.RUNNING, "2026-11"
    upload.save()
    folder_of(upload).mkdir()
    Path(folder_of(upload) / upload.file_name).write_text(HEADINGS + ROWS, encoding="utf-8")
    assert requeue_interrupted() == 1
    upload.refresh_from_db()
    lost.refresh_from_db()
    assert upload.state == UploadState.KEPT, upload.sentence
    assert lost.state == UploadState.BROKEN
    assert "再传一次" in lost.next_step


def test_handing_in_a_file_is_in_the_ledger(log_in: LogIn) -> None:
    hand_in(log_in(Role.DATA_STEWARD), (HEADINGS + ROWS).encode())
    for action in ("uploaded_file", "received_delivery"):
        (entry,) = list_entries(LedgerFilter(action=action)).entries
        assert (entry.actor, entry.objects) == ("demo-data-steward", ("police_residents",))


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.DATA_STEWARD])
def test_nobody_but_a_steward_hands_in_files_or_takes_rows_out(log_in: LogIn, role: Role) -> None:
    client = log_in(role)
    sent = client.post(
        "/uploads/",
        {
            "source": "police_residents",
            "period": "2026-10",
            "file": SimpleUploadedFile("a.csv", b"a\n1\n"),
        },
    )
    assert sent.status_code == 403
    assert client.get("/sources/police_residents/refused-rows/").status_code == 403
    assert not Upload.objects.exists()
