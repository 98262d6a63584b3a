"""The compiled engine is used only while it fits the sources, and never needed."""

from __future__ import annotations

from pathlib import Path

import pytest

from kuai.address import compiled_engine
from kuai.address.compiled_engine import MODULES, STAMP_FILE, find_compiled, stamp_of_sources


@pytest.fixture
def compiled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(compiled_engine, "COMPILED", tmp_path)
    monkeypatch.delenv("KUAI_PURE_PYTHON", raising=False)
    return tmp_path


def test_without_compiled_modules_the_engine_is_python(compiled: Path) -> None:
    assert find_compiled() is None


def test_compiled_modules_that_fit_the_sources_are_used(compiled: Path) -> None:
    (compiled / STAMP_FILE).write_text(stamp_of_sources())
    assert find_compiled() == compiled


def test_compiled_modules_of_other_sources_are_ignored(compiled: Path) -> None:
    (compiled / STAMP_FILE).write_text("0" * 64)
    assert find_compiled() is None


def test_pure_python_can_be_asked_for(compiled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (compiled / STAMP_FILE).write_text(stamp_of_sources())
    monkeypatch.setenv("KUAI_PURE_PYTHON", "1")
    assert find_compiled() is None


def test_every_module_to_compile_is_one_of_the_engine() -> None:
    assert all((compiled_engine.ENGINE / f"{module}.py").is_file() for module in MODULES)
