"""Separators between levels, blanks inside numbers and brackets side by side never cut an address."""

from __future__ import annotations

import pytest

from tests.modules.address.builders import wash

STONE = "松涛街道石桥社区"
VILLAGE = f"{STONE}石桥村三巷5号"


@pytest.mark.parametrize(
    "text",
    [
        "青湾区、松涛街道、石桥社区、石桥村三巷5号、302房",
        "青湾区/松涛街道/石桥社区/石桥村三巷5号/302",
        "青湾区 松涛街道 石桥社区 石桥村三巷 5号 302房",
        "广东，深圳市，青湾区，松涛街道，石桥村三巷5号302房",
        "深圳、青湾区、石桥村三巷5号302室",
        "青湾区松涛街道石桥社区石桥村三巷5号3 02房",
        "青湾区松涛街道石桥社区石桥村三巷 5 号 3 0 2 房",
        "青 湾 区松涛 街道石 桥社区石桥村 三巷5号302",
        "青湾区松涛街道石桥社区石桥村三巷5号(302室)(近学校)",
        "青湾区松涛街道石桥村社区居委会石桥村三巷5号3层302",
        "你好，我是青湾区松涛街道石桥社区石桥村三巷5号302房下水道堵了",
    ],
)
def test_separators_blanks_and_brackets_do_not_cut_an_address(text: str) -> None:
    grade, place = wash(text)
    assert grade in "AB"
    assert place.endswith(f"{VILLAGE}302房")
