"""Folding of written characters: full width to half width, gaps and dashes out. Never repairs meaning."""

from __future__ import annotations

import re
import unicodedata

_GAPS = re.compile(r"[\s\u200b\ufeff\-—–_·.'’`]+")


def fold_width(text: str) -> str:
    """Full-width letters, digits and signs as half width (NFKC), outer space trimmed.

    NFKC also folds compatibility ideographs; rare characters of GB 18030-2022 stay as they are.
    """
    return unicodedata.normalize("NFKC", text).strip()


def fold_code(text: str) -> str:
    """A code as typed -> half width, upper case, no gaps, dashes or dots."""
    return _GAPS.sub("", unicodedata.normalize("NFKC", text)).upper()
