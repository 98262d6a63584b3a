"""How good a parse is: a segment is right if start, end and label are. All labels count, `redundant` too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from kuai.address.parser.labels import REDUNDANT, Segment, spans_of


@dataclass(frozen=True)
class ParserScore:
    """Micro averages over all segments; `rows_right` is the share of texts without a fault.

    `f1_meaning` leaves `redundant` out, `f1_by_label` counts one label alone.
    """

    rows: int
    precision: float
    recall: float
    f1: float
    f1_meaning: float
    rows_right: float
    f1_by_label: dict[str, float]


def score_segments(
    truth: Sequence[Sequence[Segment]], found: Sequence[Sequence[Segment]]
) -> ParserScore:
    """Compare, row by row."""
    right: Counter[str] = Counter()
    wanted: Counter[str] = Counter()
    given: Counter[str] = Counter()
    whole = 0
    for true, guessed in zip(truth, found, strict=True):
        true_spans, guessed_spans = spans_of(true), spans_of(guessed)
        whole += true_spans == guessed_spans
        wanted.update(label for _, _, label in true_spans)
        given.update(label for _, _, label in guessed_spans)
        right.update(label for _, _, label in true_spans & guessed_spans)
    labels = sorted(wanted | given)
    meaning = [label for label in labels if label != REDUNDANT]
    return ParserScore(
        rows=len(truth),
        precision=_share(right.total(), given.total()),
        recall=_share(right.total(), wanted.total()),
        f1=_harmonic_mean(right, wanted, given, labels),
        f1_meaning=_harmonic_mean(right, wanted, given, meaning),
        rows_right=_share(whole, len(truth)),
        f1_by_label={label: _harmonic_mean(right, wanted, given, [label]) for label in labels},
    )


def _harmonic_mean(
    right: Counter[str], wanted: Counter[str], given: Counter[str], labels: Sequence[str]
) -> float:
    hits = sum(right[label] for label in labels)
    return _share(2 * hits, sum(wanted[label] + given[label] for label in labels))


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
