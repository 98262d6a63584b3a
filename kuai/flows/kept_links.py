"""Links of the build before that hold for this one: an element is linked again only where its rows are others.

Linkage weighs every row against all others (how common a name is, who shares a phone), so its answer is kept whole or
not at all. What it reads is told by `inputs.json` of each build as a digest, what it wrote as another.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from kuai.flows.build_inputs import BuildInputs, read_inputs
from kuai.flows.deliveries import MappedResource
from kuai.flows.stage_log import code_digest, file_digest
from kuai.guard.types import Zone
from kuai.kit.receipt import Receipt
from kuai.kit.store import Store, read_json
from kuai.linkage import actions as linkage
from kuai.sources import actions as sources
from kuai.sources.types import (
    ADDRESS_MENTION,
    ORGANISATION_MENTION,
    PERSON_MENTION,
    ROW_LINK,
)

MENTIONS_OF = {"person": PERSON_MENTION, "organisation": ORGANISATION_MENTION}
READ_TABLES = (PERSON_MENTION, ADDRESS_MENTION, ROW_LINK, ORGANISATION_MENTION)
NOTE = "taken_over"
NO_BUILD = "没有上一次建库可沿用，重新关联"
OTHER_INPUT = "提及、决定、地址库、程序或月份变了，重新关联"
FILES_CHANGED = "上一次的关联表缺失或变了，重新关联"
KEPT = "沿用 {build}"


def link_imprint(inputs: BuildInputs, element: str) -> str:
    """A digest of all that the link of `element` reads; equal digests give equal links."""
    # The oldest living are counted from a month.
    month = f"{inputs.as_of:%Y-%m}" if element == "person" else ""
    lines = [
        code_digest(),
        element,
        month,
        # Washed places follow from the texts and the library.
        inputs.library.digest,
        inputs.decisions.digest,
        *(_line_of(one) for one in _named_in(inputs, element)),
    ]
    return hashlib.sha256("\x1f".join(lines).encode()).hexdigest()


def links_line(inputs: BuildInputs, core: Path) -> dict[str, Any]:
    """What `inputs.json` tells of the links in `core`."""
    return {
        element: {"made_of": link_imprint(inputs, element), "files": _files_digest(core, element)}
        for element in MENTIONS_OF
    }


def keep_links(store: Store, inputs: BuildInputs, element: str, core: Path) -> Receipt | str:
    """Copy the links of `element` from the build before into `core`; else why they do not hold, in words."""
    if not inputs.previous:
        return NO_BUILD
    before = store.builds / inputs.previous
    told = ((read_inputs(before) or {}).get("links") or {}).get(element)
    if told is None or told["made_of"] != link_imprint(inputs, element):
        return OTHER_INPUT
    receipt = _receipt_of(before, element)
    if receipt is None or told["files"] != _files_digest(before / "core", element):
        return FILES_CHANGED
    for path in _paths(before / "core", element):
        shutil.copyfile(path, core / path.name)
    return replace(receipt, notes={**receipt.notes, NOTE: KEPT.format(build=inputs.previous)})


def _named_in(inputs: BuildInputs, element: str) -> Iterator[MappedResource]:
    """The core deliveries that name such an element: the rows of others are not read for it."""
    table = MENTIONS_OF[element].name
    of_core = (one for one in inputs.of_zone(Zone.CORE) if one.mentions.tables[table].rows)
    yield from sorted(of_core, key=lambda one: (one.mentions.source, one.mentions.period))


def _line_of(one: MappedResource) -> str:
    mentions = one.mentions
    read = sources.readings_mark(mentions)
    if not read:
        # Rows that stand apart from their delivery are told by their files; their sealed values by it and its mapping.
        paths = [path for table in READ_TABLES for path in mentions.tables[table.name].paths]
        mapping = sources.write_mapping(one.received.mapping)
        read = f"{file_digest(paths)}|{one.received.snapshot.content_hash}|{mapping}"
    return f"{mentions.source}|{mentions.period}|{read}"


def _paths(core: Path, element: str) -> list[Path]:
    return [core / f"{table.name}.parquet" for table in linkage.RESULT_TABLES[element]]


def _files_digest(core: Path, element: str) -> str:
    paths = _paths(core, element)
    return file_digest(paths) if all(path.exists() for path in paths) else ""


def _receipt_of(build: Path, element: str) -> Receipt | None:
    """The link's own receipt in those of its build."""
    path = build / "receipts.json"
    stages = read_json(path)["stages"] if path.exists() else []
    parts = [part for stage in stages if stage["stage"] == "link" for part in stage["parts"]]
    wanted = f"link {element}s"
    return next((Receipt.from_json(part) for part in parts if part["stage"] == wanted), None)
