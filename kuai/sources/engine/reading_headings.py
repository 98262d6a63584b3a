"""What a column's heading says, alone: one of our fields, whose, and how sure the words are."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from kuai.kit.folding import fold_width
from kuai.sources.engine.dictionary import Dictionary, RoleWord

# Measured on 2026-11-22: of our 380 words of four or more signs with one sign dropped at random, 375 are read as
# their own field and 5 as another; at 70 it is 11. A near heading weighs little, so that content can overrule it.
NEAR_ENOUGH = 80

_ORNAMENT = re.compile(r"[\s*＊#:：/\\|\"'“”‘’\[\]【】<>《》_.\-]+")
_REMARK = re.compile(
    r"\((必填|选填|公章|元|单位.*|㎡|平方米|m2|如有|可不填|格式.*|年月日|yyyy.*)\)", re.IGNORECASE
)
_MONTH_HEADING = re.compile(
    r"^(1[89]|20)[0-9]{2}[-/.年]?(0?[1-9]|1[0-2])月?(用量|读数|份)?$|^(0?[1-9]|1[0-2])月(份|用量|读数)?$"
)


@dataclass(frozen=True)
class HeadingReading:
    """A reading of one heading. `score` 0 to 1; `because` is half a Chinese sentence about the heading."""

    field: str
    role: str
    score: float
    because: str


def fold_heading(heading: str) -> str:
    """A heading without ornaments, remarks in brackets and numbering, upper case."""
    folded = _REMARK.sub("", fold_width(heading))
    return _ORNAMENT.sub("", folded).upper()


def is_month_heading(heading: str) -> bool:
    """2026-04, 2026年4月, 4月用量: a column of readings a month."""
    return bool(_MONTH_HEADING.match(fold_width(heading).strip()))


def read_heading(heading: str, dictionary: Dictionary) -> list[HeadingReading]:
    """What the heading may mean, best first; empty if its words say nothing."""
    folded = fold_heading(heading)
    if not folded:
        return []
    for reader in (_read_exact, _read_role_and_field, _read_ending, _read_near):
        found = reader(heading, folded, dictionary)
        if found:
            return found
    return []


def _read_exact(heading: str, folded: str, dictionary: Dictionary) -> list[HeadingReading]:
    readings = []
    meaning = dictionary.exact.get(folded)
    if meaning:
        readings.append(_reading(heading, meaning.field, meaning.role, 1.0, dictionary))
    for element, words in dictionary.field_words.items():
        if folded in words and element == "person":
            readings.append(_reading(heading, words[folded], "", 1.0, dictionary))
    role = next((word for word in dictionary.role_words if word.word == folded), None)
    if role and not meaning:
        readings.append(_role_name(heading, role))
    return readings


def _role_name(heading: str, role: RoleWord) -> HeadingReading:
    return HeadingReading(
        field=f"{role.element}.name",
        role=role.role,
        score=0.95,
        because=f"标题“{heading}”说的是这一行里的一个{'人' if role.element == 'person' else '单位'}",
    )


def _read_role_and_field(heading: str, folded: str, dictionary: Dictionary) -> list[HeadingReading]:
    readings = []
    for role in dictionary.role_words:
        if not folded.startswith(role.word) or folded == role.word:
            continue
        rest = folded.removeprefix(role.word).removeprefix("的").strip("()")
        field = dictionary.field_words[role.element].get(rest)
        if field:
            because = f"标题“{heading}”＝“{role.word}”＋“{rest}”"
            readings.append(HeadingReading(field, role.role, 0.97, because))
            break
    return readings


def _read_ending(heading: str, folded: str, dictionary: Dictionary) -> list[HeadingReading]:
    """The longest known words at the end: 申请人现居住地址 ends in 现居住地址."""
    role = next((word for word in dictionary.role_words if folded.startswith(word.word)), None)
    known = {word: (meaning.field, meaning.role) for word, meaning in dictionary.exact.items()}
    for word, field in dictionary.field_words["person"].items():
        known.setdefault(word, (field, ""))
    endings = [word for word in known if len(word) >= 2 and folded.endswith(word)]
    if not endings:
        return []
    word = max(endings, key=len)
    field, place = known[word]
    whose = role.role if role and not place and field.startswith(("person.", "address.")) else place
    because = f"标题“{heading}”以“{word}”结尾"
    return [HeadingReading(field, whose, 0.8, because)]


def _read_near(heading: str, folded: str, dictionary: Dictionary) -> list[HeadingReading]:
    if len(folded) < 3:
        return []
    known = {word: (meaning.field, meaning.role) for word, meaning in dictionary.exact.items()}
    known.update({word: (field, "") for word, field in dictionary.field_words["person"].items()})
    near = process.extractOne(folded, sorted(known), scorer=fuzz.ratio, score_cutoff=NEAR_ENOUGH)
    if near is None:
        return []
    word, ratio, _ = near
    field, role = known[word]
    return [HeadingReading(field, role, 0.6 * ratio / 100, f"标题“{heading}”接近“{word}”")]


def _reading(
    heading: str, field: str, role: str, score: float, dictionary: Dictionary
) -> HeadingReading:
    entry = dictionary.fields.get(field)
    because = f"标题“{heading}”是{entry.label}的同义词" if entry else f"标题“{heading}”"
    return HeadingReading(field, role, score, because)
