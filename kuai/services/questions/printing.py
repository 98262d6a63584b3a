"""Letters and visit sheets as PDF, set by Typst in our own process. No name stands on either. Private."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import segno
import typst
from django.conf import settings

from kuai.guard.types import Actor
from kuai.kit.errors import Breakdown, Refusal
from kuai.services.questions import sending
from kuai.services.questions.engine.moves import ANSWERABLE
from kuai.services.questions.models import Message, Question
from kuai.services.questions.types import State, VisitSheet
from kuai.services.questions.visiting import DIGITS

LETTER, VISITS = (Path(__file__).with_name(name) for name in ("letter.typ", "visits.typ"))
FONTS = ("Noto Sans CJK SC", "Source Han Sans SC", "Microsoft YaHei", "SimHei", "SimSun")


def print_letters(*, by: Actor, at: datetime) -> tuple[bytes, int]:
    """The letters that wait, as one PDF, and how many; refuses where none waits or no font is installed."""
    _require_font()
    claimed = sending.claim_letters(by=by, at=at)
    if not claimed:
        raise Refusal("letter.none", "没有等着印的信。")
    letters = [_letter(message, token) for message, token in claimed]
    told = {
        "letters": letters,
        "official": settings.KUAI_QUESTION_OFFICIAL,
        "day": f"{at:%Y-%m-%d}",
    }
    links = [sending.link_of(token) or message.number for message, token in claimed]
    return _set(LETTER, told, links), len(claimed)


def visit_sheet_pdf(sheet: VisitSheet) -> bytes:
    """The sheet on A4: floor by floor, one frame a door, its row codes to scan or type, room for a tick each."""
    _require_font()
    doors = [
        {
            "place": door.place_text,
            "floor": door.floor,
            "lines": [
                [code, text, reason, office, due_on.isoformat()]
                for code, text, reason, office, due_on in door.lines
            ],
        }
        for door in sheet.doors
    ]
    told = {
        "number": sheet.number,
        "grid": sheet.grid_name,
        "week": sheet.week.isoformat(),
        "waiting": sheet.waiting,
        "words": [f"{digit} {word}" for digit, word in DIGITS.items()],
        "doors": doors,
    }
    return _set(VISITS, told, [line[0] for door in sheet.doors for line in door.lines])


def _letter(message: Message, token: str) -> dict[str, Any]:
    rows = [
        one
        for one in Question.objects.filter(lines__message=message).order_by("pk")
        if State(one.state) in ANSWERABLE
    ]
    return {
        "number": message.number,
        "to": rows[0].place_text if message.contact.startswith("place:") else "",
        "link": sending.link_of(token),
        "until": f"{max(one.due_on for one in rows):%Y-%m-%d}",
        "questions": [
            [
                one.text,
                one.reason,
                one.basis,
                one.responsible,
                one.channel,
                f"{one.due_on:%Y-%m-%d}",
            ]
            for one in rows
        ],
    }


def _set(layout: Path, told: dict[str, Any], marks: Sequence[str]) -> bytes:
    values = {**told, "fonts": FONTS, "codes": [_qr(mark) for mark in marks]}
    try:
        pdf = typst.compile(
            layout.read_bytes(),
            sys_inputs={"sheet": json.dumps(values, ensure_ascii=False)},
            format="pdf",
        )
    except RuntimeError as error:
        raise Breakdown("print.failed: the PDF could not be set") from error
    return bytes(pdf)


def _qr(text: str) -> str:
    out = io.BytesIO()
    segno.make(text, error="m", micro=False).save(out, kind="svg", border=1, xmldecl=False)
    return out.getvalue().decode()


def _require_font() -> None:
    if not _installed_fonts() & set(FONTS):
        raise Refusal(
            "print.no_font",
            "服务器上没有中文字体，印不出 PDF。",
            next_step="请系统管理员安装 fonts-noto-cjk；Excel 表照样能用。",
        )


@lru_cache(maxsize=1)
def _installed_fonts() -> frozenset[str]:
    return frozenset(typst.Fonts().families())
