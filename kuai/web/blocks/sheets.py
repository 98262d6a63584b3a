"""Figures as they leave the house: one sheet of a place with its parts, and what goes with it in every form.

Forms: CSV, XLSX, GeoJSON, PDF. Each carries definition, source, day, build and purpose. A withheld figure is a word,
never a number; text that a spreadsheet would run as a formula is defused.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import xlsxwriter
from django.utils.translation import gettext as _

from kuai.blocks.types import CounterView
from kuai.web.words import LEVEL_NAMES, counter_title

# What a spreadsheet takes for the beginning of a formula.
_BEGINS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_WIDTHS = (30, 16, 60, 30, 14)
_SHEET_NAME_LENGTH = 31


@dataclass(frozen=True)
class SheetRow:
    """One place of a sheet with its figures; `geometry` is GeoJSON or None."""

    code: str
    level: str
    name: str
    counters: tuple[CounterView, ...]
    geometry: dict[str, Any] | None = None


@dataclass(frozen=True)
class FigureSheet:
    """Figures of one place and of what lies in it, of one build."""

    title: str
    version: str
    as_of: date
    whole: SheetRow
    parts: tuple[SheetRow, ...]
    notes: tuple[str, ...]
    source_titles: dict[str, str]


@dataclass(frozen=True)
class Asking:
    """Who takes a sheet out, what for, when: it stands on every copy."""

    purpose: str
    reason: str
    by: str
    at: datetime


def plain_cell(text: str) -> str:
    """The text as a cell that no spreadsheet runs."""
    return "'" + text if text.startswith(_BEGINS_FORMULA) else text


def figure_text(counter: CounterView) -> int | str:
    """The figure, or the word for a withheld one."""
    if counter.suppressed or counter.figure is None:
        return _("不公布")
    return counter.figure


def purpose_lines(sheet: FigureSheet, asking: Asking) -> list[tuple[str, str]]:
    """What stands on the sheet of purpose."""
    return [
        (_("内容"), sheet.title),
        (_("数据截至"), sheet.as_of.isoformat()),
        (_("版本"), sheet.version),
        (_("用途"), f"{asking.purpose}：{asking.reason}"),
        (_("导出人"), asking.by),
        (_("导出时间"), asking.at.strftime("%Y-%m-%d %H:%M")),
        (
            _("不公布"),
            _("人数小于 10，或为了不让别处的小数被算出来而不显示。请勿用其他数推算。"),
        ),
        *((_("说明"), note) for note in sheet.notes),
    ]


def sources_text(sheet: FigureSheet, counter: CounterView) -> str:
    """The sources of a figure by their titles, with the day of each's newest delivery where it is known."""
    days = dict(counter.delivered)
    named = [
        sheet.source_titles.get(one, one) + (f"（{days[one].isoformat()}）" if one in days else "")
        for one in counter.sources
    ]
    return "、".join(named)


def as_csv(sheet: FigureSheet, asking: Asking) -> bytes:
    """One line a place and figure; with a mark of UTF-8, because Excel guesses else."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(
        [
            _("编码"),
            _("级别"),
            _("名称"),
            _("指标"),
            _("数"),
            _("口径"),
            _("来源"),
            _("数据截至"),
            _("版本"),
            _("用途"),
        ]
    )
    end = (sheet.version, f"{asking.purpose}：{asking.reason}")
    for row in (sheet.whole, *sheet.parts):
        for counter in row.counters:
            figure = figure_text(counter)
            cells = (
                row.code,
                str(LEVEL_NAMES.get(row.level, row.level)),
                row.name,
                counter_title(counter),
            )
            rest = (
                counter.definition_zh,
                sources_text(sheet, counter),
                counter.as_of.isoformat(),
                *end,
            )
            writer.writerow([*map(plain_cell, cells), figure, *map(plain_cell, rest)])
    return ("\ufeff" + out.getvalue()).encode()


def as_xlsx(sheet: FigureSheet, asking: Asking) -> bytes:
    """A workbook: purpose, figures with definitions, parts. Every text is written as text."""
    out = io.BytesIO()
    plain = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(out, plain) as book:
        head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True})
        wrap = book.add_format({"text_wrap": True, "valign": "top"})
        _write_purpose(book, purpose_lines(sheet, asking), wrap)
        _write_figures(book, sheet, head, wrap)
        if sheet.parts:
            _write_parts(book, sheet, head)
    return out.getvalue()


def _write_purpose(book: Any, lines: Sequence[tuple[str, str]], wrap: Any) -> None:
    page = book.add_worksheet(_("用途与说明")[:_SHEET_NAME_LENGTH])
    page.set_column(0, 0, 14)
    page.set_column(1, 1, 80)
    for place, (name, text) in enumerate(lines):
        page.write_string(place, 0, name, wrap)
        page.write_string(place, 1, plain_cell(text), wrap)


def _write_figures(book: Any, sheet: FigureSheet, head: Any, wrap: Any) -> None:
    page = book.add_worksheet(_("指标")[:_SHEET_NAME_LENGTH])
    for place, width in enumerate(_WIDTHS):
        page.set_column(place, place, width)
    for place, name in enumerate((_("指标"), _("数"), _("口径"), _("来源"), _("数据截至"))):
        page.write_string(0, place, name, head)
    for line, counter in enumerate(sheet.whole.counters, start=1):
        page.write_string(line, 0, counter_title(counter), wrap)
        _write_figure(page, line, 1, counter)
        page.write_string(line, 2, plain_cell(counter.definition_zh), wrap)
        page.write_string(line, 3, plain_cell(sources_text(sheet, counter)), wrap)
        page.write_string(line, 4, counter.as_of.isoformat(), wrap)
    page.freeze_panes(1, 1)


def _write_parts(book: Any, sheet: FigureSheet, head: Any) -> None:
    page = book.add_worksheet(_("分项")[:_SHEET_NAME_LENGTH])
    page.set_column(0, 0, 24)
    page.set_column(2, 2, 32)
    keys = {counter.key: counter for row in sheet.parts for counter in row.counters}
    for place, name in enumerate((_("编码"), _("级别"), _("名称"))):
        page.write_string(0, place, name, head)
    for place, counter in enumerate(keys.values(), start=3):
        page.write_string(0, place, counter_title(counter), head)
    for line, row in enumerate(sheet.parts, start=1):
        page.write_string(line, 0, row.code)
        page.write_string(line, 1, str(LEVEL_NAMES.get(row.level, row.level)))
        page.write_string(line, 2, plain_cell(row.name))
        own = {counter.key: counter for counter in row.counters}
        for place, key in enumerate(keys, start=3):
            if key in own:
                _write_figure(page, line, place, own[key])
    page.freeze_panes(1, 3)


def _write_figure(page: Any, line: int, place: int, counter: CounterView) -> None:
    figure = figure_text(counter)
    if isinstance(figure, int):
        page.write_number(line, place, figure)
    else:
        page.write_string(line, place, figure)


def as_geojson(sheet: FigureSheet, asking: Asking) -> bytes:
    """A FeatureCollection (RFC 7946, CGCS2000 degrees): a withheld figure is absent, its key stands in `suppressed`."""
    features = [
        {
            "type": "Feature",
            "geometry": row.geometry,
            "properties": {
                "code": row.code,
                "level": row.level,
                "name": row.name,
                "figures": {
                    c.key: c.figure
                    for c in row.counters
                    if not c.suppressed and c.figure is not None
                },
                "suppressed": [c.key for c in row.counters if c.suppressed or c.figure is None],
            },
        }
        for row in (sheet.whole, *sheet.parts)
    ]
    about = {
        "lines": dict(purpose_lines(sheet, asking)[:6]),
        "notes": list(sheet.notes),
        "counters": {
            c.key: {
                "title": counter_title(c),
                "definition": c.definition_zh,
                "sources": sources_text(sheet, c),
                "as_of": c.as_of.isoformat(),
            }
            for c in sheet.whole.counters
        },
    }
    collection = {"type": "FeatureCollection", "kuai": about, "features": features}
    return json.dumps(collection, ensure_ascii=False, separators=(",", ":")).encode()
