"""`kuai explain pair A B`: why two persons (or two rows) are one, or are not. Agreement is told, values are not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from kuai.kit.element_codes import is_element_code
from kuai.kit.engine import engine, rows_of, scan_sql
from kuai.kit.errors import Refusal
from kuai.kit.store import Store
from kuai.linkage.queries import (
    Agreement,
    PairStory,
    compare_records_of,
    list_person_keys,
    read_agreements,
)
from kuai.linkage.types import PERSON_SUSPICION, PERSON_TIE
from kuai.registry.types import DECISION, MENTION_ELEMENT, PERSON

Steps = list[tuple[str, str]]
# Of each side the first so many records are compared; a person seldom has more.
MOST_COMPARED = 12
WORDS = {
    "name": "姓名",
    "id_number": "证件号码",
    "birth_date": "出生日期",
    "sex": "性别",
    "phone": "电话",
    "room": "房屋",
    "building": "楼栋",
    "organisation": "单位",
    "organisation_name": "单位",
    "place": "地点",
    "start": "起点",
    "name_rarity": "姓名少见",
}
OUTCOMES = {
    "same": "相同",
    "sounds_same": "同音",
    "one_character": "差一字",
    "position": "差在第 {detail} 位",
    "different": "不同",
    "unknown": "一方没有",
}
DECIDED = {"same": "同一", "different": "不同", "split": "分开", "confirm": "属实"}


def explain_pair(
    left: str, right: str, *, store: Store, persons: frozenset[str] | None = None
) -> Steps:
    """Which records, what agrees, which keys apply or are refused, the model's weights, the path of ties, decisions.

    `left`, `right`: codes of persons, rows as source:row, or record keys. Refuses what is unknown and whom the ticket
    does not name.
    """
    core = store.current_build() / "core"
    sides = [_side(core, said) for said in (left, right)]
    codes = [sorted({row["code"] for row in side}) for side in sides]
    if persons is not None and {code for found in codes for code in found} - persons:
        raise Refusal(
            "explain.other_person",
            "这里还涉及凭据没有写明的人。",
            next_step="请在写明这些人的核校里再查。",
        )
    keys = [[row["mention_key"] for row in side] for side in sides]
    steps = [
        (f"{name}侧", f"{'、'.join(found)}：{_rows_in_words(side)}")
        for name, found, side in zip("左右", codes, sides, strict=True)
    ]
    steps.append(("现在", "认定为同一人" if codes[0] == codes[1] else "认定为两个人"))
    steps += _told(_compare(store, sides, keys))
    steps += _ties(core, keys, _between(core, codes))
    return steps + _decisions(core, {*keys[0], *keys[1]}, {*codes[0], *codes[1]})


def _side(core: Path, said: str) -> list[dict[str, Any]]:
    if is_element_code(said):
        rows = _rows(core, MENTION_ELEMENT.name, "element = 'person' and code = ?", [said])
    elif "#" in said:
        rows = _rows(core, MENTION_ELEMENT.name, "element = 'person' and mention_key = ?", [said])
    else:
        source, _, row = said.rpartition(":")
        number = int(row) if row.isascii() and row.isdigit() else -1
        rows = _rows(
            core,
            MENTION_ELEMENT.name,
            "element = 'person' and source = ? and row_no = ?",
            [source, number],
        )
    if not rows:
        raise Refusal(
            "explain.no_person",
            "已发布的版本里没有这个人，或这一行没有说到人。",
            next_step="写人的编码、记录键，或“来源:行号”（行号从 0 数起）。",
        )
    return rows


def _rows_in_words(side: Sequence[dict[str, Any]]) -> str:
    told = [
        f"{row['source']} 第 {row['row_no']} 行（{row['role']}）" for row in side[:MOST_COMPARED]
    ]
    more = f"，等 {len(side)} 条" if len(side) > MOST_COMPARED else ""
    return "，".join(told) + more


def _compare(
    store: Store, sides: Sequence[Sequence[dict[str, Any]]], keys: Sequence[Sequence[str]]
) -> PairStory | None:
    left, right = keys[0][:MOST_COMPARED], keys[1][:MOST_COMPARED]
    left = [key for key in left if key not in right] or left[:1]
    right = [key for key in right if key not in left] or right[-1:]
    if left == right:
        return None
    wanted = {*left, *right}
    rows = [row for side in sides for row in side if row["mention_key"] in wanted]
    return compare_records_of(store, _in_clear(store, rows), left, right)


def _in_clear(store: Store, rows: Sequence[dict[str, Any]]) -> list[dict[str, object]]:
    """What these records say besides the sealed values."""
    core = store.current_build() / "core"
    codes = sorted({row["code"] for row in rows})
    born = {
        one["person_code"]: one
        for one in _rows(core, PERSON.name, "list_contains(?, person_code)", [codes])
    }
    found: list[dict[str, object]] = []
    for row in rows:
        person = born.get(row["code"], {})
        place = row["address_code"] if row["grade"] in ("A", "B") else None
        found.append(
            {
                "mention_key": row["mention_key"],
                "source": row["source"],
                "period": row["period"],
                "role": row["role"],
                "birth_date": str(person["birth_date"])
                if person.get("birth_precision") == "day"
                else None,
                "sex": person.get("sex"),
                "room_code": place if place and len(place) == 25 else None,
                "building_code": place[:19] if place and len(place) >= 19 else None,
                "likely_room_code": None,
                "organisation_name": None,
            }
        )
    return found


def _told(story: PairStory | None) -> Steps:
    if story is None:
        return [("比较", "两侧是同一条记录")]
    said = [f"{WORDS[one.field]}{_outcome(one)}" for one in story.agreements]
    steps = [("最相近的两条", f"{story.left} 与 {story.right}"), ("比较", "，".join(said))]
    for key in story.keys:
        word = f"不作数：{key.refused_because}" if key.refused_because else "两条记录符合"
        steps.append(("同键", f"{key.sentence}（{key.probability:.4f}）：{word}"))
    if not story.keys:
        steps.append(("同键", "没有一个符合"))
    bars = [
        f"{WORDS.get(bar.field, bar.field)}"
        f" {'不同（不交给模型）' if bar.outcome == 'forbids' else format(bar.bits, '+.1f')}"
        for bar in story.weights
    ]
    total = sum(bar.bits for bar in story.weights)
    steps.append(("模型（比特）", f"{'，'.join(bars)}；合计 {total:+.1f}"))
    return steps


def _between(core: Path, codes: Sequence[Sequence[str]]) -> dict[str, str]:
    """All records of whoever both sides are: through them two rows may have become one."""
    shared = sorted({*codes[0]} & {*codes[1]})
    if not shared:
        return {}
    rows = _rows(
        core,
        MENTION_ELEMENT.name,
        "element = 'person' and list_contains(?, code)",
        [shared],
    )
    return {row["mention_key"]: _rows_in_words([row]) for row in rows}


def _ties(core: Path, keys: Sequence[Sequence[str]], between: Mapping[str, str]) -> Steps:
    """The strongest path of kept ties from the left to the right, or that there is none; what was refused; why held."""
    sentences = {key.code: key.reason for key in list_person_keys()}
    both = sorted({*keys[0], *keys[1]})
    ties = _rows(
        core,
        PERSON_TIE.name,
        "list_contains(?, left_mention) or list_contains(?, right_mention)",
        [sorted({*both, *between})] * 2,
    )
    path = _path([tie for tie in ties if tie["is_kept"]], set(keys[0]), set(keys[1]))
    steps = [
        (
            "关联",
            f"{tie['left_mention']} — {tie['right_mention']}："
            f"{sentences.get(tie['key_code'], tie['key_code'])}（{tie['match_probability']:.4f}）",
        )
        for tie in path
    ]
    third = dict.fromkeys(
        key for tie in path for key in (tie["left_mention"], tie["right_mention"])
    )
    if through := [key for key in third if key not in both]:
        steps.append(
            (
                "经由",
                f"两侧本不直接相连，经由 {'、'.join(between.get(key, key) for key in through)} 成为一个",
            )
        )
    if not steps and not set(keys[0]) & set(keys[1]):
        steps.append(
            ("关联", "两侧没有关联。符合的同键仍可能因同名者多、同组另有矛盾或该值多人共用而不作数")
        )
    steps += [
        (
            "没有采用",
            f"{tie['left_mention']} — {tie['right_mention']}："
            f"{sentences.get(tie['key_code'], tie['key_code'])}（与事实矛盾，或人工已分开）",
        )
        for tie in ties
        if not tie["is_kept"] and {tie["left_mention"], tie["right_mention"]} <= set(both)
    ]
    odd = _rows(
        core,
        PERSON_SUSPICION.name,
        "list_contains(?, left_mention) or list_contains(?, right_mention)",
        [both, both],
    )
    return steps + [("存疑", sentence) for sentence in sorted({_doubt(one) for one in odd})]


def _doubt(row: dict[str, Any]) -> str:
    """Why it is held back, and in what its two records differ as they were written."""
    differing = [
        f"{WORDS[one.field]}{_outcome(one)}"
        for one in read_agreements(row["agreement"])
        if one.outcome not in ("same", "unknown")
    ]
    return row["explanation"] + (f"（原记录：{'，'.join(differing)}）" if differing else "")


def _outcome(one: Agreement) -> str:
    return OUTCOMES.get(one.outcome, one.outcome).format(detail=one.detail)


def _path(ties: Sequence[dict[str, Any]], start: set[str], end: set[str]) -> list[dict[str, Any]]:
    """Strongest first: the last tie that joins the sides closes the strongest path."""
    if start & end:
        start, end = {min(start)}, {max(end)}
    around: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for tie in sorted(ties, key=lambda tie: (-tie["match_probability"], tie["left_mention"])):
        around[tie["left_mention"]].append(tie)
        around[tie["right_mention"]].append(tie)
    came_by: dict[str, dict[str, Any] | None] = dict.fromkeys(sorted(start))
    waiting = sorted(start)
    while waiting:
        key = waiting.pop(0)
        if key in end and came_by[key] is not None:
            return _walk_back(key, came_by)
        for tie in around[key]:
            other = tie["right_mention"] if tie["left_mention"] == key else tie["left_mention"]
            if other not in came_by:
                came_by[other] = tie
                waiting.append(other)
    return []


def _walk_back(key: str, came_by: dict[str, dict[str, Any] | None]) -> list[dict[str, Any]]:
    path: list[dict[str, Any]] = []
    while (tie := came_by[key]) is not None:
        path.append(tie)
        key = tie["left_mention"] if tie["right_mention"] == key else tie["right_mention"]
    return path[::-1]


def _decisions(core: Path, keys: Iterable[str], codes: Iterable[str]) -> Steps:
    rows = _rows(core, DECISION.name, "list_contains(?, subject)", [sorted({*keys, *codes})])
    told = {row["sequence"]: row for row in rows if row["kind"] in DECIDED}
    return [
        ("人工决定", f"决定 {number}（{row['decided_on']}）：{DECIDED[row['kind']]}")
        for number, row in sorted(told.items())
    ]


def _rows(core: Path, table: str, where: str, parameters: Sequence[Any]) -> list[dict[str, Any]]:
    path = core / f"{table}.parquet"
    if not path.exists():
        return []
    with engine(memory_limit="500MB") as connection:
        found = connection.execute(
            f"select * from {scan_sql([path])} where {where}", list(parameters)
        )
        rows = rows_of(found)
    return sorted(rows, key=lambda row: tuple(map(str, row.values())))
