"""What the build before answered about written places: a day's delta washes only what is new.

Nothing is kept for it: the answers lie in the build before, the texts in the extracts. They hold only while library
and programme are the same and the extracts are, byte for byte, those that were washed.
"""

from __future__ import annotations

from typing import Any

from kuai.address.types import ADDRESS_WASH, EarlierWash
from kuai.flows.build_inputs import BuildInputs, mentions_digest, read_inputs
from kuai.flows.stage_log import code_digest
from kuai.guard.types import Zone
from kuai.kit.store import Store
from kuai.sources.types import ADDRESS_MENTION


def earlier_wash(store: Store, inputs: BuildInputs) -> EarlierWash | None:
    """The core wash of the build before; None where it was made otherwise or of another library."""
    if not inputs.previous:
        return None
    build = store.builds / inputs.previous
    told = read_inputs(build)
    answers = build / "core" / f"{ADDRESS_WASH.name}.parquet"
    if told is None or told["code"] != code_digest() or not answers.exists():
        return None
    if told["library"]["digest"] != inputs.library.digest:
        return None
    by_source: dict[str, list[dict[str, Any]]] = {}
    for line in told["deliveries"]:
        if line["zone"] == Zone.CORE.value and line.get("addresses"):
            by_source.setdefault(line["source"], []).append(line)
    groups = []
    for source, lines in sorted(by_source.items()):
        folders = [store.extracts / source / line["period"] for line in lines]
        # All or none of a source: a newer delivery says which mentions of an older one were replaced.
        if all(
            mentions_digest(folder) == line["addresses"]
            for folder, line in zip(folders, lines, strict=True)
        ):
            groups.append(tuple(one / f"{ADDRESS_MENTION.name}.parquet" for one in folders))
    return EarlierWash(answers, tuple(groups))
