"""The map stage: snapshot + mapping -> mention tables, sealed identity values, quarantine, receipt.

Private to the room; the door is `kuai.sources.actions.map_snapshot`. Values are folded once (Unicode tables of
Arrow), then everything is SQL over the whole delivery; raw identifying values go to the vault alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from collections.abc import Mapping as MappingType
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from kuai.guard.actions import (
    open_sealed_batches,
    seal_table,
    sealed_exists,
    token_key_parameters,
    token_sql,
    tokenise,
)
from kuai.guard.types import SourceRegistration, Zone
from kuai.kit.engine import open_engine, read_sql, table_at, write_table
from kuai.kit.errors import Refusal
from kuai.kit.progress import Progress, ProgressTask, progress_line
from kuai.kit.receipt import Receipt
from kuai.kit.store import Store
from kuai.kit.tables import TableRef
from kuai.sources.engine.dictionary import Dictionary, load_dictionary
from kuai.sources.engine.folding_cells import NO_SIGNS, CellTraits, fold_cells
from kuai.sources.engine.mappings import (
    Mapping,
    find_mapping_faults,
    locate_columns,
    write_mapping,
)
from kuai.sources.engine.projections import (
    REGISTERED,
    SourcePlan,
    cell_views,
    own_key_sql,
    row_text_sql,
)
from kuai.sources.engine.telling_parts import take_out_people
from kuai.sources.later_day import (
    RECEIPT_FILE,
    MadeMapping,
    move_to_day,
    read_made,
    readings_hold_until,
    write_made,
    write_persons,
)
from kuai.sources.types import IDENTITY, MENTION_TABLES, PERSON_MENTION, MentionSet, SnapshotRef

CARE_FOLDER = "care"
# The readings of written values, then of elements, in the order in which they need each other.
_VALUE_STEPS = (
    "day_reading",
    "number_reading",
    "credit_reading",
    "phone_reading",
    "industry_reading",
)
_ELEMENT_STEPS = (
    "person_reading",
    "organisation_reading",
    "address_reading",
    "event_reading",
    "account_reading",
    "row_day",
)
# Dropped before the tables are written, because sorting needs the memory.
_NEEDED_NO_MORE = (
    "own_key",
    "row_token",
    "keyed_row",
    "number_reading",
    "credit_reading",
    "phone_reading",
    "account_reading",
)
ROW_TEXT = "'row=' || core_text"
_QUARANTINE_SCHEMA = pa.schema([("row_no", pa.int32()), ("reason", pa.string())])


@dataclass(frozen=True)
class _Work:
    """One delivery on its way through the map stage."""

    store: Store
    snapshot: SnapshotRef
    plan: SourcePlan
    zone: Zone
    as_of: date
    connection: duckdb.DuckDBPyConnection
    folder: Path

    @property
    def parameters(self) -> dict[str, Any]:
        return {
            "source": self.snapshot.source,
            "period": self.snapshot.period,
            "as_of": self.as_of.isoformat(),
        }


def extract_folder(store: Store, *, zone: Zone, source: str, period: str) -> Path:
    """Where the mention tables of a delivery lie: care apart from core."""
    base = store.extracts / CARE_FOLDER if zone is Zone.CARE else store.extracts
    return base / source / period


def map_delivery(
    store: Store,
    snapshot: SnapshotRef,
    mapping: Mapping,
    *,
    registration: SourceRegistration,
    as_of: date,
    progress: Progress,
) -> tuple[MentionSet, Receipt]:
    """The body of `actions.map_snapshot`."""
    dictionary = load_dictionary()
    zone = _require_mappable(mapping, registration, dictionary)
    folder = extract_folder(store, zone=zone, source=snapshot.source, period=snapshot.period)
    if mapping.refused:
        return _refuse_whole(snapshot, mapping, zone, folder, as_of)
    digest = _input_digest(store, snapshot, mapping, zone)
    finished = _find_finished(store, folder, snapshot, zone, as_of, digest)
    if finished is not None:
        return finished
    plan = SourcePlan(
        mapping=mapping,
        template=dictionary.templates[mapping.template],
        places=locate_columns(mapping, snapshot.headings),
        headings=snapshot.headings,
    )
    with (
        progress_line(progress, f"映射 {snapshot.source}", total=10, measure="步") as task,
        _session(store) as connection,
    ):
        work = _Work(store, snapshot, plan, zone, as_of, connection, folder)
        return _run(work, digest, task)


def _require_mappable(
    mapping: Mapping, registration: SourceRegistration, dictionary: Dictionary
) -> Zone:
    faults = [] if mapping.refused else find_mapping_faults(mapping, dictionary)
    if faults:
        raise Refusal(
            "mapping.faulty",
            f"来源“{mapping.source}”的映射不能用：{'；'.join(faults)}。",
            next_step="请数据管理员修改映射文件。",
        )
    if mapping.template == "address_library":
        raise Refusal(
            "mapping.is_library",
            f"“{mapping.source}”是统一地址库，不做映射。",
            next_step="由地址房间读入（kuai.address.actions.read_library）。",
        )
    if mapping.zone is Zone.CARE and registration.zone is not Zone.CARE:
        raise Refusal(
            "mapping.care_outside",
            f"来源“{mapping.source}”含残疾、健康或救助信息，只能登记在 care 分区。",
            next_step="把来源登记改到 care 分区后重新接收。",
        )
    unpermitted = sorted(set(mapping.purposes) - set(registration.permitted_purposes))
    if unpermitted and not registration.synthetic:
        raise Refusal(
            "mapping.purpose_not_permitted",
            f"来源“{mapping.source}”的协议不允许这些用途：{'、'.join(unpermitted)}。",
            next_step="从映射里去掉这些列，或先修改协议与登记。",
        )
    return registration.zone


def _refuse_whole(
    snapshot: SnapshotRef, mapping: Mapping, zone: Zone, folder: Path, as_of: date
) -> tuple[MentionSet, Receipt]:
    receipt = Receipt(
        stage="map",
        received=snapshot.rows,
        kept=0,
        refused=snapshot.rows,
        notes={"source": snapshot.source, "template": mapping.template, "refused": mapping.refused},
    )
    tables = {table.name: TableRef(table=table, paths=(), rows=0) for table in MENTION_TABLES}
    nothing = MentionSet(snapshot.source, snapshot.period, zone.value, folder, tables, as_of=as_of)
    return nothing, receipt


@contextmanager
def _session(store: Store) -> Iterator[duckdb.DuckDBPyConnection]:
    connection = open_engine(spill_to=store.scratch / "map")
    try:
        # Order of rows never matters here: every file is sorted when written.
        connection.execute("set preserve_insertion_order = false")
        yield connection
    finally:
        connection.close()


def _run(work: _Work, digest: str, task: ProgressTask) -> tuple[MentionSet, Receipt]:
    # First of all, because from here on the old receipt would speak of half-replaced files.
    (work.folder / RECEIPT_FILE).unlink(missing_ok=True)
    traits = _load_cells(work)
    task.advance(2)
    _load_words(work)
    _read_values(work)
    until = readings_hold_until(work.connection, work.as_of)
    task.advance(2)
    _key_rows(work, traits)
    task.advance()
    for name in _NEEDED_NO_MORE:
        work.connection.execute(f"drop table {name} cascade")
    tables = {table.name: _write(work, table.name) for table in MENTION_TABLES}
    task.advance(3)
    has_identity = _seal_identity(work)
    _seal_apart(work)
    task.advance(2)
    receipt = _make_receipt(work, tables)
    mentions = MentionSet(
        source=work.snapshot.source,
        period=work.snapshot.period,
        zone=work.zone.value,
        folder=work.folder,
        tables=tables,
        has_identity=has_identity,
        as_of=work.as_of,
    )
    write_made(
        work.folder, MadeMapping(digest, work.as_of, work.as_of, until, has_identity, receipt)
    )
    return mentions, receipt


# --- cells ---------------------------------------------------------------------------------------


def _load_cells(work: _Work) -> dict[int, CellTraits]:
    """Table `cell`: row_no, c<n> folded (NFKC, trimmed), w<n> as written for addresses; core columns alone.

    Returns what the folded cells of each column may hold.
    """
    numbers = sorted(work.plan.core_places)
    written = sorted(work.plan.places_of("address"))
    reader = open_sealed_batches(
        work.store,
        zone=work.zone,
        source=work.snapshot.source,
        period=work.snapshot.period,
        name="snapshot",
        columns=["row_no", *(f"c{number}" for number in numbers)],
    )
    schema = pa.schema(
        [("row_no", pa.int32())]
        + [(f"c{number}", pa.string()) for number in numbers]
        + [(f"w{number}", pa.string()) for number in written]
    )
    traits = dict.fromkeys(numbers, NO_SIGNS)
    folded = (_fold_batch(batch, traits, written, schema) for batch in reader)
    stream = pa.RecordBatchReader.from_batches(schema, folded)
    work.connection.register("folded_stream", stream)
    work.connection.execute("create temp table cell as select * from folded_stream")
    work.connection.unregister("folded_stream")
    for name, sql in cell_views(work.plan).items():
        work.connection.execute(f"create temp view {name} as {sql}")
    return traits


def _fold_batch(
    batch: pa.RecordBatch, traits: dict[int, CellTraits], written: list[int], schema: pa.Schema
) -> pa.RecordBatch:
    """The batch folded; what its cells may hold is entered in `traits`."""
    columns = [batch.column("row_no").cast(pa.int32())]
    for number, before in traits.items():
        cells, told = fold_cells(batch.column(f"c{number}"))
        traits[number] = before.joined(told)
        columns.append(cells)
    columns += [
        take_out_people(pc.utf8_trim_whitespace(_filled(batch.column(f"c{number}"))))
        for number in written
    ]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _filled(column: pa.Array) -> pa.Array:
    return pc.fill_null(column.cast(pa.string()), "")


def _fold(column: pa.Array) -> pa.Array:
    return fold_cells(column)[0]


def _load_words(work: _Work) -> None:
    dictionary = load_dictionary()
    template = work.plan.template
    _register(work, "placeholder_word", {"word": sorted(dictionary.placeholders)})
    _register(
        work, "sex_word", {"word": list(dictionary.sexes), "code": list(dictionary.sexes.values())}
    )
    _register(
        work,
        "state_word",
        {"word": list(dictionary.states), "code": list(dictionary.states.values())},
    )
    industries = dictionary.industries
    for table, codes, names in (
        ("industry_section", industries.sections, ("section", "title")),
        ("industry_division", industries.section_of, ("division", "section")),
        ("industry_word", industries.code_of, ("word", "code")),
    ):
        _register(work, table, dict(zip(names, (list(codes), list(codes.values())), strict=True)))
    _register(work, "contact_role", {"role": list(template.contact_phones)})
    links = template.links
    rules: dict[str, list[Any]] = {
        "relation": [link.relation for link in links],
        "from_role": [link.from_role for link in links],
        "to_role": [link.to_role for link in links],
        "role": [link.role for link in links],
        "organisation_relation": [link.organisation_relation for link in links],
        "organisation_role": [link.organisation_role for link in links],
        "is_declared": [link.period == "declared" for link in links],
    }
    for role in template.contact_phones:
        _add_phone_rule(rules, role, relation="PT_USES", to_role=f"{role}_phone")
        _add_phone_rule(rules, role, relation="PT_REGISTERED", to_role=f"{role}{REGISTERED}")
    _register(work, "link_rule", rules)


def _add_phone_rule(rules: dict[str, list[Any]], role: str, *, relation: str, to_role: str) -> None:
    for name, value in (
        ("relation", relation),
        ("from_role", role),
        ("to_role", to_role),
        ("role", ""),
        ("organisation_relation", "LT_CONTACT"),
        ("organisation_role", ""),
        ("is_declared", False),
    ):
        rules[name].append(value)


def _register(work: _Work, name: str, columns: MappingType[str, list[Any]]) -> None:
    fields = [(key, pa.bool_() if key.startswith("is_") else pa.string()) for key in columns]
    table = pa.table(dict(columns), schema=pa.schema(fields))
    work.connection.register(f"{name}_rows", table)
    work.connection.execute(f"create temp table {name} as select * from {name}_rows")
    work.connection.unregister(f"{name}_rows")


# --- steps ---------------------------------------------------------------------------------------


def _step(work: _Work, name: str, *, select: str = "*") -> None:
    sql = read_sql(__file__, name)
    wanted = {key: value for key, value in work.parameters.items() if f"${key}" in sql}
    work.connection.execute(
        f"create temp table {name} as select {select} from ({sql}) as step", wanted or None
    )


def _tokens(work: _Work) -> dict[str, bytes]:
    return token_key_parameters(work.store, zone=work.zone)


def _read_values(work: _Work) -> None:
    for name in (*_VALUE_STEPS, *_ELEMENT_STEPS):
        _step(work, name)
    keys = _tokens(work)
    work.connection.execute(
        f"create temp table person_token as select *, {token_sql('id_number')} as id_token,"
        f" {token_sql('phone')} as phone_token, {token_sql('name_key')} as name_token"
        " from person_reading where not is_organisation",
        keys,
    )
    work.connection.execute(
        f"create temp table account_token as select row_no, role, kind,"
        f" {token_sql('account_number')} as account_token from account_reading",
        keys,
    )


def _key_rows(work: _Work, traits: MappingType[int, CellTraits]) -> None:
    own = token_sql("own_secret")
    work.connection.execute(
        f"create temp table own_key as select row_no, own_plain, {own} as own_token"
        f" from ({own_key_sql(work.plan)}) as claimed",
        _tokens(work),
    )
    _token_rows(work, traits)
    work.connection.execute(
        "create temp table keyed_row as select o.row_no, o.own_plain, o.own_token, t.row_token"
        " from own_key as o left join row_token as t on t.row_no = o.row_no"
    )
    _step(work, "row_key")
    _step(work, "map_quarantine")


def _token_rows(work: _Work, traits: MappingType[int, CellTraits]) -> None:
    """Table `row_token`: of the rows without a key that is theirs alone, because no other's is ever asked for."""
    condition = "true"
    if work.plan.mapping.own_key:
        _step(work, "contested_row")
        condition = "c.row_no in (select row_no from contested_row)"
    text = row_text_sql(work.plan, traits, condition=condition)
    work.connection.execute(
        f"create temp table row_token as select row_no, {token_sql(ROW_TEXT)} as row_token"
        f" from ({text}) as row_text",
        _tokens(work),
    )


def _write(work: _Work, name: str) -> TableRef:
    table = next(table for table in MENTION_TABLES if table.name == name)
    sql = read_sql(__file__, name)
    wanted = {key: value for key, value in work.parameters.items() if f"${key}" in sql}
    if table is PERSON_MENTION:
        return write_persons(work.connection, sql, work.folder, wanted)
    return write_table(
        work.connection,
        table,
        sql,
        work.folder,
        parameters=wanted,
        same_in_all=("source", "period"),
    )


def _arrow_table(work: _Work, sql: str) -> pa.Table:
    # DuckDB 2.0 refuses `sql` while the last `execute` still has rows to give.
    work.connection.complete()
    return work.connection.sql(sql).to_arrow_table()


# --- the vault -----------------------------------------------------------------------------------


def _seal_identity(work: _Work) -> bool:
    rows = _count(work, "person_token")
    if not rows:
        return False
    order = ", ".join(IDENTITY.order_by)
    columns = ", ".join(IDENTITY.column_names)
    values = _arrow_table(
        work, f"select {columns} from ({read_sql(__file__, 'identity')}) as step order by {order}"
    )
    _seal(work, work.zone, "identity", values)
    return True


def _seal_apart(work: _Work) -> None:
    """What may not shape the core build: quarantined rows' reasons, reporters, care columns."""
    reasons = _arrow_table(work, "select row_no, reason from map_quarantine order by row_no")
    if reasons.num_rows:
        _seal(work, work.zone, "map_quarantine", reasons.cast(_QUARANTINE_SCHEMA))
    if work.plan.places_of("reporter"):
        _seal_reporters(work)
    if work.plan.places_of("care"):
        _seal_care(work)


def _seal_reporters(work: _Work) -> None:
    columns = work.plan.places_of("reporter")
    numbers = {column.attribute: number for number, column in columns.items()}
    values = _open_columns(work, sorted(columns))
    arrays = {
        name: _fold(values.column(f"c{numbers[name]}").combine_chunks())
        if name in numbers
        else pa.nulls(values.num_rows, pa.string())
        for name in ("name", "id_number", "phone")
    }
    table = pa.table({"row_no": values.column("row_no").cast(pa.int32()), **arrays})
    work.connection.register("reporter_rows", table)
    named = _arrow_table(
        work,
        "select k.record_key || '#reporter' as mention_key, r.row_no, nullif(r.name, '') as name,"
        " nullif(upper(replace(r.id_number, ' ', '')), '') as id_number,"
        " nullif(regexp_replace(r.phone, '[^0-9]', '', 'g'), '') as phone"
        " from reporter_rows as r inner join row_key as k on k.row_no = r.row_no"
        " where r.name <> '' or r.id_number <> '' or r.phone <> '' order by r.row_no",
    )
    work.connection.unregister("reporter_rows")
    if named.num_rows:
        _seal(work, Zone.REPORTERS, "identity", named)


def _seal_care(work: _Work) -> None:
    """Care columns by row, one value a row, in the care zone; in a care source beside its identity table."""
    columns = work.plan.places_of("care")
    values = _open_columns(work, sorted(columns))
    row_nos = values.column("row_no").cast(pa.int32())
    parts = [
        pa.table(
            {
                "row_no": row_nos,
                "heading": pa.array([column.heading] * values.num_rows, pa.string()),
                "value": _fold(values.column(f"c{number}").combine_chunks()),
            }
        )
        for number, column in sorted(columns.items())
    ]
    _seal(work, Zone.CARE, "care_status", pa.concat_tables(parts))


def _open_columns(work: _Work, numbers: list[int]) -> pa.Table:
    return open_sealed_batches(
        work.store,
        zone=work.zone,
        source=work.snapshot.source,
        period=work.snapshot.period,
        name="snapshot",
        columns=["row_no", *(f"c{number}" for number in numbers)],
    ).read_all()


def _seal(work: _Work, zone: Zone, name: str, table: pa.Table) -> None:
    seal_table(
        work.store,
        zone=zone,
        source=work.snapshot.source,
        period=work.snapshot.period,
        name=name,
        table=table,
    )


# --- receipt -------------------------------------------------------------------------------------


def _count(work: _Work, table: str, condition: str = "true") -> int:
    row = work.connection.execute(f"select count(*) from {table} where {condition}").fetchone()
    return int(row[0]) if row else 0


def _make_receipt(work: _Work, tables: MappingType[str, TableRef]) -> Receipt:
    quarantined = _count(work, "map_quarantine")
    received = _count(work, "cell")
    notes = {
        "source": work.snapshot.source,
        "template": work.plan.mapping.template,
        "columns_taken": len(work.plan.places),
        "columns_refused": len(work.snapshot.headings) - len(work.plan.places),
        **{name: ref.rows for name, ref in tables.items()},
        "id_valid": _count(work, "person_token", "id_valid"),
        "id_invalid": _count(work, "person_token", "id_kind <> 'none' and not id_valid"),
        "id_missing": _count(work, "person_token", "id_kind = 'none'"),
        "credit_codes_valid": _count(work, "organisation_reading", "credit_code_valid"),
        "credit_codes_invalid": _count(
            work, "organisation_reading", "credit_code is not null and not credit_code_valid"
        ),
        "dates_unreadable": _count(work, "day_reading", "day is null"),
        "periods_turned": _count(work, "row_day", "is_turned"),
        "children_under_14": _count_children(work, tables),
    }
    return Receipt(
        stage="map",
        received=received,
        kept=received - quarantined,
        quarantined=quarantined,
        notes=notes,
    )


def _count_children(work: _Work, tables: MappingType[str, TableRef]) -> int:
    path = tables["person_mention"].paths[0]
    row = work.connection.execute(
        "select count(*) from read_parquet($path) where is_child_under_14", {"path": str(path)}
    ).fetchone()
    return int(row[0]) if row else 0


# --- repeating -----------------------------------------------------------------------------------


def _input_digest(store: Store, snapshot: SnapshotRef, mapping: Mapping, zone: Zone) -> str:
    """Equal digests on equal days mean equal output: the stage need not run again. Of another day see `later_day`."""
    parts = (
        snapshot.content_hash,
        str(snapshot.headings),
        write_mapping(mapping),
        zone.value,
        _stage_digest(),
        # Tells one token key from another without telling the key.
        tokenise(store, zone=zone, value="map stage") or "",
    )
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


@cache
def _stage_digest() -> str:
    room = Path(__file__).parent
    files = [
        Path(__file__),
        room / "later_day.py",
        room / "engine" / "folding_cells.py",
        room / "engine" / "projections.py",
        room / "engine" / "telling_parts.py",
        *sorted((room / "sql").glob("*.sql")),
        *sorted((room / "engine" / "dictionary").glob("*.yaml")),
    ]
    return hashlib.sha256(b"\x1f".join(path.read_bytes() for path in files)).hexdigest()


def _find_finished(
    store: Store, folder: Path, snapshot: SnapshotRef, zone: Zone, as_of: date, digest: str
) -> tuple[MentionSet, Receipt] | None:
    made = read_made(folder, lasting=digest, day=as_of)
    if made is None:
        return None
    if made.has_identity and not sealed_exists(
        store, zone=zone, source=snapshot.source, period=snapshot.period, name="identity"
    ):
        return None
    if not all((folder / f"{table.name}.parquet").exists() for table in MENTION_TABLES):
        return None
    with _session(store) as connection:
        made = move_to_day(connection, folder, made, as_of)
        tables = {table.name: table_at(connection, table, folder) for table in MENTION_TABLES}
    mentions = MentionSet(
        snapshot.source, snapshot.period, zone.value, folder, tables, made.has_identity, as_of
    )
    return mentions, made.receipt
