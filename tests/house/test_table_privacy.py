"""Every column of every table, ours or a package's, bulk or not, has a sensitivity and its table a retention."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

import pytest
from django.apps import apps
from django.db import models

import kuai
from kuai.guard.engine.forbidden_columns import find_forbidden_column
from kuai.guard.third_party_tables import THIRD_PARTY_TABLES
from kuai.guard.types import TablePrivacy
from kuai.kit.tables import CATALOGUE, BulkTable, Sensitivity

# How exactly a day is known tells nothing of the day.
NOT_A_BIRTH_DATE = frozenset({"birth_precision"})


def declared_tables() -> list[BulkTable]:
    """The catalogue after every room has declared its tables."""
    for module in pkgutil.walk_packages(kuai.__path__, "kuai."):
        if module.name.endswith(".types"):
            importlib.import_module(module.name)
    return sorted(CATALOGUE.tables.values(), key=lambda table: table.name)


def all_models() -> list[type[models.Model]]:
    found = (m for m in apps.get_models(include_auto_created=True) if m._meta.managed)
    return sorted(found, key=lambda model: model._meta.label)


def is_ours(model: type[models.Model]) -> bool:
    return model.__module__.startswith("kuai.")


def privacy_of(model: type[models.Model]) -> TablePrivacy | None:
    if is_ours(model):
        return model.__dict__.get("privacy")
    return THIRD_PARTY_TABLES.get(model._meta.label)


def columns_of(model: type[models.Model]) -> list[str]:
    return [field.name for field in model._meta.concrete_fields]


def levelled_columns() -> Iterator[tuple[str, str, Sensitivity]]:
    """(table, column, level) of everything."""
    for table in declared_tables():
        yield from ((table.name, column.name, column.level) for column in table.columns)
    for model in all_models():
        privacy = privacy_of(model)
        for name, level in (privacy.levels if privacy else {}).items():
            yield model._meta.label, name, level


def faults_of_model(model: type[models.Model]) -> list[str]:
    label, privacy = model._meta.label, privacy_of(model)
    if privacy is None:
        return [f"{label}: no privacy"]
    faults = [
        f"{label}.{name}: no level" for name in columns_of(model) if name not in privacy.levels
    ]
    faults += [
        f"{label}.{name}: no such column"
        for name in privacy.levels
        if name not in columns_of(model)
    ]
    faults += [] if privacy.retention.strip() else [f"{label}: no retention"]
    faults += [
        f"{label}.{name}: {level!r} is no level"
        for name, level in privacy.levels.items()
        if not isinstance(level, Sensitivity)
    ]
    return faults


def faults_of_table(table: BulkTable) -> list[str]:
    faults = [] if table.retention.strip() else [f"{table.name}: no retention"]
    faults += [] if table.row.strip() else [f"{table.name}: what does one row mean?"]
    for column in table.columns:
        if not isinstance(column.level, Sensitivity):
            faults.append(f"{table.name}.{column.name}: no level")
        if not column.meaning.strip():
            faults.append(f"{table.name}.{column.name}: no meaning")
    return faults


def is_of_birth_or_child(column: str) -> bool:
    return (
        bool({"birth", "child", "children"} & set(column.split("_")))
        and column not in NOT_A_BIRTH_DATE
    )


@pytest.mark.parametrize("model", all_models(), ids=lambda model: model._meta.label)
def test_every_column_of_the_work_database_has_a_level_and_its_table_a_retention(model) -> None:
    assert faults_of_model(model) == []


def test_every_model_of_ours_says_what_one_row_means() -> None:
    silent = [
        m._meta.label
        for m in all_models()
        if is_ours(m) and "one row" not in (m.__doc__ or "").lower()
    ]
    assert silent == []


def test_every_column_of_every_bulk_table_has_a_level_and_its_table_a_retention() -> None:
    tables = declared_tables()
    assert {"person_mention", "identity", "person", "relation", "block"} <= {t.name for t in tables}
    assert [fault for table in tables for fault in faults_of_table(table)] == []


def test_whatever_tells_a_birth_or_a_child_is_sensitive() -> None:
    low = [
        f"{table}.{column}"
        for table, column, level in levelled_columns()
        if is_of_birth_or_child(column) and level < Sensitivity.L3
    ]
    assert low == []


def test_identity_numbers_and_their_tokens_are_of_the_highest_level() -> None:
    low = [
        f"{table}.{column}"
        for table, column, level in levelled_columns()
        if column in ("id_number", "id_token", "password", "salt") and level < Sensitivity.L4
    ]
    assert low == []


def test_no_table_has_a_column_that_must_not_exist() -> None:
    forbidden = {
        f"{table}.{column}": find_forbidden_column(column)
        for table, column, _ in levelled_columns()
        if find_forbidden_column(column)
    }
    assert forbidden == {}


def test_every_labelled_table_of_a_package_is_there() -> None:
    present = {model._meta.label for model in all_models()}
    assert set(THIRD_PARTY_TABLES) <= present


@pytest.mark.parametrize(
    "column",
    [
        "person_score", "person_track", "imsi", "sim_imei", "mac", "wifi_mac_address", "face_feature",
        "plate", "car_plate_no", "ethnic", "ethnicity", "ethnic_group", "religion", "religious_belief",
        "political_status", "monthly_consumption", "PERSON_SCORE", "risk_score", "fingerprint",
    ],
)  # fmt: skip
def test_the_linter_knows_a_forbidden_column_when_it_sees_one(column: str) -> None:
    assert find_forbidden_column(column)


@pytest.mark.parametrize(
    "column",
    [
        "template", "hk_macau_taiwan", "machine", "surface", "interface_no", "credit_code", "display_name",
        "score_of_address",
    ],
)  # fmt: skip
def test_the_linter_leaves_innocent_columns_alone(column: str) -> None:
    assert find_forbidden_column(column) is None


def test_a_model_that_forgets_a_column_or_all_of_it_is_found() -> None:
    class Meta:
        app_label = "guard"
        managed = False

    fields = {"__module__": "kuai.guard.models", "Meta": Meta, "phone": models.TextField()}
    bare = type("BareProbe", (models.Model,), dict(fields))
    half = type(
        "HalfProbe",
        (models.Model,),
        {
            **fields,
            "phone": models.TextField(),
            "privacy": TablePrivacy(retention=" ", levels={"id": Sensitivity.L1}),
        },
    )
    try:
        assert faults_of_model(bare) == ["guard.BareProbe: no privacy"]
        assert faults_of_model(half) == [
            "guard.HalfProbe.phone: no level",
            "guard.HalfProbe: no retention",
        ]
    finally:
        for name in ("bareprobe", "halfprobe"):
            apps.all_models["guard"].pop(name)
        apps.clear_cache()
