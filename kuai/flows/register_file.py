"""A source's registration as a file that a steward writes (YAML), read with clear faults."""

from __future__ import annotations

from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from kuai.guard.types import SourceRegistration, Zone
from kuai.kit.errors import DataFault, Where

EXAMPLE = """\
source: police_residents          # 来源名，与数据包里的 name 一致
title: 实有人口登记
zone: core                        # core | care | reporters
handler: 公安分局
legal_basis: 职责清单第 12 项
agreement: 数据共享协议 2026-03
permitted_purposes: [residence_registration, record_review]
notice_version: 告知书 2026-01
assessment_id: PIA-2026-007       # 个人信息保护影响评估编号
assessment_approved_on: 2026-02-15
retention_days: 730
refresh_days: 31
has_personal_columns: true
"""


def read_registration(path: Path) -> SourceRegistration:
    """The registration in `path`; a DataFault names what is missing or unknown. Never synthetic: packages say that."""
    where = Where(file=path.name)
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as fault:
        raise DataFault(
            "registration.form", "登记文件读不出来，或不是合法的 YAML", where=where
        ) from fault
    if not isinstance(content, dict):
        raise DataFault(
            "registration.form", "登记文件里没有字段", where=where, remedy="每行写一个“字段: 值”。"
        )
    known = {field.name for field in fields(SourceRegistration)} - {"synthetic"}
    missing, unknown = sorted(known - set(content)), sorted(set(content) - known)
    if missing or unknown:
        said = [f"缺 {'、'.join(missing)}"] * bool(missing) + [
            f"不认识 {'、'.join(map(str, unknown))}"
        ] * bool(unknown)
        raise DataFault(
            "registration.fields",
            "；".join(said),
            where=where,
            remedy="参照 kuai sources register --example。",
        )
    return _registration_of(content, where)


def _registration_of(content: dict[str, Any], where: Where) -> SourceRegistration:
    approved = content["assessment_approved_on"]
    purposes = content["permitted_purposes"]
    try:
        zone = Zone(content["zone"])
        days = {name: int(content[name]) for name in ("retention_days", "refresh_days")}
    except ValueError as fault:
        raise DataFault(
            "registration.values", "zone、retention_days 或 refresh_days 的值不对", where=where
        ) from fault
    if (approved is not None and not isinstance(approved, date)) or not isinstance(purposes, list):
        raise DataFault(
            "registration.values",
            "assessment_approved_on 要写成 2026-02-15，permitted_purposes 要是列表",
            where=where,
        )
    texts = (
        "source",
        "title",
        "handler",
        "legal_basis",
        "agreement",
        "notice_version",
        "assessment_id",
    )
    plain: dict[str, Any] = {**{name: str(content[name] or "") for name in texts}, **days}
    return SourceRegistration(
        **plain,
        zone=zone,
        permitted_purposes=tuple(str(purpose) for purpose in purposes),
        assessment_approved_on=approved,
        has_personal_columns=bool(content["has_personal_columns"]),
    )
