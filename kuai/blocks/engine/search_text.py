"""How text is cut for the search index: one token a character, because two-character queries are the rule."""

from __future__ import annotations

import re
import unicodedata

_WORD = re.compile(r"[0-9a-z]+|[^\W_]", re.UNICODE)


def spaced_characters(text: str) -> str:
    """Folded characters separated by blanks; runs of digits or Latin letters stay whole."""
    return " ".join(_WORD.findall(unicodedata.normalize("NFKC", text).lower()))


def phrase_query(text: str) -> str:
    """An FTS5 phrase query for what somebody typed; '' if it holds nothing searchable. The last run is a prefix."""
    tokens = spaced_characters(text)
    return f'"{tokens}" *' if tokens else ""
