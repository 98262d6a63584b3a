"""How well the wash reads texts nobody tuned it on: cover, right and wrong by library style and kind of noise.

usage: python -m benchmarks.bench_wash_quality [--each 100] [--seed 1] [--styles lanes,estates,...] [--csv LIBRARY ...]
       [--show KIND]  (prints what went wrong)
"""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from kuai.address.queries import OpenLibrary, open_library
from kuai.address.types import WashedAddress
from tests.modules.address.noise import JUNK, NOWHERE, Written, write_all
from tests.modules.address.noise_worlds import BUILT, World, world_of_csv

ROOM_OR_BUILDING = 14


@dataclass
class Tally:
    """Counts of one kind of noise."""

    counts: Counter[str] = field(default_factory=Counter)
    examples: list[tuple[str, Written, WashedAddress]] = field(default_factory=list)

    def add(self, written: Written, answer: WashedAddress) -> str:
        verdict = judge(written, answer)
        self.counts[verdict] += 1
        if verdict not in ("right", "C right", "kept out"):
            self.examples.append((verdict, written, answer))
        return verdict


def judge(written: Written, answer: WashedAddress) -> str:
    """right, wrong, C right (among three, only where it is ambiguous), C top3, C missed, none, kept out."""
    is_sure = answer.grade in ("A", "B")
    code = answer.address_code or ""
    if written.truth == NOWHERE:
        return "wrong" if is_sure and len(code) > ROOM_OR_BUILDING else "kept out"
    if is_sure:
        return "right" if code == written.truth else "wrong"
    first_three = [str(candidate["address_code"]) for candidate in answer.candidates[:3]]
    if answer.grade == "D":
        return "none"
    if len(written.fits) > 1:
        return (
            "C right"
            if written.truth in first_three or set(first_three) <= written.fits
            else "C missed"
        )
    return "C top3" if written.truth in first_three else "C missed"


def measure_world(world: World, *, seed: int, each: int) -> dict[str, Tally]:
    """Every kind of noise on one library."""
    library = open_library(world.table())
    tallies: dict[str, Tally] = defaultdict(Tally)
    for written in write_all(world, seed=seed, each=each):
        answer = library.wash_text(written.text)
        tallies[written.kind].add(written, answer)
        reasons = [s.words for s in library.explain_text(written.text) if s.title == "理由"]
        if reasons != [answer.explanation]:
            tallies["explained otherwise"].add(written, answer)
    for text in JUNK:
        tallies["junk"].add(Written("junk", text, NOWHERE), _wash_junk(library, text))
    return tallies


def _wash_junk(library: OpenLibrary, text: str) -> WashedAddress:
    return library.wash_text(text)


# Rows that are counted as findable: the text names one room or building of the library.
_NOT_FINDABLE = frozenset(
    {
        "ghost_building",
        "unknown_place",
        "elsewhere",
        "elsewhere_bare",
        "other_district",
        "junk",
        "lost_floor_unit",
        "trap_longer_name",
        "trap_other_lane",
        "trap_opposite",
    }  # fmt: skip
)
_LEVELS = frozenset({"level_subdistrict", "level_community", "level_road"})


def summary(tallies: dict[str, Tally]) -> dict[str, float]:
    """The issue's figures over all kinds."""
    total: Counter[str] = Counter()
    everything: Counter[str] = Counter()
    for name, tally in tallies.items():
        everything.update(tally.counts)
        if name not in _NOT_FINDABLE and name not in _LEVELS:
            total.update(tally.counts)
    sure = everything["right"] + everything["wrong"]
    doubtful = total["C right"] + total["C top3"] + total["C missed"]
    findable = sum(total.values()) - total["C right"]
    return {
        "rows": sum(everything.values()),
        "A+B right %": 100 * everything["right"] / max(sure, 1),
        "wrong": everything["wrong"],
        "cover %": 100 * (total["right"] + total["wrong"]) / max(findable, 1),
        "C top 3 %": 100 * (total["C right"] + total["C top3"]) / max(doubtful, 1),
        "C rows": doubtful,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--each", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--styles", default=",".join(BUILT))
    parser.add_argument("--csv", nargs="*", default=[])
    parser.add_argument("--show", default="")
    parser.add_argument("--most", type=int, default=12)
    asked = parser.parse_args()
    worlds = [BUILT[style](asked.seed) for style in asked.styles.split(",") if style]
    worlds += [world_of_csv(Path(path), Path(path).parts[-3]) for path in asked.csv]
    merged: dict[str, Tally] = defaultdict(Tally)
    for world in worlds:
        tallies = measure_world(world, seed=asked.seed, each=asked.each)
        print_line(world.style, tallies)
        for name, tally in tallies.items():
            merged[name].counts.update(tally.counts)
            merged[name].examples.extend(tally.examples)
    print_line("all", merged)
    print_kinds(merged)
    for name in asked.show.split(",") if asked.show else []:
        show(merged, name, asked.most)


def print_line(style: str, tallies: dict[str, Tally]) -> None:
    figures = "  ".join(
        f"{name} {value:.2f}" if isinstance(value, float) else f"{name} {value}"
        for name, value in summary(tallies).items()
    )
    print(f"{style:>12}  {figures}")


VERDICTS = ("right", "wrong", "C top3", "C right", "C missed", "none", "kept out")


def print_kinds(tallies: dict[str, Tally]) -> None:
    print(f"\n{'kind':>20} " + " ".join(f"{verdict:>9}" for verdict in VERDICTS))
    for name, tally in tallies.items():
        print(f"{name:>20} " + " ".join(f"{tally.counts[verdict]:9}" for verdict in VERDICTS))


def show(tallies: dict[str, Tally], name: str, most: int) -> None:
    """What went wrong: all kinds where `name` is a verdict, else one kind."""
    kinds = [name] if name in tallies else list(tallies)
    for chosen in kinds:
        shown = 0
        for verdict, written, answer in tallies[chosen].examples:
            if name in tallies or verdict == name.replace("_", " "):
                print(f"[{chosen}/{verdict}] {written.text!r:.120}")
                print(
                    f"    truth {written.truth}  got {answer.grade} {answer.address_code} {answer.matched_text}"
                )
                print(f"    {answer.explanation}")
                shown += 1
                if shown >= most:
                    break


if __name__ == "__main__":
    main()
