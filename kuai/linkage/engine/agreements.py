"""What two records agree and differ in, told without a value: field, outcome, and where a detail says nothing of it.

Written as one text a pair (`name=same@3.4;id_number=position@12;...`), because that may lie in a build; read back
by `read_agreements`. Owns the model's match weights for such a pair (its frozen file is the source).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from kuai.linkage.engine.names import NameLikeness, compare_names
from kuai.linkage.engine.pairing_model import MODEL_FILE

FIELDS = (
    "name",
    "id_number",
    "birth_date",
    "sex",
    "phone",
    "room",
    "building",
    "organisation",
)
_NAME_OUTCOMES = {
    NameLikeness.SAME: "same",
    NameLikeness.SOUNDS_SAME: "sounds_same",
    NameLikeness.ONE_CHARACTER: "one_character",
    NameLikeness.DIFFERENT: "different",
}
PLAIN_COLUMNS = {
    "birth_date": "birth_date",
    "sex": "sex",
    "phone": "phone",
    "room": "room_code",
    "building": "building_code",
    "organisation": "organisation_name",
}


# Two records that differ in these are never shown to the model: what it would say of them was not learnt.
NEVER_DIFFERENT = ("birth_date", "sex")


@dataclass(frozen=True)
class Agreement:
    """One field of two records: same, sounds_same, one_character, position, different, unknown; `detail` is a
    place in the text (from 1; of a name with its length) or, for an equal name, its weight of rarity in bits."""

    field: str
    outcome: str
    detail: str = ""


@dataclass(frozen=True)
class MatchWeight:
    """One bar of the waterfall: how many bits this comparison speaks for (or against) one person."""

    field: str
    outcome: str
    bits: float


def compare_records(
    left: Mapping[str, Any], right: Mapping[str, Any], *, name_rarity: float | None = None
) -> tuple[Agreement, ...]:
    """Compare two rows of `person_shape` (values may be missing)."""
    found = [_names(left.get("name"), right.get("name"), name_rarity)]
    found.append(_numbers(_number(left), _number(right)))
    for field, column in PLAIN_COLUMNS.items():
        one, other = left.get(column), right.get(column)
        if one is None or other is None:
            found.append(Agreement(field, "unknown"))
        else:
            found.append(Agreement(field, "same" if one == other else "different"))
    return tuple(found)


def _number(row: Mapping[str, Any]) -> str | None:
    known = row.get("id_key")
    return str(known) if known is not None else row.get("id_faulty")


def _names(left: str | None, right: str | None, rarity: float | None) -> Agreement:
    if not left or not right:
        return Agreement("name", "unknown")
    outcome = _NAME_OUTCOMES[NameLikeness(int(compare_names([left], [right])[0]))]
    if outcome == "same":
        return Agreement("name", "same", "" if rarity is None else f"{rarity:.1f}")
    places = _differing(left, right)
    return Agreement("name", outcome, f"{places[0]}/{len(left)}" if len(places) == 1 else "")


def _numbers(left: str | None, right: str | None) -> Agreement:
    if not left or not right:
        return Agreement("id_number", "unknown")
    # A valid number is kept without its check character, which follows from the others.
    places = _differing(left[:17], right[:17])
    if not places:
        return Agreement("id_number", "same")
    if len(places) <= 2:
        return Agreement("id_number", "position", "+".join(map(str, places)))
    return Agreement("id_number", "different")


def _differing(left: str, right: str) -> list[int]:
    if len(left) != len(right):
        return [0, 0, 0]
    pairs = zip(left, right, strict=True)
    return [place for place, (one, other) in enumerate(pairs, 1) if one != other]


def write_agreements(found: tuple[Agreement, ...]) -> str:
    """As one text, in a fixed order."""
    return ";".join(
        f"{one.field}={one.outcome}" + (f"@{one.detail}" if one.detail else "") for one in found
    )


def read_agreements(text: str) -> tuple[Agreement, ...]:
    """What `write_agreements` wrote."""
    found = []
    for part in filter(None, text.split(";")):
        field, _, said = part.partition("=")
        outcome, _, detail = said.partition("@")
        found.append(Agreement(field, outcome, detail))
    return tuple(found)


@cache
def _model() -> dict[str, Any]:
    settings: dict[str, Any] = json.loads(MODEL_FILE.read_text(encoding="utf-8"))
    return settings


def _level_of(column: str, by_field: Mapping[str, Agreement]) -> int | None:
    """Place of the level in the model's list (unknown levels left out), None where nothing can be compared."""
    if column == "name":
        name = by_field["name"]
        one_character = 3 if name.detail.endswith("/2") else 2
        levels = {"same": 0, "sounds_same": 1, "one_character": one_character, "different": 4}
        return levels.get(name.outcome)
    if column == "place":
        room, building = by_field["room"].outcome, by_field["building"].outcome
        if building == "unknown" and room == "unknown":
            return None
        if room == "same":
            return 1
        return 2 if building == "same" else 3
    field = "organisation" if column == "organisation_name" else column
    return {"same": 0, "different": 1}.get(by_field[field].outcome)


def match_weights(found: tuple[Agreement, ...]) -> tuple[MatchWeight, ...]:
    """Splink's waterfall for this pair: the start (chance of two candidates being one), then each comparison."""
    by_field = {one.field: one for one in found}
    if not by_field:
        return ()
    model = _model()
    prior = float(model["probability_two_random_records_match"])
    bars = [MatchWeight("start", "", round(math.log2(prior / (1 - prior)), 2))]
    for comparison in model["comparisons"]:
        column = str(comparison["output_column_name"])
        levels = [one for one in comparison["comparison_levels"] if not one.get("is_null_level")]
        place = _level_of(column, by_field)
        if place is None or place >= len(levels):
            bars.append(MatchWeight(column, "unknown", 0.0))
            continue
        if column in NEVER_DIFFERENT and by_field[column].outcome == "different":
            bars.append(MatchWeight(column, "forbids", 0.0))
            continue
        level = levels[place]
        bits = math.log2(float(level["m_probability"]) / float(level["u_probability"]))
        said = by_field[column].outcome if column in by_field else str(level["label_for_charts"])
        bars.append(MatchWeight(column, said, round(bits, 2)))
        if column == "name" and by_field["name"].detail and place == 0:
            bars.append(MatchWeight("name_rarity", "", round(float(by_field["name"].detail), 2)))
    return tuple(bars)


def name_rarity_bits(share: float) -> float:
    """How much more (or less) an equal name of this share in the data says than an equal name on average."""
    names = next(one for one in _model()["comparisons"] if one["output_column_name"] == "name")
    exact = next(one for one in names["comparison_levels"] if not one.get("is_null_level"))
    return math.log2(float(exact["u_probability"]) / share)
