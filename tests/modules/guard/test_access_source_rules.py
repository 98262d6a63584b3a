"""A source builds only if what must be known of it is known."""

from __future__ import annotations

from datetime import date

import pytest

from kuai.guard.engine.source_rules import require_source_may_build
from kuai.kit.errors import Refusal
from tests.modules.guard.builders import TODAY, a_registration

NO_ASSESSMENT = {"assessment_id": "", "assessment_approved_on": None}


def test_a_complete_and_assessed_source_builds_and_says_until_when() -> None:
    note = require_source_may_build(a_registration(), synthetic=False, as_of=TODAY)
    assert "PIA-2026-4" in note
    assert "2029-01-15" in note


def test_a_synthetic_package_is_exempt_and_says_so() -> None:
    note = require_source_may_build(
        a_registration(**NO_ASSESSMENT, handler=""), synthetic=True, as_of=TODAY
    )
    assert "合成" in note
    assert "免" in note


def test_a_source_without_persons_needs_no_assessment() -> None:
    registration = a_registration(**NO_ASSESSMENT, has_personal_columns=False, notice_version="")
    assert "不含个人信息" in require_source_may_build(registration, synthetic=False, as_of=TODAY)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        (NO_ASSESSMENT, "source.no_assessment"),
        ({"assessment_id": ""}, "source.no_assessment"),
        ({"assessment_approved_on": None}, "source.no_assessment"),
        ({"assessment_approved_on": date(2026, 11, 21)}, "source.no_assessment"),
        ({"assessment_approved_on": date(2023, 11, 20)}, "source.assessment_expired"),
        ({"handler": ""}, "source.incomplete"),
        ({"legal_basis": ""}, "source.incomplete"),
        ({"agreement": ""}, "source.incomplete"),
        ({"permitted_purposes": ()}, "source.incomplete"),
        ({"notice_version": ""}, "source.incomplete"),
        ({"retention_days": 0}, "source.incomplete"),
        ({"refresh_days": 0}, "source.incomplete"),
        ({"permitted_purposes": ("person_scoring",)}, "purpose.denied"),
        ({"permitted_purposes": ("anything",)}, "purpose.unknown"),
    ],
)
def test_a_real_source_that_lacks_something_does_not_build(changes: dict, code: str) -> None:
    with pytest.raises(Refusal) as refusal:
        require_source_may_build(a_registration(**changes), synthetic=False, as_of=TODAY)
    assert refusal.value.code == code


@pytest.mark.parametrize("purpose", ["person_scoring", "anything"])
def test_even_a_synthetic_package_names_only_known_purposes(purpose: str) -> None:
    with pytest.raises(Refusal):
        require_source_may_build(
            a_registration(permitted_purposes=(purpose,)), synthetic=True, as_of=TODAY
        )


def test_an_assessment_holds_to_its_last_day_and_not_a_day_longer() -> None:
    registration = a_registration(assessment_approved_on=date(2024, 2, 29))
    assert require_source_may_build(registration, synthetic=False, as_of=date(2027, 2, 28))
    with pytest.raises(Refusal):
        require_source_may_build(registration, synthetic=False, as_of=date(2027, 3, 1))
