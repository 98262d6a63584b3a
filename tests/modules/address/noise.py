"""Ways people write a known place, one way a text, each with what the text still says: its truth.

Written from the issue's list and from real registers, not from the engine: characters, remarks, sentences and
homophones come from their own lists. `KINDS` maps a kind's name to its writer.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache

from tests.modules.address.noise_worlds import Building, Room, World, in_chinese

NOWHERE = "-"


@dataclass(frozen=True)
class Parts:
    """An address in pieces; joined in this order unless a writer says otherwise."""

    province: str
    city: str
    district: str
    subdistrict: str
    community: str
    road: str
    door: str
    estate: str
    block: str
    stair: str
    floor: str
    room: str

    def text(self) -> str:
        return "".join(vars(self).values())

    def divisions(self) -> str:
        return self.province + self.city + self.district + self.subdistrict + self.community

    def place(self) -> str:
        return self.road + self.door + self.estate + self.block

    def inside(self) -> str:
        return self.stair + self.floor + self.room


@dataclass(frozen=True)
class Written:
    """A text and what it says. `truth` is a code, or NOWHERE: no building or room may be named as sure."""

    kind: str
    text: str
    truth: str
    # Codes the text fits equally well; more than one means that only C can be right.
    fits: frozenset[str] = frozenset()


@dataclass
class Draw:
    """One room of the world and the dice."""

    world: World
    building: Building
    room: Room
    chance: random.Random
    # Own texts of all buildings: a slip that makes another of them is that other address, no slip.
    owns: frozenset[str]
    parts: Parts = field(init=False)

    def __post_init__(self) -> None:
        building, room = self.building, self.room
        self.parts = Parts(
            self.world.province,
            self.world.city,
            building.district,
            building.subdistrict,
            building.community,
            building.road,
            f"{building.door}号" if building.door else "",
            building.estate,
            building.block + building.unit,
            f"{room.stair}单元" if room.stair else "",
            "",
            room.number + room.ending,
        )

    def one(self, *ways: str) -> str:
        return self.chance.choice(ways)


Writer = Callable[[Draw], "str | tuple[str, str] | None"]
KINDS: dict[str, Writer] = {}


def kind(name: str) -> Callable[[Writer], Writer]:
    def register(writer: Writer) -> Writer:
        KINDS[name] = writer
        return writer

    return register


# --- what is left out


@kind("standard")
def _(draw: Draw) -> str:
    return draw.parts.text()


@kind("no_province_city")
def _(draw: Draw) -> str:
    city = draw.one("", draw.parts.city, draw.parts.city.removesuffix("市"))
    return replace(draw.parts, province="", city=city).text()


@kind("no_district")
def _(draw: Draw) -> str:
    return replace(draw.parts, province=draw.one("", "广东省"), district="").text()[
        0 if draw.world.province == "广东省" else 3 :
    ]


@kind("no_subdistrict")
def _(draw: Draw) -> str:
    return replace(draw.parts, province="", subdistrict="").text()


@kind("no_community")
def _(draw: Draw) -> str:
    return replace(draw.parts, province="", community="").text()


@kind("no_divisions")
def _(draw: Draw) -> str:
    return draw.parts.place() + draw.parts.inside()


@kind("no_road")
def _(draw: Draw) -> str | None:
    if not (draw.parts.road and draw.parts.estate):
        return None
    return replace(draw.parts, road="", door="").text()


@kind("no_estate")
def _(draw: Draw) -> str | None:
    if not (draw.parts.road and draw.parts.estate):
        return None
    return replace(draw.parts, estate="").text()


@kind("short_divisions")
def _(draw: Draw) -> str:
    parts = draw.parts
    subdistrict = re.sub(
        "(街道|镇)$", draw.one("", "街", "办事处", "街道办", "镇"), parts.subdistrict
    )
    community = parts.community.removesuffix("社区") + draw.one("", "社区居委会", "居委会", "社区")
    return replace(parts, province="", subdistrict=subdistrict, community=community).text()


# --- units and numerals


@kind("block_unit")
def _(draw: Draw) -> str | None:
    building = draw.building
    if not building.block:
        return None
    unit = draw.one("栋", "座", "幢", "号楼", "#", "#楼", "号栋")
    if not building.block.isdigit():
        unit = draw.one("栋", "座", "幢", "号楼")
    return replace(draw.parts, block=building.block + unit).text()


@kind("chinese_numerals")
def _(draw: Draw) -> str:
    parts, building = draw.parts, draw.building
    way = draw.chance.randrange(4)
    if way == 0 and building.door.isdigit() and int(building.door) < 200:
        return replace(parts, door=in_chinese(int(building.door)) + "号").text()
    if way == 1 and building.block.isdigit():
        block = {"2": draw.one("两", "二")}.get(building.block, in_chinese(int(building.block)))
        return replace(parts, block=block + building.unit).text()
    if not draw.room.number.isdigit():
        return None
    spelled = draw.room.number.translate(str.maketrans("0123456789", "〇一二三四五六七八九"))
    if draw.chance.random() < 0.3:
        spelled = spelled.replace("〇", draw.one("零", "0", "○"))
    return replace(parts, room=spelled + draw.room.ending).text()


@kind("numerals_other")
def _(draw: Draw) -> str | None:
    """15巷 where the library says 十五巷 and the other way round; 廿 for 二十."""
    parts = draw.parts
    written = parts.road + parts.door + parts.estate
    lane = re.search(r"([0-9]+|[一二三四五六七八九十]+)(巷|坊|排|区|期|街|路)", written)
    if lane is None:
        return None
    number = lane.group(1)
    if number.isdigit():
        spelled = in_chinese(int(number))
        if 20 < int(number) < 30 and draw.chance.random() < 0.5:
            spelled = "廿" + spelled[-1]
    else:
        value = next((n for n in range(1, 100) if in_chinese(n) == number), 0)
        spelled = str(value)
    text = written.replace(lane.group(), spelled + lane.group(2), 1)
    return parts.divisions() + text + parts.block + parts.inside()


@kind("dashes")
def _(draw: Draw) -> str | None:
    building, room, parts = draw.building, draw.room, draw.parts
    if not room.number.isdigit() or "铺" in room.ending:
        return None
    head = parts.divisions() + parts.road + parts.door + parts.estate
    if building.block:
        numbers = [building.block, *([room.stair] if room.stair else []), room.number]
        return head + draw.one("-", "－", "—", "–", "/").join(numbers)
    if not building.door or building.estate:
        return None
    return parts.divisions() + building.road + building.door + draw.one("-", "—") + room.number


@kind("hash_at")
def _(draw: Draw) -> str | None:
    building, room, parts = draw.building, draw.room, draw.parts
    if not building.block.isdigit() or not room.number.isdigit() or room.stair:
        return None
    head = parts.divisions() + parts.road + parts.door + parts.estate
    return head + draw.one(
        f"{building.block}#{room.number}",
        f"{building.block}#-{room.number}",
        f"{room.number}@{building.block}栋",
        f"{building.block}# {room.number}室",
    )


@kind("stair_words")
def _(draw: Draw) -> str | None:
    room = draw.room
    if not room.stair:
        return None
    number = in_chinese(int(room.stair)) if room.stair.isdigit() else room.stair
    stair = draw.one(
        f"{number}单元", f"{room.stair}梯", f"{room.stair}-", f"第{number}单元", f"{room.stair}门"
    )
    return replace(draw.parts, stair=stair).text()


@kind("full_width")
def _(draw: Draw) -> str:
    return draw.parts.text().translate(
        {code: code + 0xFEE0 for code in range(0x21, 0x7F)} | {ord("-"): "－"}
    )


@kind("spaces")
def _(draw: Draw) -> str:
    gap = draw.one(
        " ", "  ", "　", "，", ",", "、", "\t", "/", " / ", "|", "；", "·", ", ", "——", ">"
    )
    pieces = [piece for piece in vars(draw.parts).values() if piece]
    return gap.join(pieces) if draw.chance.random() < 0.5 else pieces[0] + gap + "".join(pieces[1:])


@kind("separators_mixed")
def _(draw: Draw) -> str:
    """Another separator, or none, between any two parts."""
    text = ""
    for piece in (piece for piece in vars(draw.parts).values() if piece):
        text += (
            draw.one("", "", " ", "/", "、", "，", ",", "-", "|", ";") + piece if text else piece
        )
    return text


@kind("careless")
def _(draw: Draw) -> str:
    """Levels left out at random, kinds left out, a remark, a separator: how people really type."""
    parts, chance = draw.parts, draw.chance
    kept = {
        name: value if chance.random() < share else ""
        for name, value, share in (
            ("province", parts.province, 0.4),
            ("city", draw.one(parts.city, parts.city.removesuffix("市")), 0.6),
            ("district", parts.district, 0.7),
            (
                "subdistrict",
                re.sub("(街道|镇)$", draw.one("", "街道", "街道办", "街"), parts.subdistrict),
                0.7,
            ),
            ("community", parts.community, 0.5),
        )
    }
    draw.parts = replace(parts, **kept)
    text = draw.one(
        draw.parts.text(),
        KINDS["floor_room"](draw) or draw.parts.text(),
        KINDS["chinese_numerals"](draw) or draw.parts.text(),
        KINDS["room_ending"](draw) or draw.parts.text(),
        KINDS["block_unit"](draw) or draw.parts.text(),
    )
    assert isinstance(text, str)
    if chance.random() < 0.2:
        text += chance.choice(REMARKS)
    return text


@kind("blanks_inside")
def _(draw: Draw) -> str:
    """Blanks anywhere, as from columns pasted together or a scanned form."""
    parts, room = draw.parts, draw.room
    way = draw.chance.randrange(3)
    if way == 0 and room.number.isdigit() and len(room.number) in (3, 4):
        cut = len(room.number) - 2
        gaps = draw.one(f"{room.number[:cut]} {room.number[cut:]}", " ".join(room.number))
        return replace(parts, room=f"{gaps}{room.ending}").text()
    if way == 1:
        return re.sub("([0-9]+)", r" \1 ", parts.text())
    return "".join(
        character + (" " if not character.isascii() and draw.chance.random() < 0.2 else "")
        for character in parts.text()
    )


@kind("two_brackets")
def _(draw: Draw) -> str:
    parts = draw.parts
    remark = draw.one("近学校", "出租屋", "原36号", "已核", "2楼餐馆旁", "无电梯", "A1网格")
    head = parts.divisions() + parts.place() + parts.stair
    return draw.one(
        f"{head}({parts.room})({remark})",
        f"{head}（{parts.room}）【{remark}】",
        f"{parts.text()}({remark})(共用)",
        *(
            [
                f"{parts.divisions()}{parts.estate}(北门)({parts.road}{parts.door}){parts.block}{parts.inside()}"
            ]
            if parts.estate and parts.road and parts.block
            else []
        ),
        f"{parts.province}{parts.city}({parts.district})({parts.subdistrict}){parts.community}{parts.place()}{parts.inside()}",
    )


@kind("traditional")
def _(draw: Draw) -> str:
    table = str.maketrans(
        "广东区号楼层栋单元园湾龙华乡镇门厦宝贝", "廣東區號樓層棟單元園灣龍華鄉鎮門廈寶貝"
    )
    return draw.parts.text().translate(table)


@kind("room_ending")
def _(draw: Draw) -> str | None:
    room = draw.room
    if "铺" in room.ending or not re.match("[0-9]", room.number):
        return None
    return replace(
        draw.parts, room=room.number + draw.one("", "房", "室", "号", "号房", "单位", "房间")
    ).text()


@kind("floor_room")
def _(draw: Draw) -> str | None:
    """5楼501, 五层501室, 五层01室, 5F-01, 501(五楼), 第5层502单元."""
    room = draw.room
    if not room.floor:
        return None
    floor, number, two = room.floor, room.number, room.number[-2:]
    chinese = in_chinese(floor)
    return replace(
        draw.parts,
        room=draw.one(
            f"{floor}楼{number}", f"{chinese}层{number}室", f"{floor}层{number}房", f"第{chinese}层{number}",
            f"{chinese}层{two}室", f"{floor}楼{two}房", f"{floor}F-{two}", f"{floor}F{number}",
            f"{number}({chinese}楼)", f"{number}房({floor}层)", f"{chinese}楼{int(two)}号", f"{floor}/F {number}室",
            f"{chinese}楼的{number}房", f"{floor}楼-{number}",
        ),
    ).text()  # fmt: skip


# --- order, brackets


@kind("order_swapped")
def _(draw: Draw) -> str | None:
    parts = draw.parts
    inside, upper = parts.inside(), parts.district + parts.subdistrict + parts.community
    ways = [f"{parts.subdistrict}{parts.district}{parts.community}{parts.place()}{inside}"]
    if parts.road and parts.estate:
        ways.append(f"{upper}{parts.estate}{parts.road}{parts.door}{parts.block}{inside}")
        ways.append(f"{upper}{parts.estate}{parts.block}{inside}，{parts.road}{parts.door}")
        ways.append(f"{upper}{parts.estate}{parts.block}{inside}({parts.road}{parts.door})")
    if parts.estate and parts.block and draw.room.ending != "号铺" and not parts.stair:
        ways.append(f"{draw.room.number}房，{parts.block}，{parts.estate}，{upper}")
        if not parts.stair:
            ways.append(f"{upper}{parts.estate}{draw.room.number}房{parts.block}")
    ways.append(f"{parts.place()}{inside}，{upper}")
    ways.append(f"{parts.place()}{inside}({upper})")
    return draw.chance.choice(ways)


@kind("brackets")
def _(draw: Draw) -> str | None:
    parts, room = draw.parts, draw.room
    upper = parts.divisions()
    ways = [
        f"{upper}{parts.place()}{parts.stair}({parts.room})",
        f"({upper}){parts.place()}{parts.inside()}",
        f"{upper}{parts.place()}【{parts.stair}{parts.room}】",
        f"{parts.text()}(原{draw.chance.randint(1, 99)}号)",
        f"{parts.text()}〔出租〕",
        f"{parts.province}{parts.city}({parts.district}){parts.subdistrict}{parts.community}{parts.place()}{parts.inside()}",
    ]
    if parts.road and parts.estate:
        ways.append(f"{upper}{parts.road}{parts.door}({parts.estate}){parts.block}{parts.inside()}")
        ways.append(f"{upper}{parts.estate}({parts.road}{parts.door}){parts.block}{parts.inside()}")
    if "铺" in room.ending:
        ways = ways[:1] + ways[2:3]
    return draw.chance.choice(ways)


# --- characters


@cache
def _common_characters() -> tuple[str, ...]:
    """The 3,755 commonest characters (GB 2312, first level)."""
    return tuple(
        bytes((row, cell)).decode("gb2312", errors="ignore")
        for row in range(0xB0, 0xD8)
        for cell in range(0xA1, 0xFF)
    )


@cache
def _sounds() -> tuple[dict[str, str], dict[str, tuple[str, ...]]]:
    from pypinyin import Style, lazy_pinyin

    sound = {c: lazy_pinyin(c, style=Style.NORMAL)[0] for c in _common_characters() if c}
    groups: dict[str, list[str]] = {}
    for character, written in sound.items():
        groups.setdefault(written, []).append(character)
    return sound, {written: tuple(found) for written, found in groups.items()}


LOOK_ALIKE = (
    "末未 己已 土士 晴睛 塘溏 坑抗 岭玲 围韦 贝见 浪狼 湖胡 海悔 桥侨 松忪 沙纱 石右 田甲 井开 岗冈 洲州 桃挑 源原 "
    "粤奥 福幅 永水 新斩 村衬 园圆 花化 苑苑 豪毫 庭廷 公么 居屈 轩斩 庄压 半平 岛鸟 望忘 碧壁 翠萃 湖糊 蔚尉 蓝篮 "
    "御卸 景影 天夭 鹅鹤 学字 府俯 龙尤 珠株 侨桥 香杳 白自 登凳 良艮 创枪 业亚 东车 西酉 南喃 禾木 壆學 屋星 头买 "
    "背肯 洪供 玉王 甲申 楼搂 将奖 官宫 光先 合台 寮察 铁跌 长张 榕溶 樟障 茅矛 径经 流硫 燕蒸 尾屋 涌桶 边近 厦夏 "
    "浪浪 心必 文丈 昌冒 环坏 解鲜 民氏 晒洒 布市 竹行 库裤 桂挂 大太 马乌 公分 明朋 门们 罗岁"
)


@cache
def _look_alikes() -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for pair in LOOK_ALIKE.split():
        a, b = pair
        if a != b:
            found.setdefault(a, []).append(b)
            found.setdefault(b, []).append(a)
    return {character: tuple(others) for character, others in found.items()}


_NUMERALS = frozenset("零〇一二三四五六七八九十百两廿0123456789")
_KINDS_OF_PLACE = frozenset("省市区街道社号栋座房室铺单元层楼巷坊排期路")
_SIDES = frozenset("新老旧东西南北中上下前后左右内外大小高低长短")


def _spots(text: str) -> list[int]:
    """Where a character of a name stands: no numeral, no kind of place."""
    return [
        i
        for i, character in enumerate(text)
        if not character.isascii()
        and character not in _NUMERALS
        and character not in _KINDS_OF_PLACE
    ]


def _in_figures(own: str) -> str:
    """Lanes in figures, so that 二十巷 and 20巷 are the same place."""
    return re.sub(
        "[一二三四五六七八九十百]+(?=[巷坊排区期路街])",
        lambda match: str(next((n for n in range(1, 200) if in_chinese(n) == match.group()), 0)),
        own,
    )


def _change_name(draw: Draw, change: Callable[[str, int], str | None]) -> str | None:
    """Change one character of the place's own name (sometimes of its divisions)."""
    parts = draw.parts
    if draw.chance.random() < 0.25:
        upper = parts.district + parts.subdistrict + parts.community
        spot = draw.chance.choice(_spots(upper))
        changed = change(upper, spot)
        return changed and changed + parts.place() + parts.inside()
    name = parts.road + "\0" + parts.estate
    spots = [spot for spot in _spots(name) if name[spot] != "\0"]
    if not spots:
        return None
    changed = change(name, draw.chance.choice(spots))
    if changed is None:
        return None
    road, _, estate = changed.partition("\0")
    parts = replace(parts, road=road, estate=estate, province="")
    return None if _in_figures(parts.place()) in draw.owns else parts.text()


@kind("homophone")
def _(draw: Draw) -> str | None:
    sound, groups = _sounds()

    def change(text: str, spot: int) -> str | None:
        others = [c for c in groups.get(sound.get(text[spot], ""), ()) if c != text[spot]]
        others = [c for c in others if not (c in _SIDES and text[spot] in _SIDES)]
        return text[:spot] + draw.chance.choice(others) + text[spot + 1 :] if others else None

    return _change_name(draw, change)


@kind("look_alike")
def _(draw: Draw) -> str | None:
    def change(text: str, spot: int) -> str | None:
        others = _look_alikes().get(text[spot], ())
        return text[:spot] + draw.chance.choice(others) + text[spot + 1 :] if others else None

    return _change_name(draw, change)


@kind("lost_in_name")
def _(draw: Draw) -> str | None:
    return _change_name(draw, lambda text, spot: text[:spot] + text[spot + 1 :])


@kind("doubled_in_name")
def _(draw: Draw) -> str | None:
    return _change_name(draw, lambda text, spot: text[:spot] + text[spot] + text[spot:])


@kind("swapped_in_name")
def _(draw: Draw) -> str | None:
    def change(text: str, spot: int) -> str | None:
        if spot + 1 >= len(text) or text[spot + 1] in _NUMERALS or text[spot + 1] == "\0":
            return None
        return text[:spot] + text[spot + 1] + text[spot] + text[spot + 2 :]

    return _change_name(draw, change)


@kind("lost_anywhere")
def _(draw: Draw) -> str | None:
    """Any character but a digit is lost: a unit, a division's mark, a lane's numeral."""
    text = replace(draw.parts, province="").text()
    spots = [i for i, character in enumerate(text) if not character.isdigit()]
    spot = draw.chance.choice(spots)
    changed = text[:spot] + text[spot + 1 :]
    own = changed.removesuffix(draw.parts.inside())
    return (
        None
        if any(_in_figures(own).endswith(other) for other in draw.owns)
        and len(own) < len(text) - len(draw.parts.inside())
        and not own.endswith(draw.parts.place())
        else changed
    )


@kind("lost_unit")
def _(draw: Draw) -> str | None:
    """号, 栋, 单, 元 lost in a full address."""
    text = replace(draw.parts, province="", city="").text()
    own = len(draw.parts.district + draw.parts.subdistrict + draw.parts.community)
    spots = [i for i in range(own, len(text)) if text[i] in "号栋座单元房室铺"]
    if not spots:
        return None
    spot = draw.chance.choice(spots)
    return text[:spot] + text[spot + 1 :]


@kind("lost_floor_unit")
def _(draw: Draw) -> str | None:
    """5501 for 5楼501: the 楼 was lost. Whether such a room is meant or none, only C or the building can say."""
    number = f"{draw.room.floor}{draw.room.number}"
    known = {room.number for room in draw.building.rooms}
    if not draw.room.floor or draw.room.stair or number in known:
        return None
    return replace(draw.parts, room=number + "室").text()


@kind("doubled_anywhere")
def _(draw: Draw) -> str:
    text = replace(draw.parts, province="").text()
    spots = [i for i, character in enumerate(text) if character not in _NUMERALS]
    spot = draw.chance.choice(spots)
    return text[:spot] + text[spot] + text[spot:]


# --- history


_OLD = {
    "光明区": ("宝安区光明新区", "光明新区", "宝安区"),
    "坪山区": ("坪山新区", "龙岗区"),
    "龙华区": ("龙华新区", "宝安区"),
}


@kind("old_district")
def _(draw: Draw) -> str | None:
    old = _OLD.get(draw.building.district)
    if old is None:
        return None
    written = draw.chance.choice(old)
    return replace(draw.parts, district=written, province=draw.one("", "广东省")).text()


# --- remarks, sentences, several


REMARKS = (
    "(老王家)", "电话联系后上门", "，3人间", " 到付",
    "（放门卫）", "(东头第二家)", "租客", "(整租)", "，已搬", "，有电梯",
    "(近地铁站)", "；请打电话", "(一照多址企业)", "（仅限办公）",
    "（集群注册）", "(2023年已核)", "，隔壁是幼儿园", "-业主自住",
    "(无门牌)", "*", "。", "，快递放丰巢", "（办公场所）", "[临时]", "(18平方米)", "/长期有人",
)  # fmt: skip


@kind("remark")
def _(draw: Draw) -> str:
    return draw.parts.text() + draw.chance.choice(REMARKS)


SENTENCES = (
    "我家住{a}，楼上装修到半夜，老人睡不着", "{a}巷子里路灯坏了",
    "你好，{a}门口垃圾没人收", "反映{a}楼下烧烤店油烟扰民",
    "请问{a}什么时候通天然气？", "{a}有人在楼道给电动车充电，请处理",
    "昨天在{a}看到电线掉下来", "老人住在{a}，需要上门办理",
    "位于{a}的出租屋没有消防通道", "{a}楼上漏水到我家天花板",
    "本人租住{a}，房东不退押金", "热线您好，我要投诉{a}的麻将馆",
    "市民来电反映：{a}旁边井盖破损", "咨询{a}能否办理居住证", "{a}，昨晚开始停水", "举报{a}存在群租",
)  # fmt: skip


@kind("sentence")
def _(draw: Draw) -> str:
    parts = draw.parts
    text = draw.chance.choice(
        (
            parts.text(),
            replace(parts, province="", city="").text(),
            replace(parts, province="", city="", community="").text(),
        )
    )
    return draw.chance.choice(SENTENCES).format(a=text)


@kind("several")
def _(draw: Draw) -> str:
    other = Draw(draw.world, *_draw_room(draw.world, draw.chance), draw.chance, draw.owns)
    a, b = draw.parts.text(), replace(other.parts, province="", city="").text()
    return draw.one(
        f"{a}；{b}", f"{a}和{b}", f"{a}、{b}", f"{a}，{b}", f"{a}，另有{b}", f"1.{a} 2.{b}"
    )


# --- shops, ranges


@kind("shop")
def _(draw: Draw) -> str | None:
    room = draw.room
    if room.ending != "号铺":
        return None
    n = room.number
    return replace(
        draw.parts,
        room=draw.one(
            f"之{n}", f"之{in_chinese(int(n))}", f"铺位{n}", f"商铺{n}号", f"{n}铺", f"{n}号商铺", f"{n}号店",
            f"第{n}号铺", f"首层{n}号铺", f"一楼{n}号铺位", f"{n}档", f"{in_chinese(int(n))}号铺",
        ),
    ).text()  # fmt: skip


@kind("room_range")
def _(draw: Draw) -> str | None:
    """101-103房: the first room is taken, the rest named."""
    room = draw.room
    if not room.floor:
        return None
    last = f"{room.floor}{int(room.number[-2:]) + 2:02d}"
    return replace(
        draw.parts,
        room=draw.one(
            f"{room.number}-{last}房", f"{room.number}、{last}房", f"{room.number}至{last}室"
        ),
    ).text()


@kind("floor_range")
def _(draw: Draw) -> tuple[str, str] | None:
    if not draw.room.floor or draw.room.stair:
        return None
    ways = ("1-3楼", "一至三层", "1、2楼", "整栋", "全栋", "1楼至3楼", "二楼整层")
    return replace(draw.parts, room=draw.chance.choice(ways)).text(), draw.building.code


@kind("floor_only")
def _(draw: Draw) -> tuple[str, str] | None:
    if not draw.room.floor or draw.room.stair:
        return None
    floor = draw.room.floor
    ways = (
        f"{floor}楼",
        f"{in_chinese(floor)}层",
        f"{floor}F",
        f"第{floor}层",
        f"{in_chinese(floor)}楼全层",
    )
    return replace(draw.parts, room=draw.chance.choice(ways)).text(), draw.building.code


@kind("building_only")
def _(draw: Draw) -> tuple[str, str]:
    return replace(draw.parts, stair="", room="").text(), draw.building.code


# --- what the library lacks


@kind("ghost_room")
def _(draw: Draw) -> tuple[str, str] | None:
    taken = {room.number for room in draw.building.rooms}
    for _ in range(20):
        floor = draw.chance.randint(1, 35)
        number = f"{floor}{draw.chance.randint(1, 30):02d}"
        known = any(number.endswith(room) or room.endswith(number) for room in taken)
        if not known and number[:-2] + number[-2:].lstrip("0") not in taken:
            return replace(
                draw.parts, stair="", room=number + draw.one("", "房", "室")
            ).text(), draw.building.code
    return None


@kind("ghost_building")
def _(draw: Draw) -> tuple[str, str] | None:
    building, parts = draw.building, draw.parts
    number = str(draw.chance.randint(401, 899))
    if building.estate and building.block.isdigit():
        number = str(draw.chance.randint(41, 79))
        return replace(parts, road="", door="", block=number + building.unit).text(), NOWHERE
    if building.estate:
        return None
    return replace(parts, door=number + "号").text(), NOWHERE


@kind("unknown_place")
def _(draw: Draw) -> tuple[str, str]:
    parts = draw.parts
    name = draw.one(
        "金碧辉煌城", "凌霄花园", "瑶池路", "昆仑大道", "蓬莱新村九巷", "广寒宫大厦", "鹊桥街"
    )
    number = (
        f"{draw.chance.randint(1, 60)}号{draw.chance.randint(1, 6)}0{draw.chance.randint(1, 6)}"
    )
    return parts.divisions() + name + number, NOWHERE


@kind("elsewhere")
def _(draw: Draw) -> tuple[str, str]:
    parts = draw.parts
    town = draw.one(
        "湖南省长沙市岳麓区", "广东省东莞市长安镇",
        "惠州市惠城区", "上海市浦东新区", "广州市天河区石牌街道", "北京市朝阳区",
        "江西省赣州市", "东莞市凤岗镇", "四川成都武侯区", "中山市小榄镇", "香港新界", "福建省泉州市晋江市",
    )  # fmt: skip
    return town + parts.road + parts.door + parts.estate + parts.block + parts.inside(), NOWHERE


@kind("other_district")
def _(draw: Draw) -> tuple[str, str] | None:
    if draw.world.city != "深圳市":
        return None
    others = [
        "南山区粤海街道", "宝安区西乡街道", "龙岗区布吉街道",
        "福田区沙头街道", "盐田区海山街道", "罗湖区翠竹街道", "坪山区坑梓街道",
    ]  # fmt: skip
    known = {building.district for building in draw.world.buildings}
    other = draw.chance.choice([o for o in others if o[:3] not in known])
    return f"深圳市{other}{draw.parts.place()}{draw.parts.inside()}", NOWHERE


# --- traps: alike, and not the same


@kind("trap_longer_name")
def _(draw: Draw) -> tuple[str, str] | None:
    """松坪山 is not 坪山: a place whose name ends like one of ours."""
    parts = draw.parts
    if not parts.road or parts.estate:
        return None
    before = draw.one("松", "赤", "罗", "金", "凤", "梅", "竹")
    if parts.road.startswith(before):
        return None
    return parts.city + parts.district + before + parts.road + parts.door + parts.room, NOWHERE


@kind("trap_other_lane")
def _(draw: Draw) -> tuple[str, str] | None:
    """A lane or quarter of another number, which the library lacks."""
    parts = draw.parts
    lane = re.search(r"([0-9]+|[一二三四五六七八九十]+)(巷|坊|排)", parts.road)
    if lane is None or parts.estate:
        return None
    number = str(draw.chance.randint(41, 99))
    road = parts.road.replace(lane.group(), number + lane.group(2), 1)
    return replace(parts, road=road).text(), NOWHERE


_OPPOSITE = dict(zip("新旧东西南北上下老大小", "旧新西东北南下上新小大", strict=True))


@kind("trap_opposite")
def _(draw: Draw) -> tuple[str, str] | None:
    """旧村 for 新村, 西路 for 东路: the other place, where the library has none."""
    parts = draw.parts
    name = parts.road or parts.estate
    # The community's own stem may hold such a character; the lane's or road's own one is meant here.
    spots = [
        i
        for i, c in enumerate(name)
        if c in _OPPOSITE and not parts.community.startswith(name[: i + 1])
    ]
    if not spots or (parts.road and parts.estate):
        return None
    spot = draw.chance.choice(spots)
    other = name[:spot] + _OPPOSITE[name[spot]] + name[spot + 1 :]
    if any(_in_figures(other) in own for own in draw.owns):
        return None
    parts = replace(parts, road=other) if parts.road else replace(parts, estate=other)
    return parts.text(), NOWHERE


@kind("elsewhere_bare")
def _(draw: Draw) -> tuple[str, str]:
    town = draw.one(
        "东莞长安",
        "惠州淡水",
        "广州天河区",
        "湖南长沙",
        "上海浦东",
        "东莞市",
        "惠阳区",
        "武汉洪山区",
        "香港九龙",
    )
    return town + draw.parts.place() + draw.parts.inside(), NOWHERE


# --- more habits


@kind("two_rooms")
def _(draw: Draw) -> str | None:
    room = draw.room
    if not room.floor:
        return None
    last = f"{room.floor}{int(room.number[-2:]) + 1:02d}"
    joint = draw.one("&", "+", "/", "，", "和", "及", "、", "-")
    return replace(
        draw.parts, room=f"{room.number}{joint}{last}{draw.one('室', '房', '号', '')}"
    ).text()


@kind("phone_behind")
def _(draw: Draw) -> str:
    number = f"161{draw.chance.randint(0, 99_999_999):08d}"
    return draw.parts.text() + draw.one(" ", "，电话", "，联系电话：", "（", " 手机") + number


@kind("small_letters")
def _(draw: Draw) -> str | None:
    text = draw.parts.text()
    return text.lower() if text.lower() != text else None


@kind("hotline")
def _(draw: Draw) -> str:
    """A request without divisions, the place somewhere in it."""
    parts = draw.parts
    upper = draw.one(
        parts.district, parts.subdistrict, parts.community, parts.subdistrict + parts.community
    )
    place = upper + parts.place() + parts.inside()
    return draw.one(
        f"您好，我想反映一下{place}这边天天有人打麻将到半夜",
        f"请帮忙看下{place}楼道灯不亮的问题", f"投诉{place}的租客养狗扰民",
        f"{place}已经停水三天了没人管",
        f"有人在{place}门口堆放垃圾，希望尽快清理", f"本人系{place}住户，咨询入学积分",
        f"我在{place}租房，中介不退押金2000元", f"小区{place}电梯坏了5次", f"孩子在{place}被狗咬，求助",
    )  # fmt: skip


@kind("two_noises")
def _(draw: Draw) -> str | None:
    """A slip in the name together with left-out levels."""
    parts = draw.parts
    draw.parts = replace(parts, province="", community=draw.one("", parts.community))
    return KINDS[draw.one("homophone", "lost_in_name", "look_alike", "doubled_in_name")](draw)


# --- a second round, written after the first was mended and looked at once before mending


@kind("twice")
def _(draw: Draw) -> str:
    text = replace(draw.parts, province="").text()
    return text + draw.one(" ", "，", "") + text


@kind("divisions_twice")
def _(draw: Draw) -> str:
    parts = draw.parts
    upper = parts.city + parts.district * 2 + parts.subdistrict * 2 + parts.community
    return upper + parts.place() + parts.inside()


@kind("old_community")
def _(draw: Draw) -> str:
    stem = draw.parts.community.removesuffix("社区")
    ending = draw.one("村委会", "村", "居民委员会", "行政村", "管理区")
    return replace(draw.parts, community=stem + ending).text()


@kind("ordinal_numbers")
def _(draw: Draw) -> str | None:
    building, room = draw.building, draw.room
    if not building.door or building.estate or not room.number.isdigit():
        return None
    ways = [f"第{building.door}号第{room.number}室"]
    if building.door.isdigit():
        ways += [f"{building.door}#{room.number}", f"{building.door.zfill(3)}号{room.number}"]
        ways += [f"{building.door}{unit}{room.number}" for unit in ("號", "号院", "号楼", "号屋")]
    return draw.parts.divisions() + building.road + draw.chance.choice(ways)


@kind("form_words")
def _(draw: Draw) -> str:
    """Words of forms around the address: labels, post codes, quotation marks, areas."""
    parts = draw.parts
    text = replace(parts, province="").text()
    return draw.one(
        f"地址：{text} 联系人：某某 电话：保密", f"518000 {text}", f"邮编518110，{text}", f"(518101){text}",
        f"“{parts.district}{parts.subdistrict}{parts.community}{parts.place()}”{parts.inside()}",
        f"{parts.district}：{parts.subdistrict}：{parts.community}：{parts.place()}：{parts.inside()}",
        f"{text}，建筑面积89.5平方米", f"{text}（宗地号A123-0456）", f"{text}二房东转租", f"{text}隔壁", f"📍{text}🏠",
        f"{text} Shenzhen", f"{text} P.R.C",
    )  # fmt: skip


# --- levels


@kind("level_subdistrict")
def _(draw: Draw) -> tuple[str, str]:
    parts = draw.parts
    text = draw.one(parts.province, "") + parts.city + parts.district + parts.subdistrict
    return text, draw.building.community_code[:9]


@kind("level_community")
def _(draw: Draw) -> tuple[str, str]:
    return replace(
        draw.parts, road="", door="", estate="", block="", stair="", room=""
    ).text(), draw.building.community_code


@kind("level_road")
def _(draw: Draw) -> tuple[str, str]:
    """A road, lane or estate without number: its community."""
    parts = draw.parts
    name = parts.road or parts.estate
    is_building = not parts.road and not parts.block
    return (
        parts.divisions() + name,
        draw.building.code if is_building else draw.building.community_code,
    )


# --- two ways at once, as real offices write


@kind("mixed")
def _(draw: Draw) -> str | tuple[str, str] | None:
    parts = draw.parts
    if draw.chance.random() < 0.6:
        parts = replace(parts, province="", city=draw.one("", parts.city))
    if draw.chance.random() < 0.5:
        parts = replace(parts, community="")
    if draw.chance.random() < 0.4:
        parts = replace(
            parts, subdistrict=re.sub("街道$", draw.one("", "办事处", "街"), parts.subdistrict)
        )
    if parts.road and parts.estate and draw.chance.random() < 0.4:
        parts = replace(parts, road="", door="")
    draw.parts = parts
    second = draw.one(
        "floor_room", "block_unit", "chinese_numerals", "homophone", "dashes", "room_ending", "remark",
        "full_width", "hash_at", "numerals_other", "look_alike",
    )  # fmt: skip
    return KINDS[second](draw)


JUNK = (
    "", " ", "无", "不详", "-", "同上", "0", "深圳", "广东省深圳市", "同户籍地址", "见附件", "0" * 500, "路" * 10_000,
    "1" * 10_000, "😀🏠📍", "\x00\x07\x1b[31m", "'; DROP TABLE rooms; --", "<script>alert('1栋101')</script>",
    "Room 101, Building 3, Nanshan", "Квартира 12",
    "住所 東京都港区1-2-3", "서울시 강남구 101호", "(((((", "号号号栋栋室室",
    "13800138000", "440380199001011234", "aaaa" * 3000, "\u202e\u200b\ufeff",
    "NULL", "None", "#REF!", "=1+1", "http://a.cn/1号",
)  # fmt: skip


def _draw_room(world: World, chance: random.Random) -> tuple[Building, Room]:
    while True:
        building = chance.choice(world.buildings)
        if building.rooms:
            return building, chance.choice(building.rooms)


def write_all(world: World, *, seed: int, each: int) -> list[Written]:
    """`each` texts of every kind the world's places can be written in. Equal seeds give equal texts."""
    chance = random.Random(f"{world.style}/{seed}")
    chosen = _Fits(world)
    owns = frozenset(_in_figures(building.own) for building in world.buildings)
    found: list[Written] = []
    for name, writer in KINDS.items():
        for _ in range(each):
            building, room = _draw_room(world, chance)
            draw = Draw(world, building, room, chance, owns)
            written = writer(draw)
            if not written:
                continue
            text, truth = written if isinstance(written, tuple) else (written, room.code)
            found.append(Written(name, text, truth, chosen.of(name, building, room, truth)))
    return found


# What a kind of writing no longer says; places alike in the rest fit the text equally well.
_SAYS_LESS = {
    "no_divisions": (),
    "no_community": ("subdistrict",),
    "no_subdistrict": ("community",),
    "no_district": ("subdistrict", "community"),
    "mixed": (),
    "careless": (),
    "hotline": (),
    "two_noises": (),
    "sentence": ("subdistrict",),
}
_ESTATE_LEFT_OUT = frozenset({"no_estate", "mixed"})
_ROAD_LEFT_OUT = frozenset({"no_road", "mixed", "order_swapped"})


class _Fits:
    """Which rooms a text may mean, from what its kind leaves out. Knows the library, not the engine."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._by_code = {building.code: building for building in world.buildings}

    def of(self, name: str, building: Building, room: Room, truth: str) -> frozenset[str]:
        if truth == NOWHERE or len(truth) < 19:
            return frozenset({truth})
        levels = _SAYS_LESS.get(name, ("subdistrict", "community"))
        found = {truth}
        for other in self.world.buildings:
            if any(getattr(other, level) != getattr(building, level) for level in levels):
                continue
            if not _alike(name, building, other):
                continue
            if truth == building.code:
                found.add(other.code)
            else:
                found.update(
                    r.code
                    for r in other.rooms
                    if r.number == room.number and r.stair == room.stair and r.ending == room.ending
                )
        return frozenset(found)


def _alike(name: str, building: Building, other: Building) -> bool:
    same_road = (building.road, building.door) == (other.road, other.door)
    same_estate = (building.estate, building.block) == (other.estate, other.block)
    if same_road and same_estate:
        return True
    if name in _ROAD_LEFT_OUT and building.road and building.estate and same_estate:
        return True
    return name in _ESTATE_LEFT_OUT and same_road and building.block == other.block
