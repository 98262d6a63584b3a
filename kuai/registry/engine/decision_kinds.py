"""The closed set of what people may decide: how many keys of which form each kind names, and the shape of its detail.

Decisions 0002 and 0023. What each does to the build and to the overlay stands in the room's README.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from kuai.guard.free_text import find_somebody
from kuai.kit.element_codes import is_element_code
from kuai.kit.errors import Refusal
from kuai.linkage.types import SUSPICION_KINDS
from kuai.registry.engine.fact_keys import find_fact_key, is_code, is_mention_key


class DecisionKind(StrEnum):
    """Each has one defined effect on the build and on the overlay."""

    SAME = "same"
    DIFFERENT = "different"
    SPLIT = "split"
    CONFIRM = "confirm"
    OBJECT = "object"
    RETRACT = "retract"
    VERIFY = "verify"
    END = "end"
    ALIAS = "alias"
    LIFE_CYCLE = "life_cycle"
    WITHDRAW = "withdraw"


class VerifiedLevel(StrEnum):
    """How far a fact was promoted, in this order, none skipped."""

    COMMUNITY = "community"
    SUBDISTRICT = "subdistrict"
    DEPARTMENT = "department"


class EvidenceKind(StrEnum):
    """What whoever verified a fact had before them. The evidence itself stays where it is: only a reference is kept."""

    PAPER_SEEN = "paper_seen"
    VISIT = "visit"
    DEPARTMENT_ANSWER = "department_answer"
    OWNER_DECLARATION = "owner_declaration"
    OWN_DECLARATION = "own_declaration"


class Objection(StrEnum):
    """What somebody says is wrong with a fact: a closed list, because a text would tell of people."""

    NEVER_LIVED = "never_lived"
    MOVED_OUT = "moved_out"
    WRONG_PERSON = "wrong_person"
    TYPO = "typo"
    OTHER = "other"


class Objector(StrEnum):
    """On whose behalf a fact is contested."""

    RESIDENT = "resident"
    CLERK = "clerk"


LEVELS: tuple[VerifiedLevel, ...] = tuple(VerifiedLevel)
EVENTS_BY_PREFIX: Mapping[str, frozenset[str]] = {
    "P": frozenset({"birth", "arrival", "departure", "death"}),
    "O": frozenset({"founded", "changed", "ended"}),
    # Places carry digits only.
    "": frozenset({"planned", "built", "demolished"}),
}
MOST_MENTIONS_NAMED = 500
_REFERENCE = re.compile(
    r"^[0-9A-Za-z\u4e00-\u9fff][0-9A-Za-z\u4e00-\u9fff〔〕（）()\[\]/._第号#-]{1,63}$"
)

Test = Callable[[Any], bool]


def _is_day(value: Any) -> bool:
    try:
        return isinstance(value, str) and date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def _are_mentions(value: Any) -> bool:
    return (
        isinstance(value, list)
        and 0 < len(value) <= MOST_MENTIONS_NAMED
        and len(set(map(str, value))) == len(value)
        and all(isinstance(one, str) and is_mention_key(one) for one in value)
    )


def _is_reference(value: Any) -> bool:
    return isinstance(value, str) and bool(_REFERENCE.match(value)) and not find_somebody(value)


def _is_suspicion(value: Any) -> bool:
    return isinstance(value, str) and value in SUSPICION_KINDS


def _one_of(words: type[StrEnum]) -> Test:
    known = {word.value for word in words}
    return lambda value: isinstance(value, str) and value in known


def _is_event(value: Any) -> bool:
    return isinstance(value, str) and any(value in events for events in EVENTS_BY_PREFIX.values())


_EVIDENCE: Mapping[str, Test] = {
    "evidence_kind": _one_of(EvidenceKind),
    "evidence_ref": _is_reference,
}


def _is_relation_key(text: str) -> bool:
    key = find_fact_key(text)
    return key is not None and key.is_relation


def _is_fact_key(text: str) -> bool:
    return find_fact_key(text) is not None


@dataclass(frozen=True)
class DecisionShape:
    """What a decision of one kind looks like: (fewest, most) keys, what a key is, what its detail must and may say."""

    keys: tuple[int, int]
    is_key: Callable[[str], bool]
    must_say: Mapping[str, Test] = field(default_factory=dict)
    may_say: Mapping[str, Test] = field(default_factory=dict)
    # Whether the order of the keys means something; else they are kept sorted.
    is_ordered: bool = False


SHAPES: Mapping[DecisionKind, DecisionShape] = {
    DecisionKind.SAME: DecisionShape((2, 50), is_mention_key),
    DecisionKind.DIFFERENT: DecisionShape((2, 2), is_mention_key),
    DecisionKind.SPLIT: DecisionShape((1, 50), is_mention_key, {"staying": _are_mentions}),
    # Without a kind it was said of everything odd about the element, as decisions were before.
    DecisionKind.CONFIRM: DecisionShape(
        (1, 1), is_element_code, {"mentions": _are_mentions}, {"suspicion": _is_suspicion}
    ),
    DecisionKind.OBJECT: DecisionShape(
        (1, 1), _is_fact_key, {"says": _one_of(Objection), "by": _one_of(Objector)}
    ),
    DecisionKind.RETRACT: DecisionShape((1, 1), _is_fact_key, may_say=_EVIDENCE),
    DecisionKind.VERIFY: DecisionShape(
        (1, 1), _is_relation_key, {"level": _one_of(VerifiedLevel), **_EVIDENCE}
    ),
    DecisionKind.END: DecisionShape((1, 1), _is_relation_key, {"on": _is_day}, _EVIDENCE),
    DecisionKind.ALIAS: DecisionShape((2, 2), is_code, is_ordered=True),
    DecisionKind.LIFE_CYCLE: DecisionShape((1, 50), is_code, {"event": _is_event, "on": _is_day}),
}


def normal_form(
    kind: DecisionKind, subjects: Sequence[str], detail: Mapping[str, Any] | None = None
) -> tuple[tuple[str, ...], dict[str, Any]]:
    """Keys and detail as they are kept; refuses too few, too many, repeated or ill-formed keys and any other detail."""
    shape = SHAPES.get(kind)
    if shape is None:
        raise Refusal("decision.withdraw", "撤回要指明撤回哪一个决定。")
    _require_keys(kind, shape, subjects)
    said = dict(detail or {})
    _require_detail(kind, shape, said)
    keys = tuple(subjects) if shape.is_ordered else tuple(sorted(subjects))
    kept = {
        name: sorted(value) if isinstance(value, list) else value
        for name, value in sorted(said.items())
    }
    _require_sense(kind, keys, kept)
    return keys, kept


def _require_keys(kind: DecisionKind, shape: DecisionShape, subjects: Sequence[str]) -> None:
    fewest, most = shape.keys
    if len(set(subjects)) != len(subjects) or not fewest <= len(subjects) <= most:
        wanted = str(fewest) if fewest == most else f"{fewest} 到 {most}"
        raise Refusal("decision.keys", f"“{kind.value}”要写明 {wanted} 个不同的编码或记录。")
    # The key is not repeated in the sentence, because somebody may have typed a name or a number for it.
    if not all(shape.is_key(key) for key in subjects):
        raise Refusal(
            "decision.key_form",
            f"“{kind.value}”里有一处不是它要的编码或记录键。",
            next_step="记录键写成“来源:键#角色”，事实写成“关系|从|到”，要素写编码；不写姓名和号码。",
        )


def _require_detail(kind: DecisionKind, shape: DecisionShape, said: Mapping[str, Any]) -> None:
    known = {**shape.must_say, **shape.may_say}
    missing = sorted(set(shape.must_say) - set(said))
    unknown = len(set(said) - set(known))
    wrong = sorted(name for name, test in known.items() if name in said and not test(said[name]))
    if missing or unknown or wrong:
        faults = "、".join([*missing, *wrong]) or "多写了别的"
        raise Refusal("decision.detail", f"“{kind.value}”的内容不合规定：{faults}。")
    if ("evidence_kind" in said) != ("evidence_ref" in said):
        raise Refusal("decision.detail", "佐证要同时写明种类和编号。")


def _require_sense(kind: DecisionKind, keys: Sequence[str], said: Mapping[str, Any]) -> None:
    """What no single field shows: a mention that both leaves and stays, a death of a building."""
    if kind is DecisionKind.SPLIT and set(keys) & set(said["staying"]):
        raise Refusal("decision.detail", "同一条记录不能既留下又分出。")
    if kind is DecisionKind.LIFE_CYCLE:
        for key in keys:
            prefix = key[0] if key[0].isalpha() else ""
            if said["event"] not in EVENTS_BY_PREFIX.get(prefix, frozenset()):
                raise Refusal("decision.detail", "这种要素没有这样的生命周期事件。")
