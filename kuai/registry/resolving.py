"""How the guard finds a person's sealed values: which mentions, at which places, child or not. Private."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from kuai.blocks.queries import open_blocks
from kuai.guard import access
from kuai.guard.types import Zone
from kuai.kit.engine import engine, scan_sql
from kuai.kit.errors import Refusal
from kuai.kit.store import Store
from kuai.registry.types import MENTION_ELEMENT, PERSON, RELATION

LIVING_RELATIONS = ("PH_RESIDE", "PH_RENT", "PH_OWN", "PH_LET", "PH_HUKOU")


def resolve_person(code: str, *, store: Store) -> access.ResolvedSubject:
    """Where the person's namings lie, oldest delivery first; refuses an unknown code."""
    build = store.current_build()
    core = build / "core"
    with engine(memory_limit="500MB") as connection:
        person = connection.execute(
            f"select is_child_under_14 from {scan_sql([core / f'{PERSON.name}.parquet'])} where person_code = $code",
            {"code": code},
        ).fetchall()
        if not person:
            raise Refusal(
                "person.unknown",
                "没有这个编码的人。",
                next_step="编码可能已并入另一编码：kuai explain code 可查。",
            )
        mentions = connection.execute(
            "select source, period, row_no, mention_key from"
            f" {scan_sql([core / f'{MENTION_ELEMENT.name}.parquet'])}"
            " where element = 'person' and code = $code order by source, period, row_no, role",
            {"code": code},
        ).fetchall()
        places = connection.execute(
            f"select distinct to_code from {scan_sql([core / f'{RELATION.name}.parquet'])}"
            " where from_code = $code and list_contains($kinds, type) and status not in ('ended', 'withdrawn')"
            " order by to_code",
            {"code": code, "kinds": list(LIVING_RELATIONS)},
        ).fetchall()
    reader = open_blocks(build)
    return access.ResolvedSubject(
        mentions=tuple(access.SealedMention(Zone.CORE, *mention) for mention in mentions),
        area_paths=tuple(reader.path_of(place) for (place,) in places),
        is_child_under_14=bool(person[0][0]),
    )


def resolve_persons(codes: Sequence[str], *, store: Store) -> dict[str, access.ResolvedSubject]:
    """As `resolve_person` for everybody on a list, in one reading; codes nobody has are absent."""
    build = store.current_build()
    core = build / "core"
    wanted = {"codes": sorted(set(codes))}
    with engine(memory_limit="1GB") as connection:
        persons = connection.execute(
            f"select person_code, is_child_under_14 from {scan_sql([core / f'{PERSON.name}.parquet'])}"
            " where list_contains($codes, person_code)",
            wanted,
        ).fetchall()
        mentions = connection.execute(
            "select code, source, period, row_no, mention_key from"
            f" {scan_sql([core / f'{MENTION_ELEMENT.name}.parquet'])}"
            " where element = 'person' and list_contains($codes, code)"
            " order by code, source, period, row_no, role",
            wanted,
        ).fetchall()
        places = connection.execute(
            f"select distinct from_code, to_code from {scan_sql([core / f'{RELATION.name}.parquet'])}"
            " where list_contains($codes, from_code) and list_contains($kinds, type)"
            " and status not in ('ended', 'withdrawn') order by from_code, to_code",
            {**wanted, "kinds": list(LIVING_RELATIONS)},
        ).fetchall()
    path_of = open_blocks(build).path_of
    named: dict[str, list[access.SealedMention]] = defaultdict(list)
    for code, *mention in mentions:
        named[code].append(access.SealedMention(Zone.CORE, *mention))
    areas: dict[str, list[str]] = defaultdict(list)
    for code, place in places:
        areas[code].append(path_of(place))
    return {
        code: access.ResolvedSubject(
            mentions=tuple(named[code]),
            area_paths=tuple(areas[code]),
            is_child_under_14=bool(is_child),
        )
        for code, is_child in persons
    }
