"""What a link says of itself: probability, reason, quarantine; and that order and threads change nothing."""

from __future__ import annotations

import random

import pytest

from kuai.linkage.engine.keys import FOUNDER_REASON, PERSON_KEYS
from tests.modules.linkage.builders import ROOM, a_row, an_id_number, link_rows, strangers

SON = an_id_number("1990-07-08", sequence=13)
PHONE = "13912340001"


def test_a_founding_mention_is_certain_and_says_so() -> None:
    links, _ = link_rows([a_row("a", number=SON), a_row("b", source="rental", number=SON)])
    assert links["a"]["match_probability"] == 1.0
    assert links["a"]["reason"] == FOUNDER_REASON
    assert links["b"]["reason"] == "身份证号码相同且姓名一致"


def test_a_row_is_as_sure_as_the_weakest_edge_on_its_strongest_path() -> None:
    links, _ = link_rows(
        [
            a_row("a", source="access", phone=PHONE),
            a_row("b", source="police", number=SON, phone=PHONE),
            a_row("c", source="rental", number=SON),
        ]
    )
    by_code = {key.code: key.probability for key in PERSON_KEYS}
    assert {links[row]["cluster"] for row in "abc"} == {"a"}
    assert links["c"]["match_probability"] == by_code["name_and_phone"]
    assert links["c"]["reason"].startswith(
        "身份证号码相同且姓名一致；与首条记录相连的最弱一环：手机号码相同"
    )


def test_no_reason_carries_a_value() -> None:
    rows = [
        a_row("a", number=SON, phone=PHONE, room=ROOM),
        a_row("b", source="x", phone=PHONE, room=ROOM),
    ]
    links, _ = link_rows(rows)
    for link in links.values():
        assert not any(value in link["reason"] for value in (SON, PHONE, ROOM, "王晓明"))


def test_one_number_with_two_birth_dates_is_held_back() -> None:
    rows = [
        a_row("a", number=SON, born="1990-07-08"),
        a_row("b", source="grid", number=SON, born="1991-01-01"),
        a_row("c", "李芳", number=an_id_number("1988-02-03", sequence=12)),
    ]
    links, figures = link_rows(rows)
    assert links["a"]["quarantined"]
    assert links["b"]["quarantined"]
    assert not links["c"]["quarantined"]
    assert figures.quarantined == 2


def test_a_bridge_between_two_numbers_is_cut_and_both_sides_are_held_back() -> None:
    rows = [
        a_row("a", number=SON, phone=PHONE),
        a_row("b", number=an_id_number("1990-07-08", sequence=15), room=ROOM),
        a_row("c", source="access", phone=PHONE, room=ROOM),
    ]
    links, figures = link_rows([*rows, *strangers()])
    assert links["a"]["cluster"] != links["b"]["cluster"]
    assert links["c"]["cluster"] == links["a"]["cluster"], "the phone is the stronger tie"
    assert figures.edges_cut == 2, "the room and its building"
    assert all(links[row]["quarantined"] for row in "abc")


def test_a_mention_without_any_key_stays_single_and_is_kept() -> None:
    links, figures = link_rows([a_row("a", None), a_row("b", None), a_row("c", "王晓明")])
    assert figures.mentions == 3
    assert figures.clusters == 3
    assert len(links) == 3


def test_no_rows_give_no_clusters() -> None:
    links, figures = link_rows([])
    assert links == {}
    assert figures.mentions == figures.clusters == 0


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_same_rows_in_any_order_on_any_threads_give_the_same_links(threads: int) -> None:
    rows = _a_small_town()
    wanted, _ = link_rows(rows, threads=4)
    random.Random(threads).shuffle(rows)
    found, _ = link_rows(rows, threads=threads)
    assert found == wanted


def _a_small_town() -> list[dict[str, object]]:
    rng = random.Random(11)
    rows: list[dict[str, object]] = list(strangers(150))
    for place, row in enumerate(list(rows)):
        for source in rng.sample(["rental", "access", "water", "insurance"], 2):
            name = row["name"] if rng.random() < 0.8 else str(row["name"])[:-1] + "磊"
            rows.append(
                a_row(
                    f"{source}{place}",
                    name,
                    source,
                    number=row["id_number"]
                    if source == "insurance" and rng.random() < 0.8
                    else None,
                    phone=row["phone"] if source in ("rental", "access") else None,
                    room=row["room_code"] if source in ("water", "access") else None,
                )
            )
    return rows
