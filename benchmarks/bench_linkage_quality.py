"""How good the linkage is, group by group: demo cities, the shared sample, a town of other habits, raw addresses.

    python benchmarks/bench_linkage_quality.py                        development seeds, 4,000 rooms
    python benchmarks/bench_linkage_quality.py --held-back            the held-back seeds, once before a release
    python benchmarks/bench_linkage_quality.py --profile hard --seeds 31 --rooms 20000
    python benchmarks/bench_linkage_quality.py --sample PACKAGE --noise 5,6 --raw PACKAGE

Prints precision, recall and F1 of pairs of rows beside the generator's own ceiling; wrong pairs by planted group,
split between clusters that are held back (quarantined), those on the list of doubtful ones (`kuai review doubtful`)
and silent ones, and by the key that tied them; missed pairs by what the names and values had in common.
Development seeds: 31 4711 90210 101 102 103 (4,000 rooms), 7 11 12 (20,000 rooms), noise 5. Held back until the end:
60001-60005, 70001 and 70002 (20,000 rooms), 80001-80003, noise 60001.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).parent))
from invented_noise import invent_town
from linkage_rows import ROLE, truth_of

from kuai.demo_city.actions import _build_city, generate_city
from kuai.demo_city.engine.profiles import profile_named
from kuai.kit.engine import open_engine
from kuai.linkage.actions import link_file
from kuai.linkage.engine import names, persons
from kuai.linkage.engine.components import Edges, component_labels
from kuai.linkage.engine.keys import PERSON_KEYS
from kuai.linkage.types import DOUBTFUL_PROBABILITY

DEVELOPMENT, HELD_BACK = (31, 4711, 90210), (60001, 60002, 60003, 60004, 60005)
AS_OF = date(2026, 10, 31)
COMPARED = (("id_number", "I"), ("phone", "P"), ("room_code", "R"), ("birth_date", "D"))
# Groups of two persons whom the trap makes alike; others are planted on one person.
PAIR_PLANTS = ("twins", "namesake_cohabitants", "father_and_son", "shared_phone", "recycled_phone")


def pair_scores(truth: pa.Array, cluster: np.ndarray) -> dict[str, float]:
    """Precision, recall and F1 of pairs of rows."""
    _, person = np.unique(np.asarray(truth), return_inverse=True)
    _, group = np.unique(np.asarray(cluster), return_inverse=True)

    def pairs(label: np.ndarray) -> int:
        counts = np.unique(label, return_counts=True)[1].astype(np.int64)
        return int((counts * (counts - 1) // 2).sum())

    both = pairs(person.astype(np.int64) * (int(group.max(initial=0)) + 1) + group)
    precision, recall = both / max(pairs(group), 1), both / max(pairs(person), 1)
    f1 = 2 * precision * recall / max(precision + recall, 1e-9)
    return {"precision": round(precision, 5), "recall": round(recall, 4), "f1": round(f1, 4)}


def ceiling(rows: pa.Table) -> float:
    """F1 of one who knows: rows of one person tied where both tell a number or a birth date, or share a phone, a room
    or a building."""
    table = rows.to_pydict()
    first: dict[tuple[object, ...], int] = {}
    left, right = [], []
    for n, person in enumerate(table["truth"]):
        known = bool(table["id_number"][n] or table["birth_date"][n])
        values = (known or None, *(table[c][n] for c in ("phone", "room_code", "building_code")))
        for place, value in enumerate(values):
            if value:
                left.append(first.setdefault((person, place, value), n))
                right.append(n)
    labels = component_labels(len(rows), np.array(left), np.array(right))
    return pair_scores(rows["truth"], labels)["f1"]


@dataclass(frozen=True)
class Linked:
    """Labelled rows with their clusters and the ties that made them."""

    rows: list[dict[str, Any]]
    founder: np.ndarray
    is_held_back: np.ndarray
    is_doubtful: np.ndarray
    ties: Edges

    def scores(self) -> dict[str, float]:
        told = [n for n, row in enumerate(self.rows) if row["truth"] is not None]
        truth = pa.array([self.rows[n]["truth"] for n in told])
        return pair_scores(truth, self.founder[told])


def link(rows: pa.Table) -> Linked:
    """Link captured or invented rows as a build would, and keep the ties."""
    connection = open_engine()
    connection.register("given", rows)
    columns = (
        "mention_no, mention_key, source, role, name, id_number, birth_date, sex, phone, room_code,"
        " building_code, likely_room_code, organisation_name"
    )
    connection.execute(
        f"create temp table person_row as select {columns} from given order by mention_no"
    )
    written, kept = persons.write_clusters, []

    def remember(connection: Any, merging: Any, **given: Any) -> Any:
        kept.append(merging.kept)
        return written(connection, merging, **given)

    persons.write_clusters = remember
    try:
        persons.link_person_rows(connection)
    finally:
        persons.write_clusters = written
    found = connection.execute(
        "select founder_no, quarantined, min(match_probability) over (partition by founder_no) as weakest"
        " from mention_cluster order by mention_no"
    ).fetchnumpy()
    connection.close()
    doubtful = found["weakest"] <= DOUBTFUL_PROBABILITY
    return Linked(rows.to_pylist(), found["founder_no"], found["quarantined"], doubtful, kept[0])


def wrong_pairs(linked: Linked) -> list[tuple[int, int]]:
    """Pairs of rows of different persons in one cluster."""
    members: dict[int, list[int]] = defaultdict(list)
    for n, row in enumerate(linked.rows):
        if row["truth"] is not None:
            members[int(linked.founder[n])].append(n)
    return [
        (left, right)
        for group in members.values()
        if len({linked.rows[n]["truth"] for n in group}) > 1
        for place, left in enumerate(group)
        for right in group[place + 1 :]
        if linked.rows[left]["truth"] != linked.rows[right]["truth"]
    ]


def wrong_by_key(linked: Linked) -> Counter[str]:
    """Wrong pairs by the key whose tie first brought the two persons together, strongest ties first."""
    bad = {int(linked.founder[left]) for left, _ in wrong_pairs(linked)}
    ties = linked.ties
    order = [n for n in np.argsort(ties.tier, kind="stable") if linked.founder[ties.left[n]] in bad]
    parent: dict[int, int] = {}
    persons_of: dict[int, Counter[Any]] = {}

    def root(node: int) -> int:
        if node not in parent:
            truth = linked.rows[node]["truth"]
            parent[node], persons_of[node] = node, Counter([truth] if truth is not None else [])
        while parent[node] != node:
            node = parent[node]
        return node

    by_key: Counter[str] = Counter()
    for n in order:
        left, right = root(int(ties.left[n])), root(int(ties.right[n]))
        if left == right:
            continue
        ours, theirs = persons_of[left], persons_of[right]
        both = sum(ours.values()) * sum(theirs.values())
        by_key[PERSON_KEYS[ties.tier[n]].code] += both - sum(
            count * theirs[person] for person, count in ours.items()
        )
        persons_of[left] = ours + theirs
        parent[right] = left
    return +by_key


def missed_by_likeness(linked: Linked) -> Counter[str]:
    """Missed pairs by how near the names are and what else is equal (I number, P phone, R room, D birth date)."""
    members: dict[Any, list[int]] = defaultdict(list)
    for n, row in enumerate(linked.rows):
        if row["truth"] is not None:
            members[row["truth"]].append(n)
    counted: Counter[str] = Counter()
    for group in members.values():
        for place, left in enumerate(group):
            for right in group[place + 1 :]:
                if linked.founder[left] != linked.founder[right]:
                    counted[_likeness(linked.rows[left], linked.rows[right])] += 1
    return counted


def _likeness(left: dict[str, Any], right: dict[str, Any]) -> str:
    equal = "".join(sign for name, sign in COMPARED if left[name] and left[name] == right[name])
    if not left["name"] or not right["name"]:
        return f"no name {equal}"
    near = names.compare_names([left["name"]], [right["name"]])[0]
    return f"{names.NameLikeness(int(near)).name.lower()} {equal}".strip()


def plants_of(profile: str, *, seed: int, rooms: int) -> dict[Any, set[tuple[str, int]]]:
    """Person -> the traps planted on him, with their group."""
    people = _build_city(
        rooms, seed=seed, as_of=AS_OF, profile=profile_named(profile, seed=seed)
    ).people
    told: dict[Any, set[tuple[str, int]]] = defaultdict(set)
    for kind, (who, groups) in people.plants.items():
        for person, group in zip(who.tolist(), groups.tolist(), strict=True):
            told[person].add((kind, group))
    return told


def group_of(left: Any, right: Any, plants: dict[Any, set[tuple[str, int]]]) -> str:
    """The planted group that explains why two persons were confused."""
    ours, theirs = plants.get(left, set()), plants.get(right, set())
    shared = sorted(kind for kind, _ in ours & theirs)
    if shared:
        return shared[0]
    single = sorted(kind for kind, _ in ours | theirs if kind not in PAIR_PLANTS)
    return f"one planted {single[0]}" if single else "not planted"


def report(title: str, linked: Linked, plants: dict[Any, Any], *, best: str = "") -> None:
    """Print all of one run."""
    print(f"\n{title}: {linked.scores()}{f'; ceiling F1 {best}' if best else ''}")
    silent, held, doubtful = Counter[str](), Counter[str](), Counter[str]()
    who: dict[str, set[Any]] = defaultdict(set)
    for left, right in wrong_pairs(linked):
        one, other = linked.rows[left]["truth"], linked.rows[right]["truth"]
        kind = group_of(one, other, plants)
        who[kind] |= {one, other}
        is_listed = linked.is_doubtful[left]
        (held if linked.is_held_back[left] else doubtful if is_listed else silent)[kind] += 1
    planted = Counter(kind for told in plants.values() for kind in {kind for kind, _ in told})
    for kind in sorted({*silent, *held, *doubtful, *planted}):
        print(
            f"  {kind:28} planted on {planted.get(kind, 0):5} persons; wrong pairs held back {held[kind]:4},"
            f" doubtful {doubtful[kind]:4}, silent {silent[kind]:4} ({len(who[kind])} persons)"
        )
    sizes = np.bincount(linked.founder)
    several = len(np.flatnonzero(sizes > 1))
    listed = len(np.unique(linked.founder[linked.is_doubtful]))
    print(
        f"  wrong pairs: held back {held.total()}, doubtful {doubtful.total()}, silent {silent.total()};"
        f" {listed:,} of {several:,} clusters of several are on the list"
    )
    print(f"  wrong by key: {dict(wrong_by_key(linked))}")
    print(f"  missed: {dict(missed_by_likeness(linked).most_common(8))}")


def bench_city(profile: str, *, seed: int, rooms: int) -> None:
    """One demo city, built, washed and linked."""
    with tempfile.TemporaryDirectory() as name:
        package, rows = Path(name) / "city", Path(name) / "rows.parquet"
        made = generate_city(package, rooms=rooms, seed=seed, profile=profile, as_of=AS_OF)
        _capture_apart(package, rows)
        linked = link(pq.read_table(rows))
    best = f"{made.ceiling.f1:.4f}"
    title = f"{profile} seed {seed} {rooms:,} rooms"
    report(title, linked, plants_of(profile, seed=seed, rooms=rooms), best=best)


def _capture_apart(package: Path, rows: Path) -> None:
    """In a process of its own: one process serves one store."""
    command = [sys.executable, str(Path(__file__).with_name("linkage_rows.py")), package, rows]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def bench_noise(seed: int, *, people: int = 12_000) -> None:
    """The second town; its ceiling is that of one who knows the truth of rows that share a value."""
    town = invent_town(people, seed=seed)
    rows = pa.Table.from_pylist(sorted(town, key=lambda row: (row["source"], row["row_id"])))
    nothing = pa.nulls(len(rows), pa.string())
    rows = (
        rows.append_column("mention_no", pa.array(range(len(rows))))
        .append_column("mention_key", rows["row_id"])
        .append_column("building_code", pc.utf8_slice_codeunits(rows["room_code"], 0, 19))
        .append_column("likely_room_code", nothing)
        .append_column("organisation_name", nothing)
    )
    born = rows.schema.get_field_index("birth_date")
    rows = rows.set_column(born, "birth_date", rows["birth_date"].cast(pa.date32()))
    plants: dict[Any, set[tuple[str, int]]] = defaultdict(set)
    for row in town:
        # A family of errors is of the person who carries it; the pair traps hold within one room.
        plants[row["truth"]] |= {(kind, int(row["truth"])) for kind in row["families"]}
    for kind in ("twins", "namesake_cohabitants", "father_and_son", "parents_phone"):
        _join_by_home(town, kind, plants)
    best = str(ceiling(rows))
    report(f"noise town seed {seed} {people:,} people", link(rows), plants, best=best)


def _join_by_home(town: Iterable[dict[str, Any]], kind: str, plants: dict[Any, Any]) -> None:
    for row in town:
        if kind in row["families"] and row["room_code"]:
            plants[row["truth"]] -= {(kind, row["truth"])}
            plants[row["truth"]].add((kind, row["room_code"]))


def bench_sample(package: Path) -> None:
    """A package with its truth."""
    with tempfile.TemporaryDirectory() as name:
        rows = Path(name) / "rows.parquet"
        _capture_apart(package, rows)
        report(f"package {package.name}", link(pq.read_table(rows)), {})


def bench_raw(package: Path) -> None:
    """`kuai link` on what a package's extracts say as they say it: no library, no room codes."""
    rows = raw_rows(package)
    with tempfile.TemporaryDirectory() as name:
        given, out = Path(name) / "in.parquet", Path(name) / "out.parquet"
        for title, without in (("without addresses", ["address"]), ("with written addresses", [])):
            pq.write_table(rows.drop(["truth", *without]), given)
            link_file(given, out)
            told = rows.select(["row_id", "truth"]).join(pq.read_table(out), "row_id")
            scored = pair_scores(told["truth"], told["person_code"])
            print(f"\nkuai link, {package.name}, {title}: {scored}")


def raw_rows(package: Path) -> pa.Table:
    """row_id, source, role, name, id_number, phone, birth_date, sex, address and truth of a package's extracts."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "shared" / "tools"))
    import score

    headings = {
        "name": ("姓名", "权利人", "承租人", "法定代表人", "户名", "持卡人"),
        "id_number": ("身份证号码", "权利人证件号", "承租人证件号", "法人证件号", "社会保障号"),
        "phone": ("联系电话", "承租人电话", "手机号"),
        "birth_date": ("出生日期",),
        "address": ("现住地址", "坐落", "租赁房屋地址", "住所", "用水地址", "房号"),
    }
    truth = {(row["source"], row["row_no"]): row["person"] for row in truth_of(package).to_pylist()}
    rows = []
    for source, role in ROLE.items():
        for place, row in enumerate(score.rows(package, source)):
            if (source, place) not in truth:
                continue
            told = {
                name: next((str(row[h]) for h in known if row.get(h)), None)
                for name, known in headings.items()
            }
            row_id = f"{source}:{place:07d}"
            person = truth[source, place]
            rows.append({"row_id": row_id, "source": source, "role": role, "truth": person, **told})
    return pa.Table.from_pylist(rows)


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profile", default="", choices=("", "easy", "hard", "planted"))
    parser.add_argument("--seeds", default="")
    parser.add_argument("--rooms", default="4000")
    parser.add_argument("--noise", default="")
    parser.add_argument("--sample", type=Path)
    parser.add_argument("--raw", type=Path)
    parser.add_argument("--held-back", action="store_true")
    options = parser.parse_args()
    only_others = bool(options.sample or options.raw or options.noise)
    if not only_others or options.profile:
        seeds = [int(seed) for seed in options.seeds.split(",") if seed]
        seeds = seeds or list(HELD_BACK if options.held_back else DEVELOPMENT)
        for rooms in options.rooms.split(","):
            for profile in [options.profile] if options.profile else ["hard", "easy", "planted"]:
                for seed in seeds:
                    bench_city(profile, seed=seed, rooms=int(rooms))
    for seed in [int(seed) for seed in options.noise.split(",") if seed]:
        bench_noise(seed)
    if options.sample:
        bench_sample(options.sample)
    if options.raw:
        bench_raw(options.raw)


if __name__ == "__main__":
    main()
