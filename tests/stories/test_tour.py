"""docs/tour.md can be followed as written: every command of the page runs, in order, on the demo city it makes."""

from __future__ import annotations

import csv
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
TOUR = REPOSITORY / "docs" / "tour.md"
FENCE = re.compile(r"```console\n(.*?)```", re.DOTALL)
# Setting up is what brought us here; the portal stays until it is stopped (tests/modules/web drives it).
LEFT_OUT = ("make setup", "export PATH", "mkdir -p", "kuai run-demo")
FOLLOWED_ROW = ("police_residents", "647")


def commands_of_the_tour() -> list[str]:
    lines = [
        line for block in FENCE.findall(TOUR.read_text("utf-8")) for line in block.splitlines()
    ]
    commands = [line[2:] for line in lines if line.startswith("$ ")]
    return [command for command in commands if not command.startswith(LEFT_OUT)]


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What each command of the page printed; the first that fails ends the tour."""
    folder = tmp_path_factory.mktemp("tour")
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("KUAI_")
    }
    # A wide terminal, so that sentences are not wrapped.
    environment |= {"COLUMNS": "200", "LC_ALL": "C.UTF-8"}
    environment["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    printed = {}
    for command in commands_of_the_tour():
        done = subprocess.run(
            ["bash", "-c", command], cwd=folder, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, f"$ {command}\n{done.stdout}\n{done.stderr[-2000:]}"
        printed[command] = done.stdout
    with (folder / "city" / "truth" / "rows.csv").open(encoding="utf-8", newline="") as lines:
        truth = {(row["resource"], row["row"]): row["room_code"] for row in csv.DictReader(lines)}
    return printed | {"the room the row means": truth[FOLLOWED_ROW]}


def answer_to(answers: dict[str, str], beginning: str) -> str:
    return next(text for command, text in answers.items() if command.startswith(beginning))


def test_every_command_of_the_tour_runs(answers):
    assert len(answers) > 12
    assert any(command.startswith("kuai build") for command in answers)


def test_the_followed_record_ends_in_the_room_it_means(answers):
    room = answers["the room the row means"]
    assert room in answer_to(answers, "kuai explain mention police_residents 647")
    assert room in answer_to(answers, "kuai explain address")
    # The page shows the same room, so its readers see what the page says.
    assert room in TOUR.read_text(encoding="utf-8")


def test_the_tour_shows_one_person_in_several_departments(answers):
    lines = answer_to(answers, "code=").splitlines()
    assert len({line.split(",")[0] for line in lines}) >= 4


def test_the_followed_relation_comes_from_the_followed_row(answers):
    assert "police_residents 第 647 行" in answer_to(answers, "number=")


def test_the_tour_ends_in_a_whole_ledger(answers):
    assert "完好" in answer_to(answers, "kuai ledger verify")


def test_the_tours_building_is_a_block(answers):
    # How wide a column is hangs on the counters beneath.
    lines = answer_to(answers, "kuai block 4403100010010300010").splitlines()
    cells = [[cell.strip() for cell in line.strip("│ ").split("│")] for line in lines]
    assert ["房屋", "72"] in [found[:2] for found in cells]
