"""Real texts: 500 firms' addresses against labels made by hand, accuracy by class of difficulty.

Reads ../shared/data/enterprises; labels by row number in tests/modules/address/labels. Skips where the data is absent.
"""

from __future__ import annotations

import csv
import sys
import tempfile
from collections import Counter
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
sys.path.insert(0, str(REPOSITORY))

import duckdb  # noqa: E402

from kuai.address.actions import read_division_library  # noqa: E402
from kuai.address.gazetteer import FOLDER  # noqa: E402
from kuai.address.queries import open_library  # noqa: E402
from tests.modules.address.real_addresses import Outcome, judge_all  # noqa: E402

FIRMS = REPOSITORY.parent / "shared" / "data" / "enterprises" / "shenzhen.csv"


def main() -> int:
    if not FIRMS.is_file():
        print(f"skipped: {FIRMS} is absent")
        return 0
    with duckdb.connect() as connection, tempfile.TemporaryDirectory() as folder:
        divisions, _ = read_division_library(connection, Path(folder))
        library = open_library(divisions)
    with (FOLDER / "divisions.csv").open(encoding="utf-8", newline="") as stream:
        parents = {row["code"]: row["parent_code"] for row in csv.DictReader(stream)}
    print_table(judge_all(FIRMS, library, parents))
    return 0


def print_table(outcomes: Counter[tuple[str, Outcome]]) -> None:
    """One line a class of difficulty, then the sum."""
    classes = sorted({error_class for error_class, _ in outcomes})
    print(f"{'class':<42}{'rows':>6}" + "".join(f"{one.value:>19}" for one in Outcome))
    for error_class in (*classes, ""):
        counts = [
            sum(n for (c, o), n in outcomes.items() if o is one and error_class in ("", c))
            for one in Outcome
        ]
        name = error_class or "all"
        print(f"{name:<42}{sum(counts):>6}" + "".join(f"{count:>19}" for count in counts))


if __name__ == "__main__":
    raise SystemExit(main())
