"""What departments deliver for rules: classes of firms, safe occupancy, parents' declarations, reminders asked for."""

from __future__ import annotations

import pytest

from kuai.guard.types import Zone
from kuai.kit.store import Store
from tests.modules.sources.map_builders import fields_of, map_rows, opened, read_rows, suggest

CLASSES = ["统一社会信用代码", "单位名称", "检查类别", "检查等级", "公布日期"]
PLACES = ["石桥村1号101", "石桥村1号102", "石桥村1号201"]


@pytest.mark.parametrize(
    ("headings", "row", "template", "zone"),
    [
        (CLASSES, ["91350100M000100Y43", "某某公司", "消防安全", "B", "2026-01-01"],
         "inspection_classes", Zone.CORE),
        (["房屋地址", "核定居住人数", "核定日期"], [PLACES[0], "4", "2025-03-01"],
         "occupancy_limits", Zone.CORE),
        (["孩子姓名", "孩子出生日期", "家长姓名", "家长联系电话", "居住地址", "申报日期"],
         ["李小安", "2026-09-01", "李安", "15400000000", PLACES[0], "2026-09-20"],
         "parent_declarations", Zone.CORE),
        (["用水地址", "提醒种类", "亮起日期"], [PLACES[0], "漏水提醒", "2026-10-30"],
         "care_signals", Zone.CARE),
        (["姓名", "住址", "开通项目", "开通日期"], ["李安", PLACES[0], "平安提醒", "2026-01-01"],
         "care_consents", Zone.CARE),
    ],
)  # fmt: skip
def test_a_table_is_recognised_by_its_columns_and_received_in_its_zone(
    headings: list[str], row: list[str], template: str, zone: Zone
) -> None:
    mapping = suggest(headings, [row])
    assert (mapping.template, mapping.zone) == (template, zone)
    assert not [one for one in fields_of(mapping).values() if one.startswith("×")]


def test_a_sole_trader_is_put_into_no_class_and_its_row_goes_back(store: Store) -> None:
    rows = [
        ["91350100M000100Y43", "某某电子有限公司", "消防安全", "B", "2026-01-01"],
        ["92440399MA00000001", "某某餐饮店", "消防安全", "D", "2026-01-01"],
    ]
    mentions, receipt = map_rows(store, CLASSES, rows)
    assert (receipt.received, receipt.kept, receipt.quarantined) == (2, 1, 1)
    assert opened(store, "map_quarantine") == [{"row_no": 1, "reason": "个体工商户不分级，不接收"}]
    assert [row["outcome"] for row in read_rows(mentions, "event_mention")] == ["B"]


def test_readings_beside_a_reminder_stay_outside() -> None:
    mapping = suggest(
        ["用水地址", "提醒种类", "亮起日期", "本期读数", "用水量"],
        [[PLACES[0], "漏水提醒", "2026-10-30", "123", "9"]],
    )
    refused = [heading for heading, one in fields_of(mapping).items() if one.startswith("×")]
    assert refused == ["本期读数", "用水量"]
