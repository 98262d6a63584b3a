"""The weakest tie is used only where the data says how seldom it is wrong."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kuai.linkage.engine.lone_names import (
    HARM_MAX,
    NameChances,
    expected_wrong_share,
    is_worth_its_harm,
)
from tests.modules.linkage.builders import a_row, an_id_number, link_rows

CALM = NameChances(
    floating=300, matched=285, known=8000, known_with_namesake=80, rare=2000, rare_doubled=20
)


def test_where_nearly_all_match_hardly_a_tie_is_wrong() -> None:
    assert expected_wrong_share(CALM) < 0.001
    assert is_worth_its_harm(CALM, mentions=20_000)


@pytest.mark.parametrize(
    "chances",
    [
        replace(CALM, known=900),
        replace(CALM, floating=0, matched=0),
        replace(CALM, matched=10),
        replace(CALM, known_with_namesake=7900, rare_doubled=1800),
    ],
    ids=["few known persons", "nobody to tie", "mostly strangers", "a city of namesakes"],
)
def test_without_good_chances_the_tie_is_not_used(chances: NameChances) -> None:
    assert not is_worth_its_harm(chances, mentions=20_000)


def test_the_harm_is_bounded_over_all_mentions() -> None:
    many = replace(CALM, floating=20_000, matched=14_000)
    assert expected_wrong_share(many) * many.matched > HARM_MAX * 50_000
    assert not is_worth_its_harm(many, mentions=50_000)


def a_town_where_everybody_is_known(people: int = 1100) -> list[dict[str, object]]:
    names = [chr(0x4E00 + n // 40) + chr(0x5000 + n % 40) + "安" for n in range(people)]
    numbers = [
        an_id_number(f"19{n % 90 + 10}-03-04", sequence=n % 900 + 11, division=440380 + n // 900)
        for n in range(people)
    ]
    known = [a_row(f"k{n:04d}", names[n], number=numbers[n]) for n in range(people)]
    again = [a_row(f"r{n:04d}", names[n], "rental", number=numbers[n]) for n in range(0, people, 2)]
    floating = [
        a_row(f"w{n:04d}", names[n], "water", room=f"44030900300303{n:011d}") for n in range(0, 200)
    ]
    return [*known, *again, *floating]


def test_in_such_a_town_a_name_of_three_characters_is_enough_and_says_how_unsure_it_is() -> None:
    rows = a_town_where_everybody_is_known()
    links, figures = link_rows(rows)
    assert figures.edges_by_key["lone_name"] == 200
    assert links["w0007"]["cluster"] == links["k0007"]["cluster"]
    assert links["w0007"]["match_probability"] == 0.96
    assert links["w0007"]["reason"].startswith("仅姓名一致")


def test_a_namesake_takes_the_tie_away() -> None:
    rows = a_town_where_everybody_is_known()
    name = next(row["name"] for row in rows if row["row_id"] == "k0007")
    links, _ = link_rows([*rows, a_row("x", name, number=an_id_number("1999-09-09", sequence=777))])
    assert links["w0007"]["cluster"] == "w0007"
