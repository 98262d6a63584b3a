"""Linkage, ours and plain Splink over the same invented rows, in the same run.

    python benchmarks/bench_linkage.py [--rows 1000000] [--profile easy|hard] [--seed 7] [--without-peer]
    python benchmarks/bench_linkage.py --train kuai/linkage/models/person_model_1.json

Prints seconds, precision, recall, F1 of pairs, the generator's ceiling, ratios and peak memory. Each contender
runs in a process of its own, so that its peak is its own; one that fails is reported and the run goes on.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).parent))
from invented_persons import building_of, invent_rows

from kuai.kit.engine import open_engine
from kuai.linkage.actions import link_file
from kuai.linkage.engine import pairing_model, persons
from kuai.linkage.engine.components import component_labels

OUR_MEMORY_LIMIT = "3500MB"


def pair_scores(clusters: pa.Table) -> dict[str, float]:
    """Precision, recall and F1 of pairs from columns truth, cluster."""
    connection = duckdb.connect()
    connection.register("given", clusters)
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


def ceiling(rows: pa.Table) -> dict[str, float]:
    """What an all-knowing linker could reach: rows of one person tied wherever both carry a number (slips and
    all) or a birth date, or have a phone, a room or a building in common; by truth, so nothing is ever tied wrongly."""
    connection = duckdb.connect()
    connection.register("given", rows)
    connection.execute("create table r as select row_number() over () - 1 as n, * from given")
    edges = []
    # A number tells the birth date, so that rows with either can be compared.
    for value in (
        "case when birth_date is not null or id_number <> '111111111111111111' then 1 end",
        "phone",
        "room_code",
        "substr(room_code, 1, 19)",
    ):
        sql = (
            f"select n, min(n) over (partition by truth, {value}) as f from r"
            f" where {value} is not null"
        )
        edges.append(connection.execute(sql).fetchnumpy())
    left = np.concatenate([e["n"] for e in edges]).astype(np.int64)
    right = np.concatenate([e["f"] for e in edges]).astype(np.int64)
    return pair_scores(
        pa.table({"truth": rows["truth"], "cluster": component_labels(len(rows), left, right)})
    )


def run_ours(folder: Path) -> dict[str, object]:
    """`kuai link`, file to file."""
    began = time.monotonic()
    receipt = link_file(folder / "rows.parquet", folder / "ours.parquet")
    seconds = time.monotonic() - began
    linked = pq.read_table(folder / "ours.parquet", columns=["row_id", "person_code"])
    return {
        "seconds": round(seconds, 1),
        **_scored(folder, linked),
        "edges": receipt.notes["edges_by_key"],
    }


def run_splink(folder: Path) -> dict[str, object]:
    """Splink as its tutorial has it: standard comparisons, u by sampling, m by EM, clusters at .95.

    Because nobody would feed it placeholders, those that the generator writes are taken out for it beforehand.
    """
    import splink.comparison_library as cl
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    began = time.monotonic()
    connection = open_engine(spill_to=folder / "spill", memory_limit="12GB")
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
    linked = connection.sql(
        f"select unique_id as row_id, cluster_id as person_code from {clusters.physical_name}"
    ).to_arrow_table()
    seconds = time.monotonic() - began
    return {"seconds": round(seconds, 1), **_scored(folder, linked)}


def _scored(folder: Path, linked: pa.Table) -> dict[str, object]:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    truth = pq.read_table(folder / "truth.parquet")
    joined = truth.join(linked, "row_id").rename_columns(["row_id", "truth", "cluster"])
    return {"peak_gb": round(peak, 2), **pair_scores(joined)}


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


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--profile", default="easy", choices=("easy", "hard"))
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--without-peer", action="store_true")
    parser.add_argument("--train", type=Path)
    parser.add_argument("--contender", choices=("ours", "splink"), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.train:
        train(options.train, seed=101)
    elif options.contender:
        run = {"ours": run_ours, "splink": run_splink}[options.contender]
        (options.folder / f"{options.contender}.json").write_text(json.dumps(run(options.folder)))
    else:
        compare(options)


def compare(options: argparse.Namespace) -> None:
    """Each contender on the same rows; a table and the ratios."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = invent_rows(options.rows, seed=options.seed, profile=options.profile)
        pq.write_table(rows.drop(["truth"]), folder / "rows.parquet")
        pq.write_table(rows.select(["row_id", "truth"]), folder / "truth.parquet")
        print(
            f"{len(rows):,} invented rows, profile {options.profile}, seed {options.seed}; threshold of ours"
            f" {pairing_model.MODEL_THRESHOLD}; ceiling of the generator {ceiling(rows)}"
        )
        del rows
        results = {}
        for contender in ("ours",) if options.without_peer else ("ours", "splink"):
            results[contender] = _run_apart(contender, folder)
            print(f"{contender:8}", results[contender])
        ours, peer = results["ours"], results.get("splink", {})
        if "seconds" in ours and "seconds" in peer:
            print(
                f"Splink / ours: {peer['seconds'] / ours['seconds']:.1f} x the time,"
                f" {peer['peak_gb'] / ours['peak_gb']:.1f} x the memory, F1 {peer['f1']} against {ours['f1']}"
            )


def _run_apart(contender: str, folder: Path) -> dict:
    command = [sys.executable, __file__, "--contender", contender, "--folder", str(folder)]
    environment = dict(os.environ, KUAI_MEMORY_LIMIT=OUR_MEMORY_LIMIT)
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    result = folder / f"{contender}.json"
    if not result.exists():
        return {"failed": done.stderr.strip().splitlines()[-1:] or [f"exit {done.returncode}"]}
    return json.loads(result.read_text())


if __name__ == "__main__":
    main()
