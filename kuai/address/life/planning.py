"""What a delivered library would do to the recorded one: added, changed, retired, refused. A plan; nothing is written.

Set by set in DuckDB: the views known_* are the recorded version, what is delivered is an Arrow table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from kuai.address.delivered import (
    ALIAS_KINDS,
    GEOMETRY,
    ROW_NUMBER,
    STATE_COLUMN,
    scheme_of,
)
from kuai.address.life.codes import PREFIX_OF_LENGTH
from kuai.address.life.shapes import DEPTH, IMPORT_SOURCE
from kuai.address.reading import LEVEL_OF_WORD
from kuai.address.types import Level
from kuai.guard.free_text import FIRST_LOOK, MAY_TELL, find_somebody
from kuai.kit.coordinates import known_datum, points_to_cgcs2000
from kuai.kit.engine import read_sql
from kuai.kit.place_codes import LEVEL_BY_LENGTH

# A point this far beyond its community's line is the survey's inaccuracy, not another community (about 20 m).
OUTSIDE_BY_DEGREES = 0.0002
RENAMED_BY_IMPORT = "import_change"
_TEXT_COLUMNS = {
    "address_code": "地址编码",
    "level_word": "级别",
    "parent_code": "上级编码",
    "name": "名称",
    "standard_text": "标准地址",
    "longitude": "经度",
    "latitude": "纬度",
    "use": "用途",
    "state_word": STATE_COLUMN,
}
_STATE_OF_WORD = {
    "规划中": "planned",
    "规划": "planned",
    "planned": "planned",
    "在用": "in_use",
    "启用": "in_use",
    "正常": "in_use",
    "有效": "in_use",
    "in_use": "in_use",
}
_LENGTH_OF_LEVEL = {level: length for length, level in LEVEL_BY_LENGTH.items()}
_SEPARATORS = r"[;；|\n]"


@dataclass(frozen=True)
class PlanTables:
    """What a plan consists of; `effect` holds, by name of the bulk table, the rows an application leaves behind."""

    received: int
    added: int
    changed: int
    unchanged: int
    refused: int
    retired: int
    kept_unnamed: int
    faults: pa.Table
    changes: pa.Table
    added_rows: pa.Table
    retired_rows: pa.Table
    effect: Mapping[str, pa.Table]
    levels: Mapping[str, int]


def plan_rows(
    connection: duckdb.DuckDBPyConnection,
    delivered: pa.Table,
    *,
    datum: str,
    full: bool,
    issued_here: Sequence[str] = (),
    more_faults: Sequence[tuple[int, str, str]] = (),
) -> PlanTables:
    """Compare `delivered` (house headings, numbered) with the views known_entry, known_alias, known_geometry and
    known_identifier of `connection`. Codes `issued_here`, by events, are not retired because a file does not know
    them. `more_faults` are (row, kind, detail) found while reading; their rows count.
    """
    _register(connection, delivered)
    _run(connection, "library_row")
    if known_datum(datum) not in ("CGCS2000", "WGS84"):
        _convert_points(connection, datum)
    top = _find_faults(connection, more_faults, _find_somebodys(delivered))
    _find_retired(connection, full=full, issued_here=issued_here)
    while _find_taken_texts(connection, top):
        # What is refused keeps its old text in the record, and may be what keeps its parent from being retired.
        _find_retired(connection, full=full, issued_here=issued_here)
    _run(connection, "library_change")
    _compare_texts(connection, delivered)
    _run(connection, "library_entry")
    return _plan_of(connection, received=delivered.num_rows + len({row for row, *_ in more_faults}))


def _run(connection: duckdb.DuckDBPyConnection, step: str) -> None:
    connection.execute(f"create or replace temp table {step} as {read_sql(__file__, step)}")


# --- what is delivered -----------------------------------------------------------------------------------
def _register(connection: duckdb.DuckDBPyConnection, delivered: pa.Table) -> None:
    blank = pa.chunked_array([pa.array([""] * delivered.num_rows, type=pa.string())])
    rows = {"row_no": delivered[ROW_NUMBER]}
    for ours, heading in _TEXT_COLUMNS.items():
        rows[ours] = delivered[heading] if heading in delivered.column_names else blank
    connection.register("delivered_row", pa.table(rows))
    words = [
        (
            word,
            level.value,
            DEPTH[level],
            _LENGTH_OF_LEVEL[level.value],
            _digits_of_its_own_line(level),
        )
        for word, level in LEVEL_OF_WORD.items()
    ]
    names = ("word", "level", "depth", "digits", "own_digits")
    columns = dict(zip(names, map(list, zip(*words, strict=True)), strict=True))
    connection.register("level_word", pa.table(columns))
    states = list(_STATE_OF_WORD.items())
    connection.register(
        "state_word",
        pa.table({"word": [word for word, _ in states], "state": [state for _, state in states]}),
    )


def _digits_of_its_own_line(level: Level) -> int:
    """How many leading digits a code shares with what it stands in. A building's grid may have been re-cut since."""
    if level is Level.BUILDING:
        return _LENGTH_OF_LEVEL[Level.COMMUNITY.value]
    return PREFIX_OF_LENGTH[_LENGTH_OF_LEVEL[level.value]] if level is not Level.DISTRICT else 0


def _convert_points(connection: duckdb.DuckDBPyConnection, datum: str) -> None:
    points = connection.sql(
        "select row_no, longitude, latitude from library_row"
        " where abs(longitude) <= 180 and abs(latitude) <= 90"
    ).to_arrow_table()
    places = np.column_stack([points["longitude"].to_numpy(), points["latitude"].to_numpy()])
    converted = points_to_cgcs2000(places, system=datum)
    connection.register(
        "converted_point",
        pa.table({"row_no": points["row_no"], "x": converted[:, 0], "y": converted[:, 1]}),
    )
    connection.execute(
        "update library_row set longitude = c.x, latitude = c.y from converted_point as c"
        " where library_row.row_no = c.row_no"
    )


# --- what is wrong with it -------------------------------------------------------------------------------
def _find_faults(
    connection: duckdb.DuckDBPyConnection,
    more: Sequence[tuple[int, str, str]],
    somebodys: Sequence[tuple[int, str, str, str]],
) -> int:
    """Fill library_fault and good_row; returns the depth of the topmost level, whose parents are in no library."""
    _run(connection, "library_fault")
    connection.execute(
        "create or replace temp view known_living as select k.address_code, k.level, w.depth"
        " from known_entry as k join (select distinct level, depth from level_word) as w using (level)"
        " where k.state in ('planned', 'in_use')"
    )
    connection.execute(
        "create or replace temp view known_ended as select address_code from known_entry"
        " where state not in ('planned', 'in_use')"
    )
    connection.execute(
        "create or replace temp table delivered_code as"
        " select distinct address_code from library_row where address_code <> ''"
    )
    connection.executemany(
        "insert into library_fault values (?, '', ?, ?)", [list(one) for one in more]
    ) if more else None
    if somebodys:
        connection.executemany("insert into library_fault values (?, ?, ?, ?)", somebodys)
    top = _one(
        connection,
        "select least((select min(depth) from library_row), (select min(depth) from known_living))",
    )
    top = top if top is not None else 0
    _find_parent_faults(connection, top)
    _find_points_outside(connection)
    # A building off the map takes its rooms along: a room never stands in what is not in the library.
    _find_parent_faults(connection, top)
    return int(top)


def _find_somebodys(delivered: pa.Table) -> list[tuple[int, str, str, str]]:
    """Rows whose names or other texts hold a phone, an identity number or a person: they would be frozen for ever."""
    kinds = {name: "text_personal" for name in ("名称", "标准地址")}
    kinds |= dict.fromkeys(_alias_columns(delivered), "alias_personal")
    faults = {}
    for column in (name for name in kinds if name in delivered.column_names):
        rows = delivered
        for look in (FIRST_LOOK, MAY_TELL):
            rows = rows.filter(pc.match_substring_regex(rows[column].cast(pa.string()), look))
        for row in rows.select([ROW_NUMBER, "地址编码", column]).to_pylist():
            found = find_somebody(row[column])
            if found:
                one = (row[ROW_NUMBER], row["地址编码"] or "", kinds[column], found)
                faults[one[0], one[2]] = one
    return list(faults.values())


def _find_taken_texts(connection: duckdb.DuckDBPyConnection, top: int) -> bool:
    """Refuse addresses that a living neighbour bears; whether there were any."""
    before = _one(connection, "select count(*) from library_fault")
    connection.execute(f"insert into library_fault {read_sql(__file__, 'library_text_fault')}")
    if _one(connection, "select count(*) from library_fault") == before:
        return False
    _find_parent_faults(connection, top)
    return True


def _find_parent_faults(connection: duckdb.DuckDBPyConnection, top: int) -> None:
    """Again and again until none is found: what is refused takes along what stands in it. Leaves good_row made."""
    while True:
        _keep_good(connection)
        before = _one(connection, "select count(*) from library_fault")
        connection.execute(
            f"insert into library_fault {read_sql(__file__, 'library_parent_fault')}", {"top": top}
        )
        if _one(connection, "select count(*) from library_fault") == before:
            return


def _keep_good(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(
        "create or replace temp table good_row as select r.* from library_row as r"
        " left join (select distinct row_no from library_fault) as f on r.row_no = f.row_no"
        " where f.row_no is null"
    )


def _find_points_outside(connection: duckdb.DuckDBPyConnection) -> None:
    """Buildings whose point lies outside the outline that their community has in the delivery or in the record."""
    outlines = dict(
        connection.execute(
            "select address_code, geometry from known_geometry where address_code in"
            " (select address_code from known_entry where level = 'community')"
        ).fetchall()
    )
    if _has_table(connection, "delivered_geometry"):
        outlines |= dict(
            connection.execute(
                "select g.address_code, g.geometry from delivered_geometry as g"
                " join good_row as r on g.row_no = r.row_no where r.level = 'community'"
            ).fetchall()
        )
    if not outlines:
        return
    connection.execute(
        "create or replace temp view above_of as"
        " select address_code, parent_code, level from good_row union all"
        " select k.address_code, k.parent_code, k.level from known_entry as k"
        " left join good_row as r on k.address_code = r.address_code where r.address_code is null"
    )
    places = connection.sql(
        "select b.row_no, b.address_code, b.longitude as x, b.latitude as y,"
        " case when p.level = 'community' then p.address_code else p.parent_code end as community"
        " from good_row as b join above_of as p on b.parent_code = p.address_code"
        " where b.level = 'building' and b.longitude is not null"
    ).to_arrow_table()
    for code in sorted(set(outlines) & set(places["community"].unique().to_pylist())):
        shape = shapely.from_wkb(outlines[code])
        if shape is None or shapely.area(shape) == 0:
            continue
        inside = places.filter(pc.equal(places["community"], code))
        area = shapely.buffer(shape, OUTSIDE_BY_DEGREES)
        shapely.prepare(area)
        contained = shapely.contains_xy(area, inside["x"].to_numpy(), inside["y"].to_numpy())
        for place in np.flatnonzero(~contained).tolist():
            row = (inside["row_no"][place].as_py(), inside["address_code"][place].as_py())
            connection.execute(
                "insert into library_fault values (?, ?, 'point_outside', ?)", [*row, code]
            )


# --- what else it says of a place: other texts, outlines, other schemes -------------------------------------
def _compare_texts(connection: duckdb.DuckDBPyConnection, delivered: pa.Table) -> None:
    _many_valued(connection, delivered, "delivered_alias", _alias_columns(delivered))
    _many_valued(connection, delivered, "delivered_identifier", _scheme_columns(delivered))
    connection.execute(
        "create or replace temp table import_alias as"
        " select distinct r.address_code, a.value as text, a.word as kind from delivered_alias as a"
        " join good_row as r on a.row_no = r.row_no where a.value <> r.standard_text"
    )
    connection.execute(
        "create or replace temp table import_identifier as"
        " select distinct r.address_code, a.word as scheme, a.value from delivered_identifier as a"
        " join good_row as r on a.row_no = r.row_no"
    )
    if not _has_table(connection, "delivered_geometry"):
        connection.execute(
            "create or replace temp table delivered_geometry"
            " (row_no bigint, address_code varchar, geometry blob, delivered_datum varchar)"
        )
    connection.execute(
        "create or replace temp table import_geometry as select g.address_code, g.geometry,"
        " g.delivered_datum from delivered_geometry as g join good_row as r on g.row_no = r.row_no"
        " left join known_geometry as k on g.address_code = k.address_code"
        " where k.geometry is null or k.geometry <> g.geometry"
    )
    connection.execute(
        "create or replace temp table touched_alias as with"
        " was as (select address_code, list(distinct text || kind order by text || kind) as said"
        f" from known_alias where source = '{IMPORT_SOURCE}' group by address_code),"
        " now as (select address_code, list(distinct text || kind order by text || kind) as said"
        " from import_alias group by address_code)"
        " select now.address_code from now left join was using (address_code)"
        " where was.said is distinct from now.said"
    )
    # An address that changes stays findable by its old text; a room is found through its building.
    connection.execute(
        "create or replace temp table retexted as select r.address_code, r.known_standard_text as text"
        " from good_row as r join library_change as c on r.row_no = c.row_no"
        " where c.column_name = '标准地址' and r.level <> 'room' and r.known_standard_text <> ''"
    )
    _add_changes(connection)


def _add_changes(connection: duckdb.DuckDBPyConnection) -> None:
    """Other texts, outlines and codes of other schemes that change are changes of their entry too."""
    for column, what in (
        (
            "别名",
            "select i.address_code, string_agg(distinct k.text, ';' order by k.text),"
            " string_agg(distinct i.text, ';' order by i.text)"
            " from import_alias as i join touched_alias as t on i.address_code = t.address_code"
            " left join known_alias as k on i.address_code = k.address_code"
            f" and k.source = '{IMPORT_SOURCE}' group by i.address_code",
        ),
        ("图形", "select address_code, '', '' from import_geometry"),
        (
            "其他编码",
            "select i.address_code, '', string_agg(i.scheme || ':' || i.value, ';' order by i.scheme)"
            " from import_identifier as i left join known_identifier as k on"
            " i.address_code = k.address_code and i.scheme = k.scheme and i.value = k.value"
            " where k.value is null group by i.address_code",
        ),
    ):
        connection.execute(
            "insert into library_change select r.row_no, r.address_code, ?, w.was, w.becomes"
            f" from ({what}) as w(address_code, was, becomes) join good_row as r"
            " on w.address_code = r.address_code where r.known_level is not null",
            [column],
        )


def _alias_columns(delivered: pa.Table) -> dict[str, str]:
    return {name: ALIAS_KINDS[name].value for name in delivered.column_names if name in ALIAS_KINDS}


def _scheme_columns(delivered: pa.Table) -> dict[str, str]:
    return {name: scheme_of(name) for name in delivered.column_names if scheme_of(name)}


def _many_valued(
    connection: duckdb.DuckDBPyConnection, delivered: pa.Table, name: str, words: Mapping[str, str]
) -> None:
    """Cells that hold several values apart by ; as rows (row_no, word, value)."""
    parts = []
    for column, word in words.items():
        written = delivered.filter(pc.not_equal(delivered[column], ""))
        lists = pc.split_pattern_regex(written[column], _SEPARATORS).combine_chunks()
        numbers = written[ROW_NUMBER].combine_chunks().take(pc.list_parent_indices(lists))
        values = pc.utf8_trim_whitespace(pc.list_flatten(lists))
        parts.append(
            pa.table({"row_no": numbers, "word": pa.array([word] * len(values)), "value": values})
        )
    shape = pa.schema([("row_no", pa.int64()), ("word", pa.string()), ("value", pa.string())])
    table = pa.concat_tables([part.cast(shape) for part in parts]) if parts else shape.empty_table()
    connection.register(name, table.filter(pc.not_equal(table["value"], "")))


def register_outlines(connection: duckdb.DuckDBPyConnection, delivered: pa.Table) -> None:
    """Make the outlines of a delivery known to the plan; to be called before `plan_rows`."""
    if GEOMETRY not in delivered.column_names:
        return
    datum = delivered["delivered_datum"] if "delivered_datum" in delivered.column_names else None
    shapes = pa.table(
        {
            "row_no": delivered[ROW_NUMBER],
            "address_code": delivered["地址编码"],
            "geometry": delivered[GEOMETRY].cast(pa.binary()),
            "delivered_datum": datum
            if datum is not None
            else pa.array(["CGCS2000"] * delivered.num_rows),
        }
    )
    connection.register("outlines", shapes.filter(pc.is_valid(shapes["geometry"])))
    connection.execute("create or replace temp table delivered_geometry as select * from outlines")


# --- what is no longer delivered -------------------------------------------------------------------------------
def _find_retired(
    connection: duckdb.DuckDBPyConnection, *, full: bool, issued_here: Sequence[str]
) -> None:
    """Living codes below the topmost delivered ones that a full delivery does not name and nothing stands in."""
    connection.execute(
        "create or replace temp table retired_code (address_code varchar);"
        "create or replace temp table kept_code (address_code varchar)"
    )
    if not full:
        return
    connection.execute(
        "create or replace temp table scope as select r.address_code from good_row as r"
        " left join good_row as p on r.parent_code = p.address_code where p.address_code is null"
    )
    for _ in Level:
        connection.execute(
            "insert into scope select k.address_code from known_entry as k"
            " join scope as s on k.parent_code = s.address_code"
            " left join scope as already on k.address_code = already.address_code"
            " where already.address_code is null and k.state in ('planned', 'in_use')"
        )
    connection.execute(
        "insert into retired_code select s.address_code from scope as s"
        " join known_living as k on s.address_code = k.address_code"
        " left join delivered_code as d on s.address_code = d.address_code"
        " where d.address_code is null"
    )
    connection.register("issued_here", pa.table({"code": pa.array(issued_here, pa.string())}))
    connection.execute(
        "insert into kept_code select address_code from retired_code"
        " where address_code in (select code from issued_here);"
        "delete from retired_code where address_code in (select address_code from kept_code)"
    )
    connection.execute(
        "create or replace temp table stands_in as"
        " select address_code, parent_code from good_row union all"
        " select k.address_code, k.parent_code from known_entry as k left join good_row as r"
        " on k.address_code = r.address_code"
        " where r.address_code is null and k.state in ('planned', 'in_use')"
    )
    for _ in Level:
        connection.execute(
            "insert into kept_code select distinct g.address_code from retired_code as g"
            " join stands_in as s on g.address_code = s.parent_code"
            " left join retired_code as also on s.address_code = also.address_code"
            " where also.address_code is null"
        )
        connection.execute(
            "delete from retired_code where address_code in (select address_code from kept_code)"
        )


# --- the plan -----------------------------------------------------------------------------------------------------
def _plan_of(connection: duckdb.DuckDBPyConnection, *, received: int) -> PlanTables:
    added = _one(connection, "select count(*) from good_row where known_level is null")
    changed = _one(connection, "select count(distinct row_no) from library_change")
    refused = _one(connection, "select count(distinct row_no) from library_fault")
    levels = connection.execute(
        "select level, count(*) from good_row where known_level is null group by level order by level"
    ).fetchall()
    known_columns = "address_code, level, parent_code, name, standard_text"
    return PlanTables(
        received=received,
        added=added,
        changed=changed,
        unchanged=received - refused - added - changed,
        refused=refused,
        retired=_one(connection, "select count(*) from retired_code"),
        kept_unnamed=_one(connection, "select count(distinct address_code) from kept_code"),
        faults=_arrow(
            connection,
            "select row_no, address_code, kind, detail from library_fault"
            " order by row_no, kind, detail",
        ),
        changes=_arrow(
            connection,
            "select row_no, address_code, column_name, old_value, new_value from library_change"
            " order by row_no, column_name",
        ),
        added_rows=_arrow(
            connection,
            f"select row_no, {known_columns} from good_row where known_level is null order by row_no",
        ),
        retired_rows=_arrow(
            connection,
            f"select {known_columns} from known_entry semi join retired_code using (address_code)"
            " order by address_code",
        ),
        effect=_effect_of(connection),
        levels=dict(levels),
    )


def _effect_of(connection: duckdb.DuckDBPyConnection) -> dict[str, pa.Table]:
    return {
        "address_entry": _arrow(connection, "select * from library_entry order by address_code"),
        "address_alias": _arrow(
            connection,
            "with touched as (select address_code from touched_alias union"
            " select address_code from retexted), said as ("
            " select i.address_code, i.text, i.kind, $imported as source, cast(null as date) as valid_from,"
            " cast(null as date) as valid_to from import_alias as i semi join touched_alias using (address_code)"
            " union all select k.address_code, k.text, k.kind, k.source, k.valid_from, k.valid_to"
            " from known_alias as k semi join touched using (address_code)"
            " left join touched_alias as t on k.address_code = t.address_code"
            " where t.address_code is null or k.source <> $imported"
            " union all select address_code, text, 'old_name', $renamed, null, null from retexted)"
            " select address_code, text, kind, source, min(valid_from) as valid_from,"
            " max(valid_to) as valid_to from said group by address_code, text, kind, source order by all",
            imported=IMPORT_SOURCE,
            renamed=RENAMED_BY_IMPORT,
        ),
        "address_geometry": _arrow(
            connection, "select * from import_geometry order by address_code"
        ),
        "address_identifier": _arrow(
            connection,
            "with touched as (select distinct address_code, scheme from import_identifier),"
            " codes as (select distinct address_code from touched)"
            " select address_code, scheme, value from import_identifier union all"
            " select k.address_code, k.scheme, k.value from known_identifier as k"
            " semi join codes using (address_code) anti join touched using (address_code, scheme)"
            " order by all",
        ),
        "retired": _arrow(connection, "select address_code from retired_code order by all"),
    }


def _arrow(connection: duckdb.DuckDBPyConnection, sql: str, **parameters: Any) -> pa.Table:
    return connection.sql(sql, params=parameters or None).to_arrow_table()


def _one(connection: duckdb.DuckDBPyConnection, sql: str) -> Any:
    return connection.execute(sql).fetchall()[0][0]


def _has_table(connection: duckdb.DuckDBPyConnection, name: str) -> bool:
    return bool(
        _one(connection, f"select count(*) from duckdb_tables() where table_name = '{name}'")
    )
