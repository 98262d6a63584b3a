"""What a file is, by its first bytes and its parts, never by its name. Refuses what is no table, saying what it is."""

from __future__ import annotations

import zipfile
from enum import StrEnum
from pathlib import Path

from kuai.kit.errors import DataFault, Where
from kuai.sources.engine.reading_dbf import looks_like_dbf
from kuai.sources.engine.reading_json import looks_like_json

SAVE_AS = "请用 Excel 或 WPS 打开，另存为 .xlsx 或 .csv 后再交。"


class FileFormat(StrEnum):
    """Forms of table that are read."""

    CSV = "csv"
    XLSX = "xlsx"
    XLS = "xls"
    DBF = "dbf"
    JSON = "json"


# First bytes of what offices send by mistake.
_STRANGERS = (
    (b"%PDF", "PDF 文档"),
    (b"Rar!", "RAR 压缩包"),
    (b"7z\xbc\xaf", "7z 压缩包"),
    (b"\x1f\x8b", "gzip 压缩包"),
    (b"\x89PNG", "图片"),
    (b"\xff\xd8\xff", "图片"),
    (b"GIF8", "图片"),
    (b"{\\rtf", "RTF 文档"),
    (b"SQLite format 3", "SQLite 数据库"),
    (b"PAR1", "Parquet 文件"),
)
_MARKUP = (b"<html", b"<!doctype html", b"<table", b"<head", b"<meta", b"<body")
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
# Streams of an OLE2 file are named in its directory in UTF-16.
_WORKBOOK_STREAMS = ("Workbook".encode("utf-16-le"), "Book".encode("utf-16-le"))
_ENCRYPTED_STREAM = "EncryptedPackage".encode("utf-16-le")
_WORD_STREAM = "WordDocument".encode("utf-16-le")


def detect_format(path: Path, *, name: str = "") -> FileFormat:
    """The format of `path`; a DataFault names what it is instead. Reads a few kilobytes (OLE2: the whole file)."""
    where = Where(file=name or path.name)
    with path.open("rb") as stream:
        start = stream.read(4096)
    if not start.strip(b"\x00 \t\r\n"):
        raise DataFault("file.empty", "文件是空的", where=where, remedy="请重新导出后再交。")
    if start.startswith(b"PK"):
        return _zip_format(path, where)
    if start.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return _ole_format(path, where)
    if start.startswith((b"\x09\x08\x10\x00", b"\x09\x08\x08\x00", b"\x09\x04\x06\x00")):
        raise DataFault(
            "file.old_excel", "这是 Excel 5.0 以前的旧格式", where=where, remedy=SAVE_AS
        )
    if looks_like_dbf(start, path.stat().st_size):
        return FileFormat.DBF
    if looks_like_json(start):
        return FileFormat.JSON
    return _text_format(start, where)


def _zip_format(path: Path, where: Where) -> FileFormat:
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except Exception:  # noqa: BLE001 - whatever zipfile trips over, the office hears one sentence
        raise DataFault(
            "file.damaged",
            "文件不完整或已损坏（压缩结构读不出）",
            where=where,
            remedy="请重新导出或重新传输后再交。",
        ) from None
    lowered = {name.replace("\\", "/").lower() for name in names}
    if "xl/workbook.xml" in lowered:
        return FileFormat.XLSX
    kind = "ZIP 压缩包"
    if "xl/workbook.bin" in lowered:
        kind = "二进制工作簿 xlsb"
    elif any(name.startswith("word/") for name in lowered):
        kind = "Word 文档"
    elif "content.xml" in lowered:
        kind = "ODF 文档"
    remedy = "请解压后逐个上交里面的表格。" if kind.startswith("ZIP") else SAVE_AS
    raise DataFault(
        "file.not_a_table", f"这是{kind}，不是能直接读的表格", where=where, remedy=remedy
    )


def _ole_format(path: Path, where: Where) -> FileFormat:
    content = path.read_bytes() if path.stat().st_size < 512 * 1024 * 1024 else b""
    if _ENCRYPTED_STREAM in content:
        raise DataFault(
            "file.encrypted", "文件有打开密码", where=where, remedy="请去掉密码后再交。"
        )
    if any(stream in content for stream in _WORKBOOK_STREAMS):
        return FileFormat.XLS
    kind = "Word 文档" if _WORD_STREAM in content else "别的软件的文件"
    raise DataFault(
        "file.not_a_table", f"这是{kind}，不是能直接读的表格", where=where, remedy=SAVE_AS
    )


def _text_format(start: bytes, where: Where) -> FileFormat:
    for mark, kind in _STRANGERS:
        if start.startswith(mark):
            remedy = "请解压后再交。" if "压缩" in kind else SAVE_AS
            raise DataFault(
                "file.not_a_table", f"这是{kind}，不是能直接读的表格", where=where, remedy=remedy
            )
    lowered = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if lowered.startswith(_MARKUP) or (lowered.startswith(b"<?xml") and b"<html" in lowered):
        raise DataFault(
            "file.web_page", "这是改了扩展名的网页，不是真正的表格", where=where, remedy=SAVE_AS
        )
    if lowered.startswith(b"<?xml"):
        raise DataFault(
            "file.xml", "这是 XML 文件，不是能直接读的表格", where=where, remedy=SAVE_AS
        )
    if (
        b"\x00" in start
        and not start.startswith(_UTF16_MARKS)
        and start.count(b"\x00") * 10 > len(start)
    ):
        raise DataFault(
            "file.binary", "这不是文本，也不是认得的表格格式", where=where, remedy=SAVE_AS
        )
    return FileFormat.CSV
