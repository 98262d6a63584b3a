"""The letter to an office whose form nobody registered: why it is sent back, and how to go on. Private."""

from __future__ import annotations

import json
import secrets
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path

import typst
from django.db import transaction

from kuai.guard import officials
from kuai.guard.free_text import require_nobody
from kuai.guard.types import Actor, Role
from kuai.kit.errors import Breakdown, Refusal
from kuai.services.forms.engine.form_fields import form_fields
from kuai.services.forms.models import RefusalLetter
from kuai.services.forms.registering import enter

LAYOUT = Path(__file__).with_name("letter.typ")
FONTS = ("Noto Sans CJK SC", "Source Han Sans SC", "Microsoft YaHei", "SimHei", "SimSun")
WRITERS = frozenset({Role.DATA_STEWARD, Role.SUBDISTRICT_CLERK, Role.DEPARTMENT_CLERK})
OBJECTION_LASTS = timedelta(days=15)
# Why a form is sent back, in words that the letter carries.
REASONS = {
    "not_registered": "该报表没有办理报表准入登记，没有准入编号和有效期。",
    "no_basis": "没有写明要求基层报送的法律、法规或职责依据。",
    "has_source": "所要的数据有关部门已经掌握，可以按《政务数据共享条例》（国务院令第809号）申请共享，不再向基层要。",
    "never_filled": "要求填写身份证号等最高级别的资料，不由系统填写。",
    "too_much": "所要的栏目超出了办理这件事必需的范围（个人信息保护法第六条）。",
}
BASES = (
    "中共中央办公厅、国务院办公厅关于整治形式主义为基层减负的规定：清理、精简报表，未经准入不得要求基层填报。",
    "中华人民共和国个人信息保护法第六条、第十三条：处理个人信息应当有明确、合理的目的和法定的依据。",
    "政务数据共享条例（国务院令第809号）：能够通过共享获得的数据，不得要求重复提供。",
)


def write_refusal_letter(
    *,
    title: str,
    office: str,
    fields: tuple[str, ...],
    reasons: tuple[str, ...],
    by: Actor,
    at: datetime,
) -> str:
    """Keep a letter (only added) and return its number; refuses one without title, office or reason."""
    if by.role not in WRITERS:
        raise Refusal("form.not_yours", "退回函由数据管理员、街道或部门工作人员出。")
    for text, what in ((title, "报表名称"), (office, "来表单位")):
        if not text.strip() or len(text) > 120:
            raise Refusal("letter.incomplete", f"{what}要写，最长 120 字。")
        require_nobody(text, what=what, code="letter.personal", next_step="")
    if not reasons or any(reason not in REASONS for reason in reasons):
        raise Refusal("letter.reasons", "请选至少一条退回的理由。")
    number = f"TH-{at:%Y%m}-{secrets.token_hex(3).upper()}"
    with transaction.atomic():
        RefusalLetter(
            number=number,
            title=title.strip(),
            office=office.strip(),
            fields=[field for field in fields if field in form_fields()],
            reasons=list(reasons),
            written_by=by.user_id,
            written_at=at,
        ).save()
        enter("form.sent_back", number, by=by, at=at)
    return number


def read_letter(number: str) -> bytes:
    """The letter as PDF; refuses an unknown number, and a machine without a Chinese font."""
    letter = RefusalLetter.objects.filter(number=number).first()
    if letter is None:
        raise Refusal("letter.unknown", "没有这份退回函。")
    if not _installed_fonts() & set(FONTS):
        raise Refusal(
            "print.no_font",
            "服务器上没有中文字体，印不出 PDF。",
            next_step="请系统管理员安装 fonts-noto-cjk。",
        )
    values = {
        "fonts": FONTS,
        "number": letter.number,
        "title": letter.title,
        "office": letter.office,
        "day": f"{letter.written_at:%Y年%m月%d日}",
        "official": officials.speak_of(officials.FORM_KEEPING),
        "channel": officials.where_to_object(officials.FORM_KEEPING),
        "until": f"{letter.written_at + OBJECTION_LASTS:%Y年%m月%d日}",
        "fields": [form_fields()[key].label for key in letter.fields],
        "reasons": [REASONS[reason] for reason in letter.reasons],
        "bases": BASES,
    }
    try:
        pdf = typst.compile(
            LAYOUT.read_bytes(),
            sys_inputs={"letter": json.dumps(values, ensure_ascii=False)},
            format="pdf",
        )
    except RuntimeError as error:
        raise Breakdown("print.failed", "the letter could not be set") from error
    return bytes(pdf)


def list_letters(*, limit: int = 50) -> tuple[dict[str, object], ...]:
    """The letters, newest first."""
    return tuple(
        {
            "number": one.number,
            "title": one.title,
            "office": one.office,
            "written_by": one.written_by,
            "written_at": one.written_at,
        }
        for one in RefusalLetter.objects.order_by("-pk")[:limit]
    )


@lru_cache(maxsize=1)
def _installed_fonts() -> frozenset[str]:
    return frozenset(typst.Fonts().families())
