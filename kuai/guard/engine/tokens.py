"""Keyed tokens: HMAC-SHA256 of a value under its zone's key, cut to 128 bits, in Python and in SQL alike.

Two zones have two keys, so their tokens cannot be joined; without the key a token cannot be tried out
against the few thousand million identity numbers that exist.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

TOKEN_CHARACTERS = 32
BLOCK_BYTES = 64


def hmac_pads(key: bytes) -> tuple[bytes, bytes]:
    """The inner and outer block of HMAC-SHA256 (RFC 2104): with them the whole HMAC can be said in SQL."""
    if len(key) > BLOCK_BYTES:
        key = hashlib.sha256(key).digest()
    block = key.ljust(BLOCK_BYTES, b"\x00")
    return bytes(byte ^ 0x36 for byte in block), bytes(byte ^ 0x5C for byte in block)


def tokeniser(key: bytes) -> Callable[[str | None], str | None]:
    """A function from value to token; nothing (None or '') has no token."""
    inner_pad, outer_pad = hmac_pads(key)
    inner, outer = hashlib.sha256(inner_pad), hashlib.sha256(outer_pad)

    def tokenise(value: str | None) -> str | None:
        if not value:
            return None
        first = inner.copy()
        first.update(value.encode())
        second = outer.copy()
        second.update(first.digest())
        return second.hexdigest()[:TOKEN_CHARACTERS]

    return tokenise


def token_sql(expression: str) -> str:
    """The token of a VARCHAR expression as SQL; needs the parameters $token_inner and $token_outer."""
    return (
        f"left(sha256($token_outer || unhex(sha256($token_inner || encode(nullif({expression}, ''))))),"
        f" {TOKEN_CHARACTERS})"
    )
