"""What states, causes and the sums of a rehearsal are called on a terminal; `--json` keeps their keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kuai.kit.errors import Refusal
from kuai.kit.store import Store

ASKS = {"offer": "提供", "question": "问", "check": "核对"}
STATES = {
    "draft": "没有演练",
    "rehearsed": "演练过，等签字",
    "live": "在用",
    "suspended": "停用",
    "withdrawn": "已撤销",
}
CAUSES = {
    "not_live": "规则没有签字上线",
    "suspended": "规则停用了",
    "contested": "本人提过异议",
    "cool_down": "不久前提过",
    "no_contact": "没有联系方式",
    "no_guardian": "是孩子，没有登记监护人",
    "no_official": "科室没有写明负责人",
    "unanswered": "提过，没有回答",
}
SUMS = {
    "builds": "各版发现的数",
    "found": "最新一版",
    "grids": "各网格",
    "overlap": "同时被别的规则找到",
    "hit_twice": "被找到不止一次的",
}
GROUPS = {
    "age": "按年龄，是全体的几倍",
    "area": "按地方，是全体的几倍",
    "housing": "按住房，是全体的几倍",
}
HOUSING = {
    "PH_RESIDE": "住着",
    "PH_RENT": "租住",
    "PH_OWN": "自有",
    "": "没有登记住处",
}
AGE_BAND = 15
Namer = Callable[[str], str]


def sum_lines(store: Store, sums: Mapping[str, Any]) -> list[str]:
    """A rehearsal line by line: heading, then what it says; counts in full tens."""
    from kuai.rules.queries import list_rules

    titles = {one.rule_id: one.title_zh for one in list_rules(store)}
    place_name = _place_namer(store)
    namers: dict[str, Namer] = {
        "overlap": lambda name: titles.get(name, name),
        "grids": lambda code: place_name(code) if code else "没有网格",
        "age": _age_name,
        "area": lambda code: place_name(code) if code else "没有登记住处",
        "housing": lambda name: HOUSING.get(name, name),
    }
    lines = []
    for key, heading in SUMS.items():
        said = sums.get(key)
        lines.append(heading if isinstance(said, Mapping) else f"{heading}：{_told(said)}")
        if isinstance(said, Mapping):
            lines += [f"  {text}" for text in _counted(said, namers.get(key, str))]
    for key, heading in GROUPS.items():
        ratios = sums.get("groups", {}).get(key, {})
        lines.append(heading)
        lines += [
            f"  {namers[key](name)}：{one['ratio']} 倍（{one['low']}–{one['high']}）"
            for name, one in ratios.items()
        ] or ["  不公布"]
    return lines


def _counted(said: Mapping[str, Any], name_of: Namer) -> list[str]:
    lines = [
        f"{name_of(name)}：{_told(count)}" for name, count in said.items() if count is not None
    ]
    hidden = sum(count is None for count in said.values())
    return lines + ([f"另 {hidden} 项：不公布"] if hidden else []) or ["没有"]


def _told(count: Any) -> str:
    if count is None:
        return "不公布"
    return f"{count} 多" if count else "没有"


def _age_name(name: str) -> str:
    if not name:
        return "生日不详"
    first = int(float(name))
    return f"{first} 到 {first + AGE_BAND - 1} 岁"


def _place_namer(store: Store) -> Namer:
    from kuai.blocks.queries import open_blocks

    reader = open_blocks(store.current_build())

    def name_of(code: str) -> str:
        try:
            block = reader.get_block(code)
        except Refusal:
            return code
        return block.standard_text or block.name or code

    return name_of
