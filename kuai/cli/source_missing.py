"""`kuai sources missing`: what the store cannot tell for want of a source."""

from __future__ import annotations

from dataclasses import asdict

from kuai.cli.allowing import require_allowed
from kuai.cli.options import DEFAULT_STORE, JsonOption, StoreOption
from kuai.cli.output import console, write_json_answer
from kuai.kit.store import Store


def list_missing_sources(store: StoreOption = DEFAULT_STORE, as_json: JsonOption = False) -> None:
    """还缺哪类来源、因此答不了什么；要回答才需要，没有用途的不要收。"""
    from kuai.flows.missing_sources import list_missing
    from kuai.flows.queries import list_sources

    require_allowed("sources missing")
    missing = list_missing(list_sources(Store(store)))
    if as_json:
        write_json_answer([asdict(one) for one in missing])
        return
    for one in missing:
        console.print(f"{one.title}（{one.kept_by}）：{one.answers}", highlight=False)
    if not missing:
        console.print("常用的来源都有了。")
