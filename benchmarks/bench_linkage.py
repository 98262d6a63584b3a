"""Linkage at city size: ours and plain Splink over the same invented rows, in the same run.

    python benchmarks/bench_linkage.py [--rows 1000000 10000000] [--profile easy hard] [--seed 7] [--without-peer]
    python benchmarks/bench_linkage.py --rows 10000000 30000000 --spill --without-peer   # out of core, two points
    python benchmarks/bench_linkage.py --rows 10000000 --increment 200000                # new rows against many
    python benchmarks/bench_linkage.py --train kuai/linkage/models/person_model_1.json

One line a contender: wall and processor seconds (ours also by step), load, peak memory of its process tree, precision,
recall and F1 of pairs, the generator's ceiling, and the ratios. A contender that fails, or that the free memory cannot
hold, is told and the run goes on. 100 million rows (--rows 100000000 --spill) need 60 GB of disk.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import sys
import tempfile
import time
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).parent))
from invented_persons import building_of, invent_rows, write_rows
from measuring import measure

from kuai.kit.engine import open_engine
from kuai.linkage.actions import link_file
from kuai.linkage.engine import persons
from kuai.linkage.engine.components import component_labels

OUR_MEMORY_LIMIT = "3GB"
# Measured 2026: Splink takes 0.95 GB a million rows; without that much free it would drive others out.
SPLINK_GB_A_MILLION = 0.95
CEILING_ROWS_MAX = 12_000_000


def pair_scores(truth: Path, linked: Path) -> dict[str, float]:
    """Precision, recall and F1 of pairs: `truth` has row_id and truth, `linked` row_id and person_code."""
    connection = open_engine(
        memory_limit="6GB", spill_to=linked.parent / "spill", spills_in_clear=True
    )
    connection.execute(
        "create table given as select t.truth, hash(l.person_code) as cluster"
        f" from read_parquet('{truth}') as t inner join read_parquet('{linked}') as l on l.row_id = t.row_id"
    )
    return _scores_of(connection)


def _scores_of(connection: duckdb.DuckDBPyConnection) -> dict[str, float]:
    sums = []
    for columns in ("truth, cluster", "cluster", "truth"):
        sql = (
            f"select sum(n * (n - 1) / 2) from (select count(*) as n from given group by {columns})"
        )
        sums.append(float(connection.execute(sql).fetchall()[0][0] or 0))
    both, found, true = sums
    precision, recall = both / max(found, 1), both / max(true, 1)
    f1 = 2 * precision * recall / max(precision + recall, 1e-9)
    return {"precision": round(precision, 5), "recall": round(recall, 4), "f1": round(f1, 4)}


def ceiling(folder: Path) -> dict[str, float]:
    """What an all-knowing linker could reach: rows of one person tied wherever both carry a number (slips and
    all) or a birth date, or have a phone, a room or a building in common; by truth, so nothing is ever tied wrongly."""
    connection = open_engine(memory_limit="6GB", spill_to=folder / "spill", spills_in_clear=True)
    connection.execute(
        "create table r as select row_number() over () - 1 as n, t.truth, g.* from"
        f" read_parquet('{folder / 'rows.parquet'}') as g"
        f" inner join read_parquet('{folder / 'truth.parquet'}') as t on t.row_id = g.row_id"
    )
    edges = []
    # A number tells the birth date, so that rows with either can be compared.
    for value in (
        "case when birth_date is not null or id_number <> '111111111111111111' then 1 end",
        "phone",
        "room_code",
        "substr(room_code, 1, 19)",
    ):
        sql = (
            f"with f as (select truth, {value} as v, min(n) as f from r where {value} is not null group by all)"
            f" select r.n, f.f from r inner join f on f.truth = r.truth and f.v = {value} where r.n <> f.f"
        )
        edges.append(connection.execute(sql).fetchnumpy())
    left = np.concatenate([e["n"] for e in edges]).astype(np.int64)
    right = np.concatenate([e["f"] for e in edges]).astype(np.int64)
    truth = connection.execute("select truth from r order by n").fetchnumpy()["truth"]
    clusters = component_labels(len(truth), left, right)
    connection.register("given", pa.table({"truth": truth, "cluster": clusters}))
    return _scores_of(connection)


class StepClock:
    """Wall and processor seconds by step of our link, told by its own progress line."""

    # As link_person_rows advances; what comes before and after is reading row_ids and writing the answer.
    NAMES = ("shape", "numbers", "slips", "name keys", "merge and model", "clusters and watch")

    def __init__(self) -> None:
        self.steps: dict[str, list[float]] = {}
        self._place = 0
        self._at = _clocks()

    def begin(self, label: str, *, total: int | None = None, measure: str = "") -> StepClock:  # noqa: ARG002
        self._note("row_ids" if not self.steps else "between")
        self._place = 0
        return self

    def advance(self, amount: int = 1) -> None:  # noqa: ARG002
        self._note(self.NAMES[self._place])
        self._place += 1

    def set_total(self, total: int) -> None:
        """The steps are known."""

    def end(self, task: object) -> None:
        """The line is over."""

    def close(self) -> dict[str, list[float]]:
        """Step -> wall seconds, processor seconds."""
        self._note("write")
        return {name: [round(value, 1) for value in told] for name, told in self.steps.items()}

    def _note(self, step: str) -> None:
        now = _clocks()
        told = self.steps.setdefault(step, [0.0, 0.0])
        for place in (0, 1):
            told[place] += now[place] - self._at[place]
        self._at = now


def _clocks() -> tuple[float, float]:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return time.monotonic(), used.ru_utime + used.ru_stime


def run_ours(folder: Path) -> dict:
    """`kuai link`, file to file."""
    clock = StepClock()
    link_file(folder / "rows.parquet", folder / "ours.parquet", clock)
    return {"steps_wall_cpu": clock.close()}


def run_spilling(folder: Path) -> dict:
    """`kuai link --spill`."""
    clock = StepClock()
    target, spill = folder / "spilling.parquet", folder / "linkage-spill"
    link_file(folder / "rows.parquet", target, clock, spill_to=spill)
    return {"steps_wall_cpu": clock.close()}


def run_base(folder: Path) -> dict:
    """`kuai link --state`, all but the new rows."""
    clock = StepClock()
    link_file(folder / "old.parquet", folder / "base.parquet", clock, state=folder / "state")
    return {"steps_wall_cpu": clock.close()}


def run_increment(folder: Path) -> dict:
    """`kuai link --state`, the new rows."""
    clock = StepClock()
    link_file(folder / "new.parquet", folder / "increment.parquet", clock, state=folder / "state")
    return {"steps_wall_cpu": clock.close()}


def run_splink(folder: Path) -> dict:
    """Splink as its tutorial has it: standard comparisons, u by sampling, m by EM, clusters at .95.

    Because nobody would feed it placeholders, those that the generator writes are taken out for it beforehand.
    """
    import splink.comparison_library as cl
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    connection = open_engine(spill_to=folder / "spill", memory_limit="12GB", spills_in_clear=True)
    connection.execute(
        "create table person as select row_id as unique_id, replace(name, ' ', '') as name,"
        " upper(nullif(id_number, '111111111111111111')) as id_number,"
        " cast(birth_date as varchar) as birth_date, nullif(phone, '13800138000') as phone, room_code"
        f" from read_parquet('{folder / 'rows.parquet'}')"
    )
    api = DuckDBAPI(connection)
    rules = [
        block_on("id_number"),
        block_on("phone", "name"),
        block_on("room_code", "name"),
        block_on("name", "birth_date"),
    ]
    settings = SettingsCreator(
        link_type="dedupe_only",
        comparisons=[
            cl.JaroWinklerAtThresholds("name").configure(term_frequency_adjustments=True),
            cl.LevenshteinAtThresholds("id_number", 2),
            cl.ExactMatch("birth_date"),
            cl.ExactMatch("phone"),
            cl.ExactMatch("room_code"),
        ],
        blocking_rules_to_generate_predictions=rules,
    )
    linker = Linker(api.register("person"), settings, log_level="ERROR")
    linker.training.estimate_probability_two_random_records_match(
        [block_on("id_number")], recall=0.6
    )
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6)
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("id_number"))
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("phone", "name"))
    predicted = linker.inference.predict(threshold_match_probability=0.95)
    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(predicted, 0.95)
    connection.execute(
        f"copy (select unique_id as row_id, cluster_id as person_code from {clusters.physical_name})"
        f" to '{folder / 'splink.parquet'}' (format parquet)"
    )
    return {}


def train(target: Path, *, seed: int) -> None:
    """Train the shipped model on invented rows (never the seed a figure is reported for)."""
    rows = invent_rows(400_000, seed=seed)
    connection = open_engine()
    connection.register("given", rows.append_column("building_code", building_of(rows)))
    connection.execute(
        "create temp table person_row as select row_number() over (order by source, row_id) - 1 as mention_no,"
        " row_id as mention_key, source, role, name, id_number, birth_date, sex, phone, room_code, building_code,"
        " cast(null as varchar) as likely_room_code,"
        " cast(null as varchar) as organisation_name, truth as person from given"
    )
    connection.execute("create temp table known_truth as select mention_no, person from person_row")
    model = persons.train_person_model(connection, truth="known_truth")
    target.write_text(json.dumps(model, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(f"model written to {target}")


CONTENDERS = {
    "ours": run_ours,
    "splink": run_splink,
    "spilling": run_spilling,
    "base": run_base,
    "increment": run_increment,
}


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 10_000_000])
    parser.add_argument("--profile", nargs="+", default=["easy", "hard"], choices=("easy", "hard"))
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--without-peer", action="store_true")
    parser.add_argument("--spill", action="store_true", help="out of core")
    parser.add_argument(
        "--increment", type=int, default=0, help="so many new rows against the others"
    )
    parser.add_argument("--train", type=Path)
    parser.add_argument("--contender", choices=CONTENDERS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.train:
        train(options.train, seed=101)
    elif options.contender:
        began = time.monotonic()
        more = CONTENDERS[options.contender](options.folder)
        used = resource.getrusage(resource.RUSAGE_SELF)
        told = more | {
            "seconds": round(time.monotonic() - began, 1),
            "cpu_seconds": round(used.ru_utime + used.ru_stime, 1),
        }
        (options.folder / f"{options.contender}.json").write_text(json.dumps(told))
    else:
        print(
            f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, {_free_gb():.0f} GB free"
        )
        for profile in options.profile:
            _extrapolate([compare(rows, profile, options) for rows in options.rows])


def compare(rows: int, profile: str, options: argparse.Namespace) -> tuple[int, dict]:
    """Each contender on the same rows; a table and the ratios."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        written = write_rows(
            folder / "rows.parquet",
            folder / "truth.parquet",
            rows=rows,
            seed=options.seed,
            profile=profile,
        )
        told = ceiling(folder) if written <= CEILING_ROWS_MAX else "not measured"
        print(
            f"\n{written:,} invented rows, {profile}, seed {options.seed}; ceiling {told}",
            flush=True,
        )
        first = "spilling" if options.spill else "ours"
        contenders = [first]
        if options.increment:
            _set_apart(folder, options.increment)
            contenders = ["base", "increment"]
        elif not options.without_peer:
            contenders.append("splink")
        results = {}
        for contender in contenders:
            results[contender] = _run_apart(contender, folder, written)
            steps = results[contender].pop("steps_wall_cpu", {})
            print(f"{contender:9}", results[contender], flush=True)
            if steps:
                print(
                    "          wall/processor s:",
                    ", ".join(f"{name} {wall}/{cpu}" for name, (wall, cpu) in steps.items()),
                )
        ours, peer = results.get(first, {}), results.get("splink", {})
        if "seconds" in ours and "seconds" in peer:
            print(
                f"Splink / ours: {peer['seconds'] / ours['seconds']:.1f} x the time,"
                f" {peer['cpu_seconds'] / ours['cpu_seconds']:.1f} x the processor time,"
                f" {peer['peak_gb'] / ours['peak_gb']:.1f} x the memory, F1 {peer['f1']} against {ours['f1']}"
            )
        return written, ours


def _extrapolate(points: list[tuple[int, dict]]) -> None:
    """From the two largest sizes to 100 million: straight lines."""
    known = sorted((rows, told) for rows, told in points if "seconds" in told)[-2:]
    if len(known) < 2 or known[0][0] == known[1][0]:
        return
    (few, less), (many, more) = known
    for what in ("seconds", "cpu_seconds", "peak_gb"):
        slope = (more[what] - less[what]) / (many - few)
        print(
            f"100,000,000 rows by a straight line: {what} {more[what] + slope * (1e8 - many):,.0f}"
        )


def _set_apart(folder: Path, count: int) -> None:
    """`count` rows, drawn evenly, come later."""
    connection = open_engine(memory_limit="4GB")
    rows = folder / "rows.parquet"
    total = pq.read_metadata(rows).num_rows
    for name, sign in (("new", "<"), ("old", ">=")):
        connection.execute(
            f"copy (select * from read_parquet('{rows}') where hash(row_id) % {total} {sign} {count})"
            f" to '{folder / name}.parquet' (format parquet)"
        )


def _free_gb() -> float:
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) / 1e6
    return 0.0


def _run_apart(contender: str, folder: Path, rows: int) -> dict:
    needed = SPLINK_GB_A_MILLION * rows / 1e6
    if contender == "splink" and _free_gb() < needed:
        return {"left out": f"needs {needed:.0f} GB, {_free_gb():.0f} free"}
    command = [sys.executable, __file__, "--contender", contender, "--folder", str(folder)]
    measured = measure(
        command, env={"KUAI_MEMORY_LIMIT": os.environ.get("KUAI_MEMORY_LIMIT", OUR_MEMORY_LIMIT)}
    )
    result = folder / f"{contender}.json"
    if not result.exists():
        return {"failed": measured.exit_code}
    told = json.loads(result.read_text()) | {
        "peak_gb": round(measured.peak_gb, 2),
        "load": round(os.getloadavg()[0], 1),
    }
    if contender in ("base", "increment"):
        return told | {"looked_at": pq.read_metadata(folder / f"{contender}.parquet").num_rows}
    return told | pair_scores(folder / "truth.parquet", folder / f"{contender}.parquet")


if __name__ == "__main__":
    main()
