"""Identity numbers and credit codes in bulk: right check digits, divisions nobody was ever issued."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from kuai.demo_city.engine.pieces import digits, glue, pick
from kuai.kit.credit_codes import credit_check_character, organisation_check_character

# Never issued (7-source-package.md), so these numbers belong to nobody.
FIRST_UNISSUED_DIVISION = 440380
UNISSUED_DIVISIONS = 20
FIRM_DIVISION = "440399"
IDENTITY_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
IDENTITY_CHECKS = "10X98765432"


def body_number(division: np.ndarray, birth_day: np.ndarray, sequence: np.ndarray) -> np.ndarray:
    """The first 17 digits (GB 11643) as one integer."""
    day = np.asarray(birth_day, dtype="datetime64[D]")
    year = day.astype("datetime64[Y]").astype(np.int64) + 1970
    month = day.astype("datetime64[M]").astype(np.int64) % 12 + 1
    of_month = (day - day.astype("datetime64[M]")).astype(np.int64) + 1
    written = year * 10000 + month * 100 + of_month
    return (
        (FIRST_UNISSUED_DIVISION + division.astype(np.int64)) * 10**11 + written * 1000 + sequence
    )


def identity_numbers(body: np.ndarray) -> pa.Array:
    """18-character numbers of 17-digit bodies."""
    total = np.zeros(len(body), dtype=np.int64)
    for place, weight in enumerate(IDENTITY_WEIGHTS):
        total += (body // 10 ** (16 - place)) % 10 * weight
    return glue(digits(body), pick(list(IDENTITY_CHECKS), total % 11))


def credit_codes(kinds: list[str], first_serial: int, steps: np.ndarray) -> list[str]:
    """Credit codes (GB 32100 around GB 11714) of firms; `kinds` are the two leading characters."""
    codes = []
    for kind, serial in zip(kinds, first_serial + np.cumsum(steps), strict=True):
        subject = f"{int(serial):08d}"
        body = kind + FIRM_DIVISION + subject + organisation_check_character(subject)
        codes.append(body + credit_check_character(body))
    return codes
