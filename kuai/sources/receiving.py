"""Receives deliveries: a file is read in a sandbox and sealed in the vault as delivered, faulty rows apart.

Nothing is repaired and nothing half-written stays: a snapshot exists when its card (snapshot.json) does, and the
card is written last; it holds headings and counts, no value. Columns that no purpose asks for are blanked before
anything is sealed: they leave the scratch folder of their parsing for nowhere.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import xlsxwriter

from kuai.guard.actions import (
    is_shredded,
    open_sealed,
    open_sealed_batches,
    sealed_exists,
    sealing_writer,
)
from kuai.guard.types import Zone
from kuai.kit.errors import Breakdown, DataFault, Refusal, Where
from kuai.kit.progress import SILENT, Progress, progress_line
from kuai.kit.receipt import Receipt
from kuai.kit.store import Store, read_json, write_json
from kuai.sources.engine import reading_limits
from kuai.sources.engine.blanking import blank_quarantine, blank_snapshot
from kuai.sources.engine.profiling import Profile, profile_snapshot
from kuai.sources.engine.reading import ReadingJob, ReadingResult
from kuai.sources.engine.reading_rows import REFUSED_FILE, ROWS_FILE
from kuai.sources.engine.sandbox import read_safely
from kuai.sources.mapping_files import ColumnChoice
from kuai.sources.types import SnapshotRef

SNAPSHOT = "snapshot"
QUARANTINE = "quarantine"
# Made by the map stage (mapping_steps): row_no, reason.
MAP_QUARANTINE = "map_quarantine"
# A newer reader may read the same bytes otherwise; then they are read again. Raise it with every such change.
READER_VERSION = 2
HASH_BLOCK = 4 * 1024 * 1024
# Beyond this a delivery comes in parts; the limits below it are measured, above it nobody has tried.
FILE_BYTES = 8 * 1024 * 1024 * 1024
# Excel ends a sheet here, its heading included.
SHEET_ROWS = 1_048_575
REASON_HEADING = "错误原因"
# Digits of the file's content hash that a refused row carries: row numbers of another file of the period are others.
MARK_DIGITS = 12
# Also of sheets on their way out and of exports: each is named after the process that made it.
_SCRATCH = re.compile(r"^(?:receive|sheet|export)-(\d+)-\w+$")


ZoneOfHeadings = Callable[[tuple[str, ...]], Zone]


@dataclass(frozen=True)
class _Place:
    """Where one delivery lies in the vault."""

    store: Store
    zone: Zone
    source: str
    period: str

    @property
    def folder(self) -> Path:
        return self.store.vault / self.zone.value / self.source / self.period

    @property
    def card(self) -> Path:
        return self.folder / "snapshot.json"

    @property
    def profile(self) -> Path:
        return self.folder / "profile.json"

    @property
    def names(self) -> dict[str, Any]:
        """What the vault's doors ask for besides the store and the table."""
        return {"zone": self.zone, "source": self.source, "period": self.period}


@dataclass(frozen=True)
class _Delivery:
    """What was handed in under which name."""

    store: Store
    source: str
    period: str
    paths: tuple[Path, ...]
    declared_encoding: str = ""
    columns: ColumnChoice | None = None

    def place(self, zone: Zone) -> _Place:
        return _Place(self.store, zone, self.source, self.period)


def receive_file(
    store: Store,
    path: Path,
    *,
    source: str,
    period: str,
    zone: Zone,
    declared_encoding: str = "",
    columns: ColumnChoice | None = None,
    progress: Progress = SILENT,
) -> tuple[SnapshotRef, Receipt]:
    """Seal the rows of one delivered file as delivered; refuses (DataFault) what is no readable table.

    Columns that `columns` does not take are sealed empty; without it all are taken. May be repeated: the same
    bytes again give the same snapshot without a write, unless other columns are wanted now.
    """
    return receive_parts(
        store,
        [path],
        source=source,
        period=period,
        zone=zone,
        declared_encoding=declared_encoding,
        columns=columns,
        progress=progress,
    )


def receive_parts(
    store: Store,
    paths: Sequence[Path],
    *,
    source: str,
    period: str,
    zone: Zone | ZoneOfHeadings,
    declared_encoding: str = "",
    columns: ColumnChoice | None = None,
    progress: Progress = SILENT,
) -> tuple[SnapshotRef, Receipt]:
    """`receive_file` for a delivery in several files under the same headings; rows are numbered on through them.

    `zone` may be a function of the headings, because only they tell what an unknown file is about.
    """
    delivery = _Delivery(store, source, period, tuple(paths), declared_encoding, columns)
    if isinstance(zone, Zone):
        fixed = zone
        return _receive(delivery, zones=(fixed,), choose=lambda _: fixed, progress=progress)
    return _receive(delivery, zones=tuple(Zone), choose=zone, progress=progress)


def _receive(
    delivery: _Delivery,
    *,
    zones: Sequence[Zone],
    choose: ZoneOfHeadings,
    progress: Progress,
) -> tuple[SnapshotRef, Receipt]:
    """Zones are where it may lie already; `choose` says from the headings where it goes if it is new."""
    paths = delivery.paths
    _require_files(paths)
    if len(zones) == 1:
        # Where the zone is certain, before anything is read.
        _require_not_shredded(delivery.place(zones[0]))
    before = [_stamp(path) for path in paths]
    content_hash = hash_parts(paths)
    for zone in zones:
        known = _recognise(delivery.place(zone), content_hash, delivery.columns)
        if known is not None:
            return known
    with _scratch_folder(delivery.store) as scratch, ExitStack() as nameless:
        results = _read_parts(delivery, scratch, nameless, progress=progress)
        if [_stamp(path) for path in paths] != before:
            raise DataFault(
                "file.changing",
                "文件在读取时被改动",
                where=Where(file=paths[0].name),
                remedy="请等文件写完后再交。",
            )
        place = delivery.place(choose(results[0].headings))
        _require_not_shredded(place)
        snapshot = _describe(place, paths, results, content_hash)
        receipt = _receipt(snapshot, results)
        taken = _settle_columns(delivery, scratch, snapshot)
        _seal(place, scratch, snapshot, receipt, taken=taken, progress=progress)
    return snapshot, receipt


def get_snapshot(store: Store, *, zone: Zone, source: str, period: str) -> SnapshotRef:
    """The snapshot received for this delivery; refuses if there is none, or none any more."""
    place = _Place(store, zone, source, period)
    if not place.card.exists():
        _require_not_shredded(place)
        raise Refusal(
            "sources.not_received",
            f"“{source}”的 {period} 期还没有收到。",
            next_step="请先接收这份文件。",
        )
    return _snapshot_of(read_json(place.card))


def open_snapshot(store: Store, snapshot: SnapshotRef, *, zone: Zone) -> pa.Table:
    """The delivered rows under their headings, in order; refuses what was shredded."""
    columns = [f"c{index}" for index in range(len(snapshot.headings))]
    names: dict[str, Any] = {"zone": zone, "source": snapshot.source, "period": snapshot.period}
    rows = open_sealed(store, name=SNAPSHOT, columns=columns, **names)
    return rows.rename_columns(list(snapshot.headings))


def read_profile(store: Store, *, zone: Zone, source: str, period: str) -> Profile:
    """The column profile saved when the delivery was received; refuses if there is none."""
    get_snapshot(store, zone=zone, source=source, period=period)
    return Profile.from_json(read_json(_Place(store, zone, source, period).profile))


def read_receipt(store: Store, *, zone: Zone, source: str, period: str) -> Receipt:
    """What receiving this delivery came to; refuses if it was never received."""
    get_snapshot(store, zone=zone, source=source, period=period)
    return Receipt.from_json(read_json(_Place(store, zone, source, period).card)["receipt"])


def _require_not_shredded(place: _Place) -> None:
    if is_shredded(place.store, **place.names):
        raise Refusal(
            "sources.shredded",
            f"“{place.source}”的 {place.period} 期已销毁：原件的密钥已销毁，任何副本都不能再读，也不再接收。",
            next_step="已销毁的读不回来。构建时请从数据包里去掉这个来源，或换成新的一期。",
        )


def _require_files(paths: Sequence[Path]) -> None:
    if not paths:
        raise DataFault("file.missing", "没有给出文件", remedy="请选择要交的文件。")
    for path in paths:
        where = Where(file=path.name)
        if not path.is_file():
            raise DataFault("file.missing", "找不到文件", where=where, remedy="请核对路径后重试。")
        try:
            with path.open("rb"):
                pass
        except OSError:
            raise DataFault(
                "file.closed", "没有读这个文件的权限", where=where, remedy="请放开权限后重试。"
            ) from None
        if path.stat().st_size > FILE_BYTES:
            raise DataFault(
                "file.too_big", "文件超过 8 GB", where=where, remedy="请拆成几个文件后再交。"
            )


def _stamp(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def hash_parts(paths: Sequence[Path]) -> str:
    """SHA-256 of the raw bytes; of several files, of their hashes in order."""
    digests = [_hash_file(path) for path in paths]
    return (
        digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()
    )


def _hash_file(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _recognise(
    place: _Place, content_hash: str, columns: ColumnChoice | None
) -> tuple[SnapshotRef, Receipt] | None:
    if not place.card.exists():
        return None
    card = read_json(place.card)
    same = card.get("content_hash") == content_hash and card.get("reader_version") == READER_VERSION
    if not same or not sealed_exists(place.store, name=SNAPSHOT, **place.names):
        return None
    # A column given a purpose since then is not in the vault yet; one that lost its purpose still is. Cards from
    # before the columns were chosen do not say: everything was sealed then.
    every = tuple(range(len(card["headings"])))
    wanted = columns.wanted(card["headings"]) if columns else every
    if wanted != tuple(card.get("columns_taken", every)):
        return None
    receipt = Receipt.from_json(card["receipt"])
    return _snapshot_of(card), replace(receipt, notes={**receipt.notes, "already_received": True})


def _snapshot_of(card: dict[str, Any]) -> SnapshotRef:
    fields = {key: card[key] for key in SnapshotRef.__dataclass_fields__}
    return SnapshotRef(**{**fields, "headings": tuple(card["headings"])})


@contextmanager
def _scratch_folder(store: Store) -> Iterator[Path]:
    """A folder only we can read, gone afterwards; what a killed run left behind goes too."""
    store.scratch.mkdir(parents=True, exist_ok=True)
    sweep_scratch(store.scratch)
    folder = store.scratch / f"receive-{os.getpid()}-{secrets.token_hex(8)}"
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def sweep_scratch(scratch: Path) -> None:
    """Remove the folders of processes that are gone: a kill leaves rows there as they were delivered."""
    for folder in scratch.iterdir():
        found = _SCRATCH.match(folder.name)
        if found and not Path(f"/proc/{found.group(1)}").exists():
            shutil.rmtree(folder, ignore_errors=True)


def place_nameless(link: Path) -> int:
    """Make `link` lead to an open file without a name: gone with this process.

    What is parsed is raw until it is sealed; in a file with a name it would lie there after a kill.
    """
    descriptor = os.open(link, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    link.unlink()
    # Through /proc, because the child that writes it was started long before and inherits nothing.
    link.symlink_to(f"/proc/{os.getpid()}/fd/{descriptor}")
    return descriptor


def _read_parts(
    delivery: _Delivery, scratch: Path, nameless: ExitStack, *, progress: Progress
) -> list[ReadingResult]:
    results: list[ReadingResult] = []
    for number, path in enumerate(delivery.paths):
        folder = scratch / f"{number:04d}"
        folder.mkdir(mode=0o700)
        for name in (ROWS_FILE, REFUSED_FILE):
            nameless.callback(os.close, place_nameless(folder / name))
        job = ReadingJob(
            path=str(_opened_as(path)),
            file_name=path.name,
            scratch=str(folder),
            declared_encoding=delivery.declared_encoding,
            first_row_no=results[-1].next_row_no if results else 0,
            expected_headings=results[0].headings if results else (),
        )
        results.append(_read_part(job, path, progress))
    return results


def _opened_as(path: Path) -> Path:
    """The file itself; one without a name (a pulled table's rows) can be opened by its link alone."""
    target = path.resolve()
    return target if target.exists() else path.absolute()


def _read_part(job: ReadingJob, path: Path, progress: Progress) -> ReadingResult:
    size = path.stat().st_size
    with path.open("rb") as stream:
        is_workbook = stream.read(4) in (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
    label = f"读取 {job.file_name}"
    # A packed file's bytes say little of its rows, so a workbook's line counts rows, without a total.
    line = (
        progress_line(progress, label)
        if is_workbook
        else progress_line(progress, label, total=size, measure="字节")
    )
    with line as task:
        report = read_safely(
            job.as_json(), size=size, is_workbook=is_workbook, on_progress=task.advance
        )
    return ReadingResult.from_json(report)


def _settle_columns(delivery: _Delivery, scratch: Path, snapshot: SnapshotRef) -> tuple[int, ...]:
    if delivery.columns is None:
        return tuple(range(len(snapshot.headings)))
    return delivery.columns.settle(snapshot.headings, _mapped(_rows_files(scratch)))


def _describe(
    place: _Place, paths: Sequence[Path], results: Sequence[ReadingResult], content_hash: str
) -> SnapshotRef:
    first = results[0]
    return SnapshotRef(
        source=place.source,
        period=place.period,
        file_name="、".join(path.name for path in paths),
        content_hash=content_hash,
        headings=first.headings,
        rows=sum(result.kept for result in results),
        encoding=first.encoding,
        sheet=first.sheet,
        heading_row=first.heading_row,
    )


def _receipt(snapshot: SnapshotRef, results: Sequence[ReadingResult]) -> Receipt:
    kept = sum(result.kept for result in results)
    quarantined = sum(result.quarantined for result in results)
    reasons: Counter[str] = Counter()
    for result in results:
        reasons.update(result.reasons)
    notes: dict[str, Any] = {
        "format": results[0].format,
        "encoding": snapshot.encoding,
        "sheet": snapshot.sheet,
        "heading_row": snapshot.heading_row,
        "empty_rows": sum(result.empty_rows for result in results),
        "reasons": dict(reasons),
        "already_received": False,
    }
    for result in results:
        notes.update(result.notes)
    if len(results) > 1:
        notes["parts"] = len(results)
    return Receipt(
        stage="receive",
        received=kept + quarantined,
        kept=kept,
        quarantined=quarantined,
        notes=notes,
    )


def _seal(
    place: _Place,
    scratch: Path,
    snapshot: SnapshotRef,
    receipt: Receipt,
    *,
    taken: tuple[int, ...],
    progress: Progress,
) -> None:
    blank_rows = partial(blank_snapshot, taken=taken)
    blank_refused = partial(blank_quarantine, taken=taken)
    rows_files, refused_files = _rows_files(scratch), sorted(scratch.glob(f"*/{REFUSED_FILE}"))
    with progress_line(progress, f"封存 {snapshot.file_name}", total=receipt.received) as task:
        # From here until the new card is written there is no snapshot; a kill in between means: receive again.
        place.card.unlink(missing_ok=True)
        for part in place.folder.glob(".*.part"):
            # Left by a killed run: a store has one writer at a time, so none is in use.
            part.unlink(missing_ok=True)
        _seal_files(place, SNAPSHOT, rows_files, blank_rows, task.advance)
        _seal_files(place, QUARANTINE, refused_files, blank_refused, task.advance)
    sealed = pa.Table.from_batches(
        map(blank_rows, _mapped(rows_files).to_batches()), schema=_open_arrow(rows_files[0]).schema
    )
    profile = profile_snapshot(sealed, headings=snapshot.headings)
    write_json(place.profile, profile.as_json())
    card = {
        **asdict(snapshot),
        "columns_taken": list(taken),
        "reader_version": READER_VERSION,
        "receipt": receipt.as_json(),
    }
    write_json(place.card, card)


def _seal_files(
    place: _Place,
    name: str,
    files: Sequence[Path],
    blank: Callable[[pa.RecordBatch], pa.RecordBatch],
    advance: Callable[[int], None],
) -> None:
    """Seal Arrow files batch by batch: they are mapped, so this process holds little of them."""
    schema = _open_arrow(files[0]).schema
    with sealing_writer(place.store, name=name, schema=schema, **place.names) as writer:
        for file in files:
            reader = _open_arrow(file)
            for number in range(reader.num_record_batches):
                batch = blank(reader.get_batch(number))
                writer.write(batch)
                advance(batch.num_rows)


def _rows_files(scratch: Path) -> list[Path]:
    return sorted(scratch.glob(f"*/{ROWS_FILE}"))


def _open_arrow(file: Path) -> pa.RecordBatchFileReader:
    try:
        return pa.ipc.open_file(pa.memory_map(str(file)))
    except (OSError, pa.ArrowInvalid) as error:
        raise Breakdown(f"scratch file {file.name} is unreadable") from error


def _mapped(files: Sequence[Path]) -> pa.Table:
    return pa.concat_tables([_open_arrow(file).read_all() for file in files])


def write_refused_sheet(
    store: Store,
    *,
    zone: Zone,
    source: str,
    period: str,
    target: Path,
    with_values: bool = False,
    is_left_out: Callable[[str], bool] | None = None,
) -> int:
    """Write the quarantined rows as XLSX for their office: same headings, then 错误原因. Returns how many.

    Without `with_values` every filled cell is ***: the row's number and the reason tell the office which row of its
    own file it is (decision 0027).
    First those that could not be read, then those that the mapping could make nothing of (once it has run).
    Rows whose reason `is_left_out` are not written: those that came back mended. Cells are text only, so that nothing
    in them can run as a formula. May be repeated.
    """
    snapshot = get_snapshot(store, zone=zone, source=source, period=period)
    place: dict[str, Any] = {"zone": zone, "source": source, "period": period}
    unreadable = open_sealed_batches(store, name=QUARANTINE, **place)
    lines: Iterator[list[str]] = chain(
        _refused_lines(unreadable, snapshot), _unmapped_lines(store, snapshot, place)
    )
    if is_left_out is not None:
        width = len(snapshot.headings)
        lines = (line for line in lines if not is_left_out(line[width]))
    if not with_values:
        lines = _without_values(lines, width=len(snapshot.headings))
    scratch = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        written = _write_workbook(scratch, snapshot.headings, lines)
        scratch.replace(target)
    finally:
        scratch.unlink(missing_ok=True)
    return written


def file_mark(snapshot: SnapshotRef) -> str:
    """Which file a refused row is of, as its reason ends: a period may have been handed in again meanwhile."""
    return f"［文件 {snapshot.content_hash[:MARK_DIGITS]}］"


def _without_values(lines: Iterator[list[str]], *, width: int) -> Iterator[list[str]]:
    """Cells beyond the heading go altogether; of the others, only that they are filled is said."""
    for line in lines:
        yield [*("***" if cell else "" for cell in line[:width]), line[width]]


def _refused_lines(batches: Iterator[pa.RecordBatch], snapshot: SnapshotRef) -> Iterator[list[str]]:
    width = len(snapshot.headings)
    for batch in batches:
        for row in batch.to_pylist():
            reason = f"原文件第 {row['sheet_row']} 行：{row['reason']}{file_mark(snapshot)}"
            # Cells beyond the heading stand behind the reason, so that the columns keep their places.
            extra = json.loads(row["extra"]) if row["extra"] else []
            yield [*(row[f"c{index}"] or "" for index in range(width)), reason, *extra]


def _unmapped_lines(
    store: Store, snapshot: SnapshotRef, place: dict[str, Any]
) -> Iterator[list[str]]:
    """The rows that the map stage sent back, with its reasons."""
    if not sealed_exists(store, name=MAP_QUARANTINE, **place):
        return
    found = open_sealed(store, name=MAP_QUARANTINE, **place).to_pydict()
    reasons = dict(zip(found["row_no"], found["reason"], strict=True))
    for batch in open_sealed_batches(store, name=SNAPSHOT, **place):
        wanted = pc.is_in(batch.column("row_no"), pa.array(list(reasons), pa.int32()))
        for row in batch.filter(wanted).to_pylist():
            cells = [row[f"c{index}"] or "" for index in range(len(snapshot.headings))]
            reason = reasons[row["row_no"]]
            yield [*cells, f"第 {row['row_no'] + 1} 条数据：{reason}{file_mark(snapshot)}"]


def _write_workbook(scratch: Path, headings: Sequence[str], lines: Iterator[list[str]]) -> int:
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        # Left out, its rows lie in the machine's /tmp meanwhile.
        "tmpdir": str(scratch.parent),
    }
    written = 0
    with xlsxwriter.Workbook(str(scratch), options) as book:
        text = book.add_format({"num_format": "@"})
        bold = book.add_format({"bold": True, "num_format": "@"})
        sheet = None
        for line in lines:
            row = written % SHEET_ROWS
            if sheet is None or row == 0:
                sheet = book.add_worksheet()
                _write_line(sheet, 0, [*headings, REASON_HEADING], bold)
            _write_line(sheet, row + 1, line, text)
            written += 1
        if sheet is None:
            _write_line(book.add_worksheet(), 0, [*headings, REASON_HEADING], bold)
    return written


def _write_line(sheet: Any, row: int, cells: Sequence[str], form: Any) -> None:
    for column, cell in enumerate(cells):
        if cell:
            sheet.write_string(row, column, cell[: reading_limits.CELL_CHARACTERS], form)


__all__ = [
    "QUARANTINE",
    "SNAPSHOT",
    "get_snapshot",
    "hash_parts",
    "open_snapshot",
    "read_profile",
    "read_receipt",
    "receive_file",
    "receive_parts",
    "write_refused_sheet",
]
