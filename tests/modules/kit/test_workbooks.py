"""Forms that come back as XLSX: what would unpack to a machine's memory is refused before it is parsed."""

from __future__ import annotations

import io
import tracemalloc
import zipfile
from datetime import date

import openpyxl
import pytest

from kuai.address.learning import read_answers as read_applications
from kuai.kit.errors import DataFault
from kuai.kit.workbooks import refuse_swollen_form
from kuai.registry.engine.decision_kinds import Objection
from kuai.registry.engine.return_form import FormRow, read_answers, write_xlsx

READERS = (read_answers, read_applications)
FAR = 60_000_000


def a_package(extra: dict[str, bytes]) -> bytes:
    """An honest empty workbook with parts of one's own beside or instead of its own."""
    honest, made = io.BytesIO(), io.BytesIO()
    openpyxl.Workbook().save(honest)
    with (
        zipfile.ZipFile(honest) as old,
        zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            if name not in extra:
                new.writestr(name, old.read(name))
        for name, content in extra.items():
            new.writestr(name, content)
    return made.getvalue()


def a_bomb() -> bytes:
    """One cell of 60 million characters, packed to some 60 kB."""
    head = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row>'
    cell = b'<c r="A1" t="inlineStr"><is><t>' + b"a" * FAR + b"</t></is></c>"
    return a_package({"xl/worksheets/sheet1.xml": head + cell + b"</row></sheetData></worksheet>"})


@pytest.mark.parametrize("read", READERS)
def test_a_packed_bomb_is_refused_before_anything_is_unpacked(read):
    content = a_bomb()
    assert len(content) < 200_000
    tracemalloc.start()
    try:
        with pytest.raises(DataFault) as refused:
            read(content, file="back.xlsx")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert refused.value.code == "form.swollen"
    assert peak < 5_000_000


@pytest.mark.parametrize("read", READERS)
def test_a_workbook_of_very_many_parts_is_refused(read):
    many = {f"xl/worksheets/sheet{number}.xml": b"<x/>" for number in range(2, 300)}
    with pytest.raises(DataFault) as refused:
        read(a_package(many), file="back.xlsx")
    assert refused.value.code == "form.swollen"


@pytest.mark.parametrize("read", READERS)
def test_a_directory_that_lies_about_a_size_gains_nothing(read):
    content = a_bomb()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        size = archive.getinfo("xl/worksheets/sheet1.xml").file_size
    lying = content.replace(size.to_bytes(4, "little"), (1000).to_bytes(4, "little"))
    assert lying != content
    tracemalloc.start()
    try:
        with pytest.raises(DataFault):
            read(lying, file="back.xlsx")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 20_000_000


@pytest.mark.parametrize("read", READERS)
def test_what_is_no_workbook_is_told_as_such(read):
    with pytest.raises(DataFault) as refused:
        read(b"PK\x03\x04zzzz", file="back.xlsx")
    assert refused.value.code.endswith(".form_unreadable")


def test_an_honest_form_of_many_lines_passes():
    due, target = date(2026, 12, 4), io.BytesIO()
    rows = [
        FormRow(f"JH-2026-{row:06d}", "s", "来源", "2026-10", row, "居住", Objection.OTHER, due)
        for row in range(2_000)
    ]
    write_xlsx(rows, target)
    refuse_swollen_form(target.getvalue(), file="back.xlsx")
