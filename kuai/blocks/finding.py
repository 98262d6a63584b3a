"""Firms by characters, pinyin, initials, code, sound and with a slip; blocks by code and by any part of their text."""

from __future__ import annotations

import re
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from rapidfuzz.distance import OSA
from rapidfuzz.fuzz import partial_ratio

from kuai.blocks.engine.firm_spelling import Way, fold_typed, reads_as_person, spoken, spoken_name
from kuai.blocks.engine.key_table import KeyTable, Rows, best_rows, is_cut
from kuai.blocks.engine.search_text import phrase_query
from kuai.blocks.firm_index import FIRMS_FILE, FORM, Firm, write_firm_index
from kuai.blocks.packing import SERVING_FILE
from kuai.blocks.types import FirmHit, FoundBy, SearchHit
from kuai.kit.errors import Refusal

# A code is begun by at least so many characters; a shorter number is a door or a year.
SHORTEST_CODE = 6
# A shorter text has too many neighbours one slip away.
SHORTEST_HAN_WITH_SLIP = 4
SHORTEST_PINYIN_WITH_SLIP = 7
# Candidates of half a text that are looked at; more halves fit only what is too short to tell.
MOST_VERIFIED = 400
MOST_WORDS = 4
_COLUMNS = ", ".join(Firm.__dataclass_fields__)
_LETTERS = re.compile(r"[0-9a-z]+|[^0-9a-z]+")


class BlockFinder:
    """Search over one published build. Safe for threads; nothing personal is in what it reads."""

    def __init__(self, build: Path, scratch: Path) -> None:
        self._serving = build / "core" / SERVING_FILE
        if not self._serving.exists():
            raise Refusal(
                "blocks.no_serving",
                "这个版本没有可供查询的块数据。",
                next_step="请重新运行 kuai build。",
            )
        # Beside the build and not in it, because a published build is never written to.
        folder = scratch / f"{build.name}-firms-{FORM}"
        if not folder.exists():
            write_firm_index(self._serving, folder)
        self._tables = {way: KeyTable(folder, way) for way in Way}
        self._firm_file = folder / FIRMS_FILE
        self._local = threading.local()

    # --- firms ----------------------------------------------------------------------------------------

    def find_firms(self, text: str, *, limit: int, near: bool = False) -> list[FirmHit]:
        """At most `limit` firms; with `near` those that sound alike or are one slip away.

        A text that could be a person's name finds nothing near, and no sole trader whose name it could be.
        """
        words = [word for word in (fold_typed(one) for one in text.split()) if word][:MOST_WORDS]
        if not words or limit < 1:
            return []
        if near:
            return self._near("".join(words), limit)
        return self._by_keys(words, limit)

    def _by_keys(self, words: list[str], limit: int) -> list[FirmHit]:
        found: dict[int, FoundBy] = {}
        joined = "".join(words)
        for by, rows in self._exact(joined):
            for row in best_rows(rows, limit):
                found.setdefault(row, by)
        if len(words) > 1 and len(found) < limit:
            sets = [[rows for _, rows in self._exact(word)] for word in words]
            if all(sets):
                common = np.concatenate(sets[0])
                for more in sets[1:]:
                    common = np.intersect1d(common, np.concatenate(more))
                for row in best_rows(common, limit):
                    found.setdefault(row, FoundBy.CHARACTERS)
        rows_in_order = list(found)[:limit]
        firms = self._firms(rows_in_order)
        return [FirmHit(*_shown(firms[row]), found[row]) for row in rows_in_order if row in firms]

    def _exact(self, typed: str) -> Iterator[tuple[FoundBy, Rows]]:
        """Rows by each way of typing, whole keys first."""
        if not typed.isascii() and not any(one.isascii() for one in typed):
            ways = [(Way.CHARACTERS, FoundBy.CHARACTERS, [typed])]
        elif typed.isascii():
            ways = [
                (Way.PINYIN, FoundBy.PINYIN, [typed]),
                (Way.INITIALS, FoundBy.INITIALS, [typed]),
            ]
            if len(typed) >= SHORTEST_CODE:
                ways.insert(0, (Way.CODES, FoundBy.CODE, [typed]))
        else:
            ways = [
                (Way.CHARACTERS, FoundBy.CHARACTERS, [typed]),
                (Way.PINYIN, FoundBy.MIXTURE, spoken(typed)[:2]),
                (Way.INITIALS, FoundBy.MIXTURE, [_mixed_initials(typed)]),
            ]
        for way, by, texts in ways:
            for text in texts:
                begun, whole = self._beginning_with(way, text)
                if by is FoundBy.MIXTURE:
                    begun = whole = self._with_characters(begun, typed)
                if len(whole):
                    yield by, whole
                if len(begun):
                    yield by, begun

    def _beginning_with(self, way: Way, text: str) -> tuple[Rows, Rows]:
        begun, whole = self._tables[way].beginning_with(text)
        if is_cut(text) and len(begun):
            begun = whole = self._holding(begun, text, is_spoken=way is not Way.CHARACTERS)
        return begun, whole

    def _holding(self, rows: Rows, text: str, *, is_spoken: bool) -> Rows:
        """Of firms found by the beginning of a long text, those whose name has all of it."""
        found = self._firms(best_rows(rows, MOST_VERIFIED))
        fitting = [
            row
            for row, firm in found.items()
            if text in (spoken_name(firm.name) if is_spoken else fold_typed(firm.name))
        ]
        return np.array(sorted(fitting), dtype=np.int32)

    def _with_characters(self, rows: Rows, typed: str) -> Rows:
        """Of firms found by the sound of a mixture, those that have its characters."""
        characters = [run for run in _LETTERS.findall(typed) if not run.isascii()]
        firms = self._firms(best_rows(rows, MOST_VERIFIED))
        fitting = [
            row for row, firm in firms.items() if all(one in firm.name for one in characters)
        ]
        return np.array(sorted(fitting), dtype=np.int32)

    def _near(self, typed: str, limit: int) -> list[FirmHit]:
        if reads_as_person(typed):
            return []
        found: dict[int, FoundBy] = {}
        for text in self.sounds_of(typed):
            for row in best_rows(self._beginning_with(Way.PINYIN, text)[0], limit):
                found.setdefault(row, FoundBy.SOUND)
        if not found:
            found = dict.fromkeys(self._one_slip(typed, limit), FoundBy.SLIP)
        firms = self._firms(found)
        # Nobody finds a sole trader by what only looks like the name.
        shown = [firm for firm in firms.values() if not firm.is_sole]
        return [FirmHit(*_shown(firm), found[firm.row]) for firm in shown[:limit]]

    def _one_slip(self, typed: str, limit: int) -> list[int]:
        """With one slip in it, one half of what was typed is still right."""
        is_letters = typed.isascii()
        if len(typed) < (SHORTEST_PINYIN_WITH_SLIP if is_letters else SHORTEST_HAN_WITH_SLIP):
            return []
        table = self._tables[Way.PINYIN if is_letters else Way.CHARACTERS]
        middle = len(typed) // 2
        halves = [typed[:middle], typed[middle:], typed[middle + 1 :]]
        rows = [best_rows(table.beginning_with(half)[0], MOST_VERIFIED) for half in halves if half]
        names = self._names({one for found in rows for one in found}, is_spoken=is_letters)
        fitting = [row for row, name in names if _holds_with_one_slip(name, typed)]
        return sorted(fitting)[:limit]

    def _names(self, rows: set[int], *, is_spoken: bool) -> list[tuple[int, str]]:
        """Names as they are compared, of enterprises alone."""
        found = []
        wanted = sorted(rows)
        for start in range(0, len(wanted), 500):
            part = wanted[start : start + 500]
            marks = ", ".join("?" * len(part))
            sql = f"select row, name, spoken from firm where not is_sole and row in ({marks})"
            found += self._ask(self._firm_file, sql, part)
        return [(row, said if is_spoken else fold_typed(name)) for row, name, said in found]

    def _firms(self, rows: Iterable[int]) -> dict[int, Firm]:
        wanted = sorted(rows)
        firms: dict[int, Firm] = {}
        for start in range(0, len(wanted), 500):
            part = wanted[start : start + 500]
            marks = ", ".join("?" * len(part))
            for found in self._ask(
                self._firm_file, f"select {_COLUMNS} from firm where row in ({marks})", part
            ):
                firms[found[0]] = Firm(*found)
        return firms

    def sounds_of(self, text: str) -> list[str]:
        """What was typed in characters, in pinyin; nothing of a text that could be a person's name."""
        typed = fold_typed(text)
        return [] if typed.isascii() or reads_as_person(typed) else spoken(typed)[:2]

    # --- blocks ---------------------------------------------------------------------------------------

    def find_codes(self, text: str, *, limit: int) -> list[SearchHit]:
        """Blocks whose code begins with what was typed; a whole code first."""
        typed = fold_typed(text)
        if not typed.isdigit() or len(typed) < SHORTEST_CODE:
            return []
        rows = self._ask(
            self._serving,
            "select code, level, coalesce(nullif(standard_text, ''), name, code) from block"
            " where code >= ? and code < ? order by code limit ?",
            (typed, typed + "~", limit),
        )
        return [SearchHit(code, level, shown, "编码开头相同") for code, level, shown in rows]

    def find_within(self, text: str, *, limit: int) -> list[SearchHit]:
        """Blocks (down to buildings) whose standard text holds what was typed anywhere."""
        query = phrase_query(text)
        if not query or limit < 1:
            return []
        rows = self._ask(
            self._serving,
            "select b.code, b.level, t.text from search as s join search_target as t on t.search_no = s.rowid"
            " join block as b on b.block_no = t.target_no where search match ? and t.kind = 'block' limit ?",
            (query, limit),
        )
        why = "标准地址包含所输文字"
        return [SearchHit(code, level, shown, why) for code, level, shown in rows]

    def _ask(self, path: Path, sql: str, values: Iterable[object]) -> list[Any]:
        connections: dict[Path, sqlite3.Connection] | None = getattr(self._local, "opened", None)
        if connections is None:
            connections = self._local.opened = {}
        if path not in connections:
            uri = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
            connections[path] = sqlite3.connect(uri, uri=True, check_same_thread=False)
        return connections[path].execute(sql, tuple(values)).fetchall()


def _shown(firm: Firm) -> tuple[str, str, str, str]:
    return firm.code, firm.name, firm.credit_code, firm.place_code


def _mixed_initials(typed: str) -> str:
    return "".join(
        run if run.isascii() else "".join(one[:1] for one in _syllables_of(run))
        for run in _LETTERS.findall(typed)
    )


def _syllables_of(characters: str) -> list[str]:
    return [(spoken(one) or [one])[0] for one in characters]


def _holds_with_one_slip(name: str, typed: str) -> bool:
    """Whether some part of the name is what was typed but for one character."""
    # Told at once, because most candidates share no more than their half.
    if partial_ratio(typed, name, score_cutoff=100 * (1 - 1.6 / len(typed))) == 0:
        return False
    for start in range(max(1, len(name) - len(typed) + 2)):
        for length in (len(typed), len(typed) - 1, len(typed) + 1):
            part = name[start : start + length]
            # Digits are no characters: 3分店 is not one slip from 5分店.
            if _digits(part) == _digits(typed) and OSA.distance(part, typed, score_cutoff=1) <= 1:
                return True
    return False


def _digits(text: str) -> list[str]:
    return [one for one in text if one.isdigit()]
