"""In CI no test that reads ../shared may skip; on a desk without ../shared it may."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.tracked_files import REPOSITORY

CONFTEST = "from tests.conftest import pytest_runtest_makereport\n"
TESTS = """
import pytest

@pytest.fixture
def absent_folder():
    pytest.skip("no shared data here")

@pytest.mark.shared
def test_that_skips_in_its_fixture(absent_folder):
    pass

@pytest.mark.shared
def test_that_skips_itself():
    pytest.skip("not today")

@pytest.mark.shared
@pytest.mark.skipif(True, reason="never")
def test_that_is_marked_to_skip():
    pass

@pytest.mark.shared
@pytest.mark.xfail(reason="known", strict=True)
def test_that_is_known_to_fail():
    assert False

def test_that_reads_nothing_shared():
    pytest.skip("allowed")
"""


def outcomes(folder: Path, *, ci: str) -> str:
    (folder / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    (folder / "test_planted.py").write_text(TESTS, encoding="utf-8")
    (folder / "pytest.ini").write_text(
        "[pytest]\nmarkers =\n    shared: reads shared data\n", encoding="utf-8"
    )
    environment = {**os.environ, "CI": ci, "PYTHONPATH": str(REPOSITORY)}
    plain = ("-p", "no:django", "-p", "no:xdist", "-p", "no:cacheprovider")
    command = [sys.executable, "-m", "pytest", "-q", *plain, "test_planted.py"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    return done.stdout.splitlines()[-1]


def test_in_ci_a_skipped_shared_test_fails(tmp_path: Path) -> None:
    last = outcomes(tmp_path, ci="true")
    assert "1 failed" in last, last
    assert "2 errors" in last, last  # skipped before they began: the fixture and the mark
    assert "1 skipped" in last, last
    assert "1 xfailed" in last, last


@pytest.mark.parametrize("ci", ["", "false"])
def test_elsewhere_it_is_skipped(tmp_path: Path, ci: str) -> None:
    last = outcomes(tmp_path, ci=ci)
    assert "failed" not in last.replace("xfailed", ""), last
    assert "4 skipped" in last, last


def test_ci_says_that_it_is_ci() -> None:
    assert "export CI=${CI:-true}" in (REPOSITORY / ".ci" / "run").read_text(encoding="utf-8")
