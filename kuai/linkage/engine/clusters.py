"""The end of both links: clusters with their reasons, and which of them are held back."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import numpy as np
import pyarrow as pa

from kuai.linkage.engine import components
from kuai.linkage.engine.clerk_ties import ClerkWord
from kuai.linkage.engine.components import Traits
from kuai.linkage.engine.figures import LinkFigures
from kuai.linkage.engine.holding_back import Watch, hold_back
from kuai.linkage.engine.keys import FOUNDER_REASON, LinkKey
from kuai.linkage.engine.steps import make_table, registered


def write_clusters(
    connection: duckdb.DuckDBPyConnection,
    merging: components.Merging,
    *,
    keys: Sequence[LinkKey],
    traits: Traits,
    word: ClerkWord,
    watch: Watch,
) -> LinkFigures:
    """Make `mention_cluster`, and `cluster_suspicion` and `cluster_tie` for what `watch` finds odd."""
    count = len(traits.columns[0])
    membership = components.strongest_paths(count, merging.kept)
    rows = pa.table(
        {
            "mention_no": np.arange(count, dtype=np.int32),
            "founder_no": membership.founder.astype(np.int32),
            "path_tier": membership.path_tier,
            "own_tier": membership.own_tier,
        }
    )
    tiers = pa.table(
        {
            "tier": pa.array(range(len(keys)), pa.int16()),
            "probability": [key.probability for key in keys],
            "reason": [key.reason for key in keys],
        }
    )
    with registered(connection, membership=rows, tier=tiers):
        suspicions = hold_back(
            connection,
            membership,
            merging,
            keys=keys,
            traits=traits,
            word=word,
            watch=watch,
        )
        make_table(connection, "mention_cluster", parameters={"founder_reason": FOUNDER_REASON})
    quarantined = connection.execute(
        "select count(*) from mention_cluster where quarantined"
    ).fetchall()[0][0]
    counts = np.bincount(merging.kept.tier, minlength=len(keys)).tolist()
    return LinkFigures(
        mentions=count,
        clusters=int((membership.founder == np.arange(count)).sum()),
        quarantined=int(quarantined),
        edges_by_key={key.code: n for key, n in zip(keys, counts, strict=True) if n},
        edges_cut=len(merging.cut),
        edges_parted=len(merging.parted),
        suspicions=suspicions,
        decisions_waiting=word.waiting,
        decisions_contradicted=len(word.contradictions),
    )
