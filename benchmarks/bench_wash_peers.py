"""The wash beside its peers, in one run, one core each: rows a second, deepest level, how many right.

Real texts: 14,964 firms' addresses (../shared/data/enterprises), the district judged on the 500 labelled by hand.
Rooms: the synthetic sample (../shared/sample) against its truth; uk_address_matcher's method on our library there.
The peers are installed into an environment of their own under var/ on the first run; without it they are skipped.
"""

from __future__ import annotations

import csv
import json
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
sys.path.insert(0, str(REPOSITORY))

import duckdb  # noqa: E402

from kuai.address.actions import read_division_library  # noqa: E402
from kuai.address.queries import OpenLibrary, open_library  # noqa: E402
from tests.modules.address.real_addresses import TEXT_COLUMN, read_labels  # noqa: E402

SHARED = REPOSITORY.parent / "shared"
FIRMS = SHARED / "data" / "enterprises" / "shenzhen.csv"
SAMPLE = SHARED / "sample"
PEERS = Path(__file__).parent / "peers"
PEER_ENVIRONMENT = REPOSITORY / "var" / "peers"
# Peers slower than a thousand rows a second are asked about fewer rows; the rate is what counts.
MOST_ROWS = {"cpca": 20_000, "addressparser": 20_000, "jionlp": 1_500, "uk_address_matcher": 500}
SAMPLE_COLUMNS = {
    "police_residents": "现住地址",
    "rental_filings": "租赁房屋地址",
    "water_usage": "用水地址",
    "access_cards": "房号",
}


@dataclass(frozen=True)
class Line:
    """One line of the table."""

    who: str
    rows_a_second: float
    right: float
    asked: int
    deepest: str


def main() -> int:
    if not FIRMS.is_file() or not SAMPLE.is_dir():
        print("skipped: ../shared is absent")
        return 0
    python = peer_python()
    print_table("real texts: district right on labelled rows that name one", compare_real(python))
    print_table("the sample's rooms and buildings: code right", compare_rooms(python))
    return 0


def peer_python() -> Path | None:
    """The peers' interpreter, made on the first run; None where they cannot be installed."""
    python = PEER_ENVIRONMENT / "bin" / "python"
    ready = PEER_ENVIRONMENT / ".ready"
    if ready.exists():
        return python
    subprocess.run([sys.executable, "-m", "venv", str(PEER_ENVIRONMENT)], check=True)
    install = [python, "-m", "pip", "install", "-q", "-r", str(PEERS / "requirements.txt")]
    if subprocess.run(install, stderr=subprocess.DEVNULL).returncode != 0:
        print("peers cannot be installed here: skipped")
        return None
    ready.touch()
    return python


def compare_real(python: Path | None) -> list[Line]:
    with FIRMS.open(encoding="utf-8-sig", newline="") as stream:
        texts = [row[TEXT_COLUMN] or "无" for row in csv.DictReader(stream)]
    labels = [label for label in read_labels() if label.code]
    # The labelled rows stand first, so that every peer is asked about them.
    ordered = [texts[label.row] for label in labels]
    ordered += [text for row, text in enumerate(texts) if row not in {one.row for one in labels}]
    with duckdb.connect() as connection, tempfile.TemporaryDirectory() as folder:
        divisions, _ = read_division_library(connection, Path(folder))
        library = open_library(divisions)
        rows = connection.sql(
            f"select address_code, name from read_parquet('{divisions.paths[0]}')"
        ).fetchall()
    names = dict(rows)
    wanted = [names[label.code[:6]] for label in labels]
    ours, rate = wash_all(library, ordered)
    lines = [
        Line(
            "kuai", rate, share([names.get(c[:6], "") for c in ours], wanted), len(ordered), "room"
        )
    ]
    for peer, deepest in (("cpca", "district"), ("addressparser", "district"), ("jionlp", "town")):
        asked = ask(python, peer, ordered[: MOST_ROWS[peer]])
        if asked:
            answers, rate = asked
            found = [names.get(one, one.partition("|")[0]) for one in answers]
            lines.append(Line(peer, rate, share(found, wanted), len(answers), deepest))
    return lines


def compare_rooms(python: Path | None) -> list[Line]:
    with (SAMPLE / "truth" / "rows.csv").open(encoding="utf-8", newline="") as stream:
        truth = {
            (row["resource"], int(row["row"])): row["room_code"] for row in csv.DictReader(stream)
        }
    rows: list[tuple[str, str]] = []
    encodings = {
        one["name"]: one["encoding"]
        for one in json.loads((SAMPLE / "datapackage.json").read_text(encoding="utf-8"))[
            "resources"
        ]
        if one["name"] in SAMPLE_COLUMNS
    }
    for resource, column in SAMPLE_COLUMNS.items():
        file = SAMPLE / "extracts" / f"{resource}.csv"
        with file.open(encoding=encodings[resource], errors="replace", newline="") as stream:
            for number, row in enumerate(csv.DictReader(stream)):
                code = truth.get((resource, number), {})
                if code and code != "-" and row.get(column):
                    rows.append((row[column], str(code)))
    random.Random(1).shuffle(rows)
    library_csv = SAMPLE / "extracts" / "address_library.csv"
    texts, codes = [text for text, _ in rows], [code for _, code in rows]
    ours, rate = wash_all(open_library(library_csv), texts)
    lines = [Line("kuai", rate, share(ours, codes), len(texts), "room")]
    with library_csv.open(encoding="utf-8-sig", newline="") as stream:
        entries = [
            (row["地址编码"], row["标准地址"])
            for row in csv.DictReader(stream)
            if row["级别"] in ("楼栋", "房屋")
        ]
    asked = ask(python, "uk_address_matcher", texts[: MOST_ROWS["uk_address_matcher"]], entries)
    if asked:
        answers, rate = asked
        lines.append(Line("uk_address_matcher", rate, share(answers, codes), len(answers), "room"))
    return lines


def wash_all(library: OpenLibrary, texts: list[str]) -> tuple[list[str], float]:
    """Best codes and rows a second on one core, nothing remembered from before."""
    began = time.perf_counter()
    codes = [library.wash_text(text).address_code or "" for text in texts]
    return codes, len(texts) / (time.perf_counter() - began)


def ask(
    python: Path | None, peer: str, texts: list[str], library: list[tuple[str, str]] | None = None
) -> tuple[list[str], float] | None:
    """A peer's answers and rows a second; None where it is absent or failed."""
    if python is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / name for name in ("texts.json", "answers.json", "library.json")]
        files[0].write_text(json.dumps(texts), encoding="utf-8")
        files[2].write_text(json.dumps(library or []), encoding="utf-8")
        command = [str(python), str(PEERS / "ask_peer.py"), peer, *map(str, files)]
        run = subprocess.run(command, capture_output=True, text=True)
        if run.returncode != 0:
            print(f"{peer} failed: {run.stderr.strip().splitlines()[-1:]}")
            return None
        return json.loads(files[1].read_text(encoding="utf-8")), len(texts) / float(run.stdout)


def share(found: list[str], wanted: list[str]) -> float:
    """How many of `wanted` were found, of those asked."""
    pairs = list(zip(found, wanted, strict=False))
    return sum(one == other for one, other in pairs) / len(pairs)


def print_table(title: str, lines: list[Line]) -> None:
    ours = lines[0]
    print(f"\n{title}")
    print(f"{'':<22}{'rows/s':>12}{'right':>9}{'asked':>8}{'deepest':>10}{'ours/peer rows/s':>20}")
    for line in lines:
        ratio = f"{ours.rows_a_second / line.rows_a_second:.1f}" if line is not ours else ""
        print(
            f"{line.who:<22}{line.rows_a_second:>12,.0f}{line.right:>9.3f}{line.asked:>8,}"
            f"{line.deepest:>10}{ratio:>20}"
        )


if __name__ == "__main__":
    raise SystemExit(main())
