"""What people decided since the published build, laid over it at reading time. Private; its door is `queries`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from kuai.kit.store import Store
from kuai.registry.engine.decision_kinds import LEVELS, DecisionKind
from kuai.registry.facts import published_sequence
from kuai.registry.freezing import has_log, in_force
from kuai.registry.models import Decision, DecisionSubject

OF_FACTS = (DecisionKind.OBJECT, DecisionKind.RETRACT, DecisionKind.VERIFY, DecisionKind.END)
# What makes a count of the build too high.
REMOVING = (DecisionKind.OBJECT, DecisionKind.RETRACT, DecisionKind.END)
FEWEST_TOLD = 10
# SQLite takes 999 parameters where it is old.
KEYS_A_QUERY = 500


@dataclass(frozen=True)
class FactWord:
    """What the log says of one fact. `status` is empty where no decision is in force any more: as the sources say."""

    status: str
    is_contested: bool
    level: str
    ended_on: date | None
    decision: int | None


def contested_facts(*, up_to: int | None = None) -> frozenset[str]:
    """Keys of all facts that are contested: out of every rule, count and list until their case is closed."""
    return _named(up_to, DecisionKind.OBJECT) - _named(up_to, DecisionKind.RETRACT)


def facts_out_of_use(*, up_to: int | None = None) -> frozenset[str]:
    """Keys of facts that no rule, count or list may rest on: contested, or found never to have been true."""
    return _named(up_to, DecisionKind.OBJECT, DecisionKind.RETRACT)


def persons_gone(*, up_to: int | None = None) -> Mapping[str, date]:
    """Persons whom decisions say dead, or departed and not come back since, with the day; by the code decided on."""
    if not has_log():
        return {}
    newest: dict[str, tuple[date, str]] = {}
    for row in in_force(up_to).filter(kind=DecisionKind.LIFE_CYCLE):
        told = (date.fromisoformat(row.detail["on"]), row.detail["event"])
        for code in row.subjects:
            if not code.startswith("P-"):
                continue
            known = newest.get(code, told)
            # Who is dead does not come back; the decision would have to be withdrawn.
            newest[code] = max(known, told, key=lambda one: (one[1] == "death", one[0]))
    return {code: on for code, (on, event) in newest.items() if event in ("death", "departure")}


def statuses_since(sequence: int, *, up_to: int | None = None) -> Mapping[str, FactWord]:
    """The word of the log on every fact touched by decisions and withdrawals after `sequence`; in order of keys."""
    if not has_log():
        return {}
    said = _said_of(_touched(sequence, up_to), up_to)
    return {key: _word_of(said[key]) for key in sorted(said)}


def words_under(
    keys_of: Mapping[str, Iterable[str]], *, up_to: int | None = None
) -> Mapping[str, FactWord]:
    """The word of the log on each fact, by all keys it was ever decided under together."""
    if not has_log():
        return {}
    said = _said_of({key for keys in keys_of.values() for key in keys}, up_to)
    words = {}
    for fact, keys in keys_of.items():
        rows = {row.pk: row for key in keys for row in said[key]}
        words[fact] = _word_of([rows[number] for number in sorted(rows)])
    return words


def statuses_over(store: Store, *, up_to: int | None = None) -> Mapping[str, FactWord]:
    """`statuses_since` of the published build: what a page lays over it."""
    return statuses_since(published_sequence(store), up_to=up_to)


def count_removals_since_build(store: Store) -> int:
    """How many objections, retractions and ends came in since the published build: in tens, 0 below ten.

    For all places together and in tens, because a count by area or by one would tell who was contested where.
    """
    if not has_log():
        return 0
    since = Decision.objects.filter(pk__gt=published_sequence(store), kind__in=REMOVING)
    return since.count() // FEWEST_TOLD * FEWEST_TOLD


def _named(up_to: int | None, *kinds: DecisionKind) -> frozenset[str]:
    if not has_log():
        return frozenset()
    keys = in_force(up_to).filter(kind__in=kinds).values_list("subjects", flat=True)
    return frozenset(key for subjects in keys for key in subjects)


def _touched(sequence: int, up_to: int | None) -> set[str]:
    since = Decision.objects.filter(pk__gt=sequence)
    if up_to is not None:
        since = since.filter(pk__lte=up_to)
    words = [kind.value for kind in OF_FACTS]
    keys: set[str] = set()
    for subjects in since.filter(kind__in=words).values_list("subjects", flat=True):
        keys.update(subjects)
    withdrawn = since.filter(kind=DecisionKind.WITHDRAW, withdraws__kind__in=words)
    for subjects in withdrawn.values_list("withdraws__subjects", flat=True):
        keys.update(subjects)
    return keys


def _said_of(keys: Iterable[str], up_to: int | None) -> dict[str, list[Decision]]:
    """The decisions in force on each fact, in the log's order; some hundred facts a query, none left out."""
    said: dict[str, list[Decision]] = {key: [] for key in sorted(keys)}
    asked = list(said)
    living = in_force(up_to).filter(kind__in=OF_FACTS)
    for start in range(0, len(asked), KEYS_A_QUERY):
        named = DecisionSubject.objects.filter(
            key__in=asked[start : start + KEYS_A_QUERY], decision__in=living
        )
        for one in named.select_related("decision").order_by("decision_id"):
            said[one.key].append(one.decision)
    return said


def _word_of(said: Sequence[Decision]) -> FactWord:
    """As the build judges it: never true, contested, ended, verified, in this order."""
    newest: dict[str, Decision] = {}
    reached: set[str] = set()
    for row in said:
        newest[row.kind] = row
        if row.kind == DecisionKind.VERIFY:
            # An end holds until somebody verifies anew; then the steps begin anew.
            if newest.pop(DecisionKind.END, None) is not None:
                reached.clear()
            reached.add(row.detail["level"])
    level = ""
    for step in LEVELS:
        if step not in reached:
            break
        level = step.value
    ruling = next(
        (
            (status, newest[kind])
            for kind, status in (
                (DecisionKind.RETRACT, "withdrawn"),
                (DecisionKind.OBJECT, "disputed"),
                (DecisionKind.END, "ended"),
                (DecisionKind.VERIFY, "verified"),
            )
            if kind in newest
        ),
        ("", None),
    )
    status, decision = ruling
    end = newest.get(DecisionKind.END)
    return FactWord(
        status=status,
        is_contested=status == "disputed",
        level="" if status == "withdrawn" else level,
        ended_on=date.fromisoformat(end.detail["on"]) if end else None,
        decision=decision.pk if decision else None,
    )
