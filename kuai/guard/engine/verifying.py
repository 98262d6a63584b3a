"""Reading a ledger file without trusting it: what was altered, deleted, inserted, moved, cut off, and where.

Works offline from the file, its checkpoints and the public key. One pass hashes everything; only when
something is wrong are the lines aligned with the marks the checkpoints signed, which names the very line.
Without checkpoints the chain still shows where it breaks, but not a tail cut off or a chain rewritten whole.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256

import numpy as np

from kuai.guard.engine.chain import (
    CHAIN_AT,
    ENTRIES_PER_FILE,
    ENTRY_AT,
    LINE_END,
    LINE_LEAD,
    LINE_MIDDLE,
    MIDDLE_AT,
    FileHeader,
    declared_sequence,
)
from kuai.guard.engine.checkpoints import LEAF_MARK_BYTES, Checkpoint
from kuai.guard.engine.merkle import Frontier

HEADER_LINES = 1
MOST_FAULTS = 10_000


@dataclass(frozen=True)
class LedgerFault:
    """One thing wrong. `line` counts from 1 in the file; `sequence` is the entry meant, if known.

    Kinds: header, altered, deleted, inserted, moved, truncated, link, rewritten, unproven, checkpoint.
    """

    kind: str
    line: int
    sequence: int | None
    sentence: str


@dataclass
class _Pass:
    """What one reading of the lines gave."""

    header: FileHeader
    entries: int = 0
    marks: bytearray = field(default_factory=bytearray)
    broken: dict[int, int | None] = field(default_factory=dict)
    wrong_roots: list[Checkpoint] = field(default_factory=list)

    def line_of(self, position: int) -> int:
        """The file line of the entry line at `position`, counted from 0."""
        return position + HEADER_LINES + 1

    def sequence_at(self, position: int) -> int:
        return self.header.first_sequence + position


def find_faults(
    lines: Iterable[bytes], *, checkpoints: Sequence[Checkpoint] | None
) -> tuple[int, list[LedgerFault]]:
    """(number of entry lines, faults in line order). `checkpoints` must have verified signatures, in order."""
    stream = iter(lines)
    try:
        header = FileHeader.decode(next(stream, b""))
    except ValueError:
        fault = LedgerFault("header", 1, None, "文件头被改过或不是账本文件，后面的记录无从核对。")
        return sum(1 for _ in stream), [fault]
    relevant = [item for item in checkpoints or () if item.size >= header.first_sequence]
    seen = _read_through(stream, header=header, checkpoints=relevant)
    faults = _locate(seen, relevant)
    return seen.entries, sorted(faults, key=lambda fault: fault.line)[:MOST_FAULTS]


def _read_through(
    lines: Iterator[bytes], *, header: FileHeader, checkpoints: Sequence[Checkpoint]
) -> _Pass:
    seen = _Pass(header=header)
    frontier, marks, broken = header.frontier(), seen.marks, seen.broken
    previous, hexadecimal = header.chain, header.chain.hex().encode()
    by_size = {item.size: item for item in checkpoints}
    next_sizes = iter(sorted(by_size))
    next_size = next(next_sizes, 0)
    line_number = HEADER_LINES
    # Local names and slices: this loop is what 10 million entries wait for.
    for line in lines:
        line_number += 1
        entry = line[ENTRY_AT:-2]
        leaf = sha256(b"\x00" + entry).digest()
        marks += leaf[:LEAF_MARK_BYTES]
        frontier.add(leaf)
        hexadecimal = line[CHAIN_AT:MIDDLE_AT]
        expected = sha256(entry + previous)
        if (
            hexadecimal != expected.hexdigest().encode()
            or line[:CHAIN_AT] != LINE_LEAD
            or line[MIDDLE_AT:ENTRY_AT] != LINE_MIDDLE
            or line[-2:] != LINE_END
        ):
            broken[line_number] = declared_sequence(line)
            previous = _as_hash(hexadecimal, otherwise=expected.digest())
        else:
            previous = expected.digest()
        if frontier.size == next_size:
            _compare(frontier, by_size[next_size], seen, chain=previous, line_number=line_number)
            next_size = next(next_sizes, 0)
    seen.entries = line_number - HEADER_LINES
    return seen


def _compare(
    frontier: Frontier, checkpoint: Checkpoint, seen: _Pass, *, chain: bytes, line_number: int
) -> None:
    if frontier.root() != checkpoint.root:
        seen.wrong_roots.append(checkpoint)
    elif chain != checkpoint.chain:
        seen.broken.setdefault(line_number, None)


def _as_hash(hexadecimal: bytes, *, otherwise: bytes) -> bytes:
    try:
        value = bytes.fromhex(hexadecimal.decode())
    except ValueError:
        return otherwise
    return value if len(value) == 32 else otherwise


def _locate(seen: _Pass, checkpoints: Sequence[Checkpoint]) -> list[LedgerFault]:
    if not checkpoints:
        return _faults_of_links(seen, explained=set())
    covered_from, expected = _signed_marks(checkpoints, header=seen.header)
    if covered_from and any(line <= seen.line_of(covered_from) for line in seen.broken):
        # The known marks begin late and lines before them are in disorder: positions mean nothing.
        return _faults_of_links(seen, explained=set()) or _rewritten(seen)
    actual = np.frombuffer(bytes(seen.marks), dtype=np.uint64)[covered_from:]
    faults = _align(expected, actual, seen=seen, offset=covered_from)
    explained = {line for fault in faults for line in (fault.line, fault.line + 1)}
    faults += _faults_of_links(seen, explained=explained)
    return faults or _rewritten(seen)


def _signed_marks(
    checkpoints: Sequence[Checkpoint], *, header: FileHeader
) -> tuple[int, np.ndarray]:
    """(position in the file from which the marks are known without a gap, those marks)."""
    begins = checkpoints[-1].size
    parts: list[bytes] = []
    for checkpoint in reversed(checkpoints):
        if checkpoint.size != begins:
            break
        parts.append(b"".join(checkpoint.leaf_marks))
        begins = checkpoint.begins_at
    marks = np.frombuffer(b"".join(reversed(parts)), dtype=np.uint64)
    position = begins - (header.first_sequence - 1)
    if position < 0:
        marks, position = marks[-position:], 0
    return position, marks[: max(0, ENTRIES_PER_FILE - position)]


def _align(
    expected: np.ndarray, actual: np.ndarray, *, seen: _Pass, offset: int
) -> list[LedgerFault]:
    """Faults that turn the expected marks into the actual ones; fewest faulty lines win."""
    shorter = min(len(expected), len(actual))
    differs = np.flatnonzero(expected[:shorter] != actual[:shorter])
    if not len(differs) and len(actual) >= len(expected):
        return list(_unproven(seen, begins=offset + len(expected)))
    begins = int(differs[0]) if len(differs) else shorter
    wanted, found = expected[begins:].tolist(), actual[begins:].tolist()
    explanation = _Alignment(seen=seen, offset=offset + begins, wanted=wanted, found=found)
    in_place = explanation.in_place()
    moved_about = explanation.by_order()
    fewest = in_place if _cost(in_place) <= _cost(moved_about) else moved_about
    return [replace(fault, kind=fault.kind.removesuffix("_alone")) for fault in fewest]


def _cost(faults: Sequence[LedgerFault]) -> int:
    # A move out of order is a deletion here and an insertion there.
    return sum(2 if fault.kind == "moved_alone" else 1 for fault in faults)


def _unproven(seen: _Pass, *, begins: int) -> Iterator[LedgerFault]:
    if begins < seen.entries:
        count = seen.entries - begins
        yield LedgerFault(
            "unproven",
            seen.line_of(begins),
            seen.sequence_at(begins),
            f"从这一行起的 {count} 条在最后一个检查点之后，不能证明属于账本。",
        )


@dataclass(frozen=True)
class _Alignment:
    """The stretch from the first difference on: signed marks against found ones."""

    seen: _Pass
    offset: int
    wanted: list[int]
    found: list[int]

    def in_place(self) -> list[LedgerFault]:
        """Every line is compared with the one that belongs there."""
        place_of = {mark: place for place, mark in enumerate(self.wanted)}
        shorter = min(len(self.wanted), len(self.found))
        faults: list[LedgerFault] = []
        for place in range(shorter):
            if self.found[place] != self.wanted[place]:
                faults.append(self._wrong_line(place, place_of.get(self.found[place])))
        return faults + self._rest(shorter)

    def by_order(self) -> list[LedgerFault]:
        """Lines that keep their order are taken as genuine; the others are explained between them."""
        place_of = {mark: place for place, mark in enumerate(self.wanted)}
        known = [(line, place_of[mark]) for line, mark in enumerate(self.found) if mark in place_of]
        kept = _longest_rising(known)
        kept_places = {place for _, place in kept}
        elsewhere = {place for _, place in known} - kept_places
        faults: list[LedgerFault] = []
        line_at = place_at = 0
        for line, place in [*kept, (len(self.found), len(self.wanted))]:
            missing = [item for item in range(place_at, place) if item not in elsewhere]
            is_end = line == len(self.found)
            faults += self._between(range(line_at, line), missing, place_of, is_end=is_end)
            line_at, place_at = line + 1, place + 1
        return faults

    def _between(
        self, lines: range, missing: list[int], place_of: dict[int, int], *, is_end: bool
    ) -> list[LedgerFault]:
        faults: list[LedgerFault] = []
        for line in lines:
            place = place_of.get(self.found[line])
            if place is not None:
                faults.append(self._wrong_line(line, place, alone=True))
            elif missing:
                faults.append(self._fault("altered", line, missing.pop(0), "这一条的内容被改过。"))
            elif is_end:
                return [*faults, *_unproven(self.seen, begins=self.offset + line)]
            else:
                faults.append(self._fault("inserted", line, None, "这一行是插入的，不属于账本。"))
        if missing:
            faults.append(self._missing(lines.stop, missing, is_end=is_end))
        return faults

    def _rest(self, shorter: int) -> list[LedgerFault]:
        if len(self.wanted) > shorter:
            return [self._missing(shorter, list(range(shorter, len(self.wanted))), is_end=True)]
        return list(_unproven(self.seen, begins=self.offset + shorter))

    def _wrong_line(self, line: int, place: int | None, *, alone: bool = False) -> LedgerFault:
        if place is None:
            return self._fault("altered", line, line, "这一条的内容被改过。")
        sequence = self.seen.sequence_at(self.offset + place)
        return self._fault(
            "moved_alone" if alone else "moved",
            line,
            place,
            f"这里放的是第 {sequence} 条，被换了位置。",
        )

    def _missing(self, line: int, places: list[int], *, is_end: bool) -> LedgerFault:
        first = self.seen.sequence_at(self.offset + places[0])
        last = self.seen.sequence_at(self.offset + places[-1])
        span = (
            f"第 {first} 条" if first == last else f"第 {first} 至 {last} 条（共 {len(places)} 条）"
        )
        if is_end:
            return self._fault("truncated", line, places[0], f"末尾缺{span}。")
        return self._fault("deleted", line, places[0], f"{span}被删除，原在这一行之前。")

    def _fault(self, kind: str, line: int, place: int | None, sentence: str) -> LedgerFault:
        sequence = None if place is None else self.seen.sequence_at(self.offset + place)
        return LedgerFault(kind, self.seen.line_of(self.offset + line), sequence, sentence)


def _longest_rising(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest run of (line, place) in which places rise too (patience sorting)."""
    tops: list[int] = []
    top_at: list[int] = []
    before: list[int] = []
    for at, (_, place) in enumerate(pairs):
        pile = bisect_left(tops, place)
        before.append(top_at[pile - 1] if pile else -1)
        if pile == len(tops):
            tops.append(place)
            top_at.append(at)
        else:
            tops[pile], top_at[pile] = place, at
    kept: list[tuple[int, int]] = []
    at = top_at[-1] if top_at else -1
    while at >= 0:
        kept.append(pairs[at])
        at = before[at]
    return kept[::-1]


def _faults_of_links(seen: _Pass, *, explained: set[int]) -> list[LedgerFault]:
    """What the chain alone shows, beyond lines already explained."""
    faults: list[LedgerFault] = []
    last_named = 0
    for line in sorted(seen.broken):
        # A wrong link value breaks its own line and the next one; one fault is enough for both.
        if line in explained or line == last_named + 1:
            continue
        last_named = line
        faults.append(_fault_of_link(seen, line, seen.broken[line]))
    return faults


def _fault_of_link(seen: _Pass, line: int, declared: int | None) -> LedgerFault:
    expected = seen.sequence_at(line - HEADER_LINES - 1)
    if declared is not None and declared > expected:
        return LedgerFault(
            "deleted",
            line,
            expected,
            f"这一行之前缺第 {expected} 至 {declared - 1} 条，或次序被换过。",
        )
    if declared is not None and declared < expected:
        return LedgerFault("inserted", line, declared, "这一行不该在这里：是插入的，或次序被换过。")
    return LedgerFault("altered", line, expected, "这一行与上一行接不上：这一行或上一行被改过。")


def _rewritten(seen: _Pass) -> list[LedgerFault]:
    """Roots differ although no line could be named: the history before the first wrong root was rewritten."""
    if not seen.wrong_roots:
        return []
    checkpoint = seen.wrong_roots[0]
    line = seen.line_of(checkpoint.size - seen.header.first_sequence)
    return [
        LedgerFault(
            "rewritten",
            line,
            checkpoint.size,
            f"第 {checkpoint.size} 条处的检查点对不上：它之前的记录被整段改写过。",
        )
    ]
