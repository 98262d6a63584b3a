"""Each kind of trespass, planted in a scratch copy, breaks exactly one rule of the house."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.test_front_doors import trespasses_in

REPOSITORY = Path(__file__).parents[2]
LINTER = Path(sys.executable).with_name("lint-imports")

STOREYS = "Modules may only import downwards"
SERVICES = "Public services do not know each other"
SPLINK = "Splink is used in linkage only"
ENGINES = "Engines know no framework"

TRESPASSES = [
    ("an upward import", {"kuai/kit/planted.py": "import kuai.guard.types\n"}, STOREYS),
    (
        "a sideways import between siblings",
        {"kuai/blocks/planted.py": "import kuai.address.types\n"},
        STOREYS,
    ),
    ("a room that is in no layer", {"kuai/annex/__init__.py": ""}, STOREYS),
    ("Django inside an engine", {"kuai/blocks/engine/planted.py": "import django.db\n"}, ENGINES),
    ("Django inside the hallway", {"kuai/kit/planted.py": "import django.conf\n"}, ENGINES),
    ("Splink outside linkage", {"kuai/registry/planted.py": "import splink\n"}, SPLINK),
    (
        "one public service knowing another",
        {
            "kuai/services/rental/__init__.py": "",
            "kuai/services/care/__init__.py": "import kuai.services.rental\n",
        },
        SERVICES,
    ),
]


@pytest.fixture(scope="module")
def scratch_house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    copy = tmp_path_factory.mktemp("house")
    shutil.copy(REPOSITORY / ".importlinter", copy)
    shutil.copytree(
        REPOSITORY / "kuai",
        copy / "kuai",
        ignore=shutil.ignore_patterns("__pycache__", "static", "locale", "*.csv*"),
    )
    return copy


def broken_contracts(house: Path) -> list[str]:
    # Without a cache, because two planted files may have the same name.
    report = subprocess.run(
        [str(LINTER), "--no-cache"],
        cwd=house,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(house), "COLUMNS": "200"},
    ).stdout
    known = (STOREYS, SERVICES, SPLINK, ENGINES)
    kept_or_broken = [
        line for line in report.splitlines() if line.rstrip().endswith(("KEPT", "BROKEN"))
    ]
    assert len(kept_or_broken) == len(known), report
    return [
        name
        for name in known
        if any(line.startswith(name) and "BROKEN" in line for line in kept_or_broken)
    ]


def test_the_house_as_it_stands_keeps_every_contract(scratch_house):
    assert broken_contracts(scratch_house) == []


@pytest.mark.parametrize(
    ("files", "rule"), [case[1:] for case in TRESPASSES], ids=[case[0] for case in TRESPASSES]
)
def test_a_planted_trespass_breaks_exactly_one_rule(scratch_house, files, rule):
    created = []
    try:
        for name, text in files.items():
            path = scratch_house / name
            if not path.parent.exists():
                path.parent.mkdir(parents=True)
                created.append(path.parent)
            path.write_text(text, encoding="utf-8")
            created.append(path)
        assert broken_contracts(scratch_house) == [rule]
    finally:
        for path in reversed(created):
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


@pytest.mark.parametrize(
    "text",
    [
        "from kuai.blocks.reading import BlockReader\n",
        "import kuai.registry.building\n",
        "from kuai.guard import models\n",
    ],
)
def test_reaching_past_a_front_door_is_seen(scratch_house, text):
    planted = scratch_house / "kuai" / "flows" / "planted.py"
    planted.write_text(text, encoding="utf-8")
    try:
        assert len(trespasses_in(scratch_house / "kuai")) == 1
    finally:
        planted.unlink()
