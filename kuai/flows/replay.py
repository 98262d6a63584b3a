"""A build made again aside, from the store's own inputs and the decisions up to its own, held against what is there.

A replayed build equals the old one minus listed erasures (decisions 0006, 0024). Nothing of the store is changed.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from kuai.flows.build_inputs import BuildInputs, read_inputs, read_registration
from kuai.flows.comparing import Erasure, TableVerdict, compare_builds
from kuai.flows.deliveries import (
    SHREDDED,
    AdmittedResource,
    MappedResource,
    ReceivedResource,
    leave_replaced_rows,
    map_resource,
)
from kuai.flows.frozen_decisions import prepare_decisions
from kuai.flows.frozen_library import PreparedLibrary, library_digest
from kuai.flows.stage_log import StageLog, code_digest, model_digest
from kuai.flows.stages import Bench, build_care, build_core
from kuai.guard.actions import is_shredded, tokenise
from kuai.guard.types import Zone
from kuai.kit.errors import Refusal
from kuai.kit.progress import SILENT, Progress
from kuai.kit.receipt import Receipt
from kuai.kit.store import VERSION_PATTERN, Store
from kuai.registry import actions as registry
from kuai.sources import actions as sources
from kuai.sources.types import DeliveryKind

# What a mapping's digest of keys is taken of; see `build_inputs.write_inputs`.
TOKEN_MARK = "inputs.json"


@dataclass(frozen=True)
class Replay:
    """What making a build again came to. `reasons` tell why tables may differ, where there is a reason to see."""

    version: str
    decisions_up_to: int
    previous: str
    is_equal: bool
    erasures: tuple[Erasure, ...]
    tables: tuple[TableVerdict, ...]
    reasons: tuple[str, ...]
    kept_at: Path | None = None

    def as_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


@dataclass(frozen=True)
class AsideStore(Store):
    """A folder of its own that reads keys and earlier builds where the repeated store has them."""

    original: Store

    @property
    def keys(self) -> Path:
        return self.original.keys

    @property
    def builds(self) -> Path:
        return self.original.builds


def replay_build(
    store: Store,
    version: str,
    *,
    against: str = "",
    keep: bool = False,
    progress: Progress = SILENT,
) -> Replay:
    """Make `version` again aside and compare it, table by table, with what the store has of it (or of `against`).

    Refuses a build from before inputs were kept, and one whose previous build or living deliveries are gone. Takes
    no lease and changes nothing; `keep` leaves what was made in the store's scratch folder.
    """
    inputs = inputs_of(store, version)
    compared = _build_folder(store, against or version)
    lines = inputs["deliveries"]
    erased = [line for line in (*lines, *_past(inputs)) if _is_erased(store, line)]
    aside = AsideStore(store.scratch / f"replay-{version}", store)
    shutil.rmtree(aside.root, ignore_errors=True)
    try:
        _link_vault(aside, [line for line in lines if line not in erased])
        again, reasons = _inputs_again(aside, inputs, erased=erased, progress=progress)
        made = aside.scratch / version
        bench = Bench(aside, StageLog(made), again, version, inputs["core_version"], progress)
        build_core(bench)
        build_care(bench)
        tables, erasures = compare_builds(compared, made, erased=erased, scratch=aside.scratch)
        kept_at = _keep(store, version, made) if keep else None
    finally:
        shutil.rmtree(aside.root, ignore_errors=True)
    return Replay(
        version=version,
        decisions_up_to=again.decisions.sequence,
        previous=again.previous,
        is_equal=all(one.is_equal for one in tables),
        erasures=erasures,
        tables=tables,
        reasons=reasons,
        kept_at=kept_at,
    )


def inputs_of(store: Store, version: str) -> dict[str, Any]:
    """What the build was made of; refuses an unknown build, or one from before that was kept."""
    inputs = read_inputs(_build_folder(store, version))
    if inputs is None:
        raise Refusal(
            "replay.no_inputs",
            f"版本 {version} 没有记下它的输入（旧程序所建），不能重放。",
            next_step="之后建的版本都可以重放。",
        )
    return inputs


def _build_folder(store: Store, version: str) -> Path:
    folder = store.builds / version
    if not VERSION_PATTERN.match(version) or not folder.is_dir():
        raise Refusal(
            "replay.unknown",
            f"库里没有版本 {version}。",
            next_step="版本在库的 builds 文件夹里；已发布的见 kuai sources list。",
        )
    return folder


def _past(inputs: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Deliveries that a later full one had made history: what was carried on from them counts too."""
    return [
        {**one, "zone": Zone.CORE.value, "rows": 0}
        for one in inputs["history"]
        if one["kind"] == "past"
    ]


def _is_erased(store: Store, line: Mapping[str, Any]) -> bool:
    return is_shredded(store, zone=Zone(line["zone"]), source=line["source"], period=line["period"])


def _link_vault(aside: AsideStore, lines: Sequence[Mapping[str, Any]]) -> None:
    """The sealed deliveries under the folder aside, as links: what is sealed there anew replaces a link, no file."""
    aside.create()
    shutil.copyfile(aside.original.root / "keyring", aside.root / "keyring")
    for line in lines:
        # Reporters' columns lie apart under the same name, and so may care columns.
        for zone in Zone:
            place = Path(zone.value) / line["source"] / line["period"]
            if (aside.original.vault / place).exists():
                shutil.copytree(
                    aside.original.vault / place,
                    aside.vault / place,
                    copy_function=_link_or_copy,
                    dirs_exist_ok=True,
                )


def _link_or_copy(source: str, target: str) -> str:
    try:
        os.link(source, target)
    except OSError:
        # A file system without links.
        shutil.copyfile(source, target)
    return target


def _inputs_again(
    aside: AsideStore,
    inputs: Mapping[str, Any],
    *,
    erased: Sequence[Mapping[str, Any]],
    progress: Progress,
) -> tuple[BuildInputs, tuple[str, ...]]:
    as_of = date.fromisoformat(inputs["as_of"])
    living = [line for line in inputs["deliveries"] if line not in erased]
    received = [(line, _received_again(aside, line)) for line in living]
    mapped = tuple(
        _mapped_again(aside, line, one, as_of=as_of, progress=progress)
        for line, one in received
        if line["registration"]
    )
    decided = prepare_decisions(aside, up_to=inputs["decisions"]["up_to"])
    previous = inputs["previous"]
    if previous and not (aside.builds / previous / "core").is_dir():
        raise Refusal(
            "replay.previous_gone",
            f"版本 {inputs['version']} 接着 {previous} 建，而库里已没有后者。",
            next_step="从备份取回那个版本的文件夹后再试。",
        )
    core = aside.builds / inputs["version"] / "core"
    library = PreparedLibrary(
        title=inputs["library"]["title"],
        folder=core,
        # What came of taking the library in is told by the build's own receipts.
        receipt=Receipt("library", 0, 0, what="entries"),
        digest=library_digest(core),
        sequence=inputs["library"]["sequence"],
    )
    again = BuildInputs(
        received=tuple({one.resource.name: one for _, one in received}.values()),
        mapped=leave_replaced_rows(aside, mapped, aside.scratch / "standing"),
        library=library,
        decisions=decided,
        catalogue=tuple(registry.RelationType(**entry) for entry in inputs["relations"]),
        history=tuple(_history_again(inputs, erased)),
        as_of=as_of,
        previous=previous,
        codes_of=inputs["version"] if erased else "",
    )
    return again, tuple(_reasons(aside, inputs, again))


def _history_again(
    inputs: Mapping[str, Any], erased: Sequence[Mapping[str, Any]]
) -> Iterator[registry.SourceDelivery]:
    gone = {(line["source"], line["period"]) for line in erased}
    for one in inputs["history"]:
        told = registry.SourceDelivery(**{**one, "as_of": date.fromisoformat(one["as_of"])})
        is_gone = (told.source, told.period) in gone
        yield replace(told, kind=SHREDDED) if is_gone else told


def _received_again(aside: AsideStore, line: Mapping[str, Any]) -> ReceivedResource:
    zone, source, period = Zone(line["zone"]), line["source"], line["period"]
    snapshot = sources.get_snapshot(aside, zone=zone, source=source, period=period)
    resource = sources.Resource(
        name=source,
        title=line["title"],
        paths=(),
        department=line["department"],
        delivery=DeliveryKind(line["delivery"]),
    )
    receipt = sources.read_receipt(aside, zone=zone, source=source, period=period)
    return ReceivedResource(resource, snapshot, sources.parse_mapping(line["mapping"]), receipt)


def _mapped_again(
    aside: AsideStore,
    line: Mapping[str, Any],
    received: ReceivedResource,
    *,
    as_of: date,
    progress: Progress,
) -> MappedResource:
    admitted = AdmittedResource(
        received, read_registration(line["registration"]), line["right_to_build"]
    )
    return map_resource(aside, admitted, as_of=as_of, progress=progress)


def _reasons(aside: AsideStore, inputs: Mapping[str, Any], again: BuildInputs) -> Iterator[str]:
    """What is not as it was when the build was made."""
    if inputs["code"] != code_digest():
        yield f"程序不同：当时 {inputs['code']}，现在 {code_digest()}"
    if inputs["model"] != model_digest():
        yield f"关联模型不同：当时 {inputs['model']}，现在 {model_digest()}"
    if inputs["decisions"]["digest"] != again.decisions.digest:
        yield f"第 {again.decisions.sequence} 号为止的决定与当时不同"
    if inputs["library"]["digest"] != again.library.digest:
        yield "这个版本里冻结的地址库与当时不同"
    if inputs["tokens"] != tokenise(aside, zone=Zone.CORE, value=TOKEN_MARK):
        yield "令牌密钥换过：没有自有编号的行换了记录键"
    for one in again.received:
        told = next(
            line["content_hash"]
            for line in inputs["deliveries"]
            if (line["source"], line["period"]) == (one.snapshot.source, one.snapshot.period)
        )
        if told != one.snapshot.content_hash:
            yield f"来源 {one.snapshot.source} 的 {one.snapshot.period} 期收过别的文件"


def _keep(store: Store, version: str, made: Path) -> Path:
    kept = store.scratch / "replays" / version
    shutil.rmtree(kept, ignore_errors=True)
    kept.parent.mkdir(parents=True, exist_ok=True)
    os.rename(made, kept)
    return kept
