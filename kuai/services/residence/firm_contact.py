"""The number a firm itself gave to a register: an employer's code goes there and nowhere else. Private."""

from __future__ import annotations

from kuai.guard.actions import open_sealed
from kuai.guard.types import Zone
from kuai.kit.engine import engine, scan_sql
from kuai.kit.errors import Breakdown, Refusal
from kuai.kit.store import Store
from kuai.registry.types import MENTION_ELEMENT, ORGANISATION
from kuai.services.residence.engine.names import require_mobile
from kuai.sources import actions as sources

SNAPSHOT = "snapshot"
MOST_ROWS = 20
_NAMED = """
select m.source, m.period, m.row_no from {organisation} as o
join {mention_element} as m on m.element = 'organisation' and m.code = o.organisation_code
where o.credit_code = $credit_code and o.state <> 'ended'
order by m.source, m.period desc, m.row_no limit $most
"""


def find_firm_phone(store: Store, credit_code: str) -> str:
    """A mobile number that a register has for the living firm of this code; empty where there is none."""
    core = store.current_build() / "core"
    paths = {one.name: core / f"{one.name}.parquet" for one in (ORGANISATION, MENTION_ELEMENT)}
    if not all(path.exists() for path in paths.values()):
        return ""
    tables = {name: scan_sql([path]) for name, path in paths.items()}
    with engine(memory_limit="500MB") as connection:
        rows = connection.execute(
            _NAMED.format(**tables), {"credit_code": credit_code, "most": MOST_ROWS}
        ).fetchall()
    return next(
        (phone for source, period, row in rows if (phone := _phone_in(store, source, period, row))),
        "",
    )


def _phone_in(store: Store, source: str, period: str, row_no: int) -> str:
    mapping = sources.read_mapping(store, source)
    column = mapping.column_for("organisation.phone") if mapping else None
    if column is None:
        return ""
    try:
        card = sources.get_snapshot(store, zone=Zone.CORE, source=source, period=period)
        cell = f"c{card.headings.index(column.heading)}"
        found = open_sealed(
            store,
            zone=Zone.CORE,
            source=source,
            period=period,
            name=SNAPSHOT,
            columns=[cell],
            rows=(row_no, row_no + 1),
        )
        # What is no mobile number gets no message; the firm declares at the counter or by its account.
        return require_mobile(str(found[cell][0].as_py() or "")) if found.num_rows else ""
    except (Refusal, Breakdown, ValueError):
        return ""
