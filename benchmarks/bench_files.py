"""Files of places and organisations, and the person's pages: through the whole portal, login, rule and ledger entry.

    .venv/bin/python benchmarks/bench_files.py --store STORE [--rounds N]

The store is read; what is written (sessions, ledger) goes to a work database of its own beside links to the build. A
firm that manages 1,000 buildings is added to a copy of the relations, so that a page has 1,000 public ones.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

MANAGED, PAGES_LIMIT_MS, AS_OF_LIMIT_MS = 1_000, 60, 100
PASSWORD = "kuai-demo-for-bench"
AT = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", type=Path, required=True, help="a built store; left as it is")
    parser.add_argument("--rounds", type=int, default=100)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kuai-bench-files-") as folder:
        root = Path(folder) / "store"
        version = borrow(options.store.resolve(), root)
        os.environ |= {"KUAI_STORE": str(root), "DJANGO_SETTINGS_MODULE": "kuai.web.settings"}
        import django

        django.setup()
        return measure(root / "builds" / version, rounds=options.rounds)


def borrow(source: Path, root: Path) -> str:
    """The published build by links, without its relation ends."""
    version = (source / "current").read_text(encoding="utf-8").strip()
    target, build = root / "builds" / version, source / "builds" / version
    (target / "core").mkdir(parents=True)
    (root / "current").write_text(version + "\n", encoding="utf-8")
    for name in ("tenant.json", "publications.json"):
        if (source / name).exists():
            (root / name).write_bytes((source / name).read_bytes())
    for path in [*build.glob("*.json"), *(build / "core").iterdir()]:
        if path.name != "relation_end.parquet":
            (target / path.relative_to(build)).symlink_to(path)
    add_a_manager(build / "core", target / "core")
    return version


def add_a_manager(source: Path, target: Path) -> None:
    """The relation ends with 1,000 more rows at one firm, sorted and in groups as a build writes them."""
    import duckdb

    connection = duckdb.connect()
    connection.execute(
        "set memory_limit = '4GB'; set threads = 2; set preserve_insertion_order = false;"
        f" set temp_directory = '{target.parent}'"
    )
    ends = source / "relation_end.parquet"
    firm = first_firm(connection, source)
    connection.execute(
        f"""copy (
            with pattern as (
                select * from '{ends}' where code = '{firm}' and is_from and type like 'LH_%' limit 1
            ), managed as (
                select address_code, row_number() over (order by address_code) as no
                from '{source / "address_entry.parquet"}' where level = 'building'
                order by address_code limit {MANAGED}
            ), added as (
                select pattern.* replace (
                    'LH_MANAGE' as type, managed.address_code as other_code,
                    cast(900000000 + managed.no as integer) as relation_no
                ) from pattern cross join managed
            )
            select * from '{ends}' union all by name select * from added
            order by code, is_from, relation_no
        ) to '{target / "relation_end.parquet"}' (format parquet, row_group_size 8192)"""
    )
    connection.close()


def first_firm(connection: Any, core: Path) -> str:
    row = connection.execute(
        f"select min(from_code) from '{core / 'relation.parquet'}' where type = 'LH_REGISTERED'"
    ).fetchall()[0]
    return str(row[0])


def measure(build: Path, *, rounds: int) -> int:
    from django.core.management import call_command

    call_command("migrate", verbosity=0, interactive=False)
    from kuai.guard import access
    from kuai.guard.ledger_models import LedgerEntry

    access.load_purposes()
    access.create_demo_accounts((), synthetic=True, at=AT, password=PASSWORD)
    codes = choose(build / "core")
    officer = log_in("demo-subdistrict-clerk")
    before = LedgerEntry.objects.count()
    asked = 0
    shown: list[dict[str, Any]] = []
    for name, limit, addresses in journeys(codes, build.name):
        if not addresses:
            continue
        for address in addresses[:5]:
            officer.get(address)
        took = [
            timed(lambda address=address: require_page(officer, address))
            for address in cycle(addresses, rounds)
        ]
        asked += len(took) + len(addresses[:5])
        shown.append(figures(name, took, limit))
    with resident(build) as person:
        for name, address in (("own file", "/mine/"), ("who looked", "/mine/looks/")):
            took = [
                timed(lambda address=address: require_page(person, address)) for _ in range(rounds)
            ]
            shown.append(figures(name, took, 1_000))
    looks = LedgerEntry.objects.filter(action__in=("viewed_file", "viewed_block")).count()
    for line in shown:
        print(json.dumps(line, ensure_ascii=False))
    print(json.dumps({"pages": asked, "ledger_entries_of_looks": looks, "before": before}))
    return int(any(line["p95_ms"] > line["limit_ms"] for line in shown) or looks < asked)


def choose(core: Path) -> dict[str, list[str]]:
    """Which files: firms with about 1,000 relations, the manager, busy buildings, rooms."""
    import duckdb

    def ask(sql: str) -> list[str]:
        return [str(row[0]) for row in duckdb.sql(sql).fetchall()]

    ends, stated = core / "relation_end.parquet", core / "relation.parquet"
    at = "substr(to_code, 1, 19)"
    return {
        "firm with 900 to 1,300 relations": ask(
            f"select code from '{ends}' where code like 'O-%' group by code"
            " having count(*) between 900 and 1300 order by code limit 20"
        ),
        "firm with 1,000 public relations": [first_firm(duckdb, core)],
        "building": ask(
            f"select {at} from '{stated}' where type in ('LH_REGISTERED', 'LH_OPERATE')"
            f" group by 1 order by count(*) desc, 1 limit 20"
        ),
        "room": ask(
            f"select distinct to_code from '{stated}' where type = 'LH_REGISTERED'"
            " and length(to_code) > 19 order by 1 limit 50"
        ),
    }


def journeys(codes: dict[str, list[str]], version: str) -> Iterator[tuple[str, int, list[str]]]:
    for name, those in codes.items():
        yield f"file: {name}", PAGES_LIMIT_MS, [f"/files/{code}/" for code in those]
        as_of = f"?on=2026-03-01&believed={version}"
        yield f"file as of: {name}", AS_OF_LIMIT_MS, [f"/files/{code}/{as_of}" for code in those]
    firms = codes["firm with 900 to 1,300 relations"]
    yield (
        "JSON as of: firm with 900 to 1,300 relations",
        AS_OF_LIMIT_MS,
        [f"/api/elements/{code}?on=2026-03-01&believed={version}" for code in firms],
    )


def log_in(name: str) -> Any:
    from django.test import Client

    client = Client(SERVER_NAME="localhost")
    client.post("/login/", {"username": name, "password": PASSWORD})
    return client


@contextmanager
def resident(build: Path) -> Iterator[Any]:
    """The demo resident, bound as the seed does it."""
    from kuai.flows.demo_resident import seed_demo_resident
    from kuai.guard.access import register_source
    from kuai.guard.types import Actor, Role, SourceRegistration, Zone
    from kuai.kit.store import Store

    register_source(
        SourceRegistration(
            source="bench",
            title="bench",
            zone=Zone.CORE,
            handler="",
            legal_basis="bench",
            agreement="bench",
            permitted_purposes=(),
            notice_version="1",
            assessment_id="",
            assessment_approved_on=None,
            retention_days=1,
            refresh_days=1,
            has_personal_columns=False,
            synthetic=True,
        ),
        by=Actor("bench", Role.DATA_STEWARD),
        at=AT,
    )
    if not seed_demo_resident(Store(build.parents[1]), "demo-resident", officers=(), at=AT):
        raise SystemExit("nobody to be the demo resident")
    yield log_in("demo-resident")


def require_page(client: Any, address: str) -> None:
    answer = client.get(address)
    if answer.status_code != 200:
        raise SystemExit(f"{address}: {answer.status_code}")


def cycle(addresses: list[str], rounds: int) -> Iterator[str]:
    for number in range(rounds):
        yield addresses[number % len(addresses)]


def timed(act: Callable[[], None]) -> tuple[float, float]:
    wall, processor = time.perf_counter(), time.process_time()
    act()
    return (time.perf_counter() - wall) * 1000, (time.process_time() - processor) * 1000


def figures(name: str, took: list[tuple[float, float]], limit: int) -> dict[str, Any]:
    walls = sorted(wall for wall, _ in took)
    processors = sorted(processor for _, processor in took)
    return {
        "page": name,
        "median_ms": round(statistics.median(walls), 1),
        "p95_ms": round(walls[int(len(walls) * 0.95)], 1),
        "processor_p95_ms": round(processors[int(len(processors) * 0.95)], 1),
        "limit_ms": limit,
        "times": len(walls),
    }


if __name__ == "__main__":
    sys.exit(main())
