"""Registered forms: twenty-one differently laid-out sheets filled on a demo city and held against its truth.

    python benchmarks/bench_forms.py [--rooms 2000] [--rows 25]

Aims (issue 6): at least 90 % of the permitted cells that the store holds are filled; 100 % of filled cells are right.
"The store holds" is asked of the package's own rows by the truth, not of the room: some row of a lending source says
the true value (a tenancy in force or a register says where somebody lives; a stand-in is no phone). Conflicts held
back and rows not recognised count as not filled; a row that gives a name and nothing by which any source could tell
whose it is counts for nothing. `share_agreed` leaves out homes of which registers in force name two: these shall be
held back. `share_of_truth` judges every cell whose truth the city knows, whoever holds it.
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
    "elder_classes",
)
# Whose rows may say that a name belongs to a home, though they are no register of where people live.
ACCOUNTS = ("water_usage",)
FIRM_REGISTERS = ("business_registry", "new_firms")
HOME_REGISTERS = ("police_residents", "rental_filings", "transit_list")
NUMBER_OF = {
    "police_residents": "身份证号码", "housing_ownership": "权利人证件号", "rental_filings": "承租人证件号",
    "social_insurance": "社会保障号", "transit_list": "证件号", "business_registry": "法人证件号",
    "new_firms": "法人证件号", "elder_classes": "证件号", "water_usage": "",
}  # fmt: skip
PHONE_OF = {
    "police_residents": "联系电话",
    "rental_filings": "承租人电话",
    "transit_list": "手机",
    "elder_classes": "手机",
}
LIBRARY_FIELDS = (
    "room.code", "room.address", "room.use", "room.building", "room.number", "room.community",
    "room.subdistrict",
)  # fmt: skip
ROOM_CODE = 25
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
    truth = Truth(persons, numbers, rooms, {}, firms, texts)
    _add_rows(package, truth, firm_names)
    return truth


def _add_rows(package: Path, truth, firm_names: dict[str, str]) -> None:  # noqa: ANN001
    """Further truths that only the sources know, and which true values some lending source holds (`held`)."""
    extracts = {
        name: _extract(package, name)
        for name in (*LENDING, *ACCOUNTS, *FIRM_REGISTERS, *HOME_LISTS)
    }
    for one in (*truth.persons.values(), *truth.rooms.values(), *truth.firms.values()):
        one["held"] = set()
    for one in truth.rooms.values():
        one["held"] |= set(LIBRARY_FIELDS)
    struck_off = {
        cells["统一社会信用代码"]
        for name in FIRM_REGISTERS
        for cells in extracts[name]
        if cells["登记状态"] != "存续"
    }
    firms = {
        row["org_id"]: (firm_names[row["org_id"]], row["uscc"] not in struck_off)
        for row in _csv(package / "truth/orgs.csv")
    }
    by_name: dict[str, list[str]] = defaultdict(list)
    for key, one in truth.persons.items():
        by_name[_plain(next(iter(one["person.name"])))].append(key)
        by_name[truth.numbers[key].upper()].append(key)
    for row in _csv(package / "truth/rows.csv"):
        source, number = row["resource"], int(row["row"])
        if source in extracts and number < len(extracts[source]):
            cells = extracts[source][number]
            _add_person(truth, source, row, cells, firms)
            _add_room(truth, source, row, cells, by_name)
            if source in FIRM_REGISTERS:
                _add_firm(truth, row, cells)


def _add_person(truth, source: str, row: dict[str, str], cells: dict[str, str], firms) -> None:  # noqa: ANN001
    one = truth.persons.get(row["person_id"])
    if one is None:
        return
    if source in HOME_LISTS:
        one["person.deliver_home"] = {"是"}
        return
    one["held"].add("person.name")
    number = cells.get(NUMBER_OF[source], "").upper()
    if number == truth.numbers[row["person_id"]].upper():
        one["held"] |= {"person.birth_date", _AGE, "person.sex", "person.deliver_home"}
    if source == "police_residents":
        one["held"] |= {"person.birth_date", _AGE, "person.sex"}
    phone = cells.get(PHONE_OF.get(source, ""), "")
    if phone and not _is_stand_in(phone):
        one["person.phone"].add(phone)
        one["held"].add("person.phone")
    if source == "social_insurance":
        name, is_living = firms.get(row["org_id"], ("", True))
        one["person.employer"] |= {name, cells["参保单位"]} - {""}
        # Nobody works for a firm that its register has struck off, whatever is still paid for them.
        one["held"] |= {"person.employer"} if is_living else set()
    _add_home(truth, source, one, row["room_code"], cells)


def _add_home(truth, source: str, one, place: str, cells: dict[str, str]) -> None:  # noqa: ANN001
    is_home = len(place) == ROOM_CODE and _text(truth.texts, place) in one["person.residence"]
    if is_home and source not in FIRM_REGISTERS:
        one["known_at"].add("room")
    if source not in HOME_REGISTERS or (source == "rental_filings" and not _in_force(cells)):
        return
    if source == "police_residents" and len(place) == ROOM_CODE:
        one["held"].add("registered")
        truth.raw.setdefault(place, cells["现住地址"])
    for field, ending in (("person.community", "社区"), ("person.subdistrict", "街道")):
        if {_above(truth.texts, place, ending)} & (one[field] - {""}):
            one["held"].add(field)
    if len(place) == ROOM_CODE and not is_home:
        one["disputed"] |= {"person.residence", "person.community", "person.subdistrict"}
    if is_home:
        one["held"].add("person.residence")


def _add_room(truth, source: str, row: dict[str, str], cells: dict[str, str], by_name) -> None:  # noqa: ANN001
    if source == "rental_filings":
        # By name or number: either may carry a planted slip.
        for role in ("出租人", "承租人"):
            phone, number = cells[f"{role}电话"], cells[f"{role}证件号"].upper()
            if phone and not _is_stand_in(phone):
                for key in {*by_name[_plain(cells[role])], *by_name[number]}:
                    truth.persons[key]["person.phone"].add(phone)
    room = truth.rooms.get(row["room_code"])
    if room is None:
        return
    if source == "rental_filings":
        told = {
            "room.is_let": "是",
            "room.landlord": cells["出租人"],
            "room.tenant": cells["承租人"],
        }
        for field, value in told.items():
            room[field].add("".join(value.split()))
            room["held"] |= {field} if _in_force(cells) else set()
    if source == "housing_ownership" and row["person_id"] in truth.persons:
        room["room.owner"] |= truth.persons[row["person_id"]]["person.name"]
        room["held"].add("room.owner")


def _add_firm(truth, row: dict[str, str], cells: dict[str, str]) -> None:  # noqa: ANN001
    one = truth.firms.get(cells["统一社会信用代码"])
    if one is None:
        return
    is_living = cells["登记状态"] == "存续"
    one["firm.state"].add("存续" if is_living else "已注销")
    one["firm.founded_on"].add(cells["成立日期"])
    one["firm.representative"].add("".join(cells["法定代表人"].split()))
    one["held"] |= {"firm.name", "firm.credit_code", "firm.state", "firm.founded_on"}
    one["held"] |= {"firm.representative"} if is_living else set()
    place = row["room_code"]
    if {_above(truth.texts, place, "社区")} & (one["firm.community"] - {""}):
        one["held"].add("firm.community")
    if len(place) == ROOM_CODE and _text(truth.texts, place) in one["firm.registered"]:
        one["held"].add("firm.registered")


def _in_force(cells: dict[str, str]) -> bool:
    """Whether a tenancy runs on the day of the build."""
    found = re.findall(r"[0-9]+", cells.get("租期止", ""))
    return len(found) != 3 or date(*map(int, found)) > AS_OF  # noqa: PLR2004 - year, month, day


def _is_stand_in(phone: str) -> bool:
    """A number typed to get past a mandatory field is held by nobody."""
    return phone[:8] in ("13800138", "13800000") or len(set(phone[3:])) == 1


def _extract(package: Path, name: str) -> list[dict[str, str]]:
    description = json.loads((package / "datapackage.json").read_text(encoding="utf-8"))
    one = next((one for one in description["resources"] if one["name"] == name), None)
    if one is None:
        return []
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
    backed: set[tuple[str, int]] = set()
    for name, mark, label, *said in book["来源说明"].iter_rows(values_only=True):
        found = _MARK.match(str(mark or ""))
        if found and label in labels and name in book.sheetnames:
            value = book[name][mark].value
            row = int(found.group(2)) - 1
            by_row[(name, _card(template, row))][labels[label]] = str(value)
            if any(str(one or "").startswith("另有来源") for one in said):
                backed.add((name, _card(template, row)))
    known = {"person": truth.persons, "room": truth.rooms, "firm": truth.firms}[template.about]
    filled = wrong = due = homes = backed_wrong = 0
    mistakes: Counter[str] = Counter()
    first = next((name for name, _ in by_row), "")
    asked = {field for field in fields.values() if field and field in labels.values()}
    asked -= (
        {"person.id_number"} if template.list_kind else {"person.id_number", "person.deliver_home"}
    )
    for (name, row), cells in by_row.items():
        key = template.keys.get(row) if name == first or not template.list_kind else None
        one = known[key] if key else _nearest(known, cells)
        for field, value in cells.items():
            filled += 1
            is_backed = field == "person.residence" and (name, row) in backed
            homes += is_backed
            if not is_told(value, one[field], field):
                wrong += 1
                backed_wrong += is_backed
                mistakes[field] += 1
    due, missing = _due(template, known, asked, by_row, is_held=True)
    agreed, unfilled = _due(template, known, asked, by_row, is_held=True, is_agreed=True)
    all_due, all_missing = _due(template, known, asked, by_row, is_held=False)
    return {
        "filled": filled,
        "wrong": wrong,
        "homes_of_two_sources": homes,
        "of_these_wrong": backed_wrong,
        "due": due,
        "share": round((due - missing) / due, 3) if due else 1.0,
        "share_agreed": round((agreed - unfilled) / agreed, 3) if agreed else 1.0,
        "share_of_truth": round((all_due - all_missing) / all_due, 3) if all_due else 1.0,
        "mistakes": dict(mistakes),
    }


def is_told(value: str, told: set[str], field: str) -> bool:
    """Whether the truth says this value; a name is one name with any dot or none, in either set of characters."""
    if value in told:
        return True
    named = field.endswith((".name", ".owner", ".landlord", ".tenant", ".representative"))
    return named and _plain(value) in {_plain(one) for one in told}


def _plain(name: str) -> str:
    from kuai.linkage.queries import writings_of_name

    bare = re.sub(r"[\s·•・.‧]+", "", name)
    return min(writings_of_name(bare) | {bare})


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


def _due(  # noqa: C901 - one rule of what is due, for rows given and rows listed
    template,  # noqa: ANN001
    known,  # noqa: ANN001
    asked,  # noqa: ANN001
    by_row,  # noqa: ANN001
    *,
    is_held: bool,
    is_agreed: bool = False,
) -> tuple[int, int]:
    """How many cells should have been filled, and how many of them were not.

    `is_held`: only cells whose true value some lending source holds, of rows that say enough to be recognised; else
    every cell whose truth the city knows, whoever holds it. `is_agreed`: without homes of which lending sources differ.
    """

    def is_due(one, field: str) -> bool:  # noqa: ANN001
        if not one[field] - {""} or (is_agreed and field in one["disputed"]):
            return False
        return not is_held or field in one["held"]

    due = missing = 0
    if template.keys:
        given = _given_fields(template)
        for row, key in template.keys.items():
            one = known[key]
            if is_held and not _is_told_apart(one, given.get(row, set())):
                continue
            cells = next((c for (_, place), c in by_row.items() if place == row), {})
            for field in asked - given.get(row, set()):
                if is_due(one, field):
                    due += 1
                    missing += field not in cells
        return due, missing
    for cells in by_row.values():
        one = _nearest(known, cells)
        for field in asked:
            if is_due(one, field):
                due += 1
                missing += field not in cells
    if template.about == "person":
        lost = _unlisted(known, by_row) * len(asked)
        due, missing = due + lost, missing + lost
    return due, missing


def _unlisted(known, by_row) -> int:  # noqa: ANN001
    """How many turn sixty whom a register places on this ground, and are on no row."""
    listed = [
        one
        for one in known.values()
        if "registered" in one["held"] and "2026-12-31" >= _sixty(one) >= "2026-01-01"
    ]
    return max(0, len(listed) - len(by_row))


def _is_told_apart(one: dict[str, set[str]], given: set[str]) -> bool:
    """Whether a row says more than a name, or a name and a home at which some lending source knows them."""
    if not any(field.startswith("person.") for field in given):
        return True
    if {"person.id_number", "person.birth_date"} & given:
        return True
    return "person.residence" in given and bool(one["known_at"])


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
        "homes_of_two_sources": sum(int(str(one["homes_of_two_sources"])) for one in results),
        "of_these_wrong": sum(int(str(one["of_these_wrong"])) for one in results),
        "due": due,
        "filled_share": round((due - missing) / due, 4) if due else 0.0,
        "below_90": [one["name"] for one in results if float(str(one["share"])) < 0.9],
        "least_agreed": min(float(str(one["share_agreed"])) for one in results),
        "below_90_agreed": [
            one["name"] for one in results if float(str(one["share_agreed"])) < 0.9
        ],
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
