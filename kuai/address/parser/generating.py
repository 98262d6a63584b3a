"""Labelled addresses made by the project: grammar and chance, no row of anybody's table. Same seed, same rows."""

from __future__ import annotations

from kuai.address.parser import words
from kuai.address.parser.inventing import District, Inventor, shortened
from kuai.address.parser.labels import Segment
from kuai.address.parser.training import LabelledRow

_SIGNS = (
    ("-", 80),
    ("_", 4),
    ("—", 4),
    ("－", 3),
    ("一", 4),
    ("－－", 1),
    (".", 1),
    ("~", 0.5),
    ("/", 0.7),
    ("、", 0.5),
)


def generate_rows(count: int, *, seed: int) -> list[LabelledRow]:
    """`count` invented addresses with their segments."""
    maker = _Maker(Inventor(seed))
    return [maker.row() for _ in range(count)]


class _Maker:
    """Writes one address after another."""

    def __init__(self, inventor: Inventor) -> None:
        self.name = inventor
        self.chance = inventor.chance

    def row(self) -> LabelledRow:
        district = self.name.district()
        segments = self.divisions(district)
        segments += self.ground(district)
        if self.name.happens(0.08):
            segments = self.with_remark(segments)
        segments = self.in_hand_writing(_joined(segments))
        if not segments:
            return self.row()
        return LabelledRow("".join(text for _, text in segments), tuple(segments))

    # Divisions, and their repetitions.

    def divisions(self, district: District) -> list[Segment]:
        """From the country down to the town, as much as people write."""
        style = self.chance.random()
        if style < 0.2:
            return self.town(district, 0.55)
        parts = self.upper(district)
        if style > 0.88:
            again = [("redundant", text) for _, text in self.upper(district)]
            # Whoever copies a form into a form writes the province twice; which one is kept is chance.
            if self.name.happens(0.5):
                parts = parts + again
            else:
                lead = [("redundant", text) for _, text in parts]
                parts = lead + self.upper(district)
        elif style > 0.83 and self.name.happens(0.5):
            parts = [part for one in parts for part in (one, ("redundant", "-"))][:-1]
        if self.name.happens(0.1):
            parts.append(("devzone", self.name.zone()))
        return parts + self.town(district, 0.62)

    def upper(self, district: District) -> list[Segment]:
        full = self.name.happens(0.8)
        parts: list[Segment] = []
        municipality = district.city == district.province
        if self.name.happens(0.015):
            parts.append(("country", "中国"))
        if self.name.happens(0.7 if not municipality else 0.25):
            province = district.province
            parts.append(("prov", province if full else shortened(province, 1)))
        if district.city and self.name.happens(0.78):
            city = district.city
            parts.append(("city", city if self.name.happens(0.75) else shortened(city, 2)))
            if self.name.happens(0.01):
                parts.append(("redundant", "市辖区"))
        if district.name and self.name.happens(0.86):
            short = self.name.happens(0.1)
            parts.append(("district", shortened(district.name, 3) if short else district.name))
        elif self.name.happens(0.03):
            parts.append(("redundant", self.name.one_of(("城区", "市区", "其他区", "其它区"))))
        return parts

    def town(self, district: District, share: float) -> list[Segment]:
        if not self.name.happens(share):
            return []
        town = self.name.one_of(district.towns)
        if self.name.happens(0.2):
            town = shortened(town, 4)
        if self.name.happens(0.05) and len(town) > 3:
            other = shortened(town, 4) + self.name.one_of(("街道", "镇", "乡"))
            return [("town", town), ("redundant", other)]
        return [("town", town)]

    # Roads, villages, estates.

    def ground(self, district: District) -> list[Segment]:
        draw = self.chance.random()
        if draw < 0.02:
            # 3-12号: the door in the road, the house behind it.
            parts = [("road", self.name.road()), ("roadno", str(self.chance.randint(1, 900)))]
            return [*parts, ("redundant", "-"), ("houseno", f"{self.chance.randint(1, 40)}号")]
        if draw < 0.22:
            return self.on_road() + (
                self.behind_door() if self.name.happens(0.3) else self.near(0.06)
            )
        if draw < 0.54:
            return self.on_road() + self.building(district)
        if draw < 0.72:
            return self.building(district)
        if draw < 0.88:
            return self.in_village(district)
        if draw < 0.94:
            return self.at_crossing(district)
        if draw < 0.98:
            return self.building(district) + self.on_road()
        return []

    def on_road(self) -> list[Segment]:
        parts: list[Segment] = []
        if self.name.happens(0.06):
            parts.append(("community", self.name.village()))
        parts.append(("road", self.name.road()))
        if self.name.happens(0.07):
            parts.append(("subroad", self.small_road()))
            if self.name.happens(0.55):
                parts.append(("subroadno", self.door_number()))
                return parts
        if self.name.happens(0.07):
            # A second road, no crossing meant: the smaller one has the number.
            parts.append(("subroad", self.name.road()))
            if self.name.happens(0.8):
                parts.append(("subroadno", self.door_number()))
            return parts
        if self.name.happens(0.83):
            parts.append(("roadno", self.door_number()))
            if self.name.happens(0.05):
                parts.append(("subroad", self.small_road()))
                if self.name.happens(0.6):
                    parts.append(("subroadno", self.door_number()))
        return parts

    def small_road(self) -> str:
        draw = self.chance.random()
        if draw < 0.35:
            return f"{self.chance.randint(1, 400)}{self.name.one_of(('弄', '巷'))}"
        if draw < 0.55:
            return self.name.one_of(words.DIRECTIONS) + "段"
        if draw < 0.75:
            return self.name.one_of(words.HANZI_NUMBERS[:9]) + self.name.one_of(
                ("巷", "弄", "街", "支路")
            )
        return self.name.road()

    def door_number(self) -> str:
        top = self.chance.choice((30, 100, 300, 1000, 2000))
        number = str(self.chance.randint(1, top))
        draw = self.chance.random()
        if draw < 0.05:
            number += f"{self.name.one_of('---、~')}{self.chance.randint(1, 60)}"
        elif draw < 0.07:
            number = self.name.one_of(words.HANZI_NUMBERS[:10])
        if draw > 0.97:
            return f"{number}号附{self.chance.randint(1, 9)}号"
        if draw > 0.94:
            return number + self.name.one_of(("弄", "号-1", "#", "号之1", "之2号"))
        return number if self.name.happens(0.03) else f"{number}号"

    def in_village(self, district: District) -> list[Segment]:
        village = self.name.village()
        if self.name.happens(0.42):
            village = village.removesuffix("村").removesuffix("社区")
        parts: list[Segment] = [("community", village)]
        draw = self.chance.random()
        if draw < 0.2:
            group = (
                self.name.one_of(words.HANZI_NUMBERS[:10])
                if self.name.happens(0.4)
                else str(self.chance.randint(1, 20))
            )
            parts.append(("road", group + self.name.one_of(("组", "组", "队", "社"))))
            if self.name.happens(0.6):
                parts.append(("roadno", self.door_number()))
        elif draw < 0.38:
            parts.append(("roadno", self.door_number()))
            if self.name.happens(0.3):
                parts += self.behind_door()
        elif draw < 0.5:
            parts += self.on_road()
        elif draw < 0.6:
            hamlet = self.name.village_core()
            parts.append(("poi", hamlet))
            parts.append(("houseno" if self.name.happens(0.4) else "roadno", self.door_number()))
        elif draw < 0.8:
            parts += self.building(district)
        else:
            parts += self.near(0.15)
        return parts

    def at_crossing(self, district: District) -> list[Segment]:
        parts: list[Segment] = [("road", self.name.road())]
        if self.name.happens(0.7):
            parts += [
                ("assist", self.name.one_of(words.AND_SIGNS)),
                ("road", self.name.road()),
                ("assist", self.name.one_of(words.CROSSINGS)),
            ]
        else:
            parts.append(("assist", self.name.one_of(words.CROSSINGS)))
        if self.name.happens(0.5):
            parts.append(("poi", self.name.point_of_interest(district)))
        return parts + self.near(0.2)

    def behind_door(self) -> list[Segment]:
        """12号302: a house of one door has rooms and no name."""
        draw = self.chance.random()
        if draw < 0.5:
            return [("roomno", self.room())]
        if draw < 0.75:
            return self.with_words()
        if draw < 0.9:
            return [("floorno", self.floor())]
        return self.with_signs()

    def near(self, share: float) -> list[Segment]:
        if not self.name.happens(share):
            return []
        return [("assist", self.name.one_of(words.NEARBY))]

    # Buildings down to the room.

    def building(self, district: District) -> list[Segment]:
        parts: list[Segment] = []
        name = self.name.point_of_interest(district)
        if self.name.happens(0.03):
            parts.append(("redundant", shortened(district.city or district.name, 2)))
        elif self.name.happens(0.03):
            parts.append(("community", self.name.village_core()))
        parts.append(("poi", name))
        if self.name.happens(0.1):
            second = self.name.point_of_interest(district)
            parts.append(("subpoi", second))
        elif self.name.happens(0.14):
            parts.append(("subpoi", self.name.one_of(words.PART_NAMES)))
        parts += self.near(0.06)
        if parts[-1][0] == "assist":
            if self.name.happens(0.4):
                parts.append(("poi", self.name.shop()))
            return parts
        draw = self.chance.random()
        if draw < 0.25:
            return parts
        if draw < 0.5:
            return parts + self.with_signs()
        return parts + self.with_words()

    def house_number(self) -> str:
        number = str(self.chance.randint(1, self.chance.choice((9, 20, 60, 150))))
        draw = self.chance.random()
        if draw < 0.1:
            number = self.name.one_of(words.HANZI_NUMBERS[:12])
        elif draw < 0.25:
            number = self.name.one_of(words.LETTERS)
        elif draw < 0.3:
            number = self.name.one_of(words.LETTERS) + number
        elif draw < 0.33:
            number = self.name.one_of(words.DIRECTIONS) + number
        elif draw < 0.35:
            number = number + self.name.one_of(words.LETTERS)
        elif draw < 0.36:
            number = self.name.one_of("甲乙丙丁")
        return number

    def house(self) -> str:
        kinds = (
            ("幢", 30),
            ("栋", 30),
            ("号楼", 22),
            ("座", 8),
            ("#", 3),
            ("楼", 3),
            ("号", 4),
            ("排", 1),
            ("棟", 0.3),
            ("#楼", 1),
            ("号馆", 0.3),
        )
        number = self.house_number()
        if not number.isdigit() and len(number) == 1 and number in words.LETTERS:
            return number + self.name.weighted(
                (("座", 60), ("栋", 15), ("幢", 10), ("楼", 8), ("馆", 1), ("号楼", 3), ("", 5))
            )
        return number + self.name.weighted(kinds)

    def cell(self) -> str:
        number = str(self.chance.randint(1, 6 if self.name.happens(0.8) else 12))
        if self.name.happens(0.2):
            number = self.name.one_of(words.HANZI_NUMBERS[:8])
        elif self.name.happens(0.06):
            number = self.name.one_of((*words.LETTERS, *words.DIRECTIONS, "甲", "乙"))
        return number + self.name.weighted(
            (("单元", 92), ("梯", 2), ("门", 4), ("幢", 1), ("楼道", 0.5))
        )

    def floor(self) -> str:
        number = str(self.chance.randint(1, 9 if self.name.happens(0.7) else 30))
        if self.name.happens(0.35):
            number = self.name.one_of(words.HANZI_NUMBERS[:12])
        if self.name.happens(0.03):
            return self.name.one_of(
                (
                    "负一楼",
                    "负1楼",
                    "B1",
                    "-1楼",
                    "B2层",
                    "地下一层",
                    "顶楼",
                    "底楼",
                    "夹层",
                    "负一层",
                )
            )
        if self.name.happens(0.04):
            number += f"{self.name.one_of('-、~')}{self.chance.randint(2, 9)}"
        return number + self.name.weighted((("楼", 70), ("层", 20), ("F", 8), ("f", 2)))

    def room_number(self) -> str:
        draw = self.chance.random()
        if draw < 0.6:
            number = f"{self.chance.randint(1, 32)}{self.chance.randint(1, 18):02d}"
        elif draw < 0.82:
            number = str(self.chance.randint(1, 2000))
        elif draw < 0.9:
            number = str(self.chance.randint(1, 60))
        elif draw < 0.95:
            number = f"{self.chance.randint(1, 20)}{self.name.one_of(words.LETTERS)}"
        elif draw < 0.97:
            number = (
                self.name.one_of(words.LETTERS)
                + f"{self.chance.randint(1, 9)}{self.chance.randint(1, 18):02d}"
            )
        elif draw < 0.98:
            number = self.name.one_of(words.LETTERS)
        else:
            first = self.chance.randint(11, 990)
            number = f"{first}{self.name.one_of('---、/~')}{first + self.chance.randint(1, 6)}"
        return number

    def room(self) -> str:
        return self.room_number() + self.name.weighted(
            (
                ("室", 58),
                ("", 22),
                ("号", 11),
                ("房", 5),
                ("号房", 1),
                ("铺", 0.6),
                ("号铺", 0.6),
                ("户", 0.5),
                ("店面", 0.3),
                ("房间", 0.5),
                ("商铺", 0.5),
                ("寝室", 0.4),
            )
        )

    def with_words(self) -> list[Segment]:
        parts: list[Segment] = []
        draw = self.chance.random()
        if draw < 0.72:
            parts.append(("houseno", self.house()))
        if self.name.happens(0.38 if parts else 0.05):
            parts.append(("cellno", self.cell()))
        if self.name.happens(0.18 if parts else 0.6):
            parts.append(("floorno", self.floor()))
        if self.name.happens(0.68):
            if parts and self.name.happens(0.05):
                parts.append(("redundant", "-"))
            parts.append(("roomno", self.room()))
        elif self.name.happens(0.1):
            parts.append(
                (
                    "subpoi" if parts else "roomno",
                    self.name.one_of(words.PART_NAMES) if parts else self.room(),
                )
            )
        return parts

    def with_signs(self) -> list[Segment]:
        """3-2-501 and its like."""
        sign = self.name.weighted(_SIGNS)
        house = self.house_number() if self.name.happens(0.85) else self.house()
        parts: list[Segment] = [("houseno", house), ("redundant", sign)]
        if self.name.happens(0.48):
            cell = str(self.chance.randint(1, 6)) if self.name.happens(0.9) else self.cell()
            parts += [("cellno", cell), ("redundant", sign)]
            if self.name.happens(0.06):
                parts += [("floorno", str(self.chance.randint(1, 30))), ("redundant", sign)]
        parts.append(("roomno", self.room()))
        if self.name.happens(0.15):
            parts.insert(0, ("subpoi", self.name.one_of(words.PART_NAMES)))
        return parts

    # What is no part of an address, and how hands write.

    def with_remark(self, segments: list[Segment]) -> list[Segment]:
        remark = self.name.weighted(words.REMARKS)
        draw = self.chance.random()
        if draw > 0.95:
            return self.in_sentence(segments)
        if draw < 0.08:
            remark = self.name.one_of(words.REMARK_STARTS) + remark
        if draw < 0.7:
            return [*segments, ("redundant", remark)]
        if draw < 0.8:
            return [*segments, ("redundant", f"({remark})")]
        if draw < 0.9:
            return [
                *segments,
                (
                    "redundant",
                    self.name.one_of(("_", ",", "。", "-", ".", "，", "；", "#", "(", "_无")),
                ),
            ]
        return [
            ("redundant", self.name.one_of(("地址", "收货地址：", "住址:", "-", "_"))),
            *segments,
        ]

    def with_brackets(self, segments: list[Segment]) -> list[Segment]:
        """人民路8号（阳光花园）."""
        named = [place for place, (label, _) in enumerate(segments) if label in ("poi", "subpoi")]
        if not named:
            return segments
        place, (left, right) = named[-1], self.name.chance.choice((("（", "）"), ("(", ")")))
        return [
            *segments[:place],
            ("redundant", left),
            segments[place],
            ("redundant", right),
            *segments[place + 1 :],
        ]

    def in_sentence(self, segments: list[Segment]) -> list[Segment]:
        """我住…，路灯坏了: whoever asks the city for something says where on the way."""
        if self.name.happens(0.6):
            segments = [("redundant", self.name.one_of(words.SENTENCE_STARTS)), *segments]
        if self.name.happens(0.8):
            lead = self.name.one_of(("", "", "，", ",", " "))
            segments = [*segments, ("redundant", lead + self.name.one_of(words.COMPLAINTS))]
        return segments

    def in_hand_writing(self, segments: list[Segment]) -> list[Segment]:
        draw = self.chance.random()
        if draw < 0.03:
            gap = self.name.one_of((" ", " ", "，", ",", "_", "、"))
            spaced = [part for one in segments for part in (one, ("redundant", gap))][:-1]
            segments = [
                part
                for part in spaced
                if part[0] != "redundant" or self.name.happens(0.8) or part[1] != gap
            ]
        elif draw < 0.05:
            segments = [(label, _full_width(text)) for label, text in segments]
        elif draw > 0.98:
            segments = self.with_brackets(segments)
        elif draw < 0.08:
            segments = [(label, text.lower()) for label, text in segments]
        elif draw < 0.1 and len(segments) > 1:
            segments = [part for part in segments if self.name.happens(0.9)]
        return segments


def _joined(segments: list[Segment]) -> list[Segment]:
    return [part for part in segments if part[1]]


def _full_width(text: str) -> str:
    return "".join(chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char for char in text)
