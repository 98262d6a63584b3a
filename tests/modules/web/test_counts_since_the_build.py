"""A block's page says that facts were objected to since its build: in tens, the same on every page."""

from __future__ import annotations

from collections.abc import Callable

from django.test import Client

from kuai.guard.types import Actor, Role
from kuai.kit.element_codes import code_of
from kuai.registry import decisions
from kuai.registry.decisions import DecisionKind
from tests.modules.web.conftest import NOW
from tests.modules.web.fakes import BUILDING, DISTRICT, ROOM, SUBDISTRICT

LogIn = Callable[[Role], Client]
CLERK = Actor("7", Role.SUBDISTRICT_CLERK, areas=("",))


def end_facts(first: int, last: int) -> None:
    for serial in range(first, last):
        decisions.record_decision(
            DecisionKind.END,
            [f"PH_RESIDE|{code_of('person', serial)}|{ROOM}"],
            detail={"on": "2026-10-01"},
            reason="走访所见",
            by=CLERK,
            at=NOW,
        )


def test_fewer_than_ten_are_not_told_and_more_in_tens_alike_on_every_page(log_in: LogIn) -> None:
    client = log_in(Role.SUBDISTRICT_CLERK)

    def told(block: str) -> list[str]:
        page = client.get(f"/blocks/{block}/").content.decode()
        return [line.strip() for line in page.splitlines() if "自本版以来" in line]

    end_facts(1, 10)
    assert told(DISTRICT) == []
    end_facts(10, 28)
    (sentence,) = told(DISTRICT)
    assert "至少 20 次" in sentence
    assert told(SUBDISTRICT) == told(BUILDING) == [sentence]
    assert told(ROOM) == []
