"""Which encoding a text file is in: marks, then UTF-8 strictly, then GB18030 strictly, then the least bad.

What was declared decides nothing by itself; it is compared and the difference reported.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from pathlib import Path

from charset_normalizer import from_bytes

from kuai.kit.errors import DataFault, Where

BLOCK = 1 << 20
# Detectors by statistics read this much; more makes them slower, not surer.
GUESS_BYTES = 256 * 1024
# With one bad byte in a hundred lines rows can be sorted out; beyond that the whole encoding is in doubt.
BAD_LINES_SHARE = 0.01
BAD_LINES_FREE = 3
# Everyday Chinese is 90 % first-level characters (GB 2312 rows 16-55); Big5 misread as GBK is below 45 %.
COMMON_HAN_SHARE = 0.5
# Fewer characters than two rows of headings prove nothing.
HAN_NEEDED = 8
BIG5 = "big5hkscs"

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_ALIASES = {
    "gbk": "gb18030",
    "gb2312": "gb18030",
    "cp936": "gb18030",
    "hz": "gb18030",
    "ascii": "utf-8",
}


@dataclass(frozen=True)
class EncodingFound:
    """The encoding to read with; `bad_lines` is how many lines hold bytes that are not of it."""

    name: str
    bad_lines: int = 0
    differs_from_declared: bool = False


def detect_encoding(path: Path, *, declared: str = "", name: str = "") -> EncodingFound:
    """Read `path` once or twice in blocks and say its encoding; a DataFault if none fits."""
    with path.open("rb") as stream:
        start = stream.read(GUESS_BYTES)
    found = _marked(path, start) or _strict(path, start, declared) or _least_bad(path)
    if found is None:
        found = _guessed(path, start)
    if found is None:
        raise DataFault(
            "file.encoding",
            "认不出文字编码",
            where=Where(file=name or path.name),
            remedy="请另存为“CSV UTF-8（逗号分隔）”后再交。",
        )
    return EncodingFound(found.name, found.bad_lines, _differs(found.name, declared))


def _marked(path: Path, start: bytes) -> EncodingFound | None:
    for mark, encoding in _MARKS:
        if start.startswith(mark):
            return EncodingFound(encoding, _count_bad_lines(path, encoding))
    return None


def _strict(path: Path, start: bytes, declared: str) -> EncodingFound | None:
    wanted = _canonical(declared)
    # Surprising: a short GB18030 text can be valid UTF-8 ("联通"); only then does the declaration count.
    order = (
        ("gb18030", "utf-8") if wanted == "gb18030" and len(start) < 64 else ("utf-8", "gb18030")
    )
    for encoding in order:
        if _decodes(path, encoding):
            is_doubtful = encoding == "gb18030" and not _reads_as_chinese(start)
            if is_doubtful and _reads_as_big5(start) and _decodes(path, BIG5):
                return EncodingFound(BIG5)
            return EncodingFound(encoding)
    return None


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    try:
        with path.open("rb") as stream:
            while block := stream.read(BLOCK):
                decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _reads_as_chinese(start: bytes) -> bool:
    """Are the Han characters everyday ones? Characters of the private area count against it."""
    text = start.decode("gb18030", errors="ignore")
    han = [sign for sign in text if "\u4e00" <= sign <= "\u9fff" or "\ue000" <= sign <= "\uf8ff"]
    if len(han) < HAN_NEEDED:
        return True
    return sum(map(_is_first_level, han)) >= COMMON_HAN_SHARE * len(han)


def _is_first_level(character: str) -> bool:
    code = character.encode("gb18030")
    return len(code) == 2 and 0xB0 <= code[0] <= 0xD7 and code[1] >= 0xA1


def _reads_as_big5(start: bytes) -> bool:
    text = start.decode(BIG5, errors="ignore")
    codes = [sign.encode(BIG5) for sign in text if "\u4e00" <= sign <= "\u9fff"]
    common = sum(1 for code in codes if len(code) == 2 and 0xA4 <= code[0] <= 0xC6)
    return len(codes) >= HAN_NEEDED and common >= COMMON_HAN_SHARE * len(codes)


def is_garbled(text: str) -> bool:
    """Was this text decoded wrongly before it was saved? ("ÐÕÃû" or "濮撳悕" for 姓名)"""
    foreign = [sign for sign in text if ord(sign) > 0x7F]
    if len(foreign) < HAN_NEEDED:
        return False
    if sum("\u0080" <= sign <= "\u00ff" for sign in foreign) > COMMON_HAN_SHARE * len(foreign):
        return True
    if _reads_as_chinese(text.encode("gb18030", errors="ignore")):
        return False
    again = text.encode("gb18030", errors="ignore").decode("utf-8", errors="replace")
    return again.count("\ufffd") < len(again) * BAD_LINES_SHARE * 10


def _least_bad(path: Path) -> EncodingFound | None:
    lines = max(1, _count_lines(path))
    counted = [(_count_bad_lines(path, encoding), encoding) for encoding in ("utf-8", "gb18030")]
    bad, encoding = min(counted)
    if bad <= max(BAD_LINES_FREE, BAD_LINES_SHARE * lines) and bad < lines:
        return EncodingFound(encoding, bad)
    return None


def _count_lines(path: Path) -> int:
    with path.open("rb") as stream:
        return sum(block.count(b"\n") for block in iter(lambda: stream.read(BLOCK), b"")) + 1


def _count_bad_lines(path: Path, encoding: str) -> int:
    with path.open(encoding=encoding, errors="replace", newline="") as stream:
        return sum("\ufffd" in line for line in iter(lambda: stream.readline(BLOCK), ""))


def _guessed(path: Path, start: bytes) -> EncodingFound | None:
    best = from_bytes(start).best()
    if best is None or not best.encoding or "\x00" in str(best)[:4096]:
        return None
    # Because a detector says latin-1 or a Baltic page to any bytes, only East Asian and Unicode answers count.
    encoding = best.encoding.replace("_", "-")
    if not encoding.startswith(("utf", "gb", "big5", "cp950", "hz", "shift", "euc", "cp949")):
        return None
    encoding = _canonical(encoding)
    try:
        return EncodingFound(encoding, _count_bad_lines(path, encoding))
    except (LookupError, UnicodeError):
        return None


def _canonical(encoding: str) -> str:
    lowered = encoding.strip().lower().replace("_", "-")
    if lowered.startswith("cp950") or lowered == "big5":
        return BIG5
    return _ALIASES.get(lowered.replace("-", ""), lowered)


def _differs(found: str, declared: str) -> bool:
    if not declared:
        return False
    wanted = _canonical(declared)
    same = {wanted, found} <= {"utf-8", "utf-8-sig", "utf8"}
    return not same and wanted != found
