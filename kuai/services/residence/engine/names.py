"""A name and a phone as they are compared: as the map stage reads them, so that the same person has the same token."""

from __future__ import annotations

import re

from kuai.kit.errors import Refusal
from kuai.kit.folding import fold_code, fold_width

LONGEST_NAME = 40
_MOBILE = re.compile(r"^1[3-9]\d{9}$")
_NAME = re.compile(
    r"^[\u3400-\u9fff\U00020000-\U000323afA-Za-z][\u3400-\u9fff\U00020000-\U000323af·A-Za-z .'-]{1,39}$"
)
_IN_NAMES = str.maketrans("", "", " ·•・.‧")


def require_name(text: str) -> str:
    """A name as written, trimmed; refuses what cannot be one."""
    name = fold_width(text).strip()
    if not _NAME.match(name):
        raise Refusal("declaration.name", "姓名要写 2 到 40 个字，只写姓名。")
    return name


def require_mobile(text: str) -> str:
    """Eleven digits; refuses everything else without repeating it."""
    number = fold_code(text).removeprefix("+86").replace("-", "")
    if not _MOBILE.match(number):
        raise Refusal("declaration.phone", "手机号要写 11 位数字。")
    return number


def name_key(name: str) -> str:
    """The name without gaps and dots, in capitals."""
    return fold_width(name).strip().translate(_IN_NAMES).upper()
