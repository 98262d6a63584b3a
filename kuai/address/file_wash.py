"""The wash of a file, batch by batch and in order: what `kuai wash` does between reading and writing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from kuai.address.batch import open_wash
from kuai.address.engine.place_index import PlaceIndex
from kuai.address.sheets import OpenSheet, SheetWriter, open_sheet, sheet_writer, texts_of
from kuai.kit.errors import DataFault, Where
from kuai.kit.progress import Progress, ProgressTask, progress_line
from kuai.kit.receipt import Receipt

# What a washed file gets; the wash knows more (the unknown place is for phantom rooms), the first are these.
ADDED_COLUMNS = ("address_code", "level", "grade", "matched_text", "explanation", "candidates")
GRADE = ADDED_COLUMNS.index("grade")


def wash_sheet(
    index: PlaceIndex, source: Path, *, text_column: str, out: Path, progress: Progress
) -> Receipt:
    """Wash `source` into `out`; refuses a heading that lacks `text_column` or has one of ours."""
    with open_sheet(source, text_column) as sheet:
        _refuse_taken_columns(sheet.heading, source.name)
        with (
            sheet_writer(out, (*sheet.heading, *ADDED_COLUMNS)) as writer,
            progress_line(progress, "清洗地址", total=sheet.rows, measure="行") as line,
        ):
            counts = _wash_batches(index, sheet, sheet.heading.index(text_column), writer, line)
    rows = counts.pop("rows")
    notes = {f"grade_{grade}": counts.pop(grade) for grade in "ABCD" if grade in counts}
    more = {"rows_above_heading": sheet.rows_above} if sheet.rows_above else {}
    return Receipt(
        "wash_file", rows, rows, notes=notes | {"distinct_texts": counts["distinct"]} | more
    )


def _wash_batches(
    index: PlaceIndex, sheet: OpenSheet, position: int, writer: SheetWriter, line: ProgressTask
) -> Counter[str]:
    counts: Counter[str] = Counter(rows=0, distinct=0)
    with open_wash(index) as wash:
        for columns in sheet.batches:
            texts = texts_of(columns[position])
            place_of: dict[str, int] = {}
            places = [place_of.setdefault(text, len(place_of)) for text in texts]
            answers = wash.wash_columns(list(place_of), progress=_Joined(line))
            added = [_spread(answer, places) for answer in answers[: len(ADDED_COLUMNS)]]
            writer.write([*columns, *added])
            counts.update(added[GRADE])
            counts["rows"] += len(texts)
            counts["distinct"] += len(place_of)
            # Texts that came twice were washed once, but their rows are done too.
            line.advance(len(texts) - len(place_of))
    return counts


def _spread(answers: Sequence[str], places: Sequence[int]) -> Sequence[str]:
    """The answers of distinct texts, laid out for every row."""
    return answers if len(answers) == len(places) else [answers[place] for place in places]


class _Joined:
    """Shows each batch's progress on the one line of the file."""

    def __init__(self, line: ProgressTask) -> None:
        self._line = line

    def begin(self, label: str, *, total: int | None = None, measure: str = "行") -> ProgressTask:  # noqa: ARG002
        return _Advancing(self._line)

    def end(self, task: ProgressTask) -> None:
        pass


class _Advancing:
    def __init__(self, line: ProgressTask) -> None:
        self._line = line

    def advance(self, amount: int = 1) -> None:
        self._line.advance(amount)

    def set_total(self, total: int) -> None:
        pass


def _refuse_taken_columns(heading: Sequence[str], file: str) -> None:
    taken = [column for column in ADDED_COLUMNS if column in heading]
    if taken:
        raise DataFault(
            "address.column_taken",
            f"输入已有列 {taken[0]}，结果会重名",
            where=Where(file=file, row=1, column=taken[0]),
            remedy="请先改名或删去该列",
        )
