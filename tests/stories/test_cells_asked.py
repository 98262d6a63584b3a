"""Cells of registered lists that stayed open become questions: once a person and field, of whom it is proper to ask."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from django.apps import apps
from openpyxl import Workbook

from benchmarks import bench_forms
from kuai.flows import form_cells
from kuai.flows.demo_forms import seed_demo_forms
from kuai.flows.form_cells import hand_over_form_cells
from kuai.kit.store import Store
from kuai.services.forms import actions as forms
from kuai.services.forms.types import CellState, UnknownCell
from kuai.services.questions import actions, queries
from kuai.services.questions.models import Question, QuestionWait
from kuai.services.questions.types import By, Said, State
from tests.stories.test_registered_forms import (  # noqa: F401 - fixtures
    NOW,
    a_wish,
    fill,
    login,
    office,
    saved,
)

pytestmark = pytest.mark.django_db(transaction=True)
FIELDS = ("person.name", "person.birth_date", "person.residence", "person.phone")


@pytest.fixture
def asking(office: Store) -> Store:  # noqa: F811
    apps.get_app_config("services_questions").ready()
    return office


def registered(title: str = "老年人乘车优待名单") -> str:
    wish = replace(a_wish(fields=FIELDS), title=title)
    number = forms.register_form(wish, by=login("data-steward"), at=NOW)
    forms.decide_form(number, "approved", reason="相符", by=login("department-clerk"), at=NOW)
    return number


def living() -> list[Question]:
    return list(Question.objects.filter(origin__startswith="cell:").exclude(state="closed"))


def somebody(
    store: Store, field: str = "person.residence", form: str = "", **more: object
) -> UnknownCell:
    """A cell of somebody of the store, as a released sheet leaves it open."""
    from tests.stories import declaring

    home = declaring.rooms_with(store, "PH_RESIDE")[0]
    said = {
        "origin": "",
        "form_number": form,
        "title": "老年人乘车优待名单",
        "office": "公交集团",
        "basis": "老年人权益保障法",
        "purpose": "residence_registration",
        "about": "person",
        "code": home["from_code"],
        "field": field,
        "label": "住址",
        "state": CellState.UNKNOWN,
        "why": "没有登记",
        "released_by": "demo-subdistrict-clerk",
        "released_at": NOW,
    } | more
    return UnknownCell(**said)  # type: ignore[arg-type]


@pytest.fixture
def cells(monkeypatch: pytest.MonkeyPatch) -> list[UnknownCell]:
    """What sheets left open; nothing of it is known unless a test says so."""
    listed: list[UnknownCell] = []
    monkeypatch.setattr(form_cells.forms, "list_unknown_cells", lambda _store, since: tuple(listed))  # noqa: ARG005
    monkeypatch.setattr(form_cells.forms, "list_known_cells", lambda _store, wanted: frozenset())  # noqa: ARG005
    return listed


def test_a_released_sheets_gaps_are_asked_once_and_nobody_is_named(
    asking: Store, town: Path
) -> None:
    seed_demo_forms(at=NOW)
    number = registered()
    book = Workbook()
    book.active.append(["姓名", "出生日期", "住址", "联系电话"])
    for _, one in sorted(bench_forms.read_truth(town).persons.items()):
        if "registered" in one["held"] and "1960" < next(iter(one["person.birth_date"])) < "2000":
            book.active.append([next(iter(one["person.name"])), *one["person.birth_date"]])
    fill(asking, number, saved(book))
    first = hand_over_form_cells(asking, at=NOW)
    asked = living()
    assert 0 < len(asked) == first.kept < first.received
    again = hand_over_form_cells(asking, at=NOW + timedelta(days=1))
    assert (again.kept, len(living())) == (first.kept, len(asked))
    for one in asked:
        assert "老年人乘车优待名单" in one.reason
        assert one.basis
        assert one.origin.split(":")[1] not in ("person.id_number", "person.deliver_home")
        is_phone = one.origin.startswith("cell:person.phone")
        assert one.contact.startswith("place:" if is_phone else "person:")
        assert not one.fact_key, "the answer writes no fact"
    # Withdrawn, it waits for nothing more.
    forms.decide_form(number, "withdrawn", reason="不再要", by=login("data-steward"), at=NOW)
    closed = hand_over_form_cells(asking, at=NOW + timedelta(days=2))
    assert (closed.kept, closed.notes["closed"], living()) == (0, len(asked), [])


def test_two_forms_wait_for_one_question_and_it_ends_with_the_last(
    asking: Store, cells: list[UnknownCell]
) -> None:
    one, other = registered(), registered("高龄津贴名单")
    cells += [somebody(asking, form=one), somebody(asking, "person.community", form=other)]
    assert hand_over_form_cells(asking, at=NOW).kept == 2
    (asked,) = living()
    assert QuestionWait.objects.filter(question=asked).count() == 2
    forms.decide_form(one, "withdrawn", reason="不再要", by=login("data-steward"), at=NOW)
    hand_over_form_cells(asking, at=NOW)
    assert living() == [asked]
    forms.decide_form(other, "withdrawn", reason="不再要", by=login("data-steward"), at=NOW)
    hand_over_form_cells(asking, at=NOW)
    assert living() == []


def test_whom_a_gap_is_asked_of(asking: Store, cells: list[UnknownCell]) -> None:
    form = registered()
    never = ("person.id_number", "person.deliver_home", "person.employer")
    cells += [somebody(asking, field, form=form) for field in never]
    cells += [
        somebody(asking, form=form, about="room"),
        somebody(asking, form=form, state=CellState.DIFFERENT),
        somebody(asking, "person.phone", form=form, code="P-NOBODY-HERE"),
        somebody(asking, "person.sex", form="BB-none"),
    ]
    assert hand_over_form_cells(asking, at=NOW).kept == 0
    assert living() == []
    cells[:] = [
        somebody(asking, field, form=form)
        for field in ("person.phone", "person.residence", "person.age", "person.sex")
    ]
    hand_over_form_cells(asking, at=NOW)
    asked = {one.origin.split(":")[1]: one for one in living()}
    assert asked["person.phone"].contact.startswith("place:")
    assert asked["person.residence"].contact.startswith("person:")
    for desk in ("person.birth_date", "person.sex"):
        # A desk gets no message and no visit; it reads the list.
        assert (asked[desk].contact, asked[desk].ends_as_check) == ("", False)
        assert "来源部门" in asked[desk].reason


@pytest.mark.parametrize("said", [Said.HOLDS, Said.REFUSED, Said.UNKNOWN])
def test_whoever_answered_or_refused_is_never_asked_again(
    asking: Store, cells: list[UnknownCell], said: Said
) -> None:
    form = registered()
    cells.append(somebody(asking, "person.sex", form=form))
    hand_over_form_cells(asking, at=NOW)
    (asked,) = living()
    clerk = login("subdistrict-clerk")
    settled = actions.settle(asking, asked.number, said, way=By.PHONE, by=clerk, at=NOW)
    assert (settled.state, settled.decision) == (State.CLOSED, None)
    for days in (1, 400):
        later = NOW + timedelta(days=days)
        assert hand_over_form_cells(asking, at=later).kept == 0
    assert Question.objects.filter(origin__startswith="cell:").count() == 1


def test_whoever_was_not_reached_is_asked_again_after_the_cool_down_alone(
    asking: Store, cells: list[UnknownCell], monkeypatch: pytest.MonkeyPatch
) -> None:
    form = registered()
    cells.append(somebody(asking, form=form))
    hand_over_form_cells(asking, at=NOW)
    assert actions.close_gone((), of="cell:", at=NOW) == 1
    assert hand_over_form_cells(asking, at=NOW + timedelta(days=179)).kept == 0
    assert hand_over_form_cells(asking, at=NOW + timedelta(days=181)).kept == 1
    assert hand_over_form_cells(asking, at=NOW + timedelta(days=182)).kept == 1
    (again,) = living()
    assert again.origin.endswith(":2")
    # A build that knows closes it.
    monkeypatch.setattr(
        form_cells.forms, "list_known_cells", lambda _store, wanted: frozenset(wanted)
    )
    assert hand_over_form_cells(asking, at=NOW + timedelta(days=183)).notes["closed"] == 1
    assert queries.list_waits(of="cell:") == ()
