"""`kuai explain code`: the life of one element code, in sentences. Codes, builds and decisions; no name, no mention."""

from __future__ import annotations

from kuai.kit.clock import local_day
from kuai.kit.errors import Refusal
from kuai.kit.store import Store
from kuai.registry.queries import CodeHistory, CodeStep, list_decisions, read_code_history

Steps = list[tuple[str, str]]
ELEMENTS = {"person": "人", "organisation": "单位", "event": "事件", "contact": "联系点"}
EVENTS = {"born": "首次编码", "merged": "并入", "split": "分出", "restored": "恢复"}
UNNAMED = "（凭据没有写明的编码）"


def explain_code(code: str, *, store: Store, persons: frozenset[str] | None = None) -> Steps:
    """What became of `code`. `persons`: of whom may be spoken (None: everybody); other people's codes are left out."""
    history = read_code_history(code, store=store)
    named = None if persons is None else persons | _same_person(history, persons)
    if history.element == "person" and named is not None and code not in named:
        raise Refusal(
            "explain.other_person",
            "凭据没有写明这个编码的人。",
            next_step="请在写明这个编码的核校里再查。",
        )
    steps = [("编码", f"{history.code}（{ELEMENTS[history.element]}）"), ("现在", _now(history))]
    if history.told_by != store.current_version():
        words = f"正在用的是较早的版本 {store.current_version()}，下面的经过记到 {history.told_by}"
        steps.append(("版本", words))
    deciders = _deciders(history)
    steps += [
        (EVENTS[step.event], _sentence(step, code, named, deciders)) for step in history.steps
    ]
    return steps


def _same_person(history: CodeHistory, persons: frozenset[str]) -> frozenset[str]:
    """A ticket that names one code of a person names those merged into one with it."""
    together = frozenset({history.code, history.living_code, *history.merged_here})
    return together if together & persons else frozenset()


def _now(history: CodeHistory) -> str:
    if history.living_code != history.code:
        return f"已并入 {history.living_code}，用哪个编码查到的都是它"
    if history.merged_here:
        return f"在用，并入它的编码：{'、'.join(history.merged_here)}"
    return "在用"


def _sentence(
    step: CodeStep, asked: str, named: frozenset[str] | None, deciders: dict[int, str]
) -> str:
    others = {"merged": "{0} 并入 {1}", "split": "{0} 从 {1} 分出", "restored": "{0} 从 {1} 恢复"}
    parts = [_shown(part, asked, named) for part in (step.code, step.other_code) if part]
    words = others[step.event].format(*parts) if step.event in others else parts[0]
    who = f"，决定 {step.decision}" if step.decision is not None else ""
    who += f"（{deciders[step.decision]}）" if step.decision in deciders else ""
    return f"{words}：{step.reason}{who}，版本 {step.build}"


def _shown(code: str, asked: str, named: frozenset[str] | None) -> str:
    is_free = named is None or code == asked or code in named or not code.startswith("P-")
    return code if is_free else UNNAMED


def _deciders(history: CodeHistory) -> dict[int, str]:
    """Who decided what is behind the steps, and when. The log is asked only if there is something to ask."""
    wanted = {step.decision for step in history.steps if step.decision is not None}
    if not wanted:
        return {}
    return {
        one.sequence: f"{one.decided_by}，{local_day(one.decided_at)}{'，已撤回' if one.is_withdrawn else ''}"
        for one in list_decisions()
        if one.sequence in wanted
    }
