"""Whom and what a form lists by itself, and which element a half-filled row means. Codes alone. Private."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from kuai.address.places import open_places
from kuai.guard.actions import tokeniser
from kuai.guard.types import Zone
from kuai.kit.folding import fold_code, fold_width
from kuai.kit.store import Store
from kuai.linkage.queries import writings_of_name
from kuai.services.forms.homes import DWELLING_ROLES, HOMES
from kuai.services.forms.models import RegisteredForm
from kuai.services.forms.store_reading import LIVING, BuildFacts
from kuai.services.forms.types import ListKind

_DAY = re.compile(r"^([0-9]{4})[-/.年]?([0-9]{1,2})[-/.月]?([0-9]{1,2})日?$")
_DAY_IN_WORDS = re.compile(
    "^([〇零○一二三四五六七八九]{4})年([一二三四五六七八九十]{1,3})月([一二三四五六七八九十]{1,3})日?$"
)
_DIGITS = str.maketrans("〇零○一二三四五六七八九", "000123456789")
# A day that lost its format on the way is a count of days since this one; from 1910 to 2064.
_SERIAL_START, _FIRST_SERIAL, _LAST_SERIAL = date(1899, 12, 30), 3_654, 60_000
_SURE_GRADES = ("A", "B")
# Of one name on one sheet, as many rows may miss before the rest of that name looks like a guess.
MOST_MISSES = 3
# What tells one bearer of a name from another.
_TELLING = ("person.id_number", "person.birth_date", "person.residence")
_HELD_KINDS = ("two_birth_dates",)
# The area's places, by path: "" is the whole.
INSIDE = (
    "exists (select 1 from (select unnest($areas) as area) as own"
    " where own.area = '' or b.path = own.area or starts_with(b.path, own.area || '/'))"
)


@dataclass(frozen=True)
class Listed:
    """Codes in their order, and how many were left out because something about them is held back."""

    codes: tuple[str, ...]
    left_out: int = 0


def list_for(form: RegisteredForm, facts: BuildFacts, *, areas: Sequence[str]) -> Listed:
    """What the form's own definition lists on this ground."""
    kind = ListKind(form.list_kind)
    if kind in (ListKind.TURNING, ListKind.RESIDENTS):
        return _persons(form, facts, areas, kind)
    if kind is ListKind.FIRMS:
        return _firms(facts, areas)
    if kind in (ListKind.LET_ROOMS, ListKind.ROOMS):
        return _rooms(facts, areas, is_let=kind is ListKind.LET_ROOMS)
    return Listed(())


def _persons(
    form: RegisteredForm, facts: BuildFacts, areas: Sequence[str], kind: ListKind
) -> Listed:
    on_the_day = "p.birth_date + to_years($age)"
    when = f"{on_the_day} <= $last"
    if kind is ListKind.TURNING:
        when += f" and {on_the_day} >= $first"
    rows = facts.query(
        "select distinct p.person_code as code, p.quarantined, p.contested, p.is_child_under_14,"
        " exists (select 1 from {conflict} as c where c.element_code = p.person_code"
        "   and list_contains($held, c.kind)) as is_held,"
        " exists (select 1 from {life_event} as e where e.code = p.person_code"
        "   and e.kind = 'death') as is_dead"
        " from {person} as p"
        " join {relation} as r on r.from_code = p.person_code and list_contains($homes, r.type)"
        "   and r.status not in ('ended', 'withdrawn') and list_contains($sources, r.source)"
        " join {block} as b on b.code = r.to_code"
        f" where {INSIDE} and p.birth_precision = 'day' and {when} order by code",
        homes=[*HOMES, "PH_HUKOU"],
        held=list(_HELD_KINDS),
        sources=facts.permitting,
        areas=list(areas),
        age=form.age,
        first=form.period_first,
        last=form.period_last,
    )
    living = [row for row in rows if not row["is_dead"]]
    kept = [row["code"] for row in living if not _is_held_back(row, facts)]
    known = {row["code"] for row in rows}
    apart = _held_apart(form, facts, areas, when) - known
    return Listed(tuple(kept), len(living) - len(kept) + len(apart))


def _held_apart(
    form: RegisteredForm, facts: BuildFacts, areas: Sequence[str], when: str
) -> set[str]:
    """Whom the build sets apart whole, so that no fact says where they live: their rows still do."""
    rows = facts.query(
        "select distinct p.person_code as code from {person} as p"
        " join {mention_element} as m on m.code = p.person_code and m.element = 'person'"
        "   and m.role = 'subject' and list_contains($grades, m.grade)"
        "   and list_contains($sources, m.source)"
        " join {block} as b on b.code = m.address_code"
        f" where {INSIDE} and p.quarantined and not p.is_child_under_14"
        f" and p.birth_precision = 'day' and {when} order by code",
        grades=list(_SURE_GRADES),
        sources=facts.permitting,
        areas=list(areas),
        age=form.age,
        first=form.period_first,
        last=form.period_last,
    )
    return {row["code"] for row in rows}


def _is_held_back(row: Mapping[str, Any], facts: BuildFacts) -> bool:
    contested = "birth_date" in (row["contested"] or "")
    return bool(
        row["quarantined"]
        or row["is_held"]
        or row["is_child_under_14"]
        or contested
        or not facts.is_usable(f"birth_date|{row['code']}")
    )


def _rooms(facts: BuildFacts, areas: Sequence[str], *, is_let: bool) -> Listed:
    rows = facts.query(
        "select b.code from {block} as b join {address_entry} as e on e.address_code = b.code"
        f" where b.level = 'room' and e.state = 'in_use' and {INSIDE} order by b.code",
        areas=list(areas),
    )
    codes = [row["code"] for row in rows]
    if not is_let:
        return Listed(tuple(codes))
    let = facts.living(codes, ("PH_LET",), end="to_code")
    sure = {code for code, said in let.items() if any(one["is_usable"] for one in said)}
    return Listed(tuple(code for code in codes if code in sure), len(set(let) - sure))


def _firms(facts: BuildFacts, areas: Sequence[str]) -> Listed:
    rows = facts.query(
        "select distinct o.organisation_code as code, r.fact_key, r.status, r.is_contested"
        " from {organisation} as o"
        " join {relation} as r on r.from_code = o.organisation_code"
        "   and r.type in ('LH_REGISTERED', 'LH_OPERATE') and r.status not in ('ended', 'withdrawn')"
        " join {block} as b on b.code = r.to_code"
        f" where o.state <> 'ended' and {INSIDE} order by code",
        areas=list(areas),
    )
    all_codes = {row["code"] for row in rows}
    sure = {
        row["code"]
        for row in rows
        if row["status"] in LIVING and not row["is_contested"] and facts.is_usable(row["fact_key"])
    }
    return Listed(tuple(sorted(sure)), len(all_codes - sure))


# --- rows that are there already --------------------------------------------------------------------


@dataclass
class _Known:
    """What permitted sources say of one person, by which a row may mean them."""

    numbers: set[str] = field(default_factory=set)
    births: set[date] = field(default_factory=set)
    places: set[str] = field(default_factory=set)


def _near(
    cells: Mapping[str, str],
    same_name: set[str],
    known: Mapping[str, _Known],
    slips: Collection[str | None],
) -> set[str]:
    """Whom a number that nobody bears may mean: of the name and birthday, with a number one slip away or none."""
    born = read_day(cells.get("person.birth_date", "")) or birth_in(cells["person.id_number"])
    found = set()
    for code in same_name:
        one = known[code]
        is_slip = bool(one.numbers & set(slips)) and (not one.births or born in one.births)
        if is_slip or (not one.numbers and born in one.births):
            found.add(code)
    return found


def birth_in(number: str) -> date | None:
    """The birthday that an identity number of 18 characters names, or none."""
    folded = fold_code(number)
    return read_day(folded[6:14]) if len(folded) == 18 else None  # noqa: PLR2004 - GB 11643


def is_long_number(number: str) -> bool:
    """Whether it has the length of an identity number and digits alone."""
    folded = fold_code(number)
    return len(folded) == 18 and folded.isdigit()  # noqa: PLR2004 - GB 11643


def is_whole(number: str) -> bool:
    """Whether the check digit of an identity number holds (GB 11643)."""
    folded = fold_code(number)
    weighed = sum(int(digit) * (2 ** (17 - place) % 11) for place, digit in enumerate(folded[:17]))
    return "10X98765432"[weighed % 11] == folded[-1]


def near_numbers(number: str) -> set[str]:
    """Every number that one wrong digit, or two beside each other in the wrong order, could make of this one."""
    folded = fold_code(number)
    if not re.fullmatch(r"[0-9]{17}[0-9X]", folded):
        return set()
    found = {
        folded[:place] + digit + folded[place + 1 :]
        for place in range(len(folded))
        for digit in "0123456789X"
        if digit != "X" or place == len(folded) - 1
    }
    found |= {
        folded[:place] + folded[place + 1] + folded[place] + folded[place + 2 :]
        for place in range(len(folded) - 1)
    }
    return found - {folded}


def _guessed_rows(rows: Mapping[int, Mapping[str, str]], known: Mapping[int, str]) -> set[int]:
    """Rows that look like trying out: one name with many numbers, days or homes, or mostly names of nobody listed.

    Which of them is recognised would say which guess was right: none of them is.
    """
    by_name: dict[str, list[int]] = defaultdict(list)
    bare = []
    numbers: dict[str, set[str]] = defaultdict(set)
    for row, cells in rows.items():
        name = name_key(cells.get("person.name", ""))
        by_name[min({name, *writings_of_name(name)})].append(row)
        if not any(cells.get(key, "").strip() for key in _TELLING):
            bare.append(row)
        if row in known and cells.get("person.id_number", "").strip():
            numbers[known[row]].add(fold_code(cells["person.id_number"]))
    guessed = {row for row, code in known.items() if len(numbers[code]) > 1}
    for same in by_name.values():
        tried = {_told(rows[row]) for row in same if row not in known}
        if len(tried - {_told({})}) > MOST_MISSES:
            guessed |= set(same)
    hits = sum(1 for row in bare if row in known)
    if len(bare) - hits > max(MOST_MISSES, hits):
        guessed |= set(bare)
    return guessed


def _told(cells: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(fold_code(cells.get(key, "")) for key in _TELLING)


class Recogniser:
    """Which element a half-filled row means: by what tells it for certain, or not at all."""

    def __init__(self, store: Store, facts: BuildFacts, *, areas: Sequence[str]) -> None:
        self._store = store
        self._facts = facts
        self._areas = list(areas)
        self._listed: set[str] = set()
        self.guessed = 0

    def recognise(
        self, about: str, rows: Mapping[int, Mapping[str, str]], *, listed: Collection[str] = ()
    ) -> dict[int, str]:
        """Row -> code, of rows that mean exactly one element on this ground.

        `listed`: whom the form lists anyway; among them a name alone is enough, where one of them bears it.
        """
        self._listed = set(listed)
        known = {"person": self._persons, "room": self._rooms, "firm": self._firms}[about](rows)
        inside = self._inside(about, sorted(set(known.values())))
        return {row: code for row, code in known.items() if code in inside}

    def _inside(self, about: str, codes: Sequence[str]) -> set[str]:
        if about == "room":
            rows = self._facts.query(
                f"select b.code from {{block}} as b where list_contains($codes, b.code) and {INSIDE}",
                codes=list(codes), areas=self._areas,
            )  # fmt: skip
            return {row["code"] for row in rows}
        if "" in self._areas:
            return set(codes)
        rows = self._facts.query(
            "select distinct r.from_code as code from {relation} as r"
            " join {block} as b on b.code = r.to_code"
            " where list_contains($codes, r.from_code) and r.status not in ('ended', 'withdrawn')"
            f" and {INSIDE}",
            codes=list(codes),
            areas=self._areas,
        )
        return {row["code"] for row in rows}

    def _persons(self, rows: Mapping[int, Mapping[str, str]]) -> dict[int, str]:
        token = tokeniser(self._store, zone=Zone.CORE)
        numbers = {
            row: token(fold_code(cells.get("person.id_number", ""))) for row, cells in rows.items()
        }
        names = {
            row: {token(one) for one in writings_of_name(name_key(cells.get("person.name", "")))}
            for row, cells in rows.items()
        }
        wanted = {*numbers.values(), *(one for some in names.values() for one in some)} - {None}
        by_number, by_name = self._bearers(sorted(one for one in wanted if one))
        same_names = {
            row: set().union(*(by_name.get(one or "-", set()) for one in some))
            for row, some in names.items()
        }
        known_of = self._known_of(sorted(set().union(*same_names.values(), set())))
        known: dict[int, str] = {}
        for row, cells in rows.items():
            numbered = by_number.get(numbers[row] or "-", set())
            # A number and a name that are not one person's name nobody, nor does a number alone: it can be made up.
            if numbered:
                same = numbered & same_names[row]
            elif numbers[row]:
                slips = {token(one) for one in near_numbers(cells["person.id_number"])}
                same = _near(cells, same_names[row], known_of, slips - {None})
            elif not any(cells.get(key, "").strip() for key in _TELLING):
                same = same_names[row] & self._listed
            else:
                same = self._by_name(cells, same_names[row], known_of)
            if len(same) == 1:
                known[row] = next(iter(same))
        guessed = _guessed_rows(rows, known)
        self.guessed = len(guessed)
        return {row: code for row, code in known.items() if row not in guessed}

    def _bearers(
        self, wanted: Sequence[str]
    ) -> tuple[Mapping[str, set[str]], Mapping[str, set[str]]]:
        """Who bears these numbers, and who these names, by token."""
        by_number: dict[str, set[str]] = defaultdict(set)
        by_name: dict[str, set[str]] = defaultdict(set)
        for one in self._facts.query(
            "select distinct m.code, p.id_token, p.name_token"
            f" from {self._facts.person_mentions()} as p"
            " join {mention_element} as m on m.mention_key = p.mention_key and m.element = 'person'"
            " where m.code is not null and (list_contains($wanted, p.id_token)"
            " or list_contains($wanted, p.name_token))",
            wanted=list(wanted),
        ):
            by_number[one["id_token"] or ""].add(one["code"])
            by_name[one["name_token"] or ""].add(one["code"])
        return by_number, by_name

    def _known_of(self, codes: Sequence[str]) -> dict[str, _Known]:
        """Numbers, birthdays and places that permitted sources give each of them."""
        known: dict[str, _Known] = defaultdict(_Known)
        for one in self._facts.query(
            "select distinct m.code, p.id_token, p.birth_date, m.address_code, m.grade, m.role"
            f" from {self._facts.person_mentions()} as p"
            " join {mention_element} as m on m.mention_key = p.mention_key and m.element = 'person'"
            " where list_contains($codes, m.code)",
            codes=list(codes),
        ):
            person = known[one["code"]]
            person.numbers.update({one["id_token"]} - {None})
            person.births.update({one["birth_date"]} - {None})
            if one["grade"] in _SURE_GRADES and one["role"] in DWELLING_ROLES:
                person.places.update({one["address_code"]} - {None})
        return known

    def _by_name(
        self, cells: Mapping[str, str], same_name: set[str], known: Mapping[str, _Known]
    ) -> set[str]:
        born = read_day(cells.get("person.birth_date", ""))
        if born:
            return {code for code in same_name if born in known[code].births}
        room = self._room_of(cells.get("person.residence", ""))
        if not room or not same_name:
            return set()
        living = self._facts.living(sorted(same_name), (*HOMES, "PH_HUKOU"), end="from_code")
        # Of whom a register names the building alone, the room may be theirs.
        within = set(self._facts.places([room])[room]["path"].split("/"))
        same = {code for code, said in living.items() if any(r["to_code"] in within for r in said)}
        # Who owns it, rents it or pays its water under this name counts too: father and son may share name and home,
        # and a namesake of whom no home is known may be the one who is meant.
        same |= {code for code in same_name if within & known[code].places}
        same |= {code for code in same_name if code not in living and not known[code].places}
        return same

    def _room_of(self, text: str) -> str:
        if not text.strip():
            return ""
        washed = self._wash(text)
        level = str(washed.level or "")
        return (
            washed.address_code or ""
            if str(washed.grade) in _SURE_GRADES and level == "room"
            else ""
        )

    def _wash(self, text: str) -> Any:
        core = self._store.current_build() / "core"
        return open_places(core, self._store.scratch).library.wash_text(text)

    def _rooms(self, rows: Mapping[int, Mapping[str, str]]) -> dict[int, str]:
        known: dict[int, str] = {}
        for row, cells in rows.items():
            code = re.sub(r"\D", "", cells.get("room.code", ""))
            text = cells.get("room.address", "") or "".join(
                cells.get(key, "") for key in ("room.building", "room.number")
            )
            found = code if code else self._room_of(text)
            if found:
                known[row] = found
        return known

    def _firms(self, rows: Mapping[int, Mapping[str, str]]) -> dict[int, str]:
        wanted = {
            row: (fold_code(cells.get("firm.credit_code", "")), fold_width(cells.get("firm.name", "")).strip())
            for row, cells in rows.items()
        }  # fmt: skip
        found = self._facts.query(
            "select organisation_code as code, credit_code, name from {organisation}"
            " where list_contains($codes, credit_code) or list_contains($names, name)",
            codes=[code for code, _ in wanted.values() if code],
            names=[name for _, name in wanted.values() if name],
        )
        known: dict[int, str] = {}
        for row, (code, name) in wanted.items():
            same = {
                one["code"]
                for one in found
                if (one["credit_code"] == code if code else bool(name) and one["name"] == name)
            }
            if len(same) == 1:
                known[row] = next(iter(same))
        return known


def name_key(name: str) -> str:
    """A name as its token is made of: however it is spaced, dotted or wide."""
    return fold_width(name).strip().upper().translate(str.maketrans("", "", " ·•・.‧"))


def clean_name(name: str) -> str:
    """A name as one writes it: gaps between characters go, those between words stay; one kind of dot (GB 18030 ·)."""
    plain = re.sub(r"[•・.‧]", "·", fold_width(name).strip())
    return plain if re.search(r"[A-Za-z]", plain) else re.sub(r"\s+", "", plain)


def read_day(text: str) -> date | None:
    """A day as offices write it, in figures, in words or as a workbook counts days; or none."""
    plain = (fold_width(text).strip().split(" ") or [""])[0]
    if re.fullmatch("[0-9]{5}", plain) and _FIRST_SERIAL <= int(plain) <= _LAST_SERIAL:
        return _SERIAL_START + timedelta(days=int(plain))
    found = _DAY.match(plain)
    worded = _DAY_IN_WORDS.match(plain)
    parts = [int(part) for part in found.groups()] if found else []
    if worded:
        parts = [_number_in_words(part) for part in worded.groups()]
    try:
        return date(*parts) if parts else None
    except ValueError:
        return None


def _number_in_words(text: str) -> int:
    tens, ten, ones = text.rpartition("十")
    if not ten:
        return int(text.translate(_DIGITS))
    return int(tens.translate(_DIGITS) or 1) * 10 + int(ones.translate(_DIGITS) or 0)
