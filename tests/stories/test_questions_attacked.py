"""Questions under attack: other roles and areas, links, sheets and workbooks that mean harm, messages twice."""

from __future__ import annotations

import io
from datetime import timedelta

import openpyxl
import pytest
from django.conf import LazySettings
from django.core.files.uploadedfile import SimpleUploadedFile

from kuai.guard.models import Account
from kuai.guard.types import Actor
from kuai.kit.clock import local_day
from kuai.kit.errors import Refusal
from kuai.kit.store import Store
from kuai.services.questions import actions, queries
from kuai.services.questions.engine.visit_form import HEADING
from kuai.services.questions.models import Message, PausedRule, Question, VisitLine
from kuai.services.questions.types import By, MessageState, Said, State
from tests.stories.test_night_mandate import browser
from tests.stories.test_questions import (  # noqa: F401 - fixtures
    NOW,
    Gateway,
    ask,
    clerk,
    gateway,
    home,
    lapsed,
    neighbours,
    store,
)

pytestmark = pytest.mark.django_db(transaction=True)
NO_GRID = ["440310/none"]


def a_sheet(store: Store, home: dict, clerk: Actor) -> str:  # noqa: F811
    lapsed(store, [home])
    grid = Question.objects.first().grid_code  # type: ignore[union-attr]
    return actions.draw_sheet(store, grid, on=local_day(NOW), by=clerk, at=NOW).number


def test_other_areas_and_roles_read_settle_print_and_return_nothing(
    store: Store,  # noqa: F811
    home: dict,  # noqa: F811
    clerk: Actor,  # noqa: F811
) -> None:
    sheet = a_sheet(store, home, clerk)
    line = VisitLine.objects.all()[0]
    number = line.question.number
    worker = browser("grid-worker")
    Account.objects.filter(username="demo-grid-worker").update(areas=NO_GRID)
    pages = (
        worker.get("/questions/"),
        worker.get(f"/questions/{number}/"),
        worker.post(f"/questions/{number}/settle/", {"answer": "wrong", "way": "phone"}),
        worker.post(f"/questions/{number}/ticket/"),
        worker.get(f"/questions/visits/{sheet}/"),
        worker.get(f"/questions/visits/{sheet}/pdf/"),
        worker.get(f"/questions/visits/{sheet}/xlsx/"),
        worker.post("/questions/visits/draw/", {"grid": line.question.grid_code}),
        worker.post("/questions/visits/return/", {"rows": f"{line.row_code} 3\n{line.row_code} 1"}),
    )
    for page in pages:
        said = page.content.decode()
        assert page.status_code in (200, 302, 409)
        assert line.question.place_text not in said
        assert "%PDF" not in said
    assert {one.state for one in Question.objects.all()} == {State.CHECK.value}
    assert worker.post("/questions/send/").status_code == 403
    assert worker.post("/questions/letters/").status_code == 403
    for role in ("officer", "leader", "data-steward", "resident", "auditor", "checker"):
        other = browser(role)
        for url in ("/questions/", f"/questions/{number}/", f"/questions/visits/{sheet}/pdf/"):
            assert other.get(url).status_code == 403, (role, url)


def test_whose_area_is_a_part_of_a_grid_sees_no_sheet_with_doors_beyond_it(
    store: Store,  # noqa: F811
    home: dict,  # noqa: F811
    clerk: Actor,  # noqa: F811
) -> None:
    lapsed(store, neighbours(store, home, 2))
    rows = list(Question.objects.all())
    grid = rows[0].grid_code
    sheet = actions.draw_sheet(store, grid, on=local_day(NOW), by=clerk, at=NOW)
    part = Actor("part", clerk.role, areas=(rows[0].area_path,))
    assert len({one.area_path for one in rows}) > 1
    with pytest.raises(Refusal, match="没有这张核对表"):
        queries.get_sheet(store, sheet.number, by=part)


def test_a_workbook_that_means_harm_is_refused_or_read_as_text(
    store: Store,  # noqa: F811
    home: dict,  # noqa: F811
    clerk: Actor,  # noqa: F811
) -> None:
    sheet = a_sheet(store, home, clerk)
    line = VisitLine.objects.all()[0]
    code = line.row_code
    desk = browser("subdistrict-clerk")
    Question.objects.update(place_text="=cmd|' /C calc'!A0")
    out = desk.get(f"/questions/visits/{sheet}/xlsx/").content
    cells = [cell for row in openpyxl.load_workbook(io.BytesIO(out)).active for cell in row]
    assert "=cmd|' /C calc'!A0" in {cell.value for cell in cells}
    assert {cell.data_type for cell in cells} <= {"s", "n"}, "a text, never a formula"

    def returned(content: bytes) -> int:
        file = SimpleUploadedFile("张三.xlsx", content)
        page = desk.post("/questions/visits/return/", {"file": file})
        assert "张三" not in page.content.decode()
        return page.status_code

    assert returned(b"PK\x03\x04 no workbook") == 409
    assert returned(out.replace(b"worksheet", b"wxrksheet")) == 409
    book = openpyxl.Workbook()
    book.active.append(HEADING)
    for word in ("=属实", '=HYPERLINK("http://a")', "<script>", "从来不是"):
        book.active.append([code, "", "", "", "", "", "", word, "=1"])
    book.active.append(["ZZZZZZ", "", "", "", "", "", "", "属实"])
    saved = io.BytesIO()
    book.save(saved)
    assert returned(saved.getvalue()) == 200
    line.refresh_from_db()
    assert line.said == Said.WRONG.value
    # The same row with another result, typed in after it: refused, and the first one stands.
    desk.post("/questions/visits/return/", {"rows": f"{code} 1"})
    line.refresh_from_db()
    assert line.said == Said.WRONG.value


def test_what_was_not_taken_stays_typed_and_a_lost_sheet_is_found_the_next_week(
    store: Store,  # noqa: F811
    home: dict,  # noqa: F811
    clerk: Actor,  # noqa: F811
) -> None:
    sheet = a_sheet(store, home, clerk)
    page = browser("subdistrict-clerk").post("/questions/visits/return/", {"rows": "ABCDEF 1"})
    said = page.content.decode()
    assert "ABCDEF 1</textarea>" in said
    assert "没有这个行码" in said
    grid = Question.objects.all()[0].grid_code
    later = local_day(NOW) + timedelta(days=7)
    assert actions.draw_sheet(store, grid, on=later, by=clerk, at=NOW).number == sheet


def test_drawing_again_and_again_takes_no_more_doors_than_a_week_has(
    store: Store,  # noqa: F811
    home: dict,  # noqa: F811
    clerk: Actor,  # noqa: F811
) -> None:
    lapsed(store, neighbours(store, home, 4))
    grid = Question.objects.first().grid_code  # type: ignore[union-attr]
    monday = local_day(NOW) - timedelta(days=local_day(NOW).weekday())
    for day in range(7):
        on = monday + timedelta(days=day)
        actions.draw_sheet(store, grid, on=on, by=clerk, at=NOW)
        # A door where nobody was met goes back, and takes its place in the week all the same.
        for line in VisitLine.objects.filter(said=""):
            actions.take_in_returns(store, [(1, line.row_code, "没见到人", "")], by=clerk, at=NOW)
    doors = VisitLine.objects.values_list("round", "question__place_code").distinct()
    assert doors.count() == 2, "the setting of these tests"


def test_a_link_is_for_its_own_questions_until_its_day_and_while_nothing_stands_still(
    store: Store,  # noqa: F811
    home: dict,  # noqa: F811
    clerk: Actor,  # noqa: F811
    gateway: Gateway,  # noqa: F811
) -> None:
    number = ask(store, home)
    actions.send_due(store, by=clerk, at=NOW, gateway=gateway)
    foreign = ask(store, home, "test:other", contact="", subject_ref="person:P-OTHER")
    token = gateway.token()
    with pytest.raises(Refusal, match="请选一个回答"):
        actions.answer_link(store, token, foreign, Said.WRONG, address="a", at=NOW)
    PausedRule.objects.create(rule="test.home", because="停用", since=NOW)
    with pytest.raises(Refusal, match="暂时不用答"):
        actions.answer_link(store, token, number, Said.WRONG, address="a", at=NOW)
    PausedRule.objects.all().delete()
    for late, wrong in (
        (40, token),
        (0, token[:-1] + "Z"),
        (0, token.lower() + "0"),
        (0, "' or 1=1"),
    ):
        at = NOW + timedelta(days=late)
        with pytest.raises(Refusal, match="这个链接打不开"):
            actions.open_link(store, wrong, address="b", at=at)
    done = actions.answer_link(store, token, number, Said.REFUSED, address="a", at=NOW)
    assert done.decision is None
    with pytest.raises(Refusal, match="这个链接打不开"):
        actions.answer_link(store, token, number, Said.WRONG, address="a", at=NOW)


def test_no_second_message_at_midnight_none_too_long_and_no_letter_for_nothing(
    store: Store,  # noqa: F811
    home: dict,  # noqa: F811
    clerk: Actor,  # noqa: F811
    gateway: Gateway,  # noqa: F811
    settings: LazySettings,
) -> None:
    asked = ask(store, home)
    settings.KUAI_ANSWER_ORIGIN = "https://a-very-long-address-of-a-city.example.cn"
    with pytest.raises(Refusal, match="超过 70 字"):
        actions.send_due(store, by=clerk, at=NOW, gateway=gateway)
    assert Message.objects.count() == 0, "nothing is claimed that cannot be said"
    settings.KUAI_ANSWER_ORIGIN = "https://q.example.cn"
    gateway.dies = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        actions.send_due(store, by=clerk, at=NOW, gateway=gateway)
    # Still under way, though the day is over.
    Message.objects.update(day=local_day(NOW) - timedelta(days=1))
    actions.send_due(store, by=clerk, at=NOW + timedelta(minutes=5), gateway=gateway)
    assert len(gateway.sent) == 1

    ask(store, home, "test:door", contact=f"place:{home['to_code']}")
    actions.send_due(store, by=clerk, at=NOW + timedelta(days=1), gateway=gateway)
    for one in (asked, Question.objects.get(origin="test:door").number):
        actions.settle(store, one, Said.HOLDS, way=By.PHONE, by=clerk, at=NOW)
    with pytest.raises(Refusal, match="没有等着印"):
        actions.print_letters(by=clerk, at=NOW)
    letter = Message.objects.get(contact__startswith="place:")
    assert letter.state == MessageState.FAILED.value
