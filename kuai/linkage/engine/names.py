"""Names as they are compared: one form for spelling variants, and how near two different forms are.

Owns the small table of traditional characters and the comparison of names a character at a time.
Refuses to say that two names are one person: that takes other evidence.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from functools import cache
from itertools import product

import numpy as np
from pypinyin import Style, lazy_pinyin

# Pairs traditional, simplified: surnames and the characters most frequent in given names. Deliberately
# small: a character that stands for two simplified ones in names (乾, 於, 鍾) is left out or resolved as surname.
_PAIRS = (
    "陳陈張张劉刘黃黄趙赵吳吴孫孙馬马羅罗鄭郑謝谢許许韓韩馮冯鄧邓蕭萧葉叶蘇苏盧卢蔣蒋賈贾閻阎餘余鐘钟鍾钟陸陆範范譚谭鄒邹賴赖龍龙萬万錢钱湯汤嚴严顧顾賀贺龔龚蘭兰齊齐溫温莊庄聶聂關关畢毕"
    "喬乔項项歐欧麥麦華华麗丽國国偉伟強强軍军傑杰鵬鹏飛飞紅红鳳凤雲云東东興兴慶庆榮荣貴贵寶宝長长遠远達达進进運运連连選选義义學学賢贤禮礼誠诚謙谦愛爱夢梦靜静嫻娴嬌娇豔艳艷艳瓊琼瑤瑶瑩莹"
    "環环銀银鋒锋鋼钢銘铭鈞钧錦锦鎮镇鐵铁劍剑剛刚創创動动勝胜勵励勳勋衛卫術术覺觉觀观諾诺論论謀谋諒谅議议讓让豐丰貝贝財财賓宾質质贊赞轉转輝辉輪轮輔辅農农鄉乡際际隨随陽阳陰阴雙双雖虽霧雾"
    "靈灵韋韦頌颂順顺預预領领頻频題题願愿顏颜風风養养騰腾驍骁驗验鴻鸿鶴鹤鷗鸥齡龄亞亚產产億亿優优儀仪倫伦倉仓側侧傳传僑侨價价啟启嘯啸園园圓圆堅坚壽寿夠够奮奋奧奥婭娅媽妈寧宁審审寬宽將将"
    "專专尋寻導导屆届岡冈峯峰島岛嶺岭師师帶带幫帮幹干庫库廣广廬庐彌弥彥彦彙汇後后從从徹彻恆恒恥耻悅悦愷恺慣惯憲宪戰战戲戏攝摄擇择揚扬換换搖摇數数時时晉晋曉晓暉晖曄晔會会業业極极楊杨楓枫"
    "樂乐樹树樺桦橋桥檢检歡欢歲岁歸归氣气決决況况淵渊淺浅濟济濤涛潔洁潤润澤泽濱滨瀾澜灣湾煒炜熱热營营爾尔獎奖獻献瑋玮璽玺畫画當当監监盡尽眾众碩硕祿禄禎祯禦御種种稱称積积穎颖穩稳窮穷競竞"
    "筆笔節节築筑簡简純纯紀纪約约級级紋纹納纳紛纷紹绍終终組组結结絢绚給给統统絲丝經经綠绿維维綱纲網网綺绮綿绵緒绪線线緣缘編编緯纬練练縣县總总績绩織织繼继續续纓缨羨羡翹翘習习聖圣聞闻聯联"
    "聰聪職职聽听肅肃脈脉臨临舉举艦舰蒼苍蓮莲蔭荫薈荟藝艺藍蓝蘊蕴處处號号虜虏蟲虫褔福誌志語语調调請请謹谨證证譽誉護护變变"
)
TRADITIONAL = _PAIRS[0::2]
SIMPLIFIED = _PAIRS[1::2]

# What offices type where no name is known. Matched against the folded name.
PLACEHOLDER_NAME = (
    "^(无|无名|无名氏|不详|未知|未登记|空置|空房|空户|业主|户主|房东|租客|租户|住户|本人|测试|待定|暂无|同上|物业|"
    "管理处|.{0,2}(先生|女士|小姐|太太|阿姨|师傅)|NULL|NONE|NA|TEST|X+)$"
)

# Written with two characters; only names of four are split by them.
DOUBLE_SURNAMES = (
    *(
        "欧阳",
        "司马",
        "上官",
        "诸葛",
        "东方",
        "皇甫",
        "尉迟",
        "公孙",
        "慕容",
        "令狐",
        "司徒",
        "夏侯",
    ),
    *(
        "端木",
        "宇文",
        "长孙",
        "闻人",
        "南宫",
        "百里",
        "呼延",
        "东郭",
        "西门",
        "轩辕",
        "独孤",
        "拓跋",
    ),
)

LONGEST_NAME = 16
# Names of Chinese characters are four at most; more would make too many writings.
MOST_VARIED = 4
_SOUND_FACTOR = np.uint64(0x9E3779B97F4A7C15)
# Written where a system could not show a rare character.
_UNREADABLE = frozenset(ord(sign) for sign in "?？□■〓�#※")


class NameLikeness(IntEnum):
    """How near two folded names are, nearest first."""

    SAME = 0
    SOUNDS_SAME = 1
    ONE_CHARACTER = 2
    DIFFERENT = 3


def name_matrix(names: Sequence[str]) -> np.ndarray:
    """Names as rows of code points, cut at LONGEST_NAME, filled with 0."""
    padded = np.array(list(names), dtype=f"<U{LONGEST_NAME}")
    return padded.view(np.uint32).reshape(len(padded), LONGEST_NAME)


@cache
def _sounds() -> np.ndarray:
    """A code point's toneless Mandarin syllable as a number; a code point without one sounds like itself only."""
    points = [*range(0x3400, 0x4DC0), *range(0x4E00, 0xA000)]
    syllables = lazy_pinyin([chr(point) for point in points], style=Style.NORMAL)
    sound_of = np.arange(0x110000, dtype=np.int64)
    known = {syllable: 0x110000 + place for place, syllable in enumerate(sorted(set(syllables)))}
    sound_of[points] = [known[syllable] for syllable in syllables]
    return sound_of


def compare_names(left: Sequence[str], right: Sequence[str]) -> np.ndarray:
    """The NameLikeness of each pair (left[i], right[i])."""
    left_points, right_points = name_matrix(left), name_matrix(right)
    lengths = (left_points > 0).sum(axis=1)
    same_length = lengths == (right_points > 0).sum(axis=1)
    differs = left_points != right_points
    unreadable = np.isin(left_points, list(_UNREADABLE)) | np.isin(right_points, list(_UNREADABLE))
    sounds = _sounds()
    differs_in_sound = (sounds[left_points] != sounds[right_points]) & ~unreadable
    likeness = np.full(len(left_points), NameLikeness.DIFFERENT, dtype=np.int8)
    one = same_length & (differs.sum(axis=1) == 1) & (lengths >= 2)
    likeness[one] = NameLikeness.ONE_CHARACTER
    likeness[same_length & ~differs_in_sound.any(axis=1)] = NameLikeness.SOUNDS_SAME
    likeness[~differs.any(axis=1)] = NameLikeness.SAME
    return likeness


def sound_keys(written: Sequence[str]) -> np.ndarray:
    """For each folded name an integer that is equal for names that sound the same."""
    spoken = np.zeros(len(written), dtype=np.uint64)
    if not len(written):
        return spoken.view(np.int64)
    points = name_matrix(written)
    for place in range(LONGEST_NAME):
        column = points[:, place]
        sound = np.where(column > 0, _sounds()[column], 0).astype(np.uint64)
        # A polynomial over the sounds, modulo 2^64: of a million names two share one by chance once in 10^7 cities.
        spoken = spoken * _SOUND_FACTOR + sound
    return spoken.view(np.int64)


@cache
def _forms_of_characters() -> dict[str, str]:
    forms: dict[str, str] = {}
    for traditional, simplified in zip(TRADITIONAL, SIMPLIFIED, strict=True):
        if traditional != simplified:
            forms[simplified] = forms.get(simplified, simplified) + traditional
    return {one: same for same in forms.values() for one in same}


def writings_of_name(name: str) -> frozenset[str]:
    """The name as offices with either set of characters write it; a long name as it is."""
    if not 0 < len(name) <= MOST_VARIED:
        return frozenset({name} - {""})
    forms = _forms_of_characters()
    return frozenset("".join(one) for one in product(*(forms.get(char, char) for char in name)))
