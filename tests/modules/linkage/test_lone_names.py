"""The weakest tie, by a name alone, is used only where the data says how seldom it is wrong."""

from __future__ import annotations

import random
from typing import Any

from kuai.linkage.engine.lone_names import (
    RARE_WRONG_SHARE_MAX,
    WRONG_SHARE_MAX,
    TieGroup,
    harmless_groups,
)
from tests.modules.linkage.builders import a_row, an_id_number, link_rows

SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林郑谢罗梁宋唐许韩冯邓曹"
GIVEN = [chr(0x5000 + 7 * n) for n in range(300)]


def test_the_surest_ties_come_first_and_the_harm_of_all_is_bounded() -> None:
    sure, likely, wild = TieGroup(0.01, 50, 100), TieGroup(1, 50, 100), TieGroup(20, 50, 100)
    assert sure.wrong_share < RARE_WRONG_SHARE_MAX < likely.wrong_share < WRONG_SHARE_MAX
    assert harmless_groups([wild, likely, sure], pairs=1e9) == [False, True, True]
    assert harmless_groups([wild, likely, sure], pairs=1e4, harm_max=1e-4) == [False, False, True]
    assert harmless_groups([wild, likely, sure], pairs=1, harm_max=1e-4) == [False, False, False]


def a_town(people: int = 1500, *, given: int = 300) -> list[dict[str, Any]]:
    """Known persons, and for each third a water account under nothing but the name."""
    rng = random.Random(3)
    rows = []
    for n in range(people):
        name = rng.choice(SURNAMES) + rng.choice(GIVEN[:given]) + rng.choice(GIVEN[:given])
        born = f"19{n % 60 + 30}-{n % 12 + 1:02d}-04"
        number = an_id_number(born, sequence=n % 900 + 11, division=440380 + n // 900)
        rows.append(a_row(f"k{n:04d}", name, number=number))
        if n % 3 == 0:
            rows.append(a_row(f"w{n:04d}", name, "water", room=f"44030900300303{n:011d}"))
    return rows


def test_in_a_town_of_rare_names_the_name_is_enough_and_says_how_unsure_it_is() -> None:
    links, figures = link_rows(a_town())
    assert figures.edges_by_key["rare_name"] > 450
    assert links["w0006"]["cluster"] == links["k0006"]["cluster"]
    assert links["w0006"]["match_probability"] == 0.985
    assert links["w0006"]["reason"].startswith("仅姓名一致")


def test_in_a_town_of_namesakes_nobody_is_tied_by_the_name() -> None:
    _, figures = link_rows(a_town(given=5))
    assert {"rare_name", "lone_name"} & set(figures.edges_by_key) == set()


def test_with_few_known_persons_nobody_is_tied_by_the_name() -> None:
    _, figures = link_rows(a_town(people=900))
    assert {"rare_name", "lone_name"} & set(figures.edges_by_key) == set()


def test_a_second_known_bearer_takes_the_tie_away() -> None:
    rows = a_town()
    name = next(row["name"] for row in rows if row["row_id"] == "k0006")
    links, _ = link_rows([*rows, a_row("x", name, number=an_id_number("1999-09-09", sequence=777))])
    assert links["w0006"]["cluster"] == "w0006"


def test_two_of_one_name_whom_one_register_lists_are_not_tied() -> None:
    rows = a_town()
    name = next(row["name"] for row in rows if row["row_id"] == "k0006")
    links, _ = link_rows([*rows, a_row("x", name, born="1999-09-09")])
    assert links["w0006"]["cluster"] == "w0006"
    assert links["x"]["cluster"] == "x"


def test_a_transliterated_name_has_too_few_parts_to_be_called_rare() -> None:
    rows = a_town()
    pair = [a_row("x", "买买提·阿布都"), a_row("y", "买买提阿布都", "water")]
    links, _ = link_rows([*rows, *pair])
    assert links["x"]["cluster"] != links["y"]["cluster"]


def test_the_order_of_the_rows_changes_no_tie_by_name() -> None:
    rows = a_town()
    wanted, _ = link_rows(rows)
    random.Random(1).shuffle(rows)
    assert link_rows(rows)[0] == wanted


def test_a_new_source_renumbers_nobody() -> None:
    """Whom the new rows say nothing about keeps his founding mention, and so his code."""
    rows = a_town()
    before, _ = link_rows(rows)
    new = [
        a_row(f"z{n:04d}", row["name"], "zz", number=row["id_number"])
        for n, row in enumerate(rows)
        if row["id_number"]
    ]
    after, _ = link_rows([*rows, *new])
    changed = [key for key in before if before[key]["cluster"] != after[key]["cluster"]]
    # A name that became surer may gain a tie or lose one; nobody moves from one person to another.
    assert all("w" in (key[0], after[key]["cluster"][0]) for key in changed)
    assert len(changed) < 0.02 * len(rows)
