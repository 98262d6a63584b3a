"""What people teach the address library, from one build to the next: a confirmed text and its undoing, a room that
several offices name and the library lacks, applied for by a sub-district and accepted by another pair of eyes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import openpyxl
import pytest

from kuai.kit.store import Store
from tests.modules.cli.operators import ledger_actions, open_account, run_well_as
from tests.stories import towns

OFFICES = ("police_residents", "rental_filings")
STRANGE = "怪榕楼2号101房"
# A storey above the town's first house.
PHANTOM = "301"


@dataclass(frozen=True)
class Scene:
    """A store, its package, and what the offices wrote into it."""

    store: Store
    town: Path
    building: str
    building_text: str
    room: str
    strange: str
    phantom: str

    def build(self) -> None:
        towns.run_well("build", self.town, "--store", self.store.root)

    def washed(self, text: str) -> dict[str, str]:
        """The answer that the published build gave to whoever wrote `text`."""
        rows = [row for row in towns.read_extract(self.town, OFFICES[0]) if row["现住地址"] == text]
        assert rows
        number = towns.read_extract(self.town, OFFICES[0]).index(rows[0])
        (mention,) = [
            row["mention_key"]
            for row in towns.read_core(self.store.root, "mention_element")
            if (row["source"], row["row_no"], row["element"]) == (OFFICES[0], number, "address")
        ]
        (answer,) = [
            row
            for row in towns.read_core(self.store.root, "address_wash")
            if row["mention_key"] == mention
        ]
        return answer

    def run(self, login: str, *words: object) -> towns.Answer:
        return run_well_as(login, *words, "--store", self.store.root)


def address_column(row: dict[str, str]) -> str:
    return next(name for name in row if "地址" in name)


def words_of(answer: towns.Answer) -> list[str]:
    """The first line a command said, cut where sentences and columns end."""
    return [word for word in re.split(r"[：；]|  +", answer.stdout.splitlines()[0]) if word]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """Two offices write of a floor above the top of one building; one of them writes of a house nobody knows."""
    folder = tmp_path_factory.mktemp("learning")
    copy = towns.make_town(folder / "town", rooms=200)
    library = towns.read_extract(copy, "address_library")
    building = next(row for row in library if row["级别"] in ("楼栋", "building"))
    code, text = building["地址编码"], building["标准地址"]
    room = next(row for row in library if row["上级编码"] == code)
    by_code = {row["地址编码"]: row for row in library}
    community = by_code[by_code[building["上级编码"]]["上级编码"]]
    strange, phantom = f"{community['标准地址']}{STRANGE}", f"{text}{PHANTOM}"
    for office in OFFICES:
        rows = towns.read_extract(copy, office)
        for number in (3, 7):
            rows[number][address_column(rows[number])] = phantom
        if office == OFFICES[0]:
            rows[11][address_column(rows[11])] = strange
        towns.write_extract(copy, office, rows)
    store = Store(folder / "store")
    towns.build(copy, store.root)
    for opener, login, role in (
        ("root", "anne", "security_administrator"),
        ("anne", "shen", "data_steward"),
        ("anne", "jie", "subdistrict_clerk"),
        ("anne", "ma", "auditor"),
    ):
        area = "" if role in ("security_administrator", "auditor") else code[:6]
        assert open_account(opener, login, role, store=store, area=area).exit_code == 0
    return Scene(store, copy, code, text, room["地址编码"], strange, phantom)


def test_a_year_of_learning(scene: Scene, tmp_path: Path) -> None:
    assert scene.washed(scene.strange)["grade"] == "C"
    assert scene.washed(scene.phantom)["unknown_place"] == PHANTOM

    said = scene.run(
        "shen", "aliases", "confirm", scene.strange, scene.room, "--reason", "现场核过门牌"
    )
    assert "下次构建起生效" in said.stdout
    alias = words_of(said)[0].removeprefix("已记下").strip()
    number = _apply_for_the_phantom_room(scene)
    answer = scene.run("shen", "applications", "answer", _answered(scene, number, tmp_path))
    assert words_of(answer) == [number, "已采纳"]

    scene.build()
    by_alias = scene.washed(scene.strange)
    assert (by_alias["grade"], by_alias["address_code"]) == ("B", scene.room)
    assert STRANGE in by_alias["explanation"]
    now_there = scene.washed(scene.phantom)
    assert (now_there["grade"], now_there["level"], now_there["unknown_place"]) == ("A", "room", "")
    assert "0 条建议" in scene.run("shen", "proposals", "refresh").stdout

    scene.run("shen", "aliases", "revoke", alias, "--reason", "看错了")
    scene.build()
    assert scene.washed(scene.strange)["grade"] == "C"
    assert scene.washed(scene.phantom)["level"] == "room"
    _the_ledger_has_every_act_and_no_text(scene, tmp_path)


def _apply_for_the_phantom_room(scene: Scene) -> str:
    """The clerk sees the proposal of their area, drafts and files; nobody may answer their own."""
    scene.run("shen", "proposals", "refresh")
    found = scene.run("jie", "proposals", "list", "--json").json()
    (proposal,) = [one for one in found if one["address_code"] == scene.building]
    assert proposal["parts"] == [PHANTOM]
    assert (proposal["sources"], proposal["at_least_rows"]) == (2, 3)
    assert not any(office in str(proposal) for office in OFFICES)
    draft = words_of(scene.run("jie", "applications", "draft", proposal["number"]))
    number = draft[0].removeprefix("已起草").strip()
    assert words_of(scene.run("jie", "applications", "file", number)) == [number, "已报送"]
    return number


def _answered(scene: Scene, number: str, folder: Path) -> Path:
    """The form as the city's office sends it back."""
    form = folder / "form.xlsx"
    scene.run("jie", "applications", "export", form)
    book = openpyxl.load_workbook(form)
    sheet = book["申请单"]
    assert [sheet.cell(2, column).value for column in (1, 5)] == [number, PHANTOM]
    sheet.cell(2, 12).value = "采纳"
    book.save(form)
    return form


def _the_ledger_has_every_act_and_no_text(scene: Scene, folder: Path) -> None:
    text = str(ledger_actions(scene.store, folder / "audit"))
    for act in (
        "address.alias_confirmed",
        "address.alias_revoked",
        "address.proposals_refreshed",
        "address.application_draft",
        "address.application_filed",
        "address.application_accepted",
        "exported_address_applications",
    ):
        assert act in text, act
    assert STRANGE not in text
