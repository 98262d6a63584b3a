"""The words that leave the house, and the marks in them. No name, no number, no address of anybody is ever put in."""

from __future__ import annotations

import hashlib
import secrets
from datetime import date

from kuai.guard.free_text import find_somebody
from kuai.kit.element_codes import ALPHABET
from kuai.kit.errors import Refusal
from kuai.kit.folding import fold_code

SMS_LONGEST = 70
# 80 bits: nobody finds one by trying, and the address still fits into a message.
TOKEN_CHARACTERS = 16
ROW_CHARACTERS = 6
_READ_AS = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})


def sms_text(*, count: int, link: str, number: str, until: date) -> str:
    """The message: how many things, where to answer, until when. Refuses what does not fit or tells of somebody."""
    day = f"{until.month}月{until.day}日"
    where = f" {link} " if link else f"，请到社区窗口报 {number}，"
    text = f"【社区核对】{count}件事请您确认{where}{day}前答，不收费"
    if len(text) > SMS_LONGEST:
        raise Refusal(
            "sms.long",
            f"短信有 {len(text)} 字，超过 {SMS_LONGEST} 字。",
            next_step="把 KUAI_ANSWER_ORIGIN 换成短一些的网址。",
        )
    if find_somebody(text.replace(link, "").replace(number, "")):
        raise Refusal("sms.personal", "短信里不能写到任何人。")
    return text


def new_token() -> str:
    """What opens an answer page once: random, made from nothing."""
    return _random(TOKEN_CHARACTERS)


def digest_of(token: str) -> str:
    """What is kept of a token: it opens nothing."""
    read = fold_code(token).translate(_READ_AS)
    return hashlib.sha256(read.encode()).hexdigest()


def new_number(prefix: str) -> str:
    """Q (question), M (message), V (visit sheet) and eight random characters."""
    return f"{prefix}-{_random(8)}"


def new_row_code() -> str:
    """Five random characters and one that a slip of the hand does not hit."""
    body = _random(ROW_CHARACTERS - 1)
    return body + _last(body)


def read_row_code(text: str) -> str:
    """The row code in what was typed or scanned; empty where it is none."""
    code = fold_code(text).translate(_READ_AS)
    if len(code) != ROW_CHARACTERS or set(code) - set(ALPHABET):
        return ""
    return code if _last(code[:-1]) == code[-1] else ""


def _last(body: str) -> str:
    places = [ALPHABET.index(one) for one in body]
    # Weights that differ by odd steps below a prime: a wrong or a swapped character is seen.
    return ALPHABET[sum(place * at for at, place in enumerate(places, start=1)) % 31]


def _random(characters: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(characters))
