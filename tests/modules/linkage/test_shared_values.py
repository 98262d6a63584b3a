"""Values that too many share are found in the data: dates, names and phones that say nothing of anybody."""

from __future__ import annotations

import random
from typing import Any

from tests.modules.linkage.builders import ROOM, a_row, an_id_number, link_rows, strangers

MOBILE, FIXED = "13912340001", "0755-28123456"


def people(count: int, *, born: str | None = None, name: str = "") -> list[dict[str, Any]]:
    rng = random.Random(9)
    signs = "安邦昌典恩芳贡和吉景康乐茂宁培勤荣善泰望贤祥彦益永元泽哲"
    return [
        a_row(
            f"p{n:03d}",
            name or "赵钱孙李周吴郑王"[n % 8] + rng.choice(signs) + rng.choice(signs),
            born=born or f"19{n % 60 + 30}-0{n % 9 + 1}-1{n % 9}",
            phone=f"1590001{n:04d}",
        )
        for n in range(count)
    ]


def test_a_birth_date_that_many_names_share_is_no_birth_date() -> None:
    """Hard because the placeholder agrees with itself: two strangers of one name would be one person."""
    pair = [
        a_row("x", "王晓明", born="1900-01-01", phone=MOBILE),
        a_row("y", "王晓明", "clinic", born="1900-01-01"),
    ]
    links, figures = link_rows([*people(60, born="1900-01-01"), *strangers(60), *pair])
    assert figures.shared_values["birth_dates"] == 1
    assert links["x"]["cluster"] != links["y"]["cluster"]


def test_a_placeholder_birth_date_parts_nobody_from_his_number() -> None:
    """Hard because it contradicts the date inside the number, which would hold the person back."""
    number = an_id_number("1990-07-08")
    pair = [
        a_row("x", number=number, born="1900-01-01", phone=MOBILE),
        a_row("y", source="clinic", number=number, phone=MOBILE),
        a_row("z", source="rental", born="1900-01-01", phone=MOBILE),
    ]
    links, _ = link_rows([*people(60, born="1900-01-01"), *strangers(60), *pair])
    assert {links[row]["cluster"] for row in "xyz"} == {"y"}
    assert not links["x"]["quarantined"]


def test_without_a_heap_a_birth_date_counts() -> None:
    pair = [a_row("x", born="1971-03-03"), a_row("y", source="clinic", born="1971-03-03")]
    links, figures = link_rows([*people(60), *strangers(60), *pair])
    assert figures.shared_values["birth_dates"] == 0
    assert links["x"]["cluster"] == links["y"]["cluster"]


def test_a_word_for_nobody_is_found_though_no_list_has_it() -> None:
    """Hard because the word looks like a name, and a room makes it a key."""
    nobody = [a_row(f"n{n}", "待补录", phone=f"1580001{n:04d}") for n in range(60)]
    pair = [
        a_row("x", "待补录", "water", room=ROOM),
        a_row("y", "待补录", "rental", room=ROOM),
    ]
    links, figures = link_rows([*people(200), *nobody, *pair])
    assert figures.shared_values["names"] == 1
    assert links["x"]["cluster"] != links["y"]["cluster"]


def test_somebody_called_mister_is_nobody_known() -> None:
    pair = [a_row("x", "王先生", phone=MOBILE), a_row("y", "王先生", "rental", phone=MOBILE)]
    links, _ = link_rows([*strangers(), *pair])
    assert links["x"]["cluster"] != links["y"]["cluster"]


def test_a_fixed_line_beside_a_mobile_phone_is_not_a_second_person() -> None:
    """Hard because two phones under one name at one room are two people otherwise."""
    rows = [
        a_row("x", room=ROOM, phone=MOBILE),
        a_row("y", source="rental", room=ROOM, phone=FIXED),
    ]
    links, _ = link_rows([*strangers(), *rows])
    assert links["x"]["cluster"] == links["y"]["cluster"]
    rows[1]["phone"] = "13912340002"
    links, _ = link_rows([*strangers(), *rows])
    assert links["x"]["cluster"] != links["y"]["cluster"]
