"""Measures the guard: vault, its alternative (Parquet encryption), tokens, ledger lag and verification.

python benchmarks/guard_speed.py [vault|tokens|verify|lag] ...
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from kuai.guard import actions
from kuai.guard.types import Actor, Role, Zone
from kuai.kit.store import Store

ROWS = 1_000_000
PLACE = {"zone": Zone.CORE, "source": "hukou", "period": "2026-10", "name": "snapshot"}


@contextmanager
def timed(label: str, *, amount: float, unit: str) -> Iterator[None]:
    begun = time.perf_counter()
    yield
    seconds = time.perf_counter() - begun
    print(f"{label:<44} {seconds:8.3f} s {amount / seconds:14,.0f} {unit}/s")


def a_snapshot() -> pa.Table:
    dice = random.Random(1)
    return pa.table(
        {
            "row_no": pa.array(range(ROWS), pa.int32()),
            "c0": [
                dice.choice("赵钱孙李") + dice.choice("明伟芳娜") + dice.choice("强磊军洋")
                for _ in range(ROWS)
            ],
            "c1": [
                f"440381{dice.randrange(19500101, 20241231)}{dice.randrange(10**4):04d}"
                for _ in range(ROWS)
            ],
            "c2": [
                f"广东省深圳市坪山区坪山街道六联社区浪尾路{dice.randrange(300)}号{dice.randrange(20)}栋"
                f"{dice.randrange(1, 40)}0{dice.randrange(9)}"
                for _ in range(ROWS)
            ],
            "c3": [f"138{dice.randrange(10**8):08d}" for _ in range(ROWS)],
        }
    )


def measure_vault(store: Store) -> None:
    table = a_snapshot()
    megabytes = table.nbytes / 1e6
    for _ in range(2):
        with timed("vault: seal", amount=megabytes, unit="MB"):
            actions.seal_table(store, **PLACE, table=table)
    with timed("vault: open all", amount=megabytes, unit="MB"):
        actions.open_sealed(store, **PLACE)
    with timed("vault: open one column", amount=ROWS, unit="rows"):
        actions.open_sealed(store, **PLACE, columns=["c1"])
    with timed("vault: open one row", amount=1, unit="rows"):
        actions.open_sealed(store, **PLACE, rows=(500_000, 500_001))
    measure_parquet(table, store.root / "alternative.parquet")


def measure_parquet(table: pa.Table, path: Path) -> None:
    """The road not taken: Parquet modular encryption by pyarrow (decision 0007)."""
    import pyarrow.parquet as pq
    import pyarrow.parquet.encryption as pe

    key, prefix = os.urandom(32), b"core/hukou/2026-10/snapshot"
    megabytes = table.nbytes / 1e6
    for _ in range(2):
        properties = pe.create_encryption_properties(key, aad_prefix=prefix, store_aad_prefix=False)
        with timed("parquet encryption: write", amount=megabytes, unit="MB"):
            pq.write_table(
                table,
                path,
                encryption_properties=properties,
                compression="zstd",
                row_group_size=65_536,
            )
    opening = pe.create_decryption_properties(key, aad_prefix=prefix)
    with timed("parquet encryption: read", amount=megabytes, unit="MB"):
        pq.read_table(path, decryption_properties=opening)
    with timed("parquet encryption: read one column", amount=ROWS, unit="rows"):
        pq.read_table(path, columns=["c1"], decryption_properties=opening)


def measure_tokens(store: Store) -> None:
    import duckdb

    amount = 3_000_000
    with duckdb.connect() as connection:
        connection.execute("set threads = 4")
        connection.execute(
            f"create table t as select '440381' || i::varchar as v from range({amount}) r(i)"
        )
        parameters = actions.token_key_parameters(store, zone=Zone.CORE)
        with timed("tokens: SQL, 4 threads", amount=amount, unit="tokens"):
            connection.execute(
                f"create table u as select {actions.token_sql('v')} as h from t", parameters
            )
    tokenise = actions.tokeniser(store, zone=Zone.CORE)
    with timed("tokens: Python, 1 thread", amount=300_000, unit="tokens"):
        for number in range(300_000):
            tokenise(f"440381{number}")


def measure_verify(store: Store) -> None:
    from kuai.guard.engine import chain, merkle
    from kuai.guard.engine.checkpoints import Checkpoint, LedgerSigner
    from kuai.kit.clock import utc_now

    amount, batch = 500_000, 100
    signer = LedgerSigner.from_seed(b"\x07" * 32, origin="kuai-ledger/bench")
    frontier, previous = merkle.Frontier(), chain.chain_start(signer.origin)
    lines, notes, marks = [chain.FileHeader.at_start(signer.origin).encode()], [], []
    moment = utc_now()
    with timed("ledger: canonicalise, chain, tree, sign", amount=amount, unit="entries"):
        for number in range(1, amount + 1):
            entry = chain.canonical_bytes(_a_sealed_form(number))
            leaf, previous = merkle.leaf_hash(entry), chain.chain_link(entry, previous=previous)
            frontier.add(leaf)
            marks.append(leaf[:8])
            lines.append(chain.encode_line(entry, chain=previous))
            if number % batch == 0:
                point = Checkpoint(
                    signer.origin, number, frontier.root(), previous, moment, tuple(marks)
                )
                notes.append(signer.sign(point) + "\n")
                marks = []
    folder = store.root
    (folder / "entries.jsonl").write_bytes(b"".join(lines))
    (folder / "checkpoints.txt").write_text("".join(notes), encoding="utf-8")
    (folder / "ledger.pub").write_text(signer.verifier_key(), encoding="utf-8")
    with timed("ledger: verify by chain", amount=amount, unit="entries"):
        assert actions.verify_ledger_file(folder / "entries.jsonl").is_whole
    with timed(f"ledger: verify with {len(notes)} checkpoints", amount=amount, unit="entries"):
        assert actions.verify_ledger_file(
            folder / "entries.jsonl", folder / "checkpoints.txt"
        ).is_whole


def _a_sealed_form(number: int) -> dict[str, object]:
    return {
        "action": "person.read",
        "actor": f"worker{number % 7}",
        "address": "10.1.2.0/24",
        "commitment": "",
        "count": 1,
        "fields": ["name", "phone"],
        "object_kind": "person",
        "objects": [f"person:P-{number:08d}-K"],
        "outcome": "allowed",
        "part": "",
        "purpose": "residence_visit",
        "recorded_at": "2026-11-22T01:30:00.123456Z",
        "reference": "00000000-0000-0000-0000-000000000000",
        "role": "grid_worker",
        "sequence": number,
        "session": "0123456789abcdef",
        "ticket": "T-1",
    }


def measure_lag(store: Store, *, rate: int = 200, seconds: int = 30) -> None:
    """Entries at `rate` a second from four threads while the sealer runs: from commit to signed and in the files."""
    os.environ.setdefault("KUAI_STORE", str(store.root))
    os.environ["DJANGO_SETTINGS_MODULE"] = "kuai.web.settings"
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    from kuai.guard import ledger
    from kuai.guard.ledger_models import LedgerSeal

    call_command("migrate", verbosity=0)
    stop, run = threading.Event(), LagRun(rate=rate)
    sealer = threading.Thread(target=ledger.run_sealer, args=(store,), kwargs={"stop_event": stop})
    watcher = threading.Thread(target=run.watch, args=(store, stop))
    crew = [threading.Thread(target=run.write, args=(rate * seconds // 4,)) for _ in range(4)]
    begun = time.perf_counter()
    for thread in (sealer, watcher, *crew):
        thread.start()
    for thread in crew:
        thread.join()
    reached = len(run.committed) / (time.perf_counter() - begun)
    time.sleep(3)
    stop.set()
    sealer.join()
    watcher.join()
    seals = LedgerSeal.objects.order_by("sequence").values_list("sequence", "entry__reference")
    lags = [
        next(at for size, at in run.seen if size >= sequence) - run.committed[reference]
        for sequence, reference in seals
    ]
    print(
        f"ledger at {reached:.0f} entries/s, {connection.vendor}: {len(lags)} of {len(run.committed)} sealed"
    )
    print_shares("commit to signed and in the files", lags)
    print_shares("record_entry itself", run.waits)


class LagRun:
    """What the writers and the watcher of one lag measurement saw."""

    def __init__(self, *, rate: int) -> None:
        self.rate = rate
        self.committed: dict[object, float] = {}
        self.waits: list[float] = []
        self.seen: list[tuple[int, float]] = []

    def write(self, count: int) -> None:
        from django.db import connection

        from kuai.guard import ledger
        from kuai.kit.clock import utc_now

        due = time.perf_counter()
        for number in range(count):
            begun = time.perf_counter()
            reference = ledger.record_entry(
                actor=Actor("bench", Role.GRID_WORKER),
                action="person.read",
                object_kind="person",
                object_refs=(f"person:P-{number:08d}-K",),
                fields=("name",),
                ticket_id="T-1",
                count=1,
                at=utc_now(),
            )
            self.committed[reference] = time.perf_counter()
            self.waits.append(self.committed[reference] - begun)
            due += 4 / self.rate
            time.sleep(max(0.0, due - time.perf_counter()))
        connection.close()

    def watch(self, store: Store, stop: threading.Event) -> None:
        """When did which size stand in the checkpoint file?"""
        from kuai.guard.engine.ledger_files import LedgerFolder

        folder, length = LedgerFolder(store.root / "ledger"), 0
        while not stop.wait(0.005):
            if folder.checkpoints.exists() and folder.checkpoints.stat().st_size != length:
                length = folder.checkpoints.stat().st_size
                tail = folder.checkpoints.read_bytes()[-20_000:].decode("utf-8", "replace")
                sizes = [
                    part.split("\n")[1]
                    for part in tail.split("\n\n")
                    if part.startswith("kuai-ledger/")
                ]
                if sizes:
                    self.seen.append((int(sizes[-1]), time.perf_counter()))


def print_shares(label: str, values: list[float]) -> None:
    values = sorted(values)
    p50, p95, p99 = (values[int(len(values) * share)] for share in (0.5, 0.95, 0.99))
    print(
        f"  {label:<36} p50 {p50:.3f} s  p95 {p95:.3f} s  p99 {p99:.3f} s  max {values[-1]:.3f} s"
    )


MEASURES = {
    "vault": measure_vault,
    "tokens": measure_tokens,
    "verify": measure_verify,
    "lag": measure_lag,
}

if __name__ == "__main__":
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    for name in sys.argv[1:] or list(MEASURES):
        with tempfile.TemporaryDirectory() as folder:
            MEASURES[name](Store(Path(folder) / "store").create())
