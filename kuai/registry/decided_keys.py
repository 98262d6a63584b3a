"""Under which keys the log knows facts of the published build: codes merge after decisions. Private; see `queries`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kuai.kit.store import Store
from kuai.registry.engine.fact_keys import find_fact_key
from kuai.registry.facts import known_as_all
from kuai.registry.freezing import has_log, in_force
from kuai.registry.models import DecisionSubject


def decided_as(store: Store, fact_keys: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
    """The keys by which decisions name each fact, those in force first; its own key where nobody decided."""
    alone = {one: (one,) for one in fact_keys}
    if not has_log() or not DecisionSubject.objects.filter(key__contains="|").exists():
        return alone
    names = known_as_all(store, [key for one in fact_keys if (key := find_fact_key(one))])
    named = DecisionSubject.objects.filter(key__in={key for keys in names.values() for key in keys})
    known = set(named.values_list("key", flat=True))
    living = set(named.filter(decision__in=in_force()).values_list("key", flat=True))
    told = {
        one: tuple(sorted((key for key in keys if key in known), key=lambda key: key not in living))
        for one, keys in names.items()
    }
    return alone | {one: keys for one, keys in told.items() if keys}
