"""The ledger of a store: sealed, carried away, verified offline; a changed copy is found and the line named."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from kuai.kit.store import Store
from tests.stories import towns


@pytest.fixture(scope="module")
def ledger(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the auditor carries away from a store in which somebody looked at rows."""
    folder = tmp_path_factory.mktemp("audit")
    store = folder / "store"
    shutil.copytree(built, store)
    shutil.copytree(Store(built).keys, Store(store).keys)
    for row in range(3):
        towns.run_well("explain", "mention", "police_residents", row, "--store", store)
    towns.run_well("ledger", "seal", "--store", store)
    towns.run_well("ledger", "export", "-o", folder / "out", "--store", store)
    shutil.rmtree(store)
    return folder / "out"


@pytest.fixture
def copy(ledger: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(ledger, tmp_path / "copy"))


def entries_of(folder: Path) -> Path:
    (path,) = folder.glob("entries-*.jsonl")
    return path


def verify(folder: Path) -> towns.Answer:
    checkpoint = next(folder.glob("checkpoint*"))
    return towns.run_kuai(
        "ledger", "verify", entries_of(folder), "--checkpoint", checkpoint, "--json"
    )


def test_an_untouched_ledger_is_whole_up_to_its_checkpoint(copy: Path) -> None:
    answer = verify(copy)
    assert answer.exit_code == 0, answer.stdout
    verdict = answer.json()
    assert verdict["is_whole"]
    assert verdict["faults"] == []
    assert verdict["entries"] == verdict["anchored_at"] > 5


@pytest.mark.parametrize("tampering", ["changed", "deleted", "inserted", "swapped", "cut"])
def test_a_tampered_copy_is_found_and_the_place_named(copy: Path, tampering: str) -> None:
    path = entries_of(copy)
    lines = path.read_bytes().splitlines(keepends=True)
    place = len(lines) // 2
    if tampering == "changed":
        changed = lines[place].replace(b"os:", b"oz:", 1).replace(b'"build"', b'"bui1d"', 1)
        assert changed != lines[place]
        lines[place] = changed
    elif tampering == "deleted":
        del lines[place]
    elif tampering == "inserted":
        lines.insert(place, lines[place])
    elif tampering == "swapped":
        lines[place], lines[place + 1] = lines[place + 1], lines[place]
    else:
        del lines[-2:]
    path.write_bytes(b"".join(lines))
    answer = verify(copy)
    assert answer.exit_code == 1
    verdict = answer.json()
    assert not verdict["is_whole"]
    named = [fault["line"] for fault in verdict["faults"]]
    expected = len(lines) if tampering == "cut" else place + 1
    assert any(abs(line - expected) <= 1 for line in named), (named, expected)
    words = towns.run_kuai("ledger", "verify", path, "--checkpoint", next(copy.glob("checkpoint*")))
    assert words.exit_code == 1
    assert "有改动" in words.stdout
    assert "行" in words.stdout
