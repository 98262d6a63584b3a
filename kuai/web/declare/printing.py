"""Receipts and door sheets as PDF, set by Typst in our own process; QR codes by segno. No network, no file."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import segno
import typst
from django.utils import timezone
from django.utils.translation import gettext as _

from kuai.kit.errors import Breakdown, Refusal

RECEIPT, DOORS = (Path(__file__).with_name(name) for name in ("receipt.typ", "doors.typ"))
# Free ones first; none is bundled. The layout takes the first that the machine has.
FONTS = ("Noto Sans CJK SC", "Source Han Sans SC", "Microsoft YaHei", "SimHei", "SimSun")


def receipt_pdf(kept: Mapping[str, Any], lines: Sequence[tuple[str, str]], *, link: str) -> bytes:
    """One receipt on A5: what was declared (masked), when, and the code that verifies it."""
    at = datetime.fromisoformat(kept["at"]).astimezone(timezone.get_current_timezone())
    return _set(
        RECEIPT,
        {
            "title": _("自主申报回执"),
            "lines": [list(line) for line in lines],
            "stamp": [_("已收件"), f"{at:%Y-%m-%d}"],
            "mark": " ".join(kept["mark"][at : at + 5] for at in range(0, 20, 5)),
            "verify": _("扫码或输入下面的编号核对真伪；只会看到真伪、日期和种类。"),
            "notes": [
                _("这张回执说明您申报过，不是居住证明，也不是核实结果。"),
                _("申报的内容只用来提供服务、提问和核对，不作处罚依据。"),
            ],
        },
        svgs=[link],
    )


def door_sheets_pdf(doors: Sequence[tuple[str, str, str]], *, contact: str) -> bytes:
    """Sheets for doors, four on a page: (shown code, address, link)."""
    return _set(
        DOORS,
        {
            "title": _("住进来、搬走、出租，扫一扫就申报"),
            "doors": [[code, place] for code, place, _link in doors],
            "code_word": _("申报码"),
            "notes": [
                _("不用下载，不用注册；填两格，收一个验证码。"),
                _("这个码只说明是哪套房，不说明谁住在里面。"),
                contact,
            ],
        },
        svgs=[link for _code, _place, link in doors],
    )


def _set(layout: Path, values: dict[str, Any], *, svgs: Sequence[str]) -> bytes:
    if not _installed_fonts() & set(FONTS):
        raise Refusal(
            "print.no_font",
            _("服务器上没有中文字体，印不出 PDF。"),
            next_step=_("请系统管理员安装 fonts-noto-cjk；网页上的回执一样有效。"),
        )
    told = {**values, "fonts": FONTS, "codes": [_qr(link) for link in svgs]}
    try:
        pdf = typst.compile(
            layout.read_bytes(),
            sys_inputs={"sheet": json.dumps(told, ensure_ascii=False)},
            format="pdf",
        )
    except RuntimeError as error:
        raise Breakdown("print.failed: the PDF could not be set") from error
    return bytes(pdf)


def _qr(link: str) -> str:
    out = io.BytesIO()
    # Level M: a sheet on a door gets scratched.
    segno.make(link, error="m", micro=False).save(out, kind="svg", border=2, xmldecl=False)
    return out.getvalue().decode()


@lru_cache(maxsize=1)
def _installed_fonts() -> frozenset[str]:
    return frozenset(typst.Fonts().families())
