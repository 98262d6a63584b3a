"""Real people's data do not build without an approved impact assessment, and nobody reads them without a ticket."""

from __future__ import annotations

from pathlib import Path

import pytest

from kuai.kit.store import Store, read_json, write_json
from tests.stories import towns


@pytest.fixture(scope="module")
def real_package(town: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same extracts, said to be of real people."""
    return towns.copy_town(town, tmp_path_factory.mktemp("real") / "package", synthetic=False)


@pytest.fixture(scope="module")
def refused(real_package: Path) -> tuple[towns.Answer, Path]:
    store = real_package.with_name("store")
    return towns.run_kuai("build", real_package, "--store", store), store


def test_the_refusal_names_the_source_and_what_to_do(refused: tuple[towns.Answer, Path]) -> None:
    answer, _ = refused
    assert answer.exit_code == towns.BUILD_EXIT_REFUSED
    assert "police_residents" in answer.sentences
    assert "下一步" in answer.sentences
    assert "Traceback" not in answer.stderr
    assert answer.stdout.strip() == ""


def test_nothing_is_published_and_nothing_is_half_written(
    refused: tuple[towns.Answer, Path],
) -> None:
    _, store = refused
    assert Store(store).current_version() is None
    assert list((store / "builds").iterdir()) == []
    assert [path for path in (store / "extracts").rglob("*") if path.is_file()] == []
    assert towns.leftovers(store) == []
    assert towns.run_kuai("block", "440310", "--store", store).exit_code == towns.BUILD_EXIT_REFUSED


def test_what_was_received_rests_sealed(
    refused: tuple[towns.Answer, Path], real_package: Path
) -> None:
    _, store = refused
    numbers = [row["身份证号码"] for row in towns.read_extract(real_package, "police_residents")]
    written = b"".join(path.read_bytes() for path in store.rglob("*") if path.is_file())
    numbers = [number for number in numbers if len(set(number)) > 2]
    assert len(numbers) > 100
    assert sum(number.encode() in written for number in numbers) == 0


def test_a_registered_source_still_needs_its_approved_assessment(
    refused: tuple[towns.Answer, Path], real_package: Path, tmp_path: Path
) -> None:
    _, store = refused
    card = {
        "source": "police_residents",
        "title": "实有人口登记",
        "zone": "core",
        "handler": "公安分局",
        "legal_basis": "职责清单第 12 项",
        "agreement": "2026-017",
        "permitted_purposes": ["record_review"],
        "notice_version": "v2",
        "assessment_id": "",
        "assessment_approved_on": None,
        "retention_days": 365,
        "refresh_days": 31,
        "has_personal_columns": True,
    }
    answer = register(store, card)
    assert answer.exit_code == 0, answer.stderr
    again = towns.run_kuai("build", real_package, "--store", store)
    assert again.exit_code == towns.BUILD_EXIT_REFUSED
    assert "police_residents" in again.sentences
    assert "评估" in again.sentences
    assert Store(store).current_version() is None


def register(store: Path, card: dict) -> towns.Answer:
    path = store.with_name("registration.json")
    write_json(path, card)
    return towns.run_kuai("sources", "register", path, "--store", store)


@pytest.fixture
def real_store(own_store: Path) -> Path:
    """The built store, had its people been real."""
    write_json(
        own_store / "tenant.json", {**read_json(own_store / "tenant.json"), "synthetic": False}
    )
    return own_store


@pytest.mark.parametrize(
    "words",
    [
        ("export", "mentions", "-o", "OUT"),
        ("explain", "mention", "police_residents", "3"),
        ("explain", "relation", "5"),
        ("sources", "refused", "police_residents", "-o", "OUT"),
    ],
    ids=["export", "mention", "relation", "refused"],
)
def test_commands_that_touch_real_persons_ask_for_a_ticket(
    real_store: Path, tmp_path: Path, words: tuple[str, ...]
) -> None:
    out = tmp_path / "out.csv"
    written = [out if word == "OUT" else word for word in words]
    bare = towns.run_kuai(*written, "--store", real_store)
    assert bare.exit_code == towns.BUILD_EXIT_REFUSED
    assert "凭据" in bare.sentences
    invented = towns.run_kuai(*written, "--store", real_store, "--ticket", "T-0123456789abcdef")
    assert invented.exit_code == towns.BUILD_EXIT_REFUSED
    assert "凭据" in invented.sentences
    assert not out.exists()
    assert bare.stdout.strip() == invented.stdout.strip() == ""


def test_a_store_that_once_held_real_people_stays_real(own_store: Path, real_package: Path) -> None:
    towns.run_kuai("build", real_package, "--store", own_store)
    answer = towns.run_kuai("explain", "mention", "police_residents", "3", "--store", own_store)
    assert answer.exit_code == towns.BUILD_EXIT_REFUSED


def test_blocks_of_a_real_store_are_counted_without_a_ticket(real_store: Path) -> None:
    answer = towns.run_well("block", "440310", "--store", real_store, "--json")
    assert answer.json()["counters"]["rooms"] == 400
