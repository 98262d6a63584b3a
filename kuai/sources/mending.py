"""The sheet of refused rows, mended and handed in again: a delivery of its own beside the one it mends.

Each of its rows says by 错误原因 which row of which of the office's files it is, so that a row mended is counted once,
and neither a row that was never refused nor one of another file of the same period can come in this way. The delivery
it mends stays as it was: history keeps both.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from kuai.guard.actions import is_shredded, open_sealed, sealed_exists
from kuai.guard.types import Zone
from kuai.kit.errors import DataFault, Where
from kuai.kit.progress import SILENT, Progress
from kuai.kit.receipt import Receipt
from kuai.kit.store import Store
from kuai.sources.mapping_files import ColumnChoice
from kuai.sources.receiving import (
    MAP_QUARANTINE,
    QUARANTINE,
    REASON_HEADING,
    SNAPSHOT,
    file_mark,
    get_snapshot,
    hash_parts,
    read_receipt,
    receive_file,
    write_refused_sheet,
)
from kuai.sources.types import SnapshotRef

MENDED = "-mended-"
MASK = "***"
_MENDED_PERIOD = re.compile(rf"^(?P<period>.+){MENDED}(?P<number>[0-9]+)$")
_OF_FILE = re.compile(r"^原文件第 ([0-9]+) 行：")
_OF_ROWS = re.compile(r"^第 ([0-9]+) 条数据：")
_NAMED_AT_MOST = 10
_REMEDY = "只改退回的行：“错误原因”一列原样留着，不加新行；新的数据请作为新的一期上传。"

# ("file", row of the office's file) of what could not be read; ("row", number) of what the mapping sent back.
Reference = tuple[str, int]


class MendedSheetFound(Exception):  # noqa: N818 - a fork in the road, no failure
    """What was handed in is a sheet of refused rows."""


class PlainChoice(ColumnChoice):
    """The choice of an ordinary delivery: stops where the file turns out to be a sheet of refused rows, because
    received as it stands it would take the place of the delivery it belongs to."""

    def settle(self, headings: Sequence[str], rows: pa.Table) -> tuple[int, ...]:
        """As ColumnChoice; raises MendedSheetFound."""
        if REASON_HEADING in headings:
            raise MendedSheetFound
        return super().settle(headings, rows)


class _MendedChoice(ColumnChoice):
    """The choice of a mended sheet: its reasons are sealed too; a row that is none of the refused refuses it."""

    expected: tuple[str, ...] = ()
    refused: frozenset[Reference] = frozenset()
    mended: frozenset[Reference] = frozenset()
    mark = ""
    file_name = ""

    def wanted(self, headings: Sequence[str]) -> tuple[int, ...] | None:
        """With the column of reasons."""
        taken = super().wanted(headings)
        return taken if taken is None else self._with_reasons(headings, taken)

    def settle(self, headings: Sequence[str], rows: pa.Table) -> tuple[int, ...]:
        """As ColumnChoice; raises a DataFault before anything is sealed."""
        self._require_same_columns(headings)
        self._require_refused_rows(headings, rows)
        return self._with_reasons(headings, super().settle(headings, rows))

    def _with_reasons(self, headings: Sequence[str], taken: Sequence[int]) -> tuple[int, ...]:
        return tuple(sorted({*taken, tuple(headings).index(REASON_HEADING)}))

    def _require_same_columns(self, headings: Sequence[str]) -> None:
        if tuple(headings[: len(self.expected) + 1]) != (*self.expected, REASON_HEADING):
            raise self._fault("mended.columns", "这张表的列和那一期的不同")

    def _require_refused_rows(self, headings: Sequence[str], rows: pa.Table) -> None:
        place = tuple(headings).index(REASON_HEADING)
        reasons = rows.column(f"c{place}").to_pylist()
        seen: set[Reference] = set()
        for number, reason in enumerate(reasons, start=1):
            reference = _reference(reason, mark="")
            if reference is not None and _reference(reason, mark=self.mark) is None:
                raise self._of_another_file(row=number)
            if reference is None or reference not in self.refused:
                raise self._fault("mended.stranger", "有一行不是这一期退回的行", row=number)
            if reference in seen:
                raise self._fault("mended.twice", "同一个退回的行在表里有两行", row=number)
            if reference in self.mended:
                raise self._fault(
                    "mended.again", "有一行已经改好交过了；再下载的退回表里没有它", row=number
                )
            seen.add(reference)
        masked = _masked_rows(rows, width=len(self.expected))
        if masked:
            raise self._fault(
                "mended.masked", f"有 {len(masked)} 行还是 {MASK}，没有填回内容", row=masked[0]
            )

    def _of_another_file(self, *, row: int) -> DataFault:
        return DataFault(
            "mended.other_file",
            "有一行不是这一期现在这份文件退回的：这一期后来交过另一份文件，行号对不上",
            where=Where(file=self.file_name, row=row + 1),
            remedy="请重新下载这一期的退回表，在那一份上改；“错误原因”一列连同末尾的文件号原样留着。",
        )

    def _fault(self, code: str, sentence: str, *, row: int | None = None) -> DataFault:
        # The heading is the sheet's first row.
        where = Where(file=self.file_name, row=row + 1 if row else None)
        return DataFault(code, sentence, where=where, remedy=_REMEDY)


@dataclass(frozen=True)
class MendedDelivery:
    """What came of a mended sheet: its own snapshot and receipt, and the sums of its delivery with all mended rows."""

    snapshot: SnapshotRef
    receipt: Receipt
    together: Receipt


def mended_period(period: str) -> tuple[str, int] | None:
    """The delivery that a mended one belongs to, and its number; None for an ordinary period."""
    found = _MENDED_PERIOD.match(period)
    return (found["period"], int(found["number"])) if found else None


def receive_mended(
    store: Store,
    path: Path,
    *,
    source: str,
    period: str,
    zone: Zone,
    columns: ColumnChoice,
    progress: Progress = SILENT,
) -> MendedDelivery:
    """Seal a mended sheet of the delivery `period` as a delivery of its own, `<period>-mended-<number>`.

    Refuses (DataFault) rows that were not refused, rows mended before, and rows still masked. The same bytes again
    are recognised.
    """
    original = get_snapshot(store, zone=zone, source=source, period=period)
    before = list(_mended_before(store, zone, source, period))
    content_hash = hash_parts([path])
    known = next((one for one in before if one.content_hash == content_hash), None)
    choice = _MendedChoice(store, source, columns.mapping)
    choice.file_name = path.name
    choice.expected = original.headings
    choice.refused = frozenset(_refused_rows(store, zone, original))
    choice.mark = file_mark(original)
    choice.mended = frozenset(
        reference
        for one in before
        if one != known
        for reference in _references_of(store, zone, one, mark=choice.mark)
    )
    number = len(before) + 1
    snapshot, receipt = receive_file(
        store,
        path,
        source=source,
        period=known.period if known else f"{period}{MENDED}{number}",
        zone=zone,
        columns=choice,
        progress=progress,
    )
    together = read_receipt_together(store, zone=zone, source=source, period=period)
    return MendedDelivery(snapshot, receipt, together)


def write_rows_to_mend(
    store: Store,
    *,
    zone: Zone,
    source: str,
    period: str,
    target: Path,
    with_values: bool = False,
) -> int:
    """`write_refused_sheet` without the rows that came back mended. Returns how many are left."""
    mark = file_mark(get_snapshot(store, zone=zone, source=source, period=period))
    mended = {
        reference
        for one in _mended_before(store, zone, source, period)
        for reference in _references_of(store, zone, one, mark=mark)
    }
    return write_refused_sheet(
        store,
        zone=zone,
        source=source,
        period=period,
        target=target,
        with_values=with_values,
        is_left_out=lambda reason: _reference(reason, mark=mark) in mended,
    )


def read_receipt_together(store: Store, *, zone: Zone, source: str, period: str) -> Receipt:
    """The sums of a delivery with its mended rows: received = kept + still refused, each row counted once."""
    first = read_receipt(store, zone=zone, source=source, period=period)
    original = get_snapshot(store, zone=zone, source=source, period=period)
    mended: set[Reference] = set()
    sheets = 0
    for one in _mended_before(store, zone, source, period):
        found = set(_references_of(store, zone, one, mark=file_mark(original)))
        mended |= found
        # Sheets of a file that another took the place of mend nothing of this one.
        sheets += bool(found)
    if not sheets:
        return first
    # The same file read by another mapping may have refused other rows.
    mended &= set(_refused_rows(store, zone, original))
    rows = sum(kind == "file" for kind, _ in mended)
    return replace(
        first,
        kept=first.kept + rows,
        quarantined=first.quarantined - rows,
        notes={**first.notes, "mended": len(mended), "mended_sheets": sheets},
    )


def _mended_before(store: Store, zone: Zone, source: str, period: str) -> Iterator[SnapshotRef]:
    folder = store.vault / zone.value / source
    found = (mended_period(card.parent.name) for card in folder.glob("*/snapshot.json"))
    numbers = sorted(number for one in found if one and one[0] == period for number in [one[1]])
    for number in numbers:
        name = f"{period}{MENDED}{number}"
        if not is_shredded(store, zone=zone, source=source, period=name):
            yield get_snapshot(store, zone=zone, source=source, period=name)


def _refused_rows(store: Store, zone: Zone, original: SnapshotRef) -> Iterator[Reference]:
    place: dict[str, Any] = {
        "zone": zone,
        "source": original.source,
        "period": original.period,
    }
    unread = open_sealed(store, name=QUARANTINE, columns=["sheet_row"], **place)
    yield from (("file", row) for row in unread.column("sheet_row").to_pylist())
    if sealed_exists(store, name=MAP_QUARANTINE, **place):
        unmapped = open_sealed(store, name=MAP_QUARANTINE, columns=["row_no"], **place)
        yield from (("row", row + 1) for row in unmapped.column("row_no").to_pylist())


def _references_of(
    store: Store, zone: Zone, mended: SnapshotRef, *, mark: str
) -> Iterable[Reference]:
    place = mended.headings.index(REASON_HEADING)
    reasons = open_sealed(
        store,
        zone=zone,
        source=mended.source,
        period=mended.period,
        name=SNAPSHOT,
        columns=[f"c{place}"],
    )
    found = (_reference(text, mark=mark) for text in reasons.column(0).to_pylist())
    return [reference for reference in found if reference]


def _reference(text: str | None, *, mark: str) -> Reference | None:
    """The row a reason names; None where it names none or does not end with the mark of the file."""
    written = (text or "").strip()
    if not written.endswith(mark):
        return None
    for kind, form in (("file", _OF_FILE), ("row", _OF_ROWS)):
        if found := form.match(written):
            return kind, int(found[1])
    return None


def _masked_rows(rows: pa.Table, *, width: int) -> list[int]:
    """Rows (from 1) in which some cell is still what stood there instead of its value."""
    masked: set[int] = set()
    for number in range(width):
        is_mask = pc.equal(pc.utf8_trim_whitespace(rows.column(f"c{number}")), MASK)
        masked.update(place + 1 for place, one in enumerate(is_mask.to_pylist()) if one)
    return sorted(masked)
