"""The mapping: which column of a source is which of our fields, whose, for what purpose, and why.

A file that a data steward reads and edits (YAML); reading it back names every mistake with its column.
A column without a purpose is not taken in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping as MappingType
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from kuai.guard.types import Zone
from kuai.kit.errors import DataFault, Where
from kuai.sources.engine.dictionary import Dictionary, FieldEntry, SourceTemplate, load_dictionary

FILE_HEADING = """\
# 来源“{source}”的字段映射。由系统按标题和内容建议，数据管理员核对后修改；保存后下次构建按本文件执行。
# field 是我们的字段（见 kuai/sources/engine/dictionary/fields.yaml），role 是谁或哪个地址，purpose 是用途。
# 没有 purpose 的列不接收；不接收的列写 refused 和原因。
"""

# Roles that name something other than an element of the row: which day, which number.
_FREE_ROLE_ELEMENTS = frozenset({"event", "row", "care", "reporter", "library", "account"})
_MAPPING_KEYS = frozenset({"source", "template", "zone", "refused", "reason", "own_key", "columns"})
_COLUMN_KEYS = frozenset(
    {"heading", "field", "role", "purpose", "sensitivity", "zone", "refused", "reason"}
)


@dataclass(frozen=True)
class ColumnMapping:
    """One column: taken in as `field` of `role` for `purpose`, or `refused` with the reason why not."""

    heading: str
    field: str = ""
    role: str = ""
    purpose: str = ""
    sensitivity: str = ""
    zone: str = Zone.CORE.value
    refused: str = ""
    reason: str = ""

    @property
    def is_taken(self) -> bool:
        return bool(self.field) and not self.refused

    @property
    def element(self) -> str:
        return self.field.split(".", 1)[0]

    @property
    def attribute(self) -> str:
        return self.field.split(".", 1)[-1]


@dataclass(frozen=True)
class Mapping:
    """The mapping of one source. `refused` set: the whole source stays outside, with the reason."""

    source: str
    template: str
    zone: Zone
    columns: tuple[ColumnMapping, ...]
    reason: str = ""
    refused: str = ""
    own_key: str = ""

    @property
    def taken(self) -> tuple[ColumnMapping, ...]:
        return tuple(column for column in self.columns if column.is_taken)

    def columns_of(self, element: str) -> tuple[ColumnMapping, ...]:
        """The columns taken in for `element` (person, address, row, ...), in file order."""
        return tuple(column for column in self.taken if column.element == element)

    def column_for(self, field: str, *, role: str | None = None) -> ColumnMapping | None:
        """The column taken in as `field` (of `role`, if given)."""
        for column in self.taken:
            if column.field == field and role in (None, column.role):
                return column
        return None

    @property
    def purposes(self) -> tuple[str, ...]:
        """Every purpose that some column is taken in for."""
        return tuple(sorted({column.purpose for column in self.taken}))


def write_mapping(mapping: Mapping) -> str:
    """The mapping as the YAML a steward edits."""
    content: dict[str, Any] = {
        "source": mapping.source,
        "template": mapping.template,
        "zone": mapping.zone.value,
        "reason": mapping.reason,
        "own_key": mapping.own_key,
        "columns": [_write_column(column) for column in mapping.columns],
    }
    if mapping.refused:
        content["refused"] = mapping.refused
    text = yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=110)
    return FILE_HEADING.format(source=mapping.source) + text


def _write_column(column: ColumnMapping) -> dict[str, str]:
    names = (
        ("heading", "refused", "reason")
        if not column.is_taken
        else ("heading", "field", "role", "purpose", "sensitivity", "zone", "reason")
    )
    written = {name: getattr(column, name) for name in names}
    return {name: value for name, value in written.items() if value or name == "heading"}


def parse_mapping(
    text: str, *, file_name: str = "", dictionary: Dictionary | None = None
) -> Mapping:
    """The mapping in `text`; a DataFault names everything that is wrong with it, column by column."""
    known = dictionary or load_dictionary()
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as fault:
        mark = getattr(fault, "problem_mark", None)
        raise DataFault(
            "mapping.not_yaml",
            "映射文件不是合法的 YAML",
            where=Where(file=file_name, row=mark.line + 1 if mark else None),
            remedy="检查缩进和冒号后重试",
        ) from fault
    mapping, faults = _read_mapping(content, known)
    faults += find_mapping_faults(mapping, known) if mapping else []
    if faults or mapping is None:
        raise DataFault(
            "mapping.faulty",
            "；".join(faults),
            where=Where(file=file_name),
            remedy="改正后再保存；原来的映射没有变",
        )
    return mapping


def _read_mapping(content: Any, dictionary: Dictionary) -> tuple[Mapping | None, list[str]]:
    if not isinstance(content, dict) or not isinstance(content.get("columns"), list):
        return None, ["映射文件要有 source、template、zone 和 columns（列的清单）"]
    faults = [f"不认识的项“{key}”" for key in content if key not in _MAPPING_KEYS]
    zone = str(content.get("zone", Zone.CORE.value))
    if zone not in {known.value for known in Zone}:
        return None, [*faults, f"不认识的分区“{zone}”（可用：core、care、reporters）"]
    columns = []
    for place, entry in enumerate(content["columns"], start=1):
        column, column_faults = _read_column(entry, place, dictionary)
        faults += column_faults
        columns += [column] if column else []
    return (
        Mapping(
            source=str(content.get("source") or ""),
            template=str(content.get("template") or ""),
            zone=Zone(zone),
            columns=tuple(columns),
            reason=str(content.get("reason") or ""),
            refused=str(content.get("refused") or ""),
            own_key=str(content.get("own_key") or ""),
        ),
        faults,
    )


def _read_column(
    entry: Any, place: int, dictionary: Dictionary
) -> tuple[ColumnMapping | None, list[str]]:
    if not isinstance(entry, MappingType) or not str(entry.get("heading") or "").strip():
        return None, [f"第 {place} 列没有写 heading"]
    heading = str(entry["heading"])
    faults = [f"“{heading}”列有不认识的项“{key}”" for key in entry if key not in _COLUMN_KEYS]
    values = {name: str(entry.get(name) or "") for name in _COLUMN_KEYS}
    known_field = dictionary.fields.get(values["field"])
    values["sensitivity"] = values["sensitivity"] or (known_field.level if known_field else "")
    values["zone"] = values["zone"] or Zone.CORE.value
    return ColumnMapping(**values), faults


def find_mapping_faults(mapping: Mapping, dictionary: Dictionary) -> list[str]:
    """Everything that keeps this mapping from being used, in sentences a steward can act on."""
    faults = [] if mapping.source else ["没有写 source（来源名）"]
    template = dictionary.templates.get(mapping.template)
    if template is None:
        if not mapping.refused:
            kinds = "、".join(dictionary.templates)
            faults.append(f"不认识的来源种类“{mapping.template}”（可用：{kinds}）")
        return faults
    if template.refused and not mapping.refused:
        faults.append(f"“{template.title}”不能接收：{template.refused}")
    if template.zone == Zone.CARE.value and mapping.zone is not Zone.CARE:
        faults.append(f"“{template.title}”只能放在 care 分区")
    for column in mapping.columns:
        faults += [
            f"“{column.heading}”列：{fault}"
            for fault in _column_faults(column, template, dictionary)
        ]
    return faults + _double_faults(mapping) + _own_key_faults(mapping)


def _column_faults(
    column: ColumnMapping, template: SourceTemplate, dictionary: Dictionary
) -> list[str]:
    if column.refused:
        return ["既写了 field 又写了 refused，只能留一个"] if column.field else []
    if not column.field:
        return ["没有写 field，也没有写 refused 的原因"]
    entry = dictionary.fields.get(column.field)
    if entry is None:
        return [f"不认识的字段“{column.field}”{_nearest(column.field, dictionary.fields)}"]
    faults = _purpose_faults(column, dictionary) + _role_faults(column, entry, template)
    faults += [f"“{refusal}”" for refusal in forbidden_reasons(column.heading, dictionary)]
    if column.sensitivity and column.sensitivity < entry.level:
        faults.append(f"敏感级别不能低于 {entry.level}")
    needed_zone = required_zone(column.field, template)
    if column.zone != needed_zone:
        faults.append(f"这一列只能放在 {needed_zone} 分区")
    return faults


def _purpose_faults(column: ColumnMapping, dictionary: Dictionary) -> list[str]:
    if not column.purpose:
        return ["没有写 purpose（用途）；没有用途的列不接收"]
    if column.purpose not in dictionary.purposes:
        return [f"不认识的用途“{column.purpose}”（可用：{'、'.join(dictionary.purposes)}）"]
    return []


def _role_faults(column: ColumnMapping, entry: FieldEntry, template: SourceTemplate) -> list[str]:
    if entry.element in _FREE_ROLE_ELEMENTS:
        return []
    allowed = template.roles_of(entry.element)
    if column.role in allowed:
        return []
    listed = "、".join(allowed) or "无"
    return [f"“{template.title}”没有角色“{column.role}”（可用：{listed}）"]


def _double_faults(mapping: Mapping) -> list[str]:
    counted = Counter(
        (column.field, column.role)
        for column in mapping.taken
        if column.field not in ("care.status",)
    )
    return [
        f"{'、'.join('“' + c.heading + '”' for c in mapping.taken if (c.field, c.role) == pair)}"
        f"几列都写成 {pair[0]}{'（' + pair[1] + '）' if pair[1] else ''}，只能留一列"
        for pair, count in counted.items()
        if count > 1
    ]


def _own_key_faults(mapping: Mapping) -> list[str]:
    if mapping.own_key and mapping.own_key not in {column.heading for column in mapping.taken}:
        return [f"own_key 写的“{mapping.own_key}”不是接收的列"]
    return []


def required_zone(field: str, template: SourceTemplate) -> str:
    """Where values of this field must lie, whatever anybody writes."""
    if field.startswith("reporter."):
        return Zone.REPORTERS.value
    if field.startswith("care.") or template.zone == Zone.CARE.value:
        return Zone.CARE.value
    return Zone.CORE.value


def forbidden_reasons(heading: str, dictionary: Dictionary) -> list[str]:
    """Why a column of this heading must stay outside; empty if nothing forbids it."""
    upper = heading.upper()
    return [
        refusal.reason
        for refusal in dictionary.refusals
        if any(word in upper for word in refusal.contains)
    ]


def _nearest(name: str, known: MappingType[str, Any]) -> str:
    starts = [key for key in known if key.split(".")[-1] == name.split(".")[-1]]
    return f"，是不是 {starts[0]}？" if starts else ""


def locate_columns(mapping: Mapping, headings: Sequence[str]) -> dict[int, ColumnMapping]:
    """Which column number of this delivery is which taken column; the n-th of equal headings stays the n-th.

    Refuses (DataFault) a delivery that lacks a column the mapping needs: the office changed its layout.
    """
    located, missing = find_columns(mapping, headings)
    if missing:
        raise DataFault(
            "mapping.layout_changed",
            f"这次交付缺少映射里的列：{'、'.join('“' + heading + '”' for heading in missing)}",
            remedy="核对交付的表头，或请数据管理员修改映射",
        )
    return located


def find_columns(
    mapping: Mapping, headings: Sequence[str]
) -> tuple[dict[int, ColumnMapping], list[str]]:
    """The taken columns by their number in this delivery, and the headings of those it lacks."""
    places: dict[str, list[int]] = {}
    for number, heading in enumerate(headings):
        places.setdefault(heading.strip(), []).append(number)
    located: dict[int, ColumnMapping] = {}
    missing: list[str] = []
    for column in mapping.columns:
        waiting = places.get(column.heading.strip(), [])
        if waiting and column.is_taken:
            located[waiting.pop(0)] = column
        elif waiting:
            waiting.pop(0)
        elif column.is_taken:
            missing.append(column.heading)
    return located, missing
