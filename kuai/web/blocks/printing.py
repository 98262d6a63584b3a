"""A sheet of figures as PDF, set by Typst inside our own process (decision 0029): no browser, no network, no file."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

import typst
from django.utils.translation import gettext as _

from kuai.kit.errors import Breakdown, Refusal
from kuai.web.blocks.sheets import (
    Asking,
    FigureSheet,
    figure_text,
    purpose_lines,
    sources_text,
)
from kuai.web.words import LEVEL_NAMES, counter_title

LAYOUT = Path(__file__).with_name("figures.typ")
# A wall of paper helps nobody; the whole stands in the workbook.
MOST_PARTS = 400
# Free ones first; none is bundled. The layout takes the first that the machine has.
FONTS = ("Noto Sans CJK SC", "Source Han Sans SC", "Microsoft YaHei", "SimHei", "SimSun")
# What of the parts fits on paper; the workbook has every counter.
PART_KEYS = ("rooms", "buildings", "residents", "households", "firms", "requests")


def as_pdf(sheet: FigureSheet, asking: Asking) -> bytes:
    """The sheet on A4: purpose and day in the head of every page, figures with definitions, parts."""
    require_chinese_font()
    values = json.dumps(_values(sheet, asking), ensure_ascii=False)
    try:
        pdf = typst.compile(LAYOUT.read_bytes(), sys_inputs={"sheet": values}, format="pdf")
    except RuntimeError as error:
        raise Breakdown("print.failed", "the PDF could not be set") from error
    return bytes(pdf)


@lru_cache(maxsize=1)
def _installed_fonts() -> frozenset[str]:
    return frozenset(typst.Fonts().families())


def require_chinese_font() -> None:
    """Refuse where the machine has none of the layout's fonts: Chinese would be boxes."""
    if not _installed_fonts() & set(FONTS):
        raise Refusal(
            "print.no_font",
            _("服务器上没有中文字体，印不出 PDF。"),
            next_step=_("请改用 XLSX，或请系统管理员安装 fonts-noto-cjk。"),
        )


def _values(sheet: FigureSheet, asking: Asking) -> dict[str, object]:
    parts = sheet.parts[:MOST_PARTS]
    keys = {c.key: counter_title(c) for row in parts for c in row.counters}
    shown = [key for key in PART_KEYS if key in keys]
    left_out = len(sheet.parts) - len(parts)
    notes = [
        _("另有 %(count)s 行见 XLSX 或 CSV。") % {"count": left_out},
    ] * bool(left_out)
    return {
        "fonts": FONTS,
        "title": sheet.title,
        "running": f"{asking.purpose} · {asking.reason} · {asking.at:%Y-%m-%d %H:%M}",
        "lines": purpose_lines(sheet, asking),
        "headings": [_("指标"), _("数"), _("口径"), _("来源")],
        "figures": [
            [
                counter_title(c),
                _grouped(figure_text(c)),
                c.definition_zh,
                sources_text(sheet, c) or "—",
            ]
            for c in sheet.whole.counters
            # Most places have firms of a few sections; paper has no lines for the others.
            if c.group != "industries" or c.figure
        ],
        "part_headings": [_("名称"), _("级别"), *(keys[key] for key in shown)],
        "parts": [
            [
                row.name,
                str(LEVEL_NAMES.get(row.level, row.level)),
                *_own_figures(row.counters, shown),
            ]
            for row in parts
        ],
        "notes": notes,
        "page_words": _("第 %(page)s 页，共 %(pages)s 页"),
    }


def _own_figures(counters: tuple, shown: list[str]) -> list[str]:  # type: ignore[type-arg]
    own = {c.key: _grouped(figure_text(c)) for c in counters}
    return [own.get(key, "—") for key in shown]


def _grouped(figure: int | str) -> str:
    return f"{figure:,}" if isinstance(figure, int) else figure
