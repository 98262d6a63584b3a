"""Columns of one department's extract together with the truth of each row. Shapes only; see `departments`."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from kuai.demo_city.engine.firms import Firms
from kuai.demo_city.engine.people import People
from kuai.demo_city.engine.places import Places
from kuai.demo_city.engine.profiles import Profile

NONE = -1


@dataclass(frozen=True)
class City:
    """Everything that is true."""

    places: Places
    people: People
    firms: Firms
    profile: Profile
    seed: int
    as_of_day: int


@dataclass(frozen=True)
class Evidence:
    """What a person row holds that could tell who it is about; the linkage ceiling reads it."""

    person: np.ndarray
    number: np.ndarray
    phone: np.ndarray
    birth_date: np.ndarray
    room: np.ndarray
    building: np.ndarray


@dataclass(frozen=True)
class Extract:
    """`columns` are texts (or floats) under the department's headings; `person` and `firm` are -1 where none."""

    name: str
    columns: dict[str, pa.Array]
    room_codes: pa.Array
    person: np.ndarray
    firm: np.ndarray
    evidence: Evidence | None = None
    quoted: frozenset[str] = frozenset()

    @property
    def rows(self) -> int:
        return len(self.room_codes)


@dataclass(frozen=True)
class Delivery:
    """How a department hands its extract over."""

    name: str
    title: str
    department: str
    format: str
    encoding: str
    group_headings: tuple[tuple[str, int], ...] = field(default=())

    @property
    def file_name(self) -> str:
        return f"{self.name}.{self.format}"


DELIVERIES = (
    Delivery("police_residents", "实有人口登记", "公安分局", "csv", "gb18030"),
    Delivery("housing_ownership", "不动产权属", "住房和建设局", "xlsx", "utf-8"),
    Delivery("rental_filings", "房屋租赁备案", "住房和建设局", "csv", "utf-8-sig"),
    Delivery("business_registry", "商事主体登记", "市场监督管理局", "csv", "utf-8"),
    Delivery("social_insurance", "社保参保", "人力资源和社会保障局", "csv", "gb18030"),
    Delivery("water_usage", "用水户月用量", "水务集团", "csv", "utf-8"),
    Delivery("access_cards", "门禁卡办理", "物业公司", "csv", "utf-8"),
    Delivery("hotline_requests", "12345热线工单", "政务服务数据管理局", "csv", "utf-8"),
    Delivery("disability_cards", "残疾人证持证", "残疾人联合会", "csv", "utf-8"),
    Delivery("inspections", "行政检查记录", "街道综合执法办", "csv", "gb18030"),
    Delivery(
        "transit_list",
        "老年人乘车优待名单",
        "公交集团",
        "xlsx",
        "utf-8",
        group_headings=(("持卡老人", 4), ("联系方式", 2), ("优待卡", 2)),
    ),
    Delivery("inspection_classes", "涉企检查分类", "街道综合执法办", "csv", "utf-8"),
    Delivery("occupancy_limits", "安全居住人数核定", "住房和建设局", "csv", "utf-8"),
    Delivery("birth_declarations", "家长申报（新生儿）", "街道公共服务办", "csv", "utf-8"),
    Delivery("new_firms", "新设商事主体（本月）", "市场监督管理局", "csv", "utf-8"),
    Delivery("new_cards", "门禁卡办理（新入住楼栋）", "物业公司", "csv", "utf-8"),
    Delivery("grid_reports", "网格上报事件", "街道综治办", "csv", "utf-8"),
    Delivery("elder_classes", "老年大学报名名单", "街道公共服务办", "csv", "utf-8"),
    Delivery("care_consents", "关爱服务自愿开通登记", "街道社会事务办", "csv", "utf-8"),
    Delivery("care_signals", "自愿开通的提醒", "水务集团", "csv", "utf-8"),
)
