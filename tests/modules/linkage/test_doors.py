"""The doors as their callers meet them: mention tables and a vault in, link tables and receipts out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kuai.address.types import ADDRESS_WASH
from kuai.guard.actions import seal_table
from kuai.guard.types import Zone
from kuai.kit.element_codes import is_element_code
from kuai.kit.engine import content_hash, engine, write_table
from kuai.kit.errors import DataFault
from kuai.kit.store import Store
from kuai.kit.tables import BulkTable, TableRef
from kuai.linkage.actions import link_file, link_organisations, link_persons
from kuai.linkage.file_linking import text_rows
from kuai.sources.types import (
    ADDRESS_MENTION,
    ORGANISATION_MENTION,
    PERSON_MENTION,
    ROW_LINK,
    MentionSet,
)
from tests.modules.linkage.builders import FAR_ROOM, ROOM, a_row, an_id_number, link_rows, strangers

NUMBER = an_id_number("1990-07-08", sequence=13)
NAME, PHONE = "王晓明", "13912340001"


def a_table(folder: Path, table: BulkTable, rows: list[dict[str, Any]]) -> TableRef:
    with engine() as connection:
        shape = pa.schema([(name, pa.string()) for name in table.column_names])
        filled = [{name: row.get(name) for name in table.column_names} for row in rows]
        texts = [{k: None if v is None else str(v) for k, v in row.items()} for row in filled]
        connection.register("given", pa.Table.from_pylist(texts, schema=shape))
        return write_table(connection, table, "select * from given", folder)


def a_delivery(
    store: Store,
    source: str,
    rows: list[dict[str, Any]],
    *,
    role: str = "subject",
    zone: Zone = Zone.CORE,
) -> MentionSet:
    """A mention set of persons with sealed identities, one place a row, tied to the person."""
    period = "2026-11"
    folder = store.extracts / source / period
    persons, places, ties, sealed, firms = [], [], [], [], []
    for place, row in enumerate(rows):
        record = f"{source}:{place}"
        keys = {"record_key": record, "source": source, "period": period, "row_no": place}
        person, address = f"{record}#{role}", f"{record}#place"
        persons.append({**keys, "mention_key": person, "role": role, "sex": row.get("sex")})
        sealed.append(
            {
                "mention_key": person,
                "row_no": place,
                "name": row.get("name", NAME),
                "id_number": row.get("number"),
                "phone": row.get("phone"),
            }
        )
        if row.get("place"):
            places.append({**keys, "mention_key": address, "role": "place", "text": "x"})
            ties.append(
                {
                    **keys,
                    "relation": "PH_RESIDE",
                    "from_mention": person,
                    "to_mention": address,
                    "role": "",
                }
            )
        if row.get("firm"):
            firms.append(
                {
                    **keys,
                    "mention_key": f"{record}#firm",
                    "role": "firm",
                    "name": row["firm"],
                    "credit_code": row.get("code"),
                    "credit_code_valid": bool(row.get("code")),
                }
            )
    shape = [("mention_key", pa.string()), ("row_no", pa.int32())]
    shape += [(name, pa.string()) for name in ("name", "id_number", "phone")]
    identity = pa.Table.from_pylist(sealed, schema=pa.schema(shape))
    seal_table(store, zone=zone, source=source, period=period, name="identity", table=identity)
    tables = {
        table.name: a_table(folder, table, found)
        for table, found in (
            (PERSON_MENTION, persons),
            (ADDRESS_MENTION, places),
            (ROW_LINK, ties),
            (ORGANISATION_MENTION, firms),
        )
    }
    return MentionSet(source, period, zone.value, folder, tables, has_identity=True)


def the_washes(store: Store, graded: dict[str, tuple[str, str]]) -> TableRef:
    rows = [
        {"mention_key": f"{record}#place", "address_code": code, "level": "room", "grade": grade}
        for record, (code, grade) in graded.items()
    ]
    return a_table(store.scratch / "washes", ADDRESS_WASH, rows)


def links_of(ref: TableRef) -> dict[str, dict[str, Any]]:
    return {row["mention_key"]: row for row in pq.read_table(ref.paths[0]).to_pylist()}


@pytest.fixture
def town(store: Store) -> tuple[list[MentionSet], TableRef]:
    sets = [
        a_delivery(
            store, "police", [{"number": NUMBER, "place": True, "phone": PHONE}, {"name": "李芳"}]
        ),
        a_delivery(store, "insurance", [{"number": NUMBER}]),
        a_delivery(
            store,
            "water",
            [{"place": True}, {"place": True}, {"place": True}],
            role="account_holder",
        ),
    ]
    washes = the_washes(
        store,
        {
            "police:0": (ROOM, "A"),
            "water:0": (ROOM, "B"),
            "water:1": (FAR_ROOM, "A"),
            "water:2": (ROOM, "C"),
        },
    )
    return sets, washes


def test_persons_are_linked_by_number_and_by_washed_room(
    store: Store, town: tuple[list[MentionSet], TableRef], tmp_path: Path
) -> None:
    sets, washes = town
    with engine() as connection:
        ref, receipt = link_persons(
            connection, store=store, mention_sets=sets, washes=washes, folder=tmp_path / "out"
        )
    links = links_of(ref)
    first = "insurance:0#subject"
    assert {key for key, link in links.items() if link["cluster_key"] == first} == {
        first,
        "police:0#subject",
        "water:0#account_holder",
        "water:2#account_holder",
    }
    assert (
        links["water:2#account_holder"]["match_probability"]
        < links["water:0#account_holder"]["match_probability"]
    )
    assert links["water:1#account_holder"]["cluster_key"] == "water:1#account_holder"
    assert (receipt.received, receipt.kept) == (6, 6)
    assert receipt.notes["clusters"] == 3


def test_care_mentions_never_reach_the_core_links(
    store: Store, town: tuple[list[MentionSet], TableRef], tmp_path: Path
) -> None:
    sets, washes = town
    care = a_delivery(store, "disability", [{"number": NUMBER}], zone=Zone.CARE)
    hashes = []
    for given, folder in ((sets, "without"), ([*sets, care], "with")):
        with engine() as connection:
            ref, _ = link_persons(
                connection, store=store, mention_sets=given, washes=washes, folder=tmp_path / folder
            )
            hashes.append((content_hash(connection, ref), ref.paths[0].read_bytes()))
    assert hashes[0] == hashes[1]


def test_nothing_that_is_written_carries_a_name_a_number_or_a_phone(
    store: Store, town: tuple[list[MentionSet], TableRef], tmp_path: Path
) -> None:
    sets, washes = town
    with engine(spill_to=store.scratch / "spill") as connection:
        link_persons(
            connection, store=store, mention_sets=sets, washes=washes, folder=tmp_path / "out"
        )
        left = connection.execute(
            "select table_name from duckdb_tables() union select view_name from duckdb_views()"
            " where not internal"
        ).fetchall()
    assert left == []
    for root in (tmp_path / "out", store.root):
        for path in (path for path in root.rglob("*") if path.is_file()):
            written = path.read_bytes()
            if path.suffix == ".parquet":
                written = str(pq.read_table(path).to_pylist()).encode()
            for value in (NAME, NUMBER, PHONE):
                assert value.encode() not in written, path


def test_organisations_are_one_by_code_and_by_a_name_that_has_one_code(
    store: Store, tmp_path: Path
) -> None:
    code, other = "91440300100000001A", "91440300100000002B"
    firms = [
        {"firm": "深圳市坪山福创家政有限公司", "code": code},
        {"firm": "福创家政(坪山)", "code": code},
        {"firm": "坪山福创家政有限公司"},
        {"firm": "坪山福创家政"},
        {"firm": "永乐便利店", "code": other},
        {"firm": "永乐便利店", "code": "92440300100000003C"},
        {"firm": "永乐便利店"},
    ]
    sets = [a_delivery(store, "registry", firms)]
    with engine() as connection:
        ref, receipt = link_organisations(
            connection, mention_sets=sets, washes=the_washes(store, {}), folder=tmp_path / "out"
        )
    clusters = [links_of(ref)[f"registry:{n}#firm"]["cluster_key"][9:10] for n in range(7)]
    assert clusters == ["0", "0", "0", "0", "4", "5", "6"]
    reasons = [links_of(ref)[f"registry:{n}#firm"]["reason"] for n in (1, 2, 3)]
    assert reasons[0] == "统一社会信用代码相同"
    assert reasons[1].startswith("名称一致")
    assert reasons[2].startswith("除公司类型字样外")
    assert receipt.received == 7


def test_a_file_goes_in_and_codes_come_out(tmp_path: Path) -> None:
    rows = [
        {"row_id": "r1", "name": NAME, "id_number": NUMBER, "address": "龙华区坳背村15号101"},
        {"row_id": "r2", "name": NAME, "id_number": NUMBER, "address": ""},
        {"row_id": "r3", "name": NAME, "id_number": None, "address": "深圳市龙华区坳背村 15号 101"},
        {
            "row_id": "r4",
            "name": "李芳",
            "id_number": None,
            "address": "深圳市龙华区坳背村 15号 101",
        },
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "in.parquet")
    receipt = link_file(tmp_path / "in.parquet", tmp_path / "out.parquet")
    found = {row["row_id"]: row for row in pq.read_table(tmp_path / "out.parquet").to_pylist()}
    assert set(found["r1"]) == {"row_id", "person_code", "match_probability", "reason"}
    assert found["r1"]["person_code"] == found["r2"]["person_code"] == found["r3"]["person_code"]
    assert found["r4"]["person_code"] != found["r1"]["person_code"]
    assert all(is_element_code(row["person_code"]) for row in found.values())
    assert receipt.received == receipt.kept == 4


def test_a_file_may_bring_any_of_the_columns_and_numbers_for_row_ids(tmp_path: Path) -> None:
    table = pa.table(
        {"row_id": [1, 2, 3], "phone": [PHONE, PHONE, None], "name": [NAME, NAME, NAME]}
    )
    pq.write_table(table, tmp_path / "in.parquet")
    link_file(tmp_path / "in.parquet", tmp_path / "out.parquet")
    codes = pq.read_table(tmp_path / "out.parquet")["person_code"].to_pylist()
    assert codes[0] == codes[1] != codes[2]


def test_a_birth_date_ties_rows_however_it_is_written(tmp_path: Path) -> None:
    dates = [
        "1990-01-02",
        "1990/1/2 0:00",
        "1990.1.2",
        "19900102",
        "1990年1月2日",
        "１９９０－０１－０２",
    ]
    table = pa.table(
        {
            "row_id": list(range(6)),
            "name": [NAME] * 6,
            "birth_date": dates,
            "address": ["坳背村15号101"] * 6,
        }
    )
    pq.write_table(table, tmp_path / "in.parquet")
    link_file(tmp_path / "in.parquet", tmp_path / "out.parquet")
    assert len(set(pq.read_table(tmp_path / "out.parquet")["person_code"].to_pylist())) == 1


def test_phones_that_came_as_fractions_are_phones(tmp_path: Path) -> None:
    table = pa.table({"row_id": [1, 2], "name": [NAME] * 2, "phone": [float(PHONE)] * 2})
    rows = text_rows(_written(table, tmp_path / "in.parquet"))
    assert rows["phone"].to_pylist() == [PHONE, PHONE]


@pytest.mark.parametrize(
    ("column", "values", "code"),
    [
        ("id_number", [4.4038119900101001e17], "digits_lost"),
        ("name", [["甲", "乙"]], "column_not_text"),
        ("name", [b"\xff\xfe"], "column_not_text"),
    ],
)
def test_a_column_that_is_no_text_is_named(
    tmp_path: Path, column: str, values: list[Any], code: str
) -> None:
    _written(pa.table({"row_id": ["1"], column: values}), tmp_path / "in.parquet")
    with pytest.raises(DataFault) as fault:
        link_file(tmp_path / "in.parquet", tmp_path / "out.parquet")
    assert fault.value.code == code
    assert fault.value.where.column == column
    assert not (tmp_path / "out.parquet").exists()


def _written(table: pa.Table, path: Path) -> Path:
    pq.write_table(table, path)
    return path


@pytest.mark.parametrize(
    ("columns", "code"),
    [
        ({"name": ["甲乙"]}, "no_row_id"),
        ({"row_id": ["1", "1"], "name": ["甲乙", "甲乙"]}, "repeated_row_id"),
        ({"row_id": ["1", None], "name": ["甲乙", "甲乙"]}, "repeated_row_id"),
        ({"row_id": ["1"], "colour": ["red"]}, "nothing_to_compare"),
    ],
)
def test_a_file_that_cannot_be_linked_is_refused_and_nothing_is_written(
    tmp_path: Path, columns: dict[str, list[Any]], code: str
) -> None:
    pq.write_table(pa.table(columns), tmp_path / "in.parquet")
    with pytest.raises(DataFault) as fault:
        link_file(tmp_path / "in.parquet", tmp_path / "out.parquet")
    assert fault.value.code == code
    assert not (tmp_path / "out.parquet").exists()


def test_a_file_that_is_no_parquet_is_refused(tmp_path: Path) -> None:
    (tmp_path / "in.parquet").write_text("row_id,name\n1,x\n")
    with pytest.raises(DataFault, match="Parquet"):
        link_file(tmp_path / "in.parquet", tmp_path / "out.parquet")


def test_the_model_adds_what_no_exact_key_finds_and_can_be_left_out() -> None:
    """One character off, but owner and account holder of one room share the phone: only the model dares."""
    rows = [
        a_row("a", "钱守业", "ownership", role="owner", room=ROOM, phone=PHONE),
        a_row("b", "钱守叶", "water", role="account_holder", room=ROOM, phone=PHONE),
    ]
    with_model, figures = link_rows([*rows, *strangers()])
    without, _ = link_rows([*rows, *strangers()], with_model=False)
    assert with_model["a"]["cluster"] == with_model["b"]["cluster"]
    assert with_model["b"]["reason"].startswith("概率模型")
    assert without["a"]["cluster"] != without["b"]["cluster"]
    assert sum(n for key, n in figures.edges_by_key.items() if key.startswith("model")) == 1


SOURCES_OF_THE_SAMPLE = {
    # source: (role, heading of name, of number, of phone)
    "police_residents": ("subject", "姓名", "身份证号码", "联系电话"),
    "housing_ownership": ("owner", "权利人", "权利人证件号", None),
    "rental_filings": ("tenant", "承租人", "承租人证件号", "承租人电话"),
    "business_registry": ("representative", "法定代表人", "法人证件号", None),
    "social_insurance": ("subject", "姓名", "社会保障号", None),
    "water_usage": ("account_holder", "户名", None, None),
    "access_cards": ("subject", "持卡人", None, "手机号"),
}


@pytest.mark.shared
def test_the_sample_is_linked_almost_without_error(shared_folder: Path) -> None:
    """Rooms come from the truth here, so this judges the link alone; `score.py link` judges the whole build."""
    sys.path.insert(0, str(shared_folder / "tools"))
    import score

    package = shared_folder / "sample"
    truth = score.truth(package)
    rows, person_of = [], {}
    for source, (role, name, number, phone) in SOURCES_OF_THE_SAMPLE.items():
        for place, row in enumerate(score.rows(package, source)):
            told = truth[source][place]
            row_id = f"{source}:{place:06d}"
            room = told["room_code"]
            born = str(row.get("出生日期") or "")
            rows.append(
                a_row(
                    row_id,
                    row[name],
                    source,
                    role=role,
                    number=row[number] if number else None,
                    phone=row[phone] if phone else None,
                    born=f"{born[:4]}-{born[4:6]}-{born[6:8]}" if len(born) == 8 else None,
                    room=room if len(room) == 25 else None,
                )
            )
            person_of[row_id] = told["person_id"]
    links, _ = link_rows(rows)
    both, found, true = {}, {}, {}
    for row_id, person in person_of.items():
        cluster = links[row_id]["cluster"]
        for counts, key in ((both, (person, cluster)), (found, cluster), (true, person)):
            counts[key] = counts.get(key, 0) + 1
    pairs = [sum(n * (n - 1) // 2 for n in counts.values()) for counts in (both, found, true)]
    precision, recall = pairs[0] / pairs[1], pairs[0] / pairs[2]
    assert precision >= 0.999
    assert 2 * precision * recall / (precision + recall) >= 0.98
