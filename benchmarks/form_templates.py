"""Twenty-one sheets as offices lay them out, made by code from a demo city's truth. Imported by bench_forms."""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from openpyxl import Workbook

from kuai.services.forms.types import ListKind

# What the rows of a sheet are: which person, room or firm of the truth each given row means.
Keys = dict[int, str]


@dataclass(frozen=True)
class Truth:
    """The truth by person, room and firm: field -> acceptable values; `raw`: how some office wrote a room."""

    persons: dict[str, dict[str, set[str]]]
    numbers: dict[str, str]
    rooms: dict[str, dict[str, set[str]]]
    raw: dict[str, str]
    firms: dict[str, dict[str, set[str]]]
    texts: dict[str, dict[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Template:
    """One sheet. `keys`: worksheet row (from 0) or card number -> truth key, of rows given."""

    name: str
    about: str
    file_name: str
    content: bytes
    list_kind: ListKind = ListKind.NONE
    keys: Keys = field(default_factory=dict)
    cards: tuple[int, ...] = ()
    purpose: str = "proactive_benefit"


def _one(values: set[str]) -> str:
    return sorted(values)[0] if values else ""


def _bytes(book: Workbook) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _book(lines: Sequence[Sequence[str]], merges: Sequence[str] = ()) -> bytes:
    book = Workbook()
    for row, cells in enumerate(lines, start=1):
        for column, text in enumerate(cells, start=1):
            if text:
                book.active.cell(row, column, text)
    for span in merges:
        book.active.merge_cells(span)
    return _bytes(book)


def make_templates(truth: Truth, *, rows: int = 25, seed: int = 7) -> list[Template]:
    """The sheets, the same for the same truth and seed."""
    chance = random.Random(seed)
    adults = [
        key
        for key, one in sorted(truth.persons.items())
        if one["person.birth_date"] and _one(one["person.birth_date"]) < "2010"
    ]
    makers: list[Callable[[list[str]], Template]] = [
        lambda _: _transit_blank(),
        lambda some: _grouped(truth, some),
        lambda some: _synonyms(truth, some),
        lambda some: _reordered(truth, some),
        lambda some: _many_titles(truth, some),
        lambda some: _remarks_and_example(truth, some),
        lambda _: _card_blank(),
        lambda some: _cards_stacked(truth, some[:8]),
        lambda some: _csv_gb18030(truth, some),
        lambda _: _csv_blank(),
        lambda some: _tab_separated(truth, some),
        lambda some: _households(truth, some),
        lambda _: _let_rooms_blank(),
        lambda _: _rooms_half(truth, chance.sample(sorted(truth.raw), min(rows, len(truth.raw)))),
        lambda _: _rooms_grouped(chance.sample(sorted(truth.rooms), min(rows, len(truth.rooms)))),
        lambda _: _firms_blank(),
        lambda _: _firms_by_code(sorted(truth.firms)),
        lambda _: _firms_by_name(truth, sorted(truth.firms)),
        lambda some: _partly_filled(truth, some),
        lambda some: _employers(truth, some),
        lambda some: _second_sheet(truth, some),
    ]
    return [maker(chance.sample(adults, min(rows, len(adults)))) for maker in makers]


def _transit_blank() -> Template:
    heading = ["序号", "姓名", "身份证号", "出生日期", "住址", "联系电话", "是否送达到户"]
    lines = [["老年人乘车优待名单"], heading, [], [], [], ["填表人：", "", "审核人："]]
    return Template(
        "transit company's blank", "person", "名单.xlsx", _book(lines, ["A1:G1"]), ListKind.TURNING
    )


def _grouped(truth: Truth, some: list[str]) -> Template:
    top = ["序号", "基本情况", "", "", "", "联系方式", ""]
    below = ["", "姓名", "性别", "身份证号码", "出生年月日", "现居住地址", "手机号码"]
    lines = [["社区老人情况表"], top, below]
    for number, key in enumerate(some, start=1):
        lines.append([str(number), _one(truth.persons[key]["person.name"]), "", truth.numbers[key]])
    merges = ["A1:G1", "A2:A3", "B2:E2", "F2:G2"]
    return Template(
        "two-line heading, groups",
        "person",
        "情况表.xlsx",
        _book(lines, merges),
        keys=_from(3, some),
    )


def _from(first: int, some: list[str]) -> Keys:
    return {first + place: key for place, key in enumerate(some)}


def _named(truth: Truth, key: str) -> list[str]:
    one = truth.persons[key]
    return [_one(one["person.name"]), _one(one["person.birth_date"])]


def _synonyms(truth: Truth, some: list[str]) -> Template:
    lines = [["老人姓名*", "出生日期（年月日）", "家庭住址", "手机", "所在街道", "村（居）"]]
    lines += [_named(truth, key) for key in some]
    return Template("synonyms", "person", "a.xlsx", _book(lines), keys=_from(1, some))


def _reordered(truth: Truth, some: list[str]) -> Template:
    lines = [["备注", "联系方式", "户籍所在地", "现住址", "性别", "出生日期", "姓  名"]]
    lines += [
        ["", "", "", _one(truth.persons[key]["person.residence"]), "", "", _named(truth, key)[0]]
        for key in some
    ]
    return Template("other order, by home", "person", "b.xlsx", _book(lines), keys=_from(1, some))


def _many_titles(truth: Truth, some: list[str]) -> Template:
    lines = [
        ["附件2"],
        ["关于开展高龄津贴核对的通知"],
        ["填报单位：某街道", "", "", "单位：人"],
        [],
        ["序号", "姓名", "证件号码", "年龄（岁）", "居住地址"],
    ]
    lines += [[str(n), _named(truth, key)[0], truth.numbers[key]] for n, key in enumerate(some, 1)]
    lines += [["合计", "", str(len(some))], ["审核人：", "", "填表人："]]
    return Template(
        "titles and notes",
        "person",
        "c.xlsx",
        _book(lines, ["A1:E1", "A2:E2"]),
        keys=_from(5, some),
    )


def _remarks_and_example(truth: Truth, some: list[str]) -> Template:
    lines = [
        ["姓名", "出生日期", "性别", "居住地", "联系电话"],
        ["（必填）", "（年-月-日）", "（男/女）", "（到房号）", "（手机）"],
        ["例：张三", "1960-01-01", "男", "某路1号101", "13800000000"],
    ]
    lines += [_named(truth, key) for key in some]
    return Template("remark line, example", "person", "d.xlsx", _book(lines), keys=_from(3, some))


_CARD = [
    ["姓名", "", "性别", ""],
    ["出生日期", "", "联系电话", ""],
    ["现住址", "", "", ""],
]


def _card_blank() -> Template:
    lines = [["老年优待证申领卡"], *_CARD]
    content = _book(lines, ["A1:D1", "B4:D4"])
    return Template("one card, blank", "person", "card.xlsx", content, ListKind.TURNING, cards=(1,))


def _cards_stacked(truth: Truth, some: list[str]) -> Template:
    lines: list[list[str]] = []
    starts, merges = [], []
    for key in some:
        starts.append(len(lines))
        name, born = _named(truth, key)
        lines += [["姓名", name, "性别", ""], ["出生日期", born, "联系电话", ""], ["现住址"], []]
        merges.append(f"B{len(lines) - 1}:D{len(lines) - 1}")
    keys = dict(enumerate(some))
    content = _book(lines, merges)
    return Template(
        "stacked cards", "person", "cards.xlsx", content, keys=keys, cards=tuple(starts)
    )


def _csv_gb18030(truth: Truth, some: list[str]) -> Template:
    lines = ["姓名,公民身份号码,性别,现住地址,手机号"]
    lines += [f"{_named(truth, key)[0]},{truth.numbers[key]},,," for key in some]
    content = "\r\n".join(lines).encode("gb18030")
    return Template("CSV in GB18030", "person", "e.csv", content, keys=_from(1, some))


def _csv_blank() -> Template:
    content = "姓名,出生日期,住址,社区\r\n".encode("utf-8-sig")
    return Template("CSV, blank", "person", "f.csv", content, ListKind.TURNING)


def _tab_separated(truth: Truth, some: list[str]) -> Template:
    lines = ["人员姓名\t出生年月日\t所属街道\t所属社区\t现居住地"]
    lines += ["\t".join([*_named(truth, key), "", "", ""]) for key in some]
    content = "\n".join(lines).encode()
    return Template("tab separated", "person", "g.txt", content, keys=_from(1, some))


def _households(truth: Truth, some: list[str]) -> Template:
    by_home: dict[str, list[str]] = {}
    for key, one in sorted(truth.persons.items()):
        home = _one(one["person.residence"])
        if home and _one(one["person.birth_date"]) and _one(one["person.birth_date"]) < "2010":
            by_home.setdefault(home, []).append(key)
    homes = [home for home, members in by_home.items() if len(members) > 1][: len(some) // 2]
    lines = [["户址", "姓名", "出生日期", "性别", "联系电话"]]
    lines[0][0] = "现住址"
    keys, merges = {}, []
    for home in homes:
        first = len(lines)
        for key in by_home[home]:
            keys[len(lines)] = key
            lines.append([home if len(lines) == first else "", *_named(truth, key)])
        merges.append(f"A{first + 1}:A{len(lines)}")
    return Template("by household, merged", "person", "h.xlsx", _book(lines, merges), keys=keys)


def _let_rooms_blank() -> Template:
    lines = [
        ["出租房屋台账"],
        ["序号", "房屋编码", "房屋地址", "楼栋", "房号", "所属社区", "出租人", "承租人"],
    ]
    return Template(
        "let rooms, blank", "room", "i.xlsx", _book(lines, ["A1:H1"]), ListKind.LET_ROOMS,
        purpose="rental_management",
    )  # fmt: skip


def _rooms_half(truth: Truth, some: list[str]) -> Template:
    lines = [["地址", "标准地址编码", "用途", "所在社区", "是否出租"]]
    lines += [[truth.raw[room]] for room in some]
    return Template(
        "rooms by written address", "room", "j.xlsx", _book(lines), keys=_from(1, some),
        purpose="rental_management",
    )  # fmt: skip


def _rooms_grouped(some: list[str]) -> Template:
    lines = [
        ["房屋", "", "", "产权人", "承租人"],
        ["编码", "地址", "用途", "姓名", "姓名"],
    ]
    lines += [[room] for room in some]
    return Template(
        "rooms, grouped", "room", "k.xlsx", _book(lines, ["A1:C1"]), keys=_from(2, some),
        purpose="rental_management",
    )  # fmt: skip


def _firms_blank() -> Template:
    lines = [["商户名册"], ["企业名称", "统一社会信用代码", "注册地址", "经营状态", "成立日期"]]
    return Template(
        "firms, blank", "firm", "l.xlsx", _book(lines, ["A1:E1"]), ListKind.FIRMS,
        purpose="rental_management",
    )  # fmt: skip


def _firms_by_code(some: list[str]) -> Template:
    lines = [["成立时间", "登记状态", "单位全称", "信用代码", "法定代表人"]]
    lines += [["", "", "", key] for key in some]
    return Template(
        "firms by code", "firm", "m.xlsx", _book(lines), keys=_from(1, some),
        purpose="rental_management",
    )  # fmt: skip


def _firms_by_name(truth: Truth, some: list[str]) -> Template:
    lines = [
        ["企业基本信息", "", "", ""],
        ["登记", "", "地址", ""],
        ["名称", "代码", "住所", "社区"],
    ]
    lines += [[_one(truth.firms[key]["firm.name"])] for key in some]
    return Template(
        "firms by name, three lines", "firm", "n.xlsx",
        _book(lines, ["A1:D1", "A2:B2", "C2:D2"]), keys=_from(3, some),
        purpose="rental_management",
    )  # fmt: skip


def _partly_filled(truth: Truth, some: list[str]) -> Template:
    lines = [["姓名", "身份证号", "出生日期", "性别", "年龄", "联系电话"]]
    for place, key in enumerate(some):
        name, born = _named(truth, key)
        sex = _one(truth.persons[key]["person.sex"]) if place % 3 == 0 else ""
        given = born.replace("-", "/") if place % 2 else ""
        row = place + 2
        age = f"=YEAR(TODAY())-YEAR(C{row})" if place % 5 == 0 else ""
        lines.append([name, truth.numbers[key], given, sex, age])
    return Template(
        "partly filled, formulas", "person", "o.xlsx", _book(lines), keys=_from(1, some)
    )


def _employers(truth: Truth, some: list[str]) -> Template:
    lines = [["单位情况核对表"], ["姓名", "身份证件号码", "工作单位", "周岁"]]
    lines += [[_named(truth, key)[0], truth.numbers[key]] for key in some]
    return Template("employers", "person", "p.xlsx", _book(lines, ["A1:D1"]), keys=_from(2, some))


def _second_sheet(truth: Truth, some: list[str]) -> Template:
    book = Workbook()
    book.active.title = "填表说明"
    book.active["A1"] = "一、请如实填写。"
    book.active["A2"] = "二、姓名与身份证一致。"
    sheet = book.create_sheet("名单")
    for column, heading in enumerate(["姓名", "生日", "住址", "电话号码"], start=2):
        sheet.cell(4, column, heading)
    for place, key in enumerate(some):
        for column, text in enumerate(_named(truth, key), start=2):
            sheet.cell(5 + place, column, text)
    return Template("second sheet, shifted", "person", "q.xlsx", _bytes(book), keys=_from(4, some))
