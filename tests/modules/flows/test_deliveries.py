"""Which delivery of its series a file is, under which registration it comes in, and what the gate says."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from kuai.flows.deliveries import ReceivedResource, period_of
from kuai.flows.queries import is_synthetic, list_sources, list_stage_receipts
from kuai.flows.registration import BUILDER, gate_of, registrar_of
from kuai.guard import access, queries
from kuai.guard.types import Zone
from kuai.kit.errors import Refusal
from kuai.kit.receipt import Receipt
from kuai.kit.store import Store, write_json
from kuai.sources import actions as sources
from kuai.sources.types import SnapshotRef

NOW = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
TODAY = date(2026, 11, 22)
REGISTER = ("姓名", "身份证号码", "现住地址")
FIRMS = ("企业名称", "统一社会信用代码", "注册地址")


def a_file(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def a_resource(*paths: Path, name: str = "register") -> sources.Resource:
    return sources.Resource(name=name, title="登记", paths=paths, department="公安分局")


def received_before(store: Store, resource: sources.Resource, period: str) -> None:
    folder = store.vault / "core" / resource.name / period
    folder.mkdir(parents=True)
    write_json(folder / "snapshot.json", {"content_hash": sources.hash_parts(resource.paths)})


def test_the_first_delivery_is_number_one_and_the_next_is_two(store: Store, tmp_path: Path) -> None:
    october = a_resource(a_file(tmp_path, "10.csv", "a\n1\n"))
    assert period_of(store, october) == "0001"
    received_before(store, october, "0001")
    november = a_resource(a_file(tmp_path, "11.csv", "a\n2\n"))
    assert period_of(store, november) == "0002"


def test_the_same_bytes_are_the_same_delivery_under_any_file_name(
    store: Store, tmp_path: Path
) -> None:
    received_before(store, a_resource(a_file(tmp_path, "10.csv", "a\n1\n")), "0001")
    received_before(store, a_resource(a_file(tmp_path, "11.csv", "a\n2\n")), "0002")
    again = a_resource(a_file(tmp_path, "again.csv", "a\n1\n"))
    assert period_of(store, again) == "0001"


def test_a_series_is_of_one_source(store: Store, tmp_path: Path) -> None:
    received_before(store, a_resource(a_file(tmp_path, "10.csv", "a\n1\n")), "0001")
    other = a_resource(a_file(tmp_path, "o.csv", "a\n1\n"), name="others")
    assert period_of(store, other) == "0001"


def received(headings: tuple[str, ...], rows: list[tuple[str, ...]]) -> ReceivedResource:
    columns = [list(column) for column in zip(*rows, strict=True)]
    from kuai.sources.engine.suggesting import suggest_mapping

    resource = sources.Resource(name="register", title="登记", paths=(), department="公安分局")
    snapshot = SnapshotRef("register", "0001", "r.csv", "hash", headings, len(rows))
    mapping = suggest_mapping("register", headings, columns)
    return ReceivedResource(resource, snapshot, mapping, Receipt("receive", len(rows), len(rows)))


PERSONS = received(REGISTER, [("测试甲", "440381199001011237", "坪山街道枫湾围3号101")] * 3)
COMPANIES = received(FIRMS, [("深圳市某某有限公司", "914403001921809577", "南山区麒麟路口")] * 3)


@pytest.mark.django_db
def test_an_invented_source_is_registered_as_such_and_may_build() -> None:
    access.load_purposes()
    registration = registrar_of(synthetic=True, at=NOW)(PERSONS)
    assert registration.synthetic
    assert registration.has_personal_columns
    assert queries.find_source("register") == registration
    assert gate_of(synthetic=True)(TODAY)(registration)


@pytest.mark.django_db
def test_a_real_source_of_persons_is_not_registered_by_the_build_and_may_not() -> None:
    access.load_purposes()
    registration = registrar_of(synthetic=False, at=NOW)(PERSONS)
    assert registration.has_personal_columns
    assert queries.find_source("register") is None
    with pytest.raises(Refusal) as refusal:
        gate_of(synthetic=False)(TODAY)(registration)
    assert "register" in refusal.value.sentence
    assert refusal.value.next_step


@pytest.mark.django_db
def test_a_public_list_of_firms_may_build_unregistered() -> None:
    access.load_purposes()
    registration = registrar_of(synthetic=False, at=NOW)(COMPANIES)
    assert not registration.has_personal_columns
    assert gate_of(synthetic=False)(TODAY)(registration)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("approved_on", "may"), [(date(2026, 2, 15), True), (None, False), (date(2026, 12, 1), False)]
)
def test_an_approved_assessment_is_what_lets_real_persons_in(
    approved_on: date | None, *, may: bool
) -> None:
    access.load_purposes()
    drafted = registrar_of(synthetic=False, at=NOW)(PERSONS)
    complete = replace(
        drafted,
        legal_basis="职责清单第 12 项",
        agreement="2026-017",
        notice_version="v2",
        assessment_id="PIA-1" if approved_on else "",
        assessment_approved_on=approved_on,
    )
    access.register_source(complete, by=BUILDER, at=NOW)
    registration = registrar_of(synthetic=False, at=NOW)(PERSONS)
    assert registration == complete
    gate = gate_of(synthetic=False)(TODAY)
    if may:
        assert gate(registration)
    else:
        with pytest.raises(Refusal):
            gate(registration)


@pytest.mark.django_db
def test_a_registration_as_invented_does_not_serve_real_data() -> None:
    access.load_purposes()
    registrar_of(synthetic=True, at=NOW)(PERSONS)
    registration = registrar_of(synthetic=False, at=NOW)(PERSONS)
    assert not registration.synthetic
    with pytest.raises(Refusal):
        gate_of(synthetic=False)(TODAY)(registration)


@pytest.mark.django_db
def test_a_registration_that_denies_its_persons_does_not_let_them_in() -> None:
    access.load_purposes()
    denied = replace(
        registrar_of(synthetic=False, at=NOW)(PERSONS),
        legal_basis="职责清单第 12 项",
        agreement="2026-017",
        has_personal_columns=False,
    )
    access.register_source(denied, by=BUILDER, at=NOW)
    registration = registrar_of(synthetic=False, at=NOW)(PERSONS)
    assert registration.has_personal_columns
    with pytest.raises(Refusal):
        gate_of(synthetic=False)(TODAY)(registration)


@pytest.mark.django_db
def test_a_source_of_real_persons_is_not_let_in_as_invented() -> None:
    access.load_purposes()
    drafted = registrar_of(synthetic=False, at=NOW)(PERSONS)
    access.register_source(replace(drafted, legal_basis="职责清单"), by=BUILDER, at=NOW)
    with pytest.raises(Refusal) as refusal:
        registrar_of(synthetic=True, at=NOW)(PERSONS)
    assert refusal.value.code == "source.is_real"


def test_an_unbuilt_store_has_no_sources_and_is_not_synthetic(store: Store) -> None:
    assert list_sources(store) == []
    assert list_stage_receipts(store) == []
    assert not is_synthetic(store)
    write_json(store.root / "tenant.json", {"synthetic": True})
    assert is_synthetic(store)
    assert PERSONS.zone is Zone.CORE
