"""Rows of a JSON file: an array of objects, one object a line, or an object that holds one such array.

Values are the text that was delivered: numbers keep their digits. What is nested one level deep becomes a column with
a dotted name (address.road); what is nested deeper stays in its cell as JSON.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NoReturn

from kuai.kit.errors import DataFault, Where
from kuai.sources.engine import reading_limits as limits
from kuai.sources.engine.detecting_encoding import EncodingFound, detect_encoding
from kuai.sources.engine.reading_text import BrokenRow, Row

# An object of a row is a few kilobytes; a longer one is a whole file in disguise, or a bracket that is missing.
OBJECT_CHARACTERS = 4 * limits.MIB
CHUNK_CHARACTERS = limits.MIB
# An object around the array holds a code, a message, a count: not more.
_MEMBERS_AROUND = 40
# So many members of a list tell whether rows stand in it.
_FIRST_ROWS = 20
_BEGINNING = re.compile(rb"\[\s*[\[{\]]|\{\s*[\"}]")
_BLANKS = re.compile(r"[ \t\r\n]*")
_REMEDY = "请从原系统重新导出为 JSON 数组、每行一个对象的 JSON，或另存为 .csv。"


class BrokenObject(BrokenRow):
    """What stands where an object should: kept as one cell, with its reason."""

    fault = ("row.not_an_object", "不是 JSON 对象 {…}，或里面有语法错误")


class DoubledName(BrokenRow):
    """An object that says one name twice: which value counts is not ours to say."""

    fault = ("row.doubled_name", "同一个对象里有两个同名的字段")


class NoJsonValue(BrokenRow):
    """An object with NaN or Infinity: programs write them for nothing and for a mistake alike."""

    fault = ("row.not_an_object", "有 NaN 或 Infinity，不是 JSON 的值")


class OddCharacters(BrokenRow):
    """An object with half a character or NUL: no text that can be kept."""

    fault = ("row.not_an_object", "有不成字的字符（半个代码或 NUL）")


class _Doubled(ValueError):
    row: type[BrokenRow] = DoubledName


class _NoValue(_Doubled):
    row = NoJsonValue


class BlankLine(list[str]):
    """A line without any character: no row."""


# Half of a pair: only an escape (\ud83d) brings it into a text, and nothing can write it out again.
_NO_TEXT = re.compile("[\ud800-\udfff\0]")
_Found = dict[str, Any] | BrokenRow | BlankLine


def looks_like_json(start: bytes) -> bool:
    """Whether a text begins as an array or an object of JSON does; UTF-16 too."""
    text = start.replace(b"\x00", b"") if start.startswith((b"\xff\xfe", b"\xfe\xff")) else start
    return bool(_BEGINNING.match(text.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")))


class JsonTable:
    """A JSON file opened for reading: all names found first, then all rows in batches."""

    def __init__(self, path: Path, *, name: str, declared_encoding: str = "") -> None:
        self._path = path
        self._where = Where(file=name)
        self.encoding: EncodingFound = detect_encoding(path, declared=declared_encoding, name=name)
        self._decoder = json.JSONDecoder(
            object_pairs_hook=_object_of, parse_float=str, parse_int=str, parse_constant=_no_value
        )
        # Where the array of rows is not the whole file: the member it is called by.
        self.member = ""
        self._lists: dict[str, bool] | None = None
        self.is_lines = self._has_an_object_a_line()
        self.nested_deeper: set[str] = set()
        self.headings = self._find_names()

    def batches(self, advance: Callable[[int], None]) -> Iterator[tuple[int, list[Row]]]:
        """(number of the first, rows): objects in order, or lines where there is one a line."""
        objects = self._objects(advance)
        number = 1
        places = {name: place for place, name in enumerate(self.headings)}
        while rows := [
            one if isinstance(one, list) else _cells(one, places)
            for one in islice(objects, limits.BATCH_ROWS)
        ]:
            yield number, rows
            number += len(rows)

    def _find_names(self) -> tuple[str, ...]:
        names: dict[str, None] = {}
        for one in self._objects(lambda _: None):
            if isinstance(one, list):
                continue
            for name, value in one.items():
                names[name] = None
                if isinstance(value, list | dict):
                    self.nested_deeper.add(name)
            if len(names) > limits.COLUMNS:
                raise DataFault(
                    "file.too_wide",
                    f"各行的字段合起来超过 {limits.COLUMNS} 个",
                    where=self._where,
                    remedy="字段名里像是写了数据。请改成每行相同的字段后再交。",
                )
        if not names:
            raise DataFault(
                "file.no_rows", "里面没有一个对象 {…}", where=self._where, remedy=_REMEDY
            )
        return tuple(names)

    def _has_an_object_a_line(self) -> bool:
        """Two lines that are an object each; else it is an array, or one object."""
        with self._opened() as stream:
            # Not a line iterator, because most exports are one line as long as the file.
            begun = (stream.readline(OBJECT_CHARACTERS) for _ in range(50))
            lines = [line for line in begun if line.strip()]
        if not lines or not lines[0].lstrip("\ufeff \t").startswith("{"):
            return False
        if len(lines) == 1:
            return self._is_object(lines[0], may_hold_lists=False)
        return any(self._is_object(line) for line in lines[:2])

    def _is_object(self, line: str, *, may_hold_lists: bool = True) -> bool:
        try:
            # As lenient as JSON goes: a row with a fault does not change what the line is.
            value = json.loads(line.strip("\ufeff \t\r\n"), parse_int=str)
        except (ValueError, RecursionError):
            return False
        # A single object that holds a list of objects is an array in a wrapper.
        if not isinstance(value, dict) or _rows_member(value):
            return False
        return may_hold_lists or not any(isinstance(one, list) for one in value.values())

    def _opened(self) -> io.TextIOWrapper:
        return self._path.open("r", encoding=self.encoding.name, errors="replace", newline="")

    def _objects(self, advance: Callable[[int], None]) -> Iterator[_Found]:
        return self._lines(advance) if self.is_lines else self._members(advance)

    def _lines(self, advance: Callable[[int], None]) -> Iterator[_Found]:
        with self._opened() as stream:
            # Not a line iterator, because a line without an end must not fill the memory.
            while line := stream.readline(OBJECT_CHARACTERS):
                advance(len(line))
                text = line.strip("\ufeff \t\r\n")
                # A blank line has a number, as in an editor, and no row.
                yield self._object_in(text) if text else BlankLine()

    def _object_in(self, text: str) -> _Found:
        try:
            value = self._decoder.decode(text)
        except _Doubled as odd:
            return odd.row([text])
        except (ValueError, RecursionError):
            return BrokenObject([text])
        return _row_of(value, text)

    def _members(self, advance: Callable[[int], None]) -> Iterator[_Found]:
        with self._opened() as stream:
            window = _Window(stream, advance)
            if window.peek() == "{":
                yield from self._wrapped(window)
                return
            yield from self._array(window)
            # Two exports one behind the other: the second would be lost without a word.
            if window.peek():
                self._fail(window)

    def _array(self, window: _Window) -> Iterator[_Found]:
        window.take("[")
        while window.peek() not in ("]", ""):
            yield self._next(window)
            if window.peek() == ",":
                window.take(",")
            elif window.peek() != "]":
                self._fail(window)
        if window.peek() != "]":
            self._fail(window)
        window.take("]")

    def _wrapped(self, window: _Window) -> Iterator[_Found]:
        """{"code": 0, "data": [ … ]}: the rows of the one member that is a list of objects, or the object itself."""
        if self._lists is None:
            self._lists = self._find_lists()
            self.member = self._rows_list(self._lists)
        if not self.member:
            yield self._object_alone(window)
            return
        for name, found in self._walk(window):
            if name == self.member and found is not None:
                yield found

    def _find_lists(self) -> dict[str, bool]:
        """The members that are lists, in order, and whether rows stand in them."""
        lists: dict[str, bool] = {}
        counts: dict[str, int] = {}
        with self._opened() as stream:
            for name, found in self._walk(_Window(stream, lambda _: None)):
                lists.setdefault(name, False)
                if found is None:
                    continue
                counts[name] = counts.get(name, 0) + 1
                if counts[name] <= _FIRST_ROWS:
                    before = counts[name] == 1 or lists[name]
                    lists[name] = before and type(found) is not BrokenObject
        return lists

    def _rows_list(self, lists: dict[str, bool]) -> str:
        of_rows = [name for name, has_rows in lists.items() if has_rows]
        if lists and len(of_rows) != 1:
            raise DataFault(
                "file.which_list",
                f"JSON 里看不出哪一个列表是数据行：{'、'.join([*lists][:5])}",
                where=self._where,
                remedy="请把数据行单独存成一个 JSON 数组 [{…}, …] 再交；没有数据的一期不用交。",
            )
        return of_rows[0] if of_rows else ""

    def _walk(self, window: _Window) -> Iterator[tuple[str, _Found | None]]:
        """Of each list in the one object its name, with None, and then its members one by one."""
        names: set[str] = set()
        window.take("{")
        while window.peek() == '"':
            name = self._name(window)
            if name in names or len(names) == _MEMBERS_AROUND or window.peek() != ":":
                self._fail(window)
            names.add(name)
            window.take(":")
            if window.peek() == "[":
                yield name, None
                for found in self._array(window):
                    yield name, found
            else:
                self._next(window)
                window.objects -= 1
            if window.peek() != ",":
                break
            window.take(",")
            if window.peek() != '"':
                self._fail(window)
        if window.peek() != "}":
            self._fail(window)
        window.take("}")
        if window.peek():
            self._fail(window)

    def _name(self, window: _Window) -> str:
        while True:
            try:
                name, window.place = self._decoder.raw_decode(window.text, window.place)
            except ValueError:
                if not window.more():
                    self._fail(window)
                continue
            return str(name)

    def _object_alone(self, window: _Window) -> _Found:
        text = window.rest(OBJECT_CHARACTERS * 16)
        try:
            value, end = self._decoder.raw_decode(text)
        except _Doubled as odd:
            return odd.row([text])
        except (ValueError, RecursionError):
            self._fail(window)
        if text[end:].strip() or len(value) > _MEMBERS_AROUND:
            self._fail(window)
        return _row_of(value, text)

    def _next(self, window: _Window) -> _Found:
        while True:
            try:
                value, end = self._decoder.raw_decode(window.text, window.place)
            except _Doubled as odd:
                end = self._end_of_doubled(window)
                if not end:
                    continue
                text, window.place = window.text[window.place : end], end
                window.objects += 1
                return odd.row([text])
            except (ValueError, RecursionError):
                if not window.more():
                    self._fail(window)
                continue
            if end == len(window.text) and window.more():
                # A number may go on in the next part of the file.
                continue
            text = window.text[window.place : end]
            window.place = end
            window.objects += 1
            return _row_of(value, text)

    def _end_of_doubled(self, window: _Window) -> int:
        """Where an object ends whose names are told twice; 0 if more of it had to be read first."""
        try:
            return json.JSONDecoder().raw_decode(window.text, window.place)[1]
        except (ValueError, RecursionError):
            if not window.more():
                self._fail(window)
            return 0

    def _fail(self, window: _Window) -> NoReturn:
        raise DataFault(
            "file.broken_json",
            f"JSON 在第 {window.objects + 1} 个对象处有语法错误，或文件不完整",
            where=self._where,
            remedy=_REMEDY,
        ) from None


class _Window:
    """A part of a long text that moves on; never more than one object and one chunk of it."""

    def __init__(self, stream: io.TextIOWrapper, advance: Callable[[int], None]) -> None:
        self._stream = stream
        self._advance = advance
        self.text = ""
        self.place = 0
        self.objects = 0

    def more(self) -> bool:
        """Read on; False at the end of the file, or where one object is longer than any row."""
        if len(self.text) - self.place > OBJECT_CHARACTERS:
            return False
        chunk = self._stream.read(CHUNK_CHARACTERS)
        self._advance(len(chunk))
        self.text, self.place = self.text[self.place :] + chunk, 0
        return bool(chunk)

    def peek(self) -> str:
        """The next character that is no blank; "" at the end."""
        while True:
            found = _BLANKS.match(self.text, self.place)
            self.place = found.end() if found else self.place
            if self.place == 0 and self.text.startswith("\ufeff"):
                self.place = 1
                continue
            if self.place < len(self.text):
                return self.text[self.place]
            if not self.more():
                return ""

    def take(self, character: str) -> None:
        assert self.peek() == character
        self.place += 1
        self.peek()

    def rest(self, longest: int) -> str:
        """All that is left, up to `longest`."""
        while len(self.text) - self.place <= longest:
            chunk = self._stream.read(CHUNK_CHARACTERS)
            if not chunk:
                break
            self._advance(len(chunk))
            self.text += chunk
        return self.text[self.place :]


def _object_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _Doubled
    return found


def _no_value(written: str) -> NoReturn:
    raise _NoValue(f"{written} is no JSON")


def _row_of(value: Any, text: str) -> _Found:
    """What was read from `text`, whose escapes alone can hold what is no text; "" where it has none."""
    if not isinstance(value, dict):
        return BrokenObject([text or _as_text(value)])
    found = _flat(value)
    if isinstance(found, dict):
        odd = "\\u" in text and _holds_no_text(found)
        return OddCharacters([text]) if odd else found
    return DoubledName([text]) if text else found


def _holds_no_text(row: dict[str, Any]) -> bool:
    return any(_NO_TEXT.search(name) or _NO_TEXT.search(_as_text(row[name])) for name in row)


def _rows_member(value: dict[str, Any]) -> str:
    """The one member that is a list of objects, "" if there is none or several."""
    lists = [
        name
        for name, one in value.items()
        if isinstance(one, list) and one and all(isinstance(row, dict) for row in one[:_FIRST_ROWS])
    ]
    return lists[0] if len(lists) == 1 else ""


def _flat(value: dict[str, Any]) -> _Found:
    flat: dict[str, Any] = {}
    for name, one in value.items():
        inner = (
            {f"{name}.{part}": deep for part, deep in one.items()}
            if isinstance(one, dict)
            else {name: one}
        )
        if flat.keys() & inner.keys():
            return DoubledName([_as_text(value)])
        flat |= inner
    return flat


def _cells(row: dict[str, Any], places: dict[str, int]) -> Row:
    cells = [""] * len(places)
    for name, value in row.items():
        cells[places[name]] = _as_text(value)
    return cells


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        # As a sheet says it.
        return "TRUE" if value else "FALSE"
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
