"""`kuai export mentions`: whom each mention was identified as. Codes only, no name, no number."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from kuai.kit.atomic_files import replace_when_complete
from kuai.kit.engine import engine, path_sql, table_at, use_table, use_tables
from kuai.kit.receipt import Receipt
from kuai.kit.store import Store
from kuai.linkage.types import ORGANISATION_LINK, PERSON_LINK
from kuai.registry.types import MENTION_ELEMENT


def export_mentions(
    store: Store, target: Path, *, persons: frozenset[str] | None = None
) -> Receipt:
    """Write the mentions of persons, organisations and events of the published build as CSV, whole or not at all.

    `persons`: only the mentions of these persons, and nothing else of their rows (None: everything).
    """
    store.scratch.mkdir(parents=True, exist_ok=True)
    with (
        # A folder of its own: a build that ends clears the one that builds share.
        tempfile.TemporaryDirectory(prefix=f"export-{os.getpid()}-", dir=store.scratch) as spill,
        engine(spill_to=Path(spill)) as connection,
        replace_when_complete(target) as scratch,
    ):
        core = store.current_build() / "core"
        ref = table_at(connection, MENTION_ELEMENT, core)
        use_table(connection, ref)
        for table in (PERSON_LINK, ORGANISATION_LINK):
            made = (core / f"{table.name}.parquet").exists()
            use_tables(connection, table, [table_at(connection, table, core)] if made else [])
        connection.execute("create temp table named (code varchar)")
        connection.executemany(
            "insert into named values (?)", [(code,) for code in sorted(persons or ())] or [(None,)]
        )
        wanted = (
            "true"
            if persons is None
            else "m.element = 'person' and m.code in (select code from named)"
        )
        export = _EXPORT.format(wanted=wanted)
        connection.execute(
            f"copy ({export}) to {path_sql(scratch)} (format csv, header true)"
        ).fetchall()
        written = connection.execute(f"select count(*) from ({export})").fetchall()
    kept = int(written[0][0])
    return Receipt("export_mentions", ref.rows, kept, refused=ref.rows - kept, what="mentions")


_EXPORT = """
select m.source as resource, m.row_no as row, m.role,
       case when m.element = 'person' then m.code end as person_code,
       case when m.element = 'organisation' then m.code end as organisation_code,
       m.address_code, m.grade, m.match_probability,
       coalesce(p.quarantined, o.quarantined, false) as held_back
from mention_element as m
left join person_link as p on m.element = 'person' and p.mention_key = m.mention_key
left join organisation_link as o on m.element = 'organisation' and o.mention_key = m.mention_key
where m.element in ('person', 'organisation', 'event') and {wanted}
order by m.source, m.row_no, m.element, m.role
"""
