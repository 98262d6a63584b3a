"""500 real addresses washed against labels made by hand (labels/README.md): what came out, by class of difficulty."""

from __future__ import annotations

import csv
import hashlib
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from kuai.address.queries import OpenLibrary
from kuai.address.types import Grade, WashedAddress

LABELS = Path(__file__).parent / "labels" / "enterprises_500.csv"
TEXT_COLUMN = "注册地址"
BEST_CANDIDATES = 3


class Outcome(StrEnum):
    """How an answer stands to its label."""

    RIGHT = "right"
    SHALLOW = "shallow"  # sure and true, but a level above what the text decides
    WRONG = "wrong"
    CANDIDATE = "candidate"  # grade C with the right one among the first three
    CANDIDATE_WITHOUT = "candidate_without"
    NONE_RIGHTLY = "none_rightly"
    MISSED = "missed"


@dataclass(frozen=True)
class Label:
    """What the words of one address decide."""

    row: int
    digest: str
    error_class: str
    code: str
    also_right: frozenset[str]


def read_labels() -> list[Label]:
    """The labels, in the order of the file they speak of."""
    with LABELS.open(encoding="utf-8", newline="") as stream:
        return [
            Label(
                int(row["row"]),
                row["digest"],
                row["error_class"],
                row["code"],
                frozenset(row["also_right"].split()),
            )
            for row in csv.DictReader(stream)
        ]


def read_labelled_texts(firms_csv: Path) -> list[tuple[Label, str]]:
    """Each label with its text; refuses a file whose rows are not those that were labelled."""
    with firms_csv.open(encoding="utf-8-sig", newline="") as stream:
        texts = [row[TEXT_COLUMN] for row in csv.DictReader(stream)]
    pairs = [(label, texts[label.row]) for label in read_labels()]
    for label, text in pairs:
        if hashlib.sha256(text.encode()).hexdigest()[:8] != label.digest:
            raise ValueError(f"row {label.row} is not the one that was labelled")
    return pairs


def judge(answer: WashedAddress, label: Label, parents: dict[str, str]) -> Outcome:
    """The outcome of one answer. `parents` leads from a division's code to the one above."""
    right = label.also_right | ({label.code} if label.code else set())
    code = answer.address_code or ""
    if answer.grade is Grade.D:
        return Outcome.MISSED if label.code else Outcome.NONE_RIGHTLY
    if answer.grade is Grade.C:
        offered = {str(one["address_code"]) for one in answer.candidates[:BEST_CANDIDATES]}
        return Outcome.CANDIDATE if offered & right else Outcome.CANDIDATE_WITHOUT
    if code in right:
        return Outcome.RIGHT
    return Outcome.SHALLOW if code in _above(label.code, parents) else Outcome.WRONG


def _above(code: str, parents: dict[str, str]) -> set[str]:
    found = set()
    while code in parents:
        code = parents[code]
        found.add(code)
    return found


def judge_all(
    firms_csv: Path, library: OpenLibrary, parents: dict[str, str]
) -> Counter[tuple[str, Outcome]]:
    """How often each outcome came, by class of difficulty."""
    return Counter(
        (label.error_class, judge(library.wash_text(text), label, parents))
        for label, text in read_labelled_texts(firms_csv)
    )
