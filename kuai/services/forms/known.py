"""Whether a cell that stayed open would be filled from the published build; no vault is read. Private."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from kuai.kit.store import Store
from kuai.services.forms.engine.field_fact import Facts
from kuai.services.forms.store_reading import BuildFacts, open_facts

# What lies in a vault is known by its token in a mention.
TOKENS = {"person.phone": "phone_token", "person.name": "name_token"}


def list_known_cells(
    store: Store, wanted: Iterable[tuple[str, str, str]]
) -> frozenset[tuple[str, str, str]]:
    """Of (purpose, person code, field) those that the published build can fill for that purpose now."""
    by_purpose: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for purpose, code, field in wanted:
        by_purpose[purpose].add((code, field))
    known: set[tuple[str, str, str]] = set()
    for purpose, cells in sorted(by_purpose.items()):
        with open_facts(store, purpose=purpose) as facts:
            codes = sorted({code for code, _ in cells})
            told, sealed = facts.persons(codes), _sealed(facts, codes)
            known |= {
                (purpose, code, field)
                for code, field in cells
                if (code, field) in sealed or _is_told(told, code, field)
            }
    return frozenset(known)


def _is_told(told: Facts, code: str, field: str) -> bool:
    fact = told.get(code, {}).get("person.birth_date" if field == "person.age" else field)
    return fact is not None and bool(fact.value) and not fact.conflict


def _sealed(facts: BuildFacts, codes: list[str]) -> set[tuple[str, str]]:
    """What exactly one value is held of, in the sources that lend it."""
    columns = ", ".join(
        f"count(distinct p.{token}) as {token}" for token in sorted(set(TOKENS.values()))
    )
    rows = facts.query(
        f"select m.code, {columns} from {facts.person_mentions(('phone_token',))} as p"
        " join {mention_element} as m on m.mention_key = p.mention_key and m.element = 'person'"
        " where list_contains($codes, m.code) group by m.code order by m.code",
        codes=codes,
    )
    return {
        (row["code"], field) for row in rows for field, token in TOKENS.items() if row[token] == 1
    }
