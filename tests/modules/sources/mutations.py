"""Mutated deliveries: small honest files of each form, broken in the ways files break, and some built with malice.

Everything follows from the number of the mutation, so that a failure names the file to build again.
"""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Callable
from functools import cache

import xlsxwriter
import xlwt

from tests.modules.sources.deliveries import HEADINGS, PEOPLE, csv_bytes

ROWS = [("人口登记（内部）", "", "", ""), HEADINGS, *PEOPLE * 8]
Mutation = Callable[[random.Random], bytes]
SHEET = "xl/worksheets/sheet1.xml"


@cache
def xlsx_seed() -> bytes:
    """Title, merged cells, text, numbers, days, a formula."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        sheet = book.add_worksheet("数据")
        for number, row in enumerate(ROWS):
            sheet.write_row(number, 0, row)
            if number > 1:
                sheet.write_number(number, 4, number * 1.5)
                sheet.write_number(number, 5, 40000 + number, day)
        sheet.merge_range("A1:D1", "人口登记（内部）")
        sheet.write_row(1, 4, ["面积", "日期"])
        sheet.write_formula(5, 4, "=1/0", None, "#DIV/0!")
    return buffer.getvalue()


@cache
def xls_seed() -> bytes:
    """The same rows in the old form."""
    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("数据")
    for number, row in enumerate(ROWS):
        for column, cell in enumerate(row):
            sheet.write(number, column, cell)
        if number > 1:
            sheet.write(number, 4, number * 1.5)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def csv_seed(chance: random.Random) -> bytes:
    """Rows in one of the encodings, some cells quoted."""
    encoding = chance.choice(["utf-8", "utf-8-sig", "gb18030", "utf-16", "big5"])
    rows = [[f'"{cell}"' if chance.random() < 0.2 else cell for cell in row] for row in ROWS[1:]]
    text = csv_bytes(rows, separator=chance.choice(",;\t|")).decode()
    return text.encode(encoding, errors="replace")


def a_seed(chance: random.Random) -> bytes:
    """One of the honest files."""
    return chance.choice([lambda: csv_seed(chance), xlsx_seed, xls_seed])()


def bits_flipped(chance: random.Random) -> bytes:
    content = bytearray(a_seed(chance))
    for _ in range(chance.choice([1, 3, 20, 200])):
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    return bytes(content)


def truncated(chance: random.Random) -> bytes:
    content = a_seed(chance)
    return content[: chance.randrange(len(content))]


def spliced(chance: random.Random) -> bytes:
    """The middle of one file inside another."""
    one, other = a_seed(chance), a_seed(chance)
    at, start = chance.randrange(len(one)), chance.randrange(len(other))
    return one[:at] + other[start : start + chance.randrange(1, 4000)] + one[at:]


def bytes_doubled_or_dropped(chance: random.Random) -> bytes:
    content = a_seed(chance)
    start = chance.randrange(len(content))
    end = min(len(content), start + chance.choice([1, 7, 512, 4096]))
    return content[:start] + content[start:end] * chance.choice([0, 2, 50]) + content[end:]


def wrongly_encoded(chance: random.Random) -> bytes:
    """Two encodings in one file, or one taken for another."""
    head = csv_bytes(ROWS[1:6], encoding=chance.choice(["utf-8", "gb18030"]))
    tail = csv_bytes(ROWS[6:], encoding=chance.choice(["utf-8", "gb18030", "utf-16-le"]))
    twice = (head + tail).decode("latin-1").encode("utf-8")
    return chance.choice([head + tail, twice, b"\xef\xbb\xbf" + head + tail, b"\xff\xfe" + head])


def quotes_and_separators_strewn(chance: random.Random) -> bytes:
    text = list(csv_bytes(ROWS[1:]).decode())
    for _ in range(chance.choice([1, 2, 30])):
        text.insert(
            chance.randrange(len(text)), chance.choice(['"', '""', ",", "\n", "\r", "\x00", ";"])
        )
    return "".join(text).encode()


def noise(chance: random.Random) -> bytes:
    """Bytes of no meaning behind a start that promises one."""
    starts = [
        b"",
        b"PK\x03\x04",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"<?xml ",
    ]
    return chance.choice(starts) + chance.randbytes(chance.choice([0, 1, 100, 20_000]))


def _with_part(part: str, change: Callable[[bytes], bytes], *, of: bytes = b"") -> bytes:
    """The seed (or `of`) with one part changed, packed anew."""
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(of or xlsx_seed())) as old,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for entry in old.infolist():
            content = old.read(entry)
            new.writestr(entry.filename, change(content) if entry.filename == part else content)
    return buffer.getvalue()


def _a_part(chance: random.Random) -> str:
    with zipfile.ZipFile(io.BytesIO(xlsx_seed())) as archive:
        return chance.choice(archive.namelist())


def part_flipped(chance: random.Random) -> bytes:
    """Bits flipped inside a part, packed again with a right checksum, so that the parser sees them."""

    def flip(content: bytes) -> bytes:
        changed = bytearray(content)
        for _ in range(chance.choice([1, 5, 50])):
            changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
        return bytes(changed)

    return _with_part(_a_part(chance), flip)


def xml_injected(chance: random.Random) -> bytes:
    pieces = [
        b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>',
        b'<!DOCTYPE x SYSTEM "file:///etc/passwd">',
        b'<row r="5"><c r="A5"><v>&b;</v></c></row>',
        b'<c r="ZZZZZZZ1"><v>1</v></c>',
        b'<c r="A99999999999"><v>1</v></c>',
        b'<c r="A0" t="s"><v>99999999</v></c>',
        b'<c t="s"><v>-1</v></c>',
        b'<c r="B3" t="e"><v>#REF!</v></c>',
        b'<c r="B3" s="4294967295"><v>1e999</v></c>',
        b"<![CDATA[",
        b"</sheetData>",
        b"<sheetData>",
        b"<a>" * 20_000,
        b"<!--" + b"-" * 5000,
        b'<mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells>',
        b'<dimension ref="A1:XFD1048576"/>',
    ]

    def inject(content: bytes) -> bytes:
        ends = [i + 1 for i, byte in enumerate(content) if byte == 0x3E] or [0]
        for _ in range(chance.choice([1, 1, 3])):
            at = chance.choice(ends)
            content = content[:at] + chance.choice(pieces) + content[at:]
        return content

    return _with_part(
        chance.choice([SHEET, "xl/sharedStrings.xml", "xl/workbook.xml", _a_part(chance)]), inject
    )


def sparse(chance: random.Random) -> bytes:
    """Cells far out, alone or in a line, with and without honest rows before them."""
    row = chance.choice([1, 70_000, 1_048_576, 1_048_577, 99_999_999])
    column = chance.choice(["D", "IV", "AMJ", "XFD", "XFE", "ZZZ"])
    far = f'<row r="{row}"><c r="{column}{row}"><v>1</v></c></row></sheetData>'.encode()
    return _with_part(SHEET, lambda content: content.replace(b"</sheetData>", far))


def bomb(chance: random.Random) -> bytes:
    """Parts that swell: spaces, or one long text named by four thousand cells."""
    megabytes = chance.choice([1, 40, 120])
    if chance.random() < 0.5:
        return _with_part(
            "xl/sharedStrings.xml", lambda content: content + b" " * (megabytes << 20)
        )
    cells = b"".join(
        b'<row r="%d"><c r="A%d" t="s"><v>0</v></c></row>' % (n, n) for n in range(40, 4000)
    )
    long = b"<t>" + b"a" * (megabytes << 14)
    swollen = _with_part(
        SHEET, lambda content: content.replace(b"</sheetData>", cells + b"</sheetData>")
    )
    return _with_part(
        "xl/sharedStrings.xml", lambda content: content.replace(b"<t>", long, 1), of=swollen
    )


def merged(chance: random.Random) -> bytes:
    """Merged ranges of every sense and nonsense."""
    ranges = "".join(
        f'<mergeCell ref="{chance.choice("ABCD")}{chance.randrange(30)}:'
        f'{chance.choice(["A", "D", "XFD", ""])}{chance.choice([1, 2, 30, 1048576])}"/>'
        for _ in range(chance.choice([1, 3, 500]))
    )
    text = f"<mergeCells>{ranges}</mergeCells>".encode()
    return _with_part(
        SHEET, lambda content: content.replace(b"</sheetData>", b"</sheetData>" + text)
    )


def parts_missing_or_swapped(chance: random.Random) -> bytes:
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(xlsx_seed())) as old,
        zipfile.ZipFile(buffer, "w", chance.choice([0, 8])) as new,
    ):
        names = old.namelist()
        gone, taken = chance.choice(names), chance.choice(names)
        for name in names:
            if name != gone:
                new.writestr(name, old.read(taken if chance.random() < 0.1 else name))
    return buffer.getvalue()


MUTATIONS: tuple[Mutation, ...] = (
    bits_flipped,
    truncated,
    spliced,
    bytes_doubled_or_dropped,
    wrongly_encoded,
    quotes_and_separators_strewn,
    noise,
    part_flipped,
    part_flipped,
    xml_injected,
    xml_injected,
    sparse,
    bomb,
    merged,
    parts_missing_or_swapped,
    a_seed,
)


def mutate(number: int) -> tuple[str, bytes]:
    """The name and content of mutation `number`; the same on every machine."""
    chance = random.Random(number)
    mutation = MUTATIONS[number % len(MUTATIONS)]
    return mutation.__name__, mutation(chance)
