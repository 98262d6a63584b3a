"""Registered forms: twenty-one differently laid-out sheets filled on a demo city and held against its truth.

    python benchmarks/bench_forms.py [--rooms 2000] [--rows 25]

Aims (issue 6): at least 90 % of the permitted cells that the store holds are filled; 100 % of filled cells are right.
"The store holds" is asked of the package's own rows by the truth, not of the room: a person's row in a lending source
whose cell is not empty. Held-back conflicts and rows not recognised therefore count as not filled.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import os
import re
import sys
import tempfile
import time
from collections import Counter, defaultdict
from datetime import date
from pathlib import Path

from openpyxl import load_workbook

AS_OF = date(2026, 10, 31)
HOME_LISTS = ("disability_cards",)
LENDING = (
    "police_residents",
    "housing_ownership",
    "rental_filings",
    "social_insurance",
    "transit_list",
)
_AGE = "person.age"


def prepare_store(folder: Path, *, rooms: int, seed: int) -> Path:
    """A demo city, built, with demo logins, and its sources lent to forms; returns the package."""
    from kuai.demo_city.actions import generate_city

    package = folder / "town"
    generate_city(package, rooms=rooms, seed=seed, profile="planted", as_of=AS_OF)
    store = folder / "store"
    os.environ["KUAI_STORE"] = str(store)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kuai.web.settings")
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from kuai.flows.build import build_package
    from kuai.flows.registration import gate_of, registrar_of
    from kuai.guard import access
    from kuai.kit.clock import utc_now
    from kuai.kit.store import Store

    access.load_purposes()
    build_package(
        package,
        Store(store).create(),
        registrar=registrar_of(synthetic=True, at=utc_now()),
        gate_on=gate_of(synthetic=True),
    )
    return package


def read_truth(package: Path):  # noqa: ANN201 - benchmarks.form_templates.Truth, imported late
    """The truth by fields, and which cells the lending sources hold."""
    from benchmarks.form_templates import Truth

    texts = {row["地址编码"]: row for row in _csv(package / "extracts/address_library.csv")}
    persons: dict[str, dict[str, set[str]]] = {}
    numbers: dict[str, str] = {}
    for row in _csv(package / "truth/persons.csv"):
        key, number = row["person_id"], row["id_number"]
        numbers[key] = number
        sex = "男" if len(number) == 18 and int(number[16]) % 2 else "女"
        room = row["room_code"]
        persons[key] = defaultdict(set) | {
            "person.name": {row["name"]},
            "person.birth_date": {row["birth_date"]},
            "person.sex": {sex},
            "person.residence": {_text(texts, room)},
            "person.community": {_above(texts, room, "社区")},
            "person.subdistrict": {_above(texts, room, "街道")},
            "person.deliver_home": {"否"},
            _AGE: {str(_age(row["birth_date"]))},
        }
    rooms = {
        code: defaultdict(set)
        | {
            "room.code": {code},
            "room.address": {row["标准地址"]},
            "room.use": {row["用途"]} - {""},
            "room.building": {_text(texts, row["上级编码"])},
            "room.number": {row["名称"]},
            "room.community": {_above(texts, code, "社区")},
            "room.subdistrict": {_above(texts, code, "街道")},
        }
        for code, row in texts.items()
        if len(code) == 25
    }
    firms: dict[str, dict[str, set[str]]] = {}
    firm_names: dict[str, str] = {}
    for row in _csv(package / "truth/orgs.csv"):
        firm_names[row["org_id"]] = row["name"]
        firms[row["uscc"]] = defaultdict(set) | {
            "firm.name": {row["name"]},
            "firm.credit_code": {row["uscc"]},
            "firm.registered": {_text(texts, row["registered_room"])},
            "firm.operating": {_text(texts, row["operating_room"])},
            "firm.community": {_above(texts, row["registered_room"], "社区")},
        }
    truth = Truth(persons, numbers, rooms, {}, firms)
    _add_rows(package, truth, firm_names)
    return truth


def _add_rows(package: Path, truth, firm_names: dict[str, str]) -> None:  # noqa: ANN001, C901, PLR0912
    extracts = {
        name: _extract(package, name) for name in (*LENDING, "business_registry", *HOME_LISTS)
    }
    persons = truth.persons
    # By name, because the numbers beside them carry planted slips; namesakes make the judge milder, seldom.
    named: dict[str, list[str]] = defaultdict(list)
    for key, one in persons.items():
        named[next(iter(one["person.name"]))].append(key)
    for cells in extracts["rental_filings"]:
        for role in ("出租人", "承租人"):
            for key in named["".join(cells[role].split())]:
                persons[key]["person.phone"].add(cells[f"{role}电话"])
    for row in _csv(package / "truth/rows.csv"):
        source, number, key = row["resource"], int(row["row"]), row["person_id"]
        if source not in extracts or number >= len(extracts[source]):
            continue
        cells = extracts[source][number]
        if source == "police_residents" and key in persons and len(row["room_code"]) == 25:
            persons[key]["held"] = {"residence"}
        if source in HOME_LISTS and key in persons:
            persons[key]["person.deliver_home"] = {"是"}
        if source == "social_insurance" and key in persons:
            persons[key]["person.employer"].add(firm_names.get(row["org_id"], cells["参保单位"]))
            persons[key]["person.employer"].add(cells["参保单位"])
        if source == "police_residents":
            if key in persons and cells["联系电话"]:
                persons[key]["person.phone"].add(cells["联系电话"])
            room = row["room_code"]
            if len(room) == 25 and room in truth.rooms:
                truth.raw.setdefault(room, cells["现住地址"])
        if source == "transit_list" and key in persons:
            persons[key]["person.phone"].add(cells.get("手机", ""))
        if source == "business_registry":
            held = truth.firms.get(cells["统一社会信用代码"])
            if held:
                held["firm.state"].add({"存续": "存续"}.get(cells["登记状态"], "已注销"))
                held["firm.founded_on"].add(cells["成立日期"])
                held["firm.representative"].add("".join(cells["法定代表人"].split()))
        if source == "rental_filings" and row["room_code"] in truth.rooms:
            held = truth.rooms[row["room_code"]]
            held["room.is_let"].add("是")
            for field, heading in (("room.landlord", "出租人"), ("room.tenant", "承租人")):
                held[field].add("".join(cells[heading].split()))
        if source == "housing_ownership" and row["room_code"] in truth.rooms and key in persons:
            truth.rooms[row["room_code"]]["room.owner"] |= persons[key]["person.name"]


def _extract(package: Path, name: str) -> list[dict[str, str]]:
    description = json.loads((package / "datapackage.json").read_text(encoding="utf-8"))
    one = next(one for one in description["resources"] if one["name"] == name)
    paths = one["path"] if isinstance(one["path"], list) else [one["path"]]
    rows: list[dict[str, str]] = []
    for path in paths:
        file = package / path
        if file.suffix == ".csv":
            rows += _csv(file, encoding=one.get("encoding", "utf-8"))
        else:
            rows += _sheet_rows(file)
    return rows


def _sheet_rows(file: Path) -> list[dict[str, str]]:
    lines = [
        ["" if cell is None else str(cell) for cell in row]
        for row in load_workbook(file, read_only=True).worksheets[0].iter_rows(values_only=True)
    ]
    head = next(
        place
        for place, row in enumerate(lines)
        if len([c for c in row if c]) > 3
        and len(set(row)) > 3
        and ("姓名" in row or "权利人" in row)
    )  # noqa: E501
    return [dict(zip(lines[head], row, strict=False)) for row in lines[head + 1 :]]


def _csv(path: Path, *, encoding: str = "utf-8") -> list[dict[str, str]]:
    text = path.read_bytes().decode("utf-8-sig" if encoding.startswith("utf") else encoding)
    return list(csv.DictReader(io.StringIO(text)))


def _text(texts: dict[str, dict[str, str]], code: str) -> str:
    return texts[code]["标准地址"] if code in texts else ""


def _above(texts: dict[str, dict[str, str]], code: str, ending: str) -> str:
    while code in texts:
        if texts[code]["名称"].endswith(ending):
            return texts[code]["名称"]
        code = texts[code]["上级编码"]
    return ""


def _age(born: str) -> int:
    from kuai.kit.clock import local_day, utc_now

    day, today = date.fromisoformat(born), local_day(utc_now())
    return today.year - day.year - ((today.month, today.day) < (day.month, day.day))


def measure(package: Path, *, rows: int) -> list[dict[str, object]]:
    """Fill every template and judge it cell by cell."""
    from benchmarks.form_templates import make_templates
    from kuai.flows.demo_forms import lend_demo_sources
    from kuai.guard.access import create_demo_accounts
    from kuai.guard.queries import find_actor_by_login
    from kuai.kit.clock import utc_now

    if find_actor_by_login("demo-data-steward") is None:
        create_demo_accounts((), synthetic=True, at=utc_now())
    lend_demo_sources(at=utc_now())
    truth = read_truth(package)
    return [_measure_one(one, truth) for one in make_templates(truth, rows=rows)]


def _measure_one(template, truth) -> dict[str, object]:  # noqa: ANN001
    from django.conf import settings

    from kuai.guard.queries import find_actor_by_login
    from kuai.kit.clock import utc_now
    from kuai.services.forms import actions, queries

    number = register(template)
    clerk = find_actor_by_login("demo-subdistrict-clerk")
    began = time.perf_counter()
    filling = actions.prepare_filling(
        settings.STORE,
        number,
        template.content,
        file_name=template.file_name,
        by=clerk,
        at=utc_now(),
    )
    view = queries.view_filling(settings.STORE, filling, by=clerk, on=utc_now().date())
    _, content = actions.release_filling(
        settings.STORE, filling, reason="测量用", by=clerk, at=utc_now()
    )
    seconds = time.perf_counter() - began
    return {"name": template.name, "seconds": round(seconds, 2)} | judge(
        template, truth, content, {one.place: one.field for one in view.columns}
    )


def register(template) -> str:  # noqa: ANN001
    """A registration of all fields of its kind of row, approved by another login."""
    from datetime import timedelta

    from kuai.guard.queries import find_actor_by_login
    from kuai.kit.clock import utc_now
    from kuai.services.forms import actions, queries
    from kuai.services.forms.types import FormWish, ListKind

    at = utc_now()
    is_turning = template.list_kind is ListKind.TURNING
    fields = [
        one.key
        for one in queries.fields_about(template.about)
        if one.key not in queries.NEVER_FILLED
        and (template.list_kind or one.key != "person.deliver_home")
    ]
    wish = FormWish(
        title=f"测量：{template.name}"[:120],
        office="公交集团",
        basis="老年人权益保障法第五十八条",
        approval_no="测量1号",
        about=template.about,
        fields=tuple(fields),
        area="",
        purpose=template.purpose,
        expires_on=at.date() + timedelta(days=30),
        list_kind=template.list_kind,
        age=60 if is_turning else 0,
        period_first=date(2026, 1, 1) if is_turning else None,
        period_last=date(2026, 12, 31) if is_turning else None,
        home_delivery_because="优待卡上门送",
    )
    number = actions.register_form(wish, by=find_actor_by_login("demo-data-steward"), at=at)
    approver = find_actor_by_login("demo-department-clerk")
    actions.decide_form(number, "approved", reason="测量用", by=approver, at=at)
    return number


_MARK = re.compile(r"^([A-Z]+)([0-9]+)$")


def judge(template, truth, content: bytes, fields: dict[int, str]) -> dict[str, object]:  # noqa: ANN001
    """Filled cells, as the file's own second sheet lists them, against the truth; and those that should be filled."""
    from kuai.services.forms.queries import form_fields

    book = load_workbook(io.BytesIO(content))
    labels = {one.label: one.key for one in form_fields().values() if one.about == template.about}
    by_row: dict[tuple[str, int], dict[str, str]] = defaultdict(dict)
    for name, mark, label, *_ in book["来源说明"].iter_rows(values_only=True):
        found = _MARK.match(str(mark or ""))
        if found and label in labels and name in book.sheetnames:
            value = book[name][mark].value
            row = int(found.group(2)) - 1
            by_row[(name, _card(template, row))][labels[label]] = str(value)
    known = {"person": truth.persons, "room": truth.rooms, "firm": truth.firms}[template.about]
    filled = wrong = due = 0
    mistakes: Counter[str] = Counter()
    first = next((name for name, _ in by_row), "")
    asked = {field for field in fields.values() if field and field in labels.values()}
    asked -= {"person.id_number"} if template.list_kind else {"person.id_number", "person.deliver_home"}
    for (name, row), cells in by_row.items():
        key = template.keys.get(row) if name == first or not template.list_kind else None
        one = known[key] if key else _nearest(known, cells)
        for field, value in cells.items():
            filled += 1
            if not is_told(value, one[field], field):
                wrong += 1
                mistakes[field] += 1
    due, missing = _due(template, known, asked, by_row)
    return {
        "filled": filled,
        "wrong": wrong,
        "due": due,
        "share": round((due - missing) / due, 3) if due else 1.0,
        "mistakes": dict(mistakes),
    }


def is_told(value: str, told: set[str], field: str) -> bool:
    """Whether the truth says this value; a name is one name whichever dot, or none, an office typed in it."""
    if value in told:
        return True
    named = field.endswith((".name", ".owner", ".landlord", ".tenant", ".representative"))
    return named and _plain(value) in {_plain(one) for one in told}


def _plain(name: str) -> str:
    return re.sub(r"[\s·•・.‧]+", "", name)


def _card(template, row: int) -> int:  # noqa: ANN001
    if not template.cards:
        return row
    return max(place for place, start in enumerate(template.cards) if start <= row)


def _nearest(known: dict[str, dict[str, set[str]]], cells: dict[str, str]) -> dict[str, set[str]]:
    """Of a row we listed ourselves: the truth with most of its values, which all of them must then equal."""
    return max(
        known.values(),
        key=lambda one: sum(value in one[field] for field, value in cells.items()),
    )


def _due(template, known, asked, by_row) -> tuple[int, int]:  # noqa: ANN001
    """How many cells should have been filled, and how many of them were not."""
    due = missing = 0
    if template.keys:
        given = _given_fields(template)
        for row, key in template.keys.items():
            cells = next((c for (_, place), c in by_row.items() if place == row), {})
            for field in asked - given.get(row, set()):
                if known[key][field] - {""}:
                    due += 1
                    missing += field not in cells
        return due, missing
    for cells in by_row.values():
        one = _nearest(known, cells)
        for field in asked:
            if one[field] - {""}:
                due += 1
                missing += field not in cells
    if template.about == "person":
        # Whom no lending register places anywhere the store does not hold on this ground.
        listed = sum(
            "2026-12-31" >= _sixty(one) >= "2026-01-01" for one in known.values() if one["held"]
        )
        lost = max(0, listed - len(by_row))
        due, missing = due + lost * len(asked), missing + lost * len(asked)
    return due, missing


def _sixty(one: dict[str, set[str]]) -> str:
    born = next(iter(one["person.birth_date"]))
    return f"{int(born[:4]) + 60}{born[4:]}"


def _given_fields(template) -> dict[int, set[str]]:  # noqa: ANN001
    from django.conf import settings

    from kuai.services.forms.engine.filling import rows_of_sheet
    from kuai.services.forms.engine.layouts import find_layout
    from kuai.services.forms.fillings import sheets_of
    from kuai.sources.form_sheets import meanings_of_heading, read_form

    sheets = sheets_of(read_form(settings.STORE, template.content, file_name=template.file_name))
    layout = find_layout(sheets, template.about, read_heading=meanings_of_heading)
    sheet = sheets[layout.sheet]
    given = {}
    for row in rows_of_sheet(sheet, layout).given:
        formulas = {f for f, place in row.places.items() if place in sheet.formulas}
        given[row.number] = set(row.given) | formulas
    return given


def summary(results: list[dict[str, object]]) -> dict[str, object]:
    """All templates together."""
    due = sum(int(str(one["due"])) for one in results)
    missing = sum(round((1 - float(str(one["share"]))) * int(str(one["due"]))) for one in results)
    filled = sum(int(str(one["filled"])) for one in results)
    wrong = sum(int(str(one["wrong"])) for one in results)
    return {
        "templates": len(results),
        "filled": filled,
        "wrong": wrong,
        "right_share": round(1 - wrong / filled, 4) if filled else 0.0,
        "due": due,
        "filled_share": round((due - missing) / due, 4) if due else 0.0,
        "below_90": [one["name"] for one in results if float(str(one["share"])) < 0.9],
    }


def main() -> None:
    """Print a line a template and the summary."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rooms", type=int, default=2_000)
    parser.add_argument("--rows", type=int, default=25)
    parser.add_argument("--seed", type=int, default=11)
    arguments = parser.parse_args()
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    with tempfile.TemporaryDirectory() as folder:
        package = prepare_store(Path(folder), rooms=arguments.rooms, seed=arguments.seed)
        results = measure(package, rows=arguments.rows)
    for one in results:
        print(json.dumps(one, ensure_ascii=False))
    print(json.dumps(summary(results), ensure_ascii=False))


if __name__ == "__main__":
    main()
