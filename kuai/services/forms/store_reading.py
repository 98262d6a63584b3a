"""What the published build holds for rows of a form, by permitted sources alone; conflicts are told as such. Private.

No vault is read here: names and phones come by `guard.access.reveal_list`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb

from kuai.address.types import ADDRESS_ENTRY
from kuai.blocks.types import BLOCK
from kuai.guard import access
from kuai.guard.queries import list_sources
from kuai.kit.engine import engine, rows_of, scan_sql
from kuai.kit.store import Store, read_json
from kuai.registry.queries import facts_out_of_use
from kuai.registry.types import (
    CONFLICT,
    LIFE_EVENT,
    MENTION_ELEMENT,
    ORGANISATION,
    PERSON,
    RELATION,
)
from kuai.services.forms.engine.field_fact import Facts, FieldFact
from kuai.services.forms.homes import HomeReading

LIVING = ("asserted", "verified")
LIBRARY, FIRM_REGISTER = "address_library", "business_registry"
SEXES = {"1": "男", "2": "女"}
FIRM_KINDS = {
    "enterprise": "企业", "sole_trader": "个体工商户", "cooperative": "农民专业合作社",
    "institution": "机关事业单位", "other": "其他",
}  # fmt: skip
FIRM_STATES = {"active": "存续", "ended": "已注销"}


class BuildFacts:
    """The published build as one form may read it."""

    def __init__(self, store: Store, connection: duckdb.DuckDBPyConnection, purpose: str) -> None:
        build = store.current_build()
        self.version = build.name
        self.as_of = date.fromisoformat(read_json(build / "receipts.json")["as_of"])
        self._core = build / "core"
        self._store = store
        self._connection = connection
        self.permitting = sorted(access.permitting_sources(purpose))
        self._refresh = {one.source: one.refresh_days for one in list_sources()}
        self.titles = {one.source: one.title for one in list_sources()}
        self._out_of_use = facts_out_of_use()

    def query(self, sql: str, **parameters: Any) -> list[dict[str, Any]]:
        """Rows of the build's tables, named as in the sql."""
        tables = {
            one.name: scan_sql([self._core / f"{one.name}.parquet"])
            for one in (PERSON, RELATION, MENTION_ELEMENT, ORGANISATION, CONFLICT, LIFE_EVENT,
                        ADDRESS_ENTRY, BLOCK)
        }  # fmt: skip
        used = {name: value for name, value in parameters.items() if f"${name}" in sql}
        return rows_of(self._connection.execute(sql.format(**tables), used))

    def person_mentions(self, more: Sequence[str] = ()) -> str:
        """A scan of the person mentions of the build's deliveries that may be used, or of none."""
        rows = self.query(
            "select distinct source, period from {mention_element} where element = 'person'"
            " and list_contains($sources, source) order by all",
            sources=self.permitting,
        )
        paths = [
            self._store.extracts / row["source"] / row["period"] / "person_mention.parquet"
            for row in rows
        ]
        return _scan_or_none([path for path in paths if path.exists()], more)

    def is_usable(self, fact_key: str) -> bool:
        """Whether nobody objects to the fact, and nobody found it wrong."""
        return fact_key not in self._out_of_use

    def is_stale(self, fact: FieldFact, *, today: date) -> bool:
        """Whether its source should have come again since."""
        days = self._refresh.get(fact.source, 31)
        return fact.day is not None and today - fact.day > timedelta(days=days)

    def day_of(self, period: str) -> date:
        """The day a delivery speaks of: its period's, else the build's."""
        for text in (period, f"{period}-28"):
            try:
                return min(date.fromisoformat(text), self.as_of)
            except ValueError:
                continue
        return self.as_of

    # --- persons ----------------------------------------------------------------------------------

    def persons(self, codes: Sequence[str]) -> Facts:
        """Of each person who is not held back: birth, sex, homes, employer."""
        held = {
            row["person_code"]: row
            for row in self.query(
                "select person_code, quarantined, is_child_under_14, contested from {person}"
                " where list_contains($codes, person_code)",
                codes=list(codes),
            )
        }
        kept = [
            code
            for code in codes
            if code in held
            and not held[code]["quarantined"]
            and not held[code]["is_child_under_14"]
        ]
        facts: Facts = {code: {} for code in kept}
        self._add_births(facts, held)
        HomeReading(self).add_homes(facts)
        self._add_relation(facts, "person.hukou", ("PH_HUKOU",), self._place_text)
        self._add_relation(facts, "person.employer", ("PL_EMPLOY",), self._firm_name)
        return facts

    def _add_births(self, facts: Facts, held: Mapping[str, Mapping[str, Any]]) -> None:
        rows = self.query(
            "select m.code, p.birth_date, p.birth_precision, p.sex, p.source, p.period"
            f" from {self.person_mentions()} as p"
            " join {mention_element} as m on m.mention_key = p.mention_key and m.element = 'person'"
            " where list_contains($codes, m.code) order by m.code, p.source, p.period, p.row_no",
            codes=list(facts),
        )
        by_code: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for row in rows:
            by_code[row["code"]].append(row)
        for code, said in by_code.items():
            contested = held[code]["contested"] or ""
            full = [one for one in said if one["birth_date"] and one["birth_precision"] == "day"]
            if "birth_date" in contested or not self.is_usable(f"birth_date|{code}"):
                facts[code]["person.birth_date"] = FieldFact(conflict="有人提出异议，正在查")
            elif full:
                self._put(
                    facts, code, "person.birth_date", full, lambda one: str(one["birth_date"])
                )
            known = [one for one in said if one["sex"] in SEXES]
            if "sex" in contested or not self.is_usable(f"sex|{code}"):
                facts[code]["person.sex"] = FieldFact(conflict="有人提出异议，正在查")
            elif known:
                self._put(facts, code, "person.sex", known, lambda one: SEXES[one["sex"]])

    def _put(
        self,
        facts: Facts,
        code: str,
        field: str,
        said: Sequence[Mapping[str, Any]],
        value_of: Callable[[Mapping[str, Any]], str],
    ) -> None:
        values = sorted({value_of(one) for one in said})
        if len(values) > 1:
            facts[code][field] = FieldFact(conflict="来源之间说法不一")
            return
        newest = max(said, key=lambda one: (self.day_of(one["period"]), one["source"]))
        facts[code][field] = FieldFact(
            values[0], "asserted", newest["source"], self.day_of(newest["period"])
        )

    def living(
        self, codes: Sequence[str], kinds: Sequence[str], *, end: str
    ) -> dict[str, list[dict[str, Any]]]:
        """Relations of these kinds that hold and may be used, by the code at their `end` (from_code, to_code)."""
        rows = self.query(
            "select type, from_code, to_code, fact_key, status, source, period, is_contested"
            f" from {{relation}} where list_contains($codes, {end}) and list_contains($kinds, type)"
            " and list_contains($sources, source) and status not in ('ended', 'withdrawn')"
            " and (valid_to is null or valid_to > $as_of)"
            " order by from_code, to_code, source, period, relation_no",
            codes=list(codes),
            kinds=list(kinds),
            sources=self.permitting,
            as_of=self.as_of,
        )
        found: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for row in rows:
            row["is_usable"] = (
                row["status"] in LIVING
                and not row["is_contested"]
                and self.is_usable(row["fact_key"])
            )
            found[row[end]].append(row)
        return found

    def _add_relation(
        self, facts: Facts, field: str, kinds: Sequence[str], text_of: Callable[[str], str]
    ) -> None:
        for code, rows in self.living(list(facts), kinds, end="from_code").items():
            facts[code][field] = self._single(rows, text_of)

    def _add_last_place(
        self, facts: Facts, field: str, kind: str, text_of: Callable[[str], str]
    ) -> None:
        """What the register said last of whoever it has struck off: their address did not go wrong by that."""
        rows = self.query(
            "select from_code, to_code, fact_key, status, source, period, is_contested from {relation}"
            " where list_contains($codes, from_code) and type = $kind and status = 'ended'"
            " and source = $register and list_contains($sources, source)"
            " qualify valid_to is not distinct from max(valid_to) over (partition by from_code)"
            " order by from_code, to_code, period, relation_no",
            codes=[code for code, held in facts.items() if field not in held and _is_ended(held)],
            kind=kind,
            register=FIRM_REGISTER,
            sources=self.permitting,
        )
        by_firm: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for row in rows:
            row["is_usable"] = not row["is_contested"] and self.is_usable(row["fact_key"])
            by_firm[row["from_code"]].append({**row, "status": "asserted"})
        for code, said in by_firm.items():
            facts[code][field] = self._single(said, text_of)

    def _single(
        self, rows: Sequence[Mapping[str, Any]], text_of: Callable[[str], str]
    ) -> FieldFact:
        if not all(row["is_usable"] for row in rows):
            return FieldFact(conflict="有人提出异议，或正有争议")
        ends = {row["to_code"] for row in rows}
        if len(ends) > 1:
            return FieldFact(conflict="来源之间说法不一")
        row = rows[-1]
        text = text_of(row["to_code"])
        return (
            FieldFact(text, row["status"], row["source"], self.day_of(row["period"]))
            if text
            else FieldFact()
        )

    # --- places and firms -------------------------------------------------------------------------

    def places(self, codes: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Standard text, level, use and the names above of each code, and its path."""
        rows = self.query(
            "select b.code, b.level, b.name, b.path, e.standard_text as text, e.use,"
            " c.name as community, s.name as subdistrict, u.standard_text as building"
            " from {block} as b left join {address_entry} as e on e.address_code = b.code"
            " left join {block} as c on c.level = 'community'"
            "   and list_contains(string_split(b.path, '/'), c.code)"
            " left join {block} as s on s.level = 'subdistrict'"
            "   and list_contains(string_split(b.path, '/'), s.code)"
            " left join {block} as u on u.level = 'building'"
            "   and list_contains(string_split(b.path, '/'), u.code)"
            " where list_contains($codes, b.code) order by b.code",
            codes=list(codes),
        )
        return {row["code"]: row for row in rows}

    def _place_text(self, code: str) -> str:
        """The text of a room; a building alone is no address to write down."""
        place = self.places([code]).get(code)
        return str(place["text"] or "") if place and place["level"] == "room" else ""

    def _firm_name(self, code: str) -> str:
        rows = self.query(
            "select name from {organisation} where organisation_code = $code", code=code
        )
        return str(rows[0]["name"] or "") if rows else ""

    def rooms(self, codes: Sequence[str], *, with_let: bool) -> Facts:
        """Of each room what the address library says, and whether a filing says that it is let (never that not)."""
        facts: Facts = {}
        for code, place in self.places(codes).items():
            told = {
                "room.code": code,
                "room.address": place["text"],
                "room.use": place["use"],
                "room.building": place["building"],
                "room.number": place["name"],
                "room.community": place["community"],
                "room.subdistrict": place["subdistrict"],
            }
            facts[code] = {
                field: FieldFact(str(value), "verified", LIBRARY, self.as_of)
                for field, value in told.items()
                if value
            }
        if with_let:
            for code, rows in self.living(codes, ("PH_LET",), end="to_code").items():
                used = [row for row in rows if row["is_usable"]]
                if used and code in facts:
                    facts[code]["room.is_let"] = FieldFact(
                        "是", used[0]["status"], used[0]["source"], self.day_of(used[0]["period"])
                    )
        return facts

    def firms(self, codes: Sequence[str]) -> Facts:
        """Of each organisation what its register says."""
        facts: Facts = {}
        for row in self.query(
            "select * from {organisation} where list_contains($codes, organisation_code)"
            " order by organisation_code",
            codes=list(codes),
        ):
            told = {
                "firm.name": row["name"],
                "firm.credit_code": row["credit_code"],
                "firm.kind": FIRM_KINDS.get(row["kind"], ""),
                "firm.state": FIRM_STATES.get(row["state"], ""),
                "firm.founded_on": str(row["founded_on"] or ""),
            }
            facts[row["organisation_code"]] = {
                field: FieldFact(str(value), "verified", FIRM_REGISTER, self.as_of)
                for field, value in told.items()
                if value
            }
        # Where the register names the building alone there is no address to write, but the community is known.
        for field, kind, text_of in (
            ("firm.registered", "LH_REGISTERED", self._place_text),
            ("firm.operating", "LH_OPERATE", self._place_text),
            ("firm.community", "LH_REGISTERED", self._community_of),
        ):
            self._add_relation(facts, field, (kind,), text_of)
            self._add_last_place(facts, field, kind, text_of)
        return facts

    def _community_of(self, code: str) -> str:
        place = self.places([code]).get(code)
        return str(place["community"] or "") if place else ""


def _is_ended(held: Mapping[str, FieldFact]) -> bool:
    state = held.get("firm.state")
    return state is not None and state.value == FIRM_STATES["ended"]


@contextmanager
def open_facts(store: Store, *, purpose: str) -> Iterator[BuildFacts]:
    """The published build, for one form's purpose; refuses before the first build."""
    with engine(memory_limit="1GB") as connection:
        yield BuildFacts(store, connection, purpose)


def _scan_or_none(paths: Sequence[Path], more: Sequence[str]) -> str:
    if paths:
        return scan_sql(list(paths))
    return (
        "(select null::varchar as mention_key, null::varchar as id_token, null::varchar as name_token,"
        " null::date as birth_date, null::varchar as birth_precision, null::varchar as sex,"
        " null::varchar as source, null::varchar as period, null::integer as row_no"
        + "".join(f", null::varchar as {name}" for name in more)
        + " where false)"
    )
