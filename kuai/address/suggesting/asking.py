"""What somebody has typed so far, read as a name and the numbers behind it, in every way that is possible."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice, product

from kuai.address.engine.normalising import to_one_spelling

LONGEST_TYPED = 60
MOST_CUTS = 24
_RUN = re.compile(r"[0-9]+|[a-z]+|[^0-9a-z]+")
_DIGITS = re.compile(r"[0-9]+")
_NOISE = re.compile(r"[\-#(),]+")
# What may stand behind a number, written or typed; it tells nothing that the number does not.
_WRITTEN_UNITS = re.compile(r"^(?:号楼|号院|号|栋|座|幢|楼|单元|梯|层|房|室|铺)+")
_UNIT_WORDS = (
    "hao",
    "dong",
    "zuo",
    "zhuang",
    "lou",
    "danyuan",
    "ceng",
    "fang",
    "shi",
    "haolou",
    "haodong",
)
# As far as one has typed them, and their initials.
_TYPED_UNITS = frozenset(
    {word[:end] for word in _UNIT_WORDS for end in range(1, len(word) + 1)} | {"dy", "hd", "hl"}
)


@dataclass(frozen=True, slots=True)
class Part:
    """A name as typed (perhaps its beginning only), and the numbers behind it."""

    name: str
    numbers: tuple[str, ...] = ()


def spellings_typed(text: str) -> tuple[str, ...]:
    """What was typed in the library's one spelling; also as it stands where a numeral may be part of a name (八卦)."""
    text = text[:LONGEST_TYPED]
    folded = _NOISE.sub("-", to_one_spelling(text).lower()).strip("-")
    plain = "".join(unicodedata.normalize("NFKC", text).lower().split())
    return tuple(dict.fromkeys(one for one in (folded, plain) if one))


def cuts_of(typed: str) -> Iterator[tuple[Part, ...]]:
    """Every way to cut names from numbers, the longest name first: 3x5 may be a lane and a door, or two doors."""
    runs = _RUN.findall(typed.replace("-", " ").strip())
    runs = [run for run in runs if run.strip()]
    digits = [place for place, run in enumerate(runs) if _DIGITS.fullmatch(run)]
    ends = [len(runs), *reversed(digits)]
    for end in dict.fromkeys(ends):
        name = "".join(runs[:end]).replace(" ", "")
        if not name:
            continue
        for parts in _parts_behind(runs[end:]):
            yield (Part(name, parts[0].numbers), *parts[1:])
        if (
            end < len(runs)
            and runs[end - 1].isalpha()
            and runs[end - 1].isascii()
            and len(name) > 1
        ):
            # sjgyqa3 may be 沙咀工业区 A3.
            lettered = [runs[end - 1][-1] + runs[end], *runs[end + 1 :]]
            for parts in _parts_behind(lettered):
                yield (Part(name[:-1], parts[0].numbers), *parts[1:])


def _parts_behind(runs: list[str]) -> Iterator[tuple[Part, ...]]:
    """The numbers behind the name and, where a second name follows (220号锦澜花园1栋), that part too."""
    numbers: list[str] = []
    for place, run in enumerate(runs):
        if run[-1:].isdigit():
            numbers.append(run.lstrip("0") or run)
            continue
        rest = _WRITTEN_UNITS.sub("", run.replace(" ", ""))
        if not rest or rest in _TYPED_UNITS:
            continue
        if len(rest) == 1 and rest.isascii() and numbers and numbers[-1].isdigit():
            numbers[-1] += rest
            continue
        names = [rest, rest[1:]] if rest[0] == "h" and rest.isascii() and len(rest) > 2 else [rest]
        for name in names:
            for behind in _parts_behind(runs[place + 1 :]):
                yield (Part("", tuple(numbers)), Part(name, behind[0].numbers), *behind[1:])
        return
    yield (Part("", tuple(numbers)),)


# --- mixtures -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Wanted:
    """What one unit of a name must fit: a character, a number, a whole syllable or the beginning of one."""

    text: str
    kind: str  # character, number, syllable, beginning


@lru_cache(maxsize=1)
def _syllables() -> frozenset[str]:
    from pypinyin import Style  # noqa: PLC0415 - a large table, wanted by the first who types a mixture
    from pypinyin.pinyin_dict import pinyin_dict  # noqa: PLC0415
    from pypinyin.style import convert  # noqa: PLC0415

    found = set()
    for readings in pinyin_dict.values():
        for reading in readings.split(","):
            found.add(convert(reading, Style.NORMAL, strict=True))
    return frozenset(one for one in found if one.isascii())


@lru_cache(maxsize=1)
def _beginnings() -> frozenset[str]:
    return frozenset(one[:length] for one in _syllables() for length in range(1, len(one) + 1))


def learn_syllables() -> None:
    """Read the table of syllables now, so that nobody who types has to wait for it."""
    _beginnings()


def mixtures_of(name: str) -> list[tuple[Wanted, ...]]:
    """The ways in which `name` may be characters, syllables and initials mixed (金hualu, jinhl, 金h路)."""
    runs = _RUN.findall(name)
    choices: list[list[tuple[Wanted, ...]]] = []
    for place, run in enumerate(runs):
        if _DIGITS.fullmatch(run):
            choices.append([(Wanted(run, "number"),)])
        elif run.isascii():
            choices.append(list(_letter_cuts(run, is_last=place == len(runs) - 1)))
        else:
            choices.append([tuple(Wanted(character, "character") for character in run)])
    ways = islice(product(*choices), MOST_CUTS)
    return [tuple(unit for part in way for unit in part) for way in ways]


def _letter_cuts(letters: str, *, is_last: bool) -> Iterator[tuple[Wanted, ...]]:
    return islice(_cut_letters(letters, is_last=is_last), MOST_CUTS)


def _cut_letters(letters: str, *, is_last: bool) -> Iterator[tuple[Wanted, ...]]:
    if not letters:
        yield ()
        return
    known, begun = _syllables(), _beginnings()
    for length in range(min(6, len(letters)), 0, -1):
        head, rest = letters[:length], letters[length:]
        if length > 1 and head in known:
            kind = "syllable"
        elif head in begun and (
            length == 1 or head in ("zh", "ch", "sh") or (is_last and not rest)
        ):
            kind = "beginning"
        else:
            continue
        for behind in _cut_letters(rest, is_last=is_last):
            yield (Wanted(head, kind), *behind)
