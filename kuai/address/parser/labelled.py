"""Labelled addresses in a CSV: columns address, segments ([[label, text], ...] as JSON) and, if there is one, split."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

from kuai.address.parser.labels import NUMBER_OF, Segment
from kuai.address.parser.training import LabelledRow
from kuai.kit.errors import DataFault, Where

_REMEDY = '要有 address 和 segments 两列，segments 写成 [["标签","文字"],…]，连起来等于 address'


def read_labelled(path: Path, *, split: str = "") -> list[LabelledRow]:
    """The rows (of `split` where given), empty addresses left out; a DataFault names the first row that is wrong."""
    if not path.is_file():
        raise DataFault("parser.rows_absent", "找不到标注文件", where=Where(file=path.name))
    rows = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream)
            _require_columns(reader.fieldnames or (), split, path.name)
            for row in reader:
                if split and row["split"] != split or not row["address"]:
                    continue
                rows.append(_labelled_row(row, Where(file=path.name, row=reader.line_num)))
    except (csv.Error, UnicodeError) as cause:
        raise DataFault(
            "parser.rows_unreadable", "不是可读的 CSV", where=Where(file=path.name)
        ) from cause
    return rows


def _require_columns(heading: Any, split: str, file: str) -> None:
    for column in ("address", "segments", *(("split",) if split else ())):
        if column not in heading:
            raise DataFault(
                "parser.column_missing",
                f"找不到列“{column}”",
                where=Where(file=file, row=1, column=column),
                remedy=_REMEDY,
            )


def _labelled_row(row: dict[str, Any], where: Where) -> LabelledRow:
    try:
        segments: tuple[Segment, ...] = tuple(
            (str(label), str(text)) for label, text in json.loads(row["segments"])
        )
    except (ValueError, TypeError) as cause:
        raise DataFault(
            "parser.segments_unreadable", "segments 不是可读的 JSON", where=where, remedy=_REMEDY
        ) from cause
    if any(label not in NUMBER_OF or not text for label, text in segments):
        raise DataFault(
            "parser.label_unknown", "有不认识的标签或空的片段", where=where, remedy=_REMEDY
        )
    if "".join(text for _, text in segments) != row["address"]:
        raise DataFault(
            "parser.segments_differ", "片段连起来不等于地址", where=where, remedy=_REMEDY
        )
    return LabelledRow(row["address"], segments)
