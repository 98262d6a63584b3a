"""Rows of a dBASE or FoxPro table (DBF), as delivered; our own strict reader, because no live one was found.

Knows the field types offices export (C N F D L I B Y T and memo pointers). What a field type or a length says and
the file does not hold is a fault of the file. Half a character at a field's end makes the row a faulty one.
"""

from __future__ import annotations

import codecs
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path

from kuai.kit.errors import DataFault, Where
from kuai.sources.engine import reading_limits as limits

VERSIONS = frozenset(b"\x02\x03\x04\x05\x30\x31\x32\x43\x63\x83\x8b\x8e\xcb\xf5\xfb")
_HEADER = struct.Struct("<BBBBIHH")
_FIELD = struct.Struct("<11sc4xBB14x")
HEADER_BYTES, FIELD_BYTES = 32, 32
_FIELDS_END = 0x0D
_DELETED, _LIVE, _END = 0x2A, 0x20, 0x1A
# The language byte of the header; others are looked at by their bytes.
_CODE_PAGES = {
    0x4D: "gb18030",
    0x7A: "gb18030",
    0x4F: "big5",
    0x78: "big5",
    0x01: "cp437",
    0x03: "cp1252",
    0x57: "cp1252",
}
# Written by programmes of any country by default: no proof against bytes that are Chinese.
_WEAK_PAGES = frozenset({0x00, 0x01, 0x03, 0x57})
_SAMPLED_BYTES = 256 * 1024
_TEXT_TYPES = "CNFDLVM+"
# dBASE points to its memo file by ten digits; FoxPro by four bytes.
_MEMO_TYPES = "MGPW"
_DAY_MILLISECONDS = 86_400_000
_REMEDY = "请从原系统重新导出，或用 Excel、WPS 打开后另存为 .xlsx。"
_ALIASES = {"gbk": "gb18030", "cp936": "gb18030", "gb2312": "gb18030", "utf8": "utf-8"}


@dataclass(frozen=True)
class Field:
    """One field: its bytes within a record."""

    name: str
    kind: str
    first: int
    length: int


def looks_like_dbf(start: bytes, size: int) -> bool:
    """Whether the header says what only a DBF says: version, a real day, lengths that fit each other and the file."""
    if len(start) < HEADER_BYTES or start[0] not in VERSIONS:
        return False
    _, _, month, day, _, header, record = _HEADER.unpack_from(start)
    is_day = (month, day) == (0, 0) or (1 <= month <= 12 and 1 <= day <= 31)
    return is_day and HEADER_BYTES < header <= size and record > 1


class DbfTable:
    """A DBF file opened for reading."""

    def __init__(self, path: Path, *, name: str, declared_encoding: str = "") -> None:
        self._path = path
        self._where = Where(file=name)
        content = path.open("rb")
        with content:
            head = content.read(HEADER_BYTES)
            _, _, _, _, self.records, self._first, self._length = _HEADER.unpack_from(head)
            described = content.read(self._first - HEADER_BYTES)
            content.seek(self._first)
            sample = content.read(_SAMPLED_BYTES)
        raw_fields = self._read_fields(described)
        self._require_whole(path.stat().st_size)
        texts = b"".join(raw for raw, *_ in raw_fields) + sample
        self.encoding = self._find_encoding(head[29], texts, declared_encoding)
        self.fields = tuple(
            Field(self._decoded_name(raw), kind, first, length)
            for raw, kind, first, length in raw_fields
            # FoxPro's own column of flags is none of the office's.
            if kind != "0"
        )
        self.memo_fields = [field.name for field in self.fields if field.kind in _MEMO_TYPES]
        self.deleted = 0
        self.overflowed = 0

    def batches(self, advance: Callable[[int], None]) -> Iterator[tuple[int, list[list[str]]]]:
        """(number of the first record, columns) of records that follow each other; deleted ones are left out."""
        size = self._length * max(1, limits.BATCH_ROWS)
        number = 1
        with self._path.open("rb") as stream:
            stream.seek(self._first)
            left = self.records * self._length
            while left and (block := stream.read(min(size, left))):
                left -= len(block)
                advance(len(block))
                records = [
                    block[place : place + self._length]
                    for place in range(0, len(block), self._length)
                ]
                for first, living in self._living(records, number):
                    yield first, [self._column(field, living) for field in self.fields]
                number += len(records)

    def _living(self, records: list[bytes], number: int) -> Iterator[tuple[int, list[bytes]]]:
        run: list[bytes] = []
        for place, record in enumerate(records, start=number):
            if record[0] == _LIVE:
                run.append(record)
                continue
            if record[0] != _DELETED:
                raise self._fault(f"第 {place} 条记录的开头不对，字段长度与内容不符")
            self.deleted += 1
            if run:
                yield place - len(run), run
                run = []
        if run:
            yield number + len(records) - len(run), run

    def _read_fields(self, described: bytes) -> list[tuple[bytes, str, int, int]]:
        fields = []
        place, first = 0, 1
        while place + FIELD_BYTES <= len(described) and described[place] != _FIELDS_END:
            raw, kind, length, decimals = _FIELD.unpack_from(described, place)
            letter = kind.decode("latin-1")
            # Long texts of FoxPro and Clipper: the second byte counts on.
            length += 256 * decimals if letter == "C" else 0
            fields.append((raw.split(b"\x00")[0], letter, first, length))
            first += length
            place += FIELD_BYTES
        if not fields or described[place : place + 1] != bytes([_FIELDS_END]):
            raise self._fault("字段说明不完整")
        if first != self._length:
            raise self._fault(f"字段合起来 {first} 字节，文件头说一条记录 {self._length} 字节")
        return fields

    def _require_whole(self, size: int) -> None:
        there = max(0, size - self._first) // self._length
        if there < self.records:
            raise self._fault(f"文件头说有 {self.records} 条记录，文件里只有 {there} 条")
        # A copy made while its programme had it open: the header's count is of before, the rows are there.
        if there > self.records and self._holds_rows(self._first + self.records * self._length):
            raise self._fault(f"文件头说有 {self.records} 条记录，后面还有没有计入的记录")

    def _holds_rows(self, begin: int) -> bool:
        with self._path.open("rb") as stream:
            stream.seek(begin)
            behind = stream.read(self._length + 1)
        return bool(behind.strip(b"\x1a\x00")) and behind[:1] in (b" ", b"*")

    def _find_encoding(self, language: int, texts: bytes, declared: str) -> str:
        """By the header's language where it is one of China's, else by what the bytes can be."""
        if declared:
            found = _ALIASES.get(declared.lower(), declared.lower())
            try:
                return codecs.lookup(found).name
            except LookupError:
                raise self._fault(f"不认识声明的字符编码 {declared[:20]}") from None
        page = _CODE_PAGES.get(language, "")
        if page and language not in _WEAK_PAGES:
            return page
        if texts.isascii():
            return "gb18030"
        for encoding in ("utf-8", "gb18030"):
            # Fields cut characters in two, so a few are undecodable in the right encoding too.
            bad = texts.decode(encoding, errors="replace").count("\ufffd")
            if bad * 100 <= len(texts):
                return encoding
        return page or "gb18030"

    def _decoded_name(self, raw: bytes) -> str:
        return raw.decode(self.encoding, errors="ignore").strip()

    def _column(self, field: Field, records: list[bytes]) -> list[str]:
        first, last = field.first, field.first + field.length
        raw = [record[first:last] for record in records]
        if field.kind == "C" or field.kind not in "NFDLIBYTVM+@OGPWQ":
            return [self._text(one) for one in raw]
        return [self._value(field, one) for one in raw]

    def _text(self, raw: bytes) -> str:
        # Padded with blanks, by some programmes with zeros.
        return raw.rstrip(b" \x00").decode(self.encoding, errors="replace")

    def _value(self, field: Field, raw: bytes) -> str:
        kind = field.kind
        if kind in _MEMO_TYPES or kind == "Q":
            # The text lies in a file of its own that was not delivered; which columns, the receipt says.
            return ""
        if kind in "IYTB@O+" and not (kind == "+" and field.length > 4):
            return self._binary(kind, raw)
        text = self._text(raw).strip()
        if kind in "NF" and set(text) == {"*"}:
            self.overflowed += 1
        if kind == "D" and len(text) == 8 and text.isdigit():
            return f"{text[:4]}-{text[4:6]}-{text[6:]}"
        if kind == "L":
            return {"T": "TRUE", "Y": "TRUE", "F": "FALSE", "N": "FALSE", "?": ""}.get(
                text.upper(), text
            )
        return text

    def _binary(self, kind: str, raw: bytes) -> str:
        if kind in "I+" and len(raw) == 4:
            return str(struct.unpack("<i", raw)[0])
        if kind == "Y" and len(raw) == 8:
            whole, rest = divmod(abs(struct.unpack("<q", raw)[0]), 10_000)
            sign = "-" if raw[7] & 0x80 else ""
            return f"{sign}{whole}.{rest:04}".rstrip("0").rstrip(".")
        if kind in "BO" and len(raw) == 8:
            return f"{struct.unpack('<d', raw)[0]:.15g}"
        if kind in "T@" and len(raw) == 8:
            return _instant(*struct.unpack("<ii", raw))
        return self._text(raw).strip()

    def _fault(self, sentence: str) -> DataFault:
        return DataFault(
            "file.damaged", f"DBF 文件有错：{sentence}", where=self._where, remedy=_REMEDY
        )


def _instant(julian: int, milliseconds: int) -> str:
    """A day number as astronomers count, and the milliseconds since its midnight.

    What is no instant stays as the two numbers that stand there: no cell becomes empty that was not.
    """
    if not julian:
        return ""
    if not 0 <= milliseconds < _DAY_MILLISECONDS:
        return f"{julian}:{milliseconds}"
    try:
        midnight = datetime.combine(date.fromordinal(julian - 1_721_425), time.min)
        # Rounded, because 10:00 is stored as 9:59:59.999 by some; the last of them is the next day's midnight.
        instant = midnight + timedelta(seconds=round(milliseconds / 1000))
    except (ValueError, OverflowError):
        return f"{julian}:{milliseconds}"
    return instant.isoformat(sep=" ") if instant.time() != time.min else instant.date().isoformat()
