"""Suggests a mapping from headings and content, and says why, column by column.

The heading proposes, the content decides ties: 证件号 beside 单位名称 may hold credit codes. Which kind of
source it is follows from its columns, never from its file name. Pure: no file, no clock, no value in a reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from kuai.guard.types import Zone
from kuai.sources.engine.content import KIND_LABELS, ColumnContent, describe_column
from kuai.sources.engine.dictionary import Dictionary, SourceTemplate, load_dictionary
from kuai.sources.engine.mappings import (
    ColumnMapping,
    Mapping,
    forbidden_reasons,
    required_zone,
)
from kuai.sources.engine.reading_headings import (
    HeadingReading,
    fold_heading,
    is_month_heading,
    read_heading,
)

# Below this share of fitting values a heading is doubted; above the second, content alone may name a field.
DOUBT_BELOW = 0.2
CONTENT_ALONE = 0.8
FEW_VALUES = 5
OWN_KEY_DISTINCT = 0.98
OWN_KEY_FILLED = 0.95
REPEATED_BELOW = 0.8
VARIED_SHARE = 0.3

NO_PURPOSE = "没有写明目的，不接收；确有需要时由数据管理员写明字段和用途"
CONSUMPTION = "用量读数能看出起居作息，不接收；只取户号是否存在"
STAFF = "工作人员的姓名和电话没有用途，不接收"
OUTSIDER = "不是这一行所登记的人，没有用途，不接收"
PASSAGE = "通行时间、地点、卡号会形成个人行踪，不接收"
UNKNOWN_SOURCE = "没有认出这是哪一种来源；请数据管理员在映射文件里写明 template、各列的字段和用途"

# What content alone may name, strongest first; dates and amounts alone mean nothing.
_CONTENT_FIELDS = (
    ("id_number", "person.id_number"),
    ("credit_code", "organisation.credit_code"),
    ("phone", "person.phone"),
    ("organisation_name", "organisation.name"),
    ("address", "address.text"),
    ("person_name", "person.name"),
)
SHARE_RELATIONS = frozenset({"PH_OWN", "PL_SHARE"})
NUMBER_FIELDS = frozenset({"row.own_number", "row.related_number"})
_VARIED_KINDS = frozenset({"person_name", "organisation_name"})
# Kinds that must not be read out of a heading's field when the values plainly are the other.
_RIVALS = {
    "person.id_number": (("credit_code", "organisation.credit_code"), ("phone", "person.phone")),
    "organisation.credit_code": (("id_number", "person.id_number"),),
    "person.phone": (("id_number", "person.id_number"),),
    "person.name": (("id_number", "person.id_number"), ("address", "address.text")),
    "address.text": (("person_name", "person.name"), ("organisation_name", "organisation.name")),
}
_REPORTER_FIELDS = {
    "person.name": "reporter.name",
    "person.phone": "reporter.phone",
    "person.id_number": "reporter.id_number",
}


@dataclass(frozen=True)
class ColumnReading:
    """One column after heading and content were weighed against each other."""

    heading: str
    content: ColumnContent
    field: str = ""
    role: str = ""
    score: float = 0.0
    refused: str = ""
    refused_key: str = ""
    reason: str = ""

    @property
    def element(self) -> str:
        return self.field.split(".", 1)[0]

    @property
    def signals(self) -> tuple[str, ...]:
        """What this column tells about the kind of source."""
        if self.refused_key and not self.field:
            return (f"refused.{self.refused_key}",)
        return (self.field, f"{self.field}@{self.role}") if self.field else ()


def suggest_mapping(
    source: str,
    headings: Sequence[str],
    columns: Sequence[Sequence[str | None]],
    *,
    dictionary: Dictionary | None = None,
) -> Mapping:
    """The mapping of a source with these headings and sample values (one sequence a column)."""
    known = dictionary or load_dictionary()
    readings = [
        _read_column(heading, describe_column(values, known), known)
        for heading, values in zip(headings, columns, strict=True)
    ]
    zone = recognise_zone(headings, dictionary=known)
    template, reason = recognise_template(readings, known, zone=zone)
    if template is None:
        columns_out = tuple(_refuse(reading, reading.refused or NO_PURPOSE) for reading in readings)
        return Mapping(
            source, "unknown", Zone.CORE, columns_out, reason=reason, refused=UNKNOWN_SOURCE
        )
    if template.refused:
        columns_out = tuple(_refuse(reading, template.refused) for reading in readings)
        return Mapping(
            source, template.key, Zone.CORE, columns_out, reason=reason, refused=template.refused
        )
    settled = _settle_readings(readings, template, known)
    mapped = tuple(_to_column(reading, template, known) for reading in settled)
    return Mapping(
        source=source,
        template=template.key,
        zone=Zone(template.zone),
        columns=mapped,
        reason=reason,
        own_key=_find_own_key(settled, template),
    )


def recognise_zone(headings: Sequence[str], *, dictionary: Dictionary | None = None) -> Zone:
    """The zone a delivery with these headings is received in, before any value of it is looked at.

    The suggestion keeps to it, so that what was sealed in one zone is never mapped in another.
    """
    known = dictionary or load_dictionary()
    nothing = describe_column((), known)
    readings = [_read_column(heading, nothing, known) for heading in headings]
    template, _ = recognise_template(readings, known)
    return Zone(template.zone) if template else Zone.CORE


def recognise_template(
    readings: Sequence[ColumnReading], dictionary: Dictionary, *, zone: Zone | None = None
) -> tuple[SourceTemplate | None, str]:
    """The kind of source (of `zone`, if given) with the most evidence among the columns, and why, in Chinese."""
    present = {signal for reading in readings for signal in reading.signals}
    if sum(1 for reading in readings if reading.field == "care.status") >= 2:
        present.add("care.more")
    if _holders_repeat(readings):
        present.add("passage.repeated")
    scores = {
        key: sum(weight for signal, weight in template.signals.items() if signal in present)
        for key, template in dictionary.templates.items()
        if zone in (None, Zone(template.zone))
    }
    ranked = sorted(
        (key for key in scores if _is_possible(dictionary.templates[key], scores[key], present)),
        # A refused kind goes first among equals: in doubt the data stay outside.
        key=lambda key: (-scores[key], not dictionary.templates[key].refused),
    )
    refused = [key for key in ranked if dictionary.templates[key].refused]
    if not ranked:
        return None, "各列合起来不像任何一种已知的来源"
    best = dictionary.templates[refused[0] if refused else ranked[0]]
    telling = [
        f"“{reading.heading}”"
        for reading in readings
        if any(signal in best.signals for signal in reading.signals)
    ]
    return (
        best,
        f"认作“{best.title}”：列 {'、'.join(telling)} 说明这一点（{scores[best.key]:g} 分）",
    )


def _is_possible(template: SourceTemplate, score: float, present: set[str]) -> bool:
    has_needed = not template.needs or any(signal in present for signal in template.needs)
    return has_needed and score >= template.least


def _holders_repeat(readings: Sequence[ColumnReading]) -> bool:
    holders = ("person.name", "person.id_number", "person.phone", "passage.card", "passage.plate")
    has_passage = any(reading.element == "passage" for reading in readings)
    return has_passage and any(
        reading.field in holders
        and reading.content.filled >= FEW_VALUES
        and reading.content.distinct_share < REPEATED_BELOW
        for reading in readings
    )


def _read_column(heading: str, content: ColumnContent, dictionary: Dictionary) -> ColumnReading:
    readings = read_heading(heading, dictionary)
    plain = ColumnReading(heading, content)
    forbidden = forbidden_reasons(heading, dictionary)
    if forbidden and not (readings and readings[0].field.startswith("passage.")):
        key = next(r.key for r in dictionary.refusals if r.reason == forbidden[0])
        return replace(plain, refused=forbidden[0], refused_key=key, reason=f"标题“{heading}”")
    if is_month_heading(heading) and (content.share("amount") > 0.5 or not content.filled):
        return replace(
            plain,
            refused=CONSUMPTION,
            refused_key="consumption",
            reason=f"标题“{heading}”是月份，值是数字，是按月的读数",
        )
    for kind, refusal in (("mac", "device"), ("plate", "plate")):
        if content.share(kind) > 0.5:
            reason = next(r.reason for r in dictionary.refusals if r.key == refusal)
            return replace(plain, refused=reason, refused_key=refusal, reason="内容如此")
    if not readings:
        return _read_content(plain)
    weighed = max(
        (_weigh(plain, reading, dictionary) for reading in readings), key=lambda r: r.score
    )
    return _give_way_to_content(weighed, dictionary)


def _weigh(plain: ColumnReading, reading: HeadingReading, dictionary: Dictionary) -> ColumnReading:
    entry = dictionary.fields.get(reading.field)
    content = plain.content
    fit = content.best_share(entry.looks_like) if entry and entry.looks_like else 0.5
    score = reading.score + (0.5 * fit if content.filled else 0.25)
    reason = reading.because + _content_clause(content, entry.looks_like if entry else ())
    return replace(plain, field=reading.field, role=reading.role, score=score, reason=reason)


def _content_clause(content: ColumnContent, kinds: Sequence[str]) -> str:
    if not content.filled:
        return "；没有值可看" if content.values else ""
    if not kinds:
        return ""
    kind = max(kinds, key=lambda name: content.share(name))
    share = content.share(kind)
    clause = f"；{share:.0%} 的值{KIND_LABELS[kind]}"
    return clause + ("，请核对" if share < DOUBT_BELOW else "")


def _give_way_to_content(reading: ColumnReading, dictionary: Dictionary) -> ColumnReading:
    """Another field of the same column if its values plainly are something else than the heading says."""
    content = reading.content
    entry = dictionary.fields.get(reading.field)
    if entry is None or content.filled < FEW_VALUES:
        return reading
    own_share = content.best_share(entry.looks_like)
    for kind, field in _RIVALS.get(reading.field, ()):
        rival_share = content.share(kind)
        if rival_share > 0.5 and own_share < DOUBT_BELOW and not _keeps_person(reading, field):
            return replace(
                reading,
                field=field,
                role=reading.role if field.startswith(reading.element) else "",
                reason=f"{reading.reason}；但 {rival_share:.0%} 的值{KIND_LABELS[kind]}，按内容认定",
            )
    return reading


def _keeps_person(reading: ColumnReading, field: str) -> bool:
    # Because an owner or landlord may be a firm: the row decides then, not the column.
    return bool(reading.role) and field == "organisation.credit_code"


def _read_content(plain: ColumnReading) -> ColumnReading:
    if plain.content.filled < FEW_VALUES:
        return plain
    for kind, field in _CONTENT_FIELDS:
        share = plain.content.share(kind)
        # Because 广东 in every row looks like a name: a few values over and over name no person.
        is_varied = kind not in _VARIED_KINDS or plain.content.distinct_share >= VARIED_SHARE
        if share >= CONTENT_ALONE and is_varied:
            return replace(
                plain,
                field=field,
                score=0.5 * share,
                reason=f"标题“{plain.heading}”没有说明；{share:.0%} 的值{KIND_LABELS[kind]}",
            )
    return plain


def _settle_readings(
    readings: Sequence[ColumnReading], template: SourceTemplate, dictionary: Dictionary
) -> list[ColumnReading]:
    settled = [_settle(reading, template, dictionary) for reading in readings]
    settled = [_prefer_place_column(reading, settled) for reading in settled]
    best: dict[tuple[str, str], ColumnReading] = {}
    for reading in settled:
        key = (reading.field, reading.role)
        if reading.field and not reading.refused:
            held = best.get(key)
            if held is None or _rank(reading) > _rank(held):
                best[key] = reading
    return [_only_best(reading, best) for reading in settled]


def _rank(reading: ColumnReading) -> tuple[float, int]:
    return (round(reading.score, 3), reading.content.filled)


def _only_best(reading: ColumnReading, best: dict[tuple[str, str], ColumnReading]) -> ColumnReading:
    held = best.get((reading.field, reading.role))
    if reading.refused or not reading.field or held is reading or reading.field == "care.status":
        return reading
    assert held is not None
    return replace(reading, refused=f"与“{held.heading}”列说的是同一件事，只取那一列")


def _prefer_place_column(
    reading: ColumnReading, readings: Sequence[ColumnReading]
) -> ColumnReading:
    """Free text is taken in for the place in it alone: not at all if the place has its own column."""
    has_place = any(r.field == "address.text" and not r.refused for r in readings)
    if reading.field == "address.sentence" and has_place:
        return replace(reading, refused="另有地址列；自由文字不接收")
    return reading


def _settle(
    reading: ColumnReading, template: SourceTemplate, dictionary: Dictionary
) -> ColumnReading:
    """Fix the role for this kind of source; refuse what it has no use for."""
    if reading.refused:
        return reading
    if template.key == "address_library":
        return _settle_library(reading, dictionary)
    if not reading.field:
        return replace(reading, refused=NO_PURPOSE)
    settlers = {
        "person": _settle_person,
        "organisation": _settle_by_role,
        "address": _settle_by_role,
        "event": _settle_event,
        "account": _settle_account,
        "row": _settle_row,
        "care": lambda reading, _template: reading,
        "reporter": _settle_reporter,
        "passage": lambda reading, _template: replace(reading, refused=PASSAGE),
    }
    settle = settlers.get(reading.element)
    return settle(reading, template) if settle else replace(reading, refused=NO_PURPOSE)


def _settle_library(reading: ColumnReading, dictionary: Dictionary) -> ColumnReading:
    if reading.element == "library":
        return reading
    field = dictionary.field_words["library"].get(fold_heading(reading.heading), "")
    if not field:
        return replace(reading, refused=NO_PURPOSE)
    return replace(
        reading,
        field=field,
        role="",
        reason=f"标题“{reading.heading}”是地址库的{dictionary.fields[field].label}",
    )


def _settle_person(reading: ColumnReading, template: SourceTemplate) -> ColumnReading:
    role = template.settle_role("person", reading.role)
    if role == "staff":
        return replace(reading, refused=STAFF)
    if template.everyone_is_reporter:
        field = _REPORTER_FIELDS.get(reading.field)
        if field is None:
            return replace(reading, refused=NO_PURPOSE)
        because = f"{reading.reason}；工单里的人是诉求人，只进 reporters 分区"
        return replace(reading, field=field, role="reporter", reason=because)
    if role == "outsider":
        return replace(reading, refused=OUTSIDER)
    if template.key == "business" and reading.field == "person.phone" and not reading.role:
        # A registry's 联系电话 is the firm's contact, not its representative's.
        return replace(reading, field="organisation.phone", role="subject")
    if role not in template.persons:
        return replace(reading, refused=_no_use(template, "人", role))
    if reading.field == "person.registered_phone" and role not in template.contact_phones:
        return replace(reading, refused=NO_PURPOSE)
    return replace(reading, role=role)


def _settle_by_role(reading: ColumnReading, template: SourceTemplate) -> ColumnReading:
    role = template.settle_role(reading.element, reading.role)
    if role not in template.roles_of(reading.element):
        what = "地址" if reading.element == "address" else "单位"
        return replace(reading, refused=_no_use(template, what, role))
    return replace(reading, role=role)


def _no_use(template: SourceTemplate, what: str, role: str) -> str:
    named = f"（{role}）" if role else ""
    return f"“{template.title}”用不到这一列所说的{what}{named}，不接收"


def _settle_event(reading: ColumnReading, template: SourceTemplate) -> ColumnReading:
    if not template.event:
        return replace(reading, refused=NO_PURPOSE)
    return replace(reading, role="event")


def _settle_account(reading: ColumnReading, template: SourceTemplate) -> ColumnReading:
    if template.key != "utility":
        return replace(reading, refused=NO_PURPOSE)
    return replace(reading, role="account")


def _settle_row(reading: ColumnReading, template: SourceTemplate) -> ColumnReading:
    has_period = any(link.period == "declared" for link in template.links)
    if reading.field in ("row.valid_from", "row.valid_to") and not has_period:
        return replace(reading, refused=NO_PURPOSE)
    has_share = any(link.relation in SHARE_RELATIONS for link in template.links)
    if reading.field == "row.share" and not has_share:
        return replace(reading, refused=NO_PURPOSE)
    if reading.field == "row.related_number" and not template.event:
        return replace(reading, refused=NO_PURPOSE)
    return replace(reading, role=reading.role if reading.field in NUMBER_FIELDS else "")


def _settle_reporter(reading: ColumnReading, template: SourceTemplate) -> ColumnReading:
    if not template.everyone_is_reporter:
        return replace(reading, refused=OUTSIDER)
    return replace(reading, role="reporter")


def _to_column(
    reading: ColumnReading, template: SourceTemplate, dictionary: Dictionary
) -> ColumnMapping:
    if reading.refused:
        return _refuse(reading, reading.refused)
    entry = dictionary.fields[reading.field]
    return ColumnMapping(
        heading=reading.heading,
        field=reading.field,
        role=reading.role,
        purpose=entry.purpose or template.purpose,
        sensitivity="L4"
        if template.zone == Zone.CARE.value and entry.level > "L2"
        else entry.level,
        zone=required_zone(reading.field, template),
        reason=reading.reason,
    )


def _refuse(reading: ColumnReading, why: str) -> ColumnMapping:
    return ColumnMapping(heading=reading.heading, refused=why, reason=reading.reason)


def _find_own_key(readings: Sequence[ColumnReading], template: SourceTemplate) -> str:
    """The heading of the source's own key: an order, title or account number, unique and always filled."""
    fields = ["row.own_number", "account.number"]
    if template.key == "business":
        fields.insert(0, "organisation.credit_code")
    for field in fields:
        for reading in readings:
            content = reading.content
            if (
                reading.field == field
                and not reading.refused
                # The number of the parent company is no key of its branches.
                and reading.role != "parent"
                and content.filled >= OWN_KEY_FILLED * max(content.values, 1)
                and (content.distinct_share >= OWN_KEY_DISTINCT or not content.values)
            ):
                return reading.heading
    return ""
