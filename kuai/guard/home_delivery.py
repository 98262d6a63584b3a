"""Does it go to the door? A yes or no of the care zone, derived here and nowhere else. Private; see `revealing_lists`.

Who is on a list of a care source that agreed to `home_delivery` gets a yes. Of what kind the list is, how many there
are, and whether somebody is on several never leaves this file: neither value, field, count nor log. Numbers are
compared in memory; tokens of the two zones stay unjoinable. Decision 0038.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping

import pyarrow as pa
import pyarrow.compute as pc

from kuai.guard import actions
from kuai.guard.engine.reading import ResolvedSubject, SealedMention
from kuai.guard.models import SourceRecord
from kuai.guard.types import Zone
from kuai.kit.folding import fold_code
from kuai.kit.store import Store

PURPOSE = "home_delivery"
IDENTITY = "identity"
# A placeholder or a torn number must not bring somebody else's yes.
SHORTEST_NUMBER = 15


def list_home_deliveries(
    subjects: Mapping[str, ResolvedSubject], *, store: Store
) -> Mapping[str, bool]:
    """Whether it goes to the door, for whom it can be told; nobody where no source of the care zone agreed to it.

    Of whom the core holds no number nothing can be compared: that is no answer, never a no.
    """
    agreed = _deliveries(store)
    if not agreed:
        return {}
    numbers = _numbers_of(subjects, store=store)
    cared_for: set[str] = set()
    for source, period in agreed:
        column = _column(store, source, period)
        cared_for.update(fold_code(number) for number in column if number)
    return {ref: bool(own & cared_for) for ref, own in numbers.items() if own}


def whose_care_rows(
    subjects: Mapping[str, ResolvedSubject],
    rows: Collection[str],
    *,
    store: Store,
    source: str,
    period: str,
) -> frozenset[str]:
    """Which of these persons stand in these rows (record keys) of a care source that keeps what people asked for.

    For what somebody asked for themselves: the caller gets the bit, and nothing of the rows. Refuses nobody, writes
    nothing; the caller has seen that the source allows it.
    """
    table = actions.open_sealed(
        store,
        zone=Zone.CARE,
        source=source,
        period=period,
        name=IDENTITY,
        columns=["mention_key", "id_number"],
    )
    pairs = zip(table["mention_key"].to_pylist(), table["id_number"].to_pylist(), strict=True)
    asked = {
        fold_code(number)
        for key, number in pairs
        if number and len(number) >= SHORTEST_NUMBER and key.partition("#")[0] in rows
    }
    return frozenset(ref for ref, own in _numbers_of(subjects, store=store).items() if own & asked)


def _deliveries(store: Store) -> list[tuple[str, str]]:
    """The newest delivery of each care source that agreed."""
    found = []
    for record in SourceRecord.objects.filter(zone=Zone.CARE.value).order_by("source"):
        if PURPOSE not in record.permitted_purposes:
            continue
        folder = store.vault / Zone.CARE.value / record.source
        periods = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
        for period in reversed(periods):
            if actions.sealed_exists(
                store, zone=Zone.CARE, source=record.source, period=period, name=IDENTITY
            ):
                found.append((record.source, period))
                break
    return found


def _column(store: Store, source: str, period: str) -> Iterable[str | None]:
    table = actions.open_sealed(
        store,
        zone=Zone.CARE,
        source=source,
        period=period,
        name=IDENTITY,
        columns=["id_number"],
    )
    values: list[str | None] = table["id_number"].to_pylist()
    return [one for one in values if one and len(one) >= SHORTEST_NUMBER]


def _numbers_of(subjects: Mapping[str, ResolvedSubject], *, store: Store) -> dict[str, set[str]]:
    """Identity numbers of core persons, for comparing in memory alone."""
    owner: dict[str, str] = {}
    places: dict[tuple[str, str], list[SealedMention]] = defaultdict(list)
    for ref, subject in subjects.items():
        for mention in subject.mentions:
            if mention.zone is Zone.CORE:
                places[(mention.source, mention.period)].append(mention)
                owner[mention.mention_key] = ref
    numbers: dict[str, set[str]] = {ref: set() for ref in subjects}
    for (source, period), mentions in sorted(places.items()):
        wanted = pa.array(sorted(one.mention_key for one in mentions))
        batches = actions.open_sealed_batches(
            store,
            zone=Zone.CORE,
            source=source,
            period=period,
            name=IDENTITY,
            columns=["mention_key", "id_number"],
        )
        for batch in batches:
            kept = batch.filter(pc.is_in(batch["mention_key"], value_set=wanted))
            for row in kept.to_pylist():
                number = fold_code(row["id_number"] or "")
                if len(number) >= SHORTEST_NUMBER:
                    numbers[owner[row["mention_key"]]].add(number)
    return numbers
