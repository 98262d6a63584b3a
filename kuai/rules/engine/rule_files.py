"""A rule's file read into a `Rule`: what is missing or wrong is told with file, line, field and what to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import yaml

from kuai.kit.errors import DataFault, Where
from kuai.rules.types import Asks, Example, Harm, Rule, RuleFault, SubjectKind, ToWhom

REQUIRED = (
    "id", "version", "title", "basis", "purpose", "owner", "valid_from", "asks", "to_whom", "ask", "subject", "sql",
    "population", "evidence", "clears", "cool_down_days", "least_confidence", "least_precision", "harm",
)  # fmt: skip
OPTIONAL = ("valid_until", "examples")


@dataclass(frozen=True)
class RuleText:
    """A rule's file as read: its values, and on which line each field and each example (examples.1) stands."""

    file: str
    values: Mapping[str, Any]
    lines: Mapping[str, int]


def read_rule(text: str, *, file: str, pack: str) -> Rule:
    """The rule in `text`; raises a DataFault that names line and field of the first fault."""
    found = _read_text(text, file)
    faults = list_faults(found)
    if faults:
        first = faults[0]
        raise DataFault(
            first.code,
            f"规则的“{first.field}”：{first.sentence}" if first.field else first.sentence,
            where=Where(file=file, row=first.line or None),
            remedy=first.remedy,
        )
    return _rule_of(found, pack)


def _read_text(text: str, file: str) -> RuleText:
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        values = yaml.safe_load(text)
    except yaml.YAMLError as fault:
        mark = getattr(fault, "problem_mark", None)
        raise DataFault(
            "rule.form",
            "文件不是有效的 YAML",
            where=Where(file=file, row=mark.line + 1 if mark else None),
            remedy="检查缩进和引号，可照着 kuai/rules/packs 里的规则写。",
        ) from None
    if not isinstance(values, dict) or not isinstance(node, yaml.MappingNode):
        raise DataFault("rule.form", "规则要写成“字段: 值”", where=Where(file=file))
    lines = {str(key.value): key.start_mark.line + 1 for key, _ in node.value}
    for key, value in node.value:
        if key.value == "examples" and isinstance(value, yaml.SequenceNode):
            for number, one in enumerate(value.value, start=1):
                lines[f"examples.{number}"] = one.start_mark.line + 1
    return RuleText(file, values, lines)


def list_faults(found: RuleText) -> list[RuleFault]:
    """Everything that is wrong with the fields of a rule, in the order of the fields."""
    said = found.values
    faults = [
        _fault(found, name, "没有写", "照着别的规则补上这一项")
        for name in REQUIRED
        if said.get(name) in (None, "")
    ]
    faults += [
        _fault(found, name, "没有这一项", f"可写的有：{'、'.join((*REQUIRED, *OPTIONAL))}")
        for name in said
        if name not in (*REQUIRED, *OPTIONAL)
    ]
    if faults:
        return faults
    faults += [*_word_faults(found), *_number_faults(found), *_day_faults(found)]
    title = said["title"]
    if not isinstance(title, dict) or not title.get("zh") or not title.get("en"):
        faults.append(_fault(found, "title", "要有 zh 和 en 两个名称", "写成 {zh: …, en: …}"))
    if not isinstance(said["evidence"], dict) or not said["evidence"]:
        faults.append(_fault(found, "evidence", "要写明给人看的列", "写成 列名: 中文名"))
    return faults + _example_faults(found)


def _word_faults(found: RuleText) -> Iterator[RuleFault]:
    kinds = (("asks", Asks), ("to_whom", ToWhom), ("subject", SubjectKind), ("harm", Harm))
    for name, kind in kinds:
        words = [one.value for one in kind]
        if found.values[name] not in words:
            sentence = f"不认识“{found.values[name]}”"
            yield _fault(found, name, sentence, f"可写：{'、'.join(words)}")


def _number_faults(found: RuleText) -> Iterator[RuleFault]:
    for name in ("version", "cool_down_days"):
        value = found.values[name]
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            yield _fault(found, name, "要写成个数", "写成 1、30 的样子")
    for name in ("least_confidence", "least_precision"):
        value = found.values[name]
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            yield _fault(found, name, "要写成 0 到 1 之间的数", "写成 0.9 的样子")


def _day_faults(found: RuleText) -> Iterator[RuleFault]:
    for name in ("valid_from", "valid_until"):
        value = found.values.get(name)
        if value is not None and not isinstance(value, date):
            yield _fault(found, name, "要写成日期", "写成 2026-01-01 的样子")


def _example_faults(found: RuleText) -> list[RuleFault]:
    faults = []
    for number, one in enumerate(found.values.get("examples") or (), start=1):
        missing = [name for name in ("name", "shows", "day", "rows", "finds") if name not in one]
        if missing:
            faults.append(
                _fault(found, "examples", f"第 {number} 个例子没有写 {'、'.join(missing)}", "补上")
            )
    return faults


def _fault(found: RuleText, name: str, sentence: str, remedy: str) -> RuleFault:
    return RuleFault(
        "rule.field",
        sentence,
        remedy=remedy,
        file=found.file,
        line=found.lines.get(name, 1),
        field=name,
    )


def _rule_of(found: RuleText, pack: str) -> Rule:
    said = found.values
    return Rule(
        rule_id=f"{pack}.{said['id']}",
        version=said["version"],
        title_zh=said["title"]["zh"],
        title_en=said["title"]["en"],
        basis=str(said["basis"]),
        purpose=str(said["purpose"]),
        owner=str(said["owner"]),
        valid_from=said["valid_from"],
        valid_until=said.get("valid_until"),
        asks=Asks(said["asks"]),
        to_whom=ToWhom(said["to_whom"]),
        ask_zh=str(said["ask"]),
        subject=SubjectKind(said["subject"]),
        sql=str(said["sql"]).strip(),
        population=str(said["population"]).strip(),
        evidence={str(name): str(title) for name, title in said["evidence"].items()},
        clears_zh=str(said["clears"]),
        cool_down_days=said["cool_down_days"],
        least_confidence=float(said["least_confidence"]),
        least_precision=float(said["least_precision"]),
        harm=Harm(said["harm"]),
        examples=tuple(
            _example(one, found.lines.get(f"examples.{number}", 0))
            for number, one in enumerate(said.get("examples") or (), start=1)
        ),
        file=found.file,
        sql_line=found.lines["sql"] + 1,
        lines=found.lines,
    )


def _example(said: Mapping[str, Any], line: int) -> Example:
    day = said["day"]
    return Example(
        name=str(said["name"]),
        shows=str(said["shows"]),
        day=day if isinstance(day, date) else date.fromisoformat(str(day)),
        rows={view: tuple(rows or ()) for view, rows in (said["rows"] or {}).items()},
        finds=tuple(str(code) for code in said["finds"] or ()),
        line=line,
    )
