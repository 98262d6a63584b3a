"""What a column's values look like, from a sample of them. Figures only: no value leaves this module."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from kuai.kit.credit_codes import read_credit_code
from kuai.kit.folding import fold_width
from kuai.kit.identity_numbers import is_placeholder, read_identity_number
from kuai.sources.engine.dictionary import Dictionary

# Because a suggestion must not depend on the day it is made: every living birth date is plausible on it.
LENIENT_DAY = date(2050, 1, 1)

_SURNAMES = frozenset(
    "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏水窦章云苏潘葛奚范彭郎鲁韦昌马苗"
    "凤花方俞任袁柳酆鲍史唐费廉岑薛雷贺倪汤滕殷罗毕郝邬安常乐于时傅皮卞齐康伍余元卜顾孟平黄和穆萧尹姚邵湛汪祁毛禹狄"
    "米贝明臧计伏成戴谈宋茅庞熊纪舒屈项祝董梁杜阮蓝闵席季麻强贾路娄危江童颜郭梅盛林刁钟徐邱骆高夏蔡田樊胡凌霍虞万支"
    "柯昝管卢莫经房裘缪干解应宗丁宣贲邓郁单杭洪包诸左石崔吉钮龚程嵇邢滑裴陆荣翁荀羊惠甄曲家封芮羿储靳汲邴糜松井段富"
    "巫乌焦巴弓牧隗山谷车侯宓蓬全郗班仰秋仲伊宫宁仇栾暴甘厉戎祖武符刘景詹束龙叶幸司韶郜黎蓟薄印宿白怀蒲从鄂索咸籍赖"
    "卓蔺屠蒙池乔阴胥能苍双闻莘党翟谭贡劳逄姬申扶堵冉宰郦雍却璩桑桂濮牛寿通边扈燕冀郏浦尚农温别庄晏柴瞿阎充慕连茹习"
    "宦艾鱼容向古易慎戈廖庾终暨居衡步都耿满弘匡国文寇广禄阙东欧殳沃利蔚越夔隆师巩厍聂晁勾敖融冷訾辛阚那简饶空曾毋沙"
    "乜养鞠须丰巢关蒯相查后荆红游竺权逯盖益桓公岳帅缑亢况郈有琴商佘佟肖覃邝丘仝代付闫邸"
)
_PERSON_NAME = re.compile(r"^[㐀-鿿]{1,2} ?[㐀-鿿]{1,3}$|^[㐀-鿿]{2,12}(·[㐀-鿿]{1,12})+$")
ORGANISATION_ENDINGS = (
    "公司|集团|工厂|厂|商店|店|商行|门市部|中心|合作社|合伙\\)|事务所|委员会|居委会|村委会|局|研究所|医院|学院|学校|"
    "幼儿园|小学|中学|大学|银行|支行|分行|经营部|服务部|办事处|管理处|协会|基金会|工作站|工作室|商会|工会|超市|酒店|"
    "宾馆|餐厅|饭店|诊所|药房|网吧|食府|茶楼|会所|俱乐部|书院|设计院|站|场|馆|坊|行|社|部|吧"
)
_ORGANISATION_NAME = re.compile(rf"^.{{2,}}({ORGANISATION_ENDINGS})(\(.*\))?$")
_MOBILE = re.compile(r"^(\+?86)?-?1[3-9][0-9]{9}$")
_LANDLINE = re.compile(r"^(\(?0[0-9]{2,3}\)?-?)?[2-8][0-9]{6,7}(-[0-9]+)?$")
_DAY = re.compile(
    r"^(1[89]|20)[0-9]{2}([-/.年])(0?[1-9]|1[0-2])([-/.月])(0?[1-9]|[12][0-9]|3[01])日?$"
    r"|^(1[89]|20)[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])$"
)
_INSTANT = re.compile(
    r"^(1[89]|20)[0-9]{2}[-/.年][0-9]{1,2}[-/.月][0-9]{1,2}日?[ T]*[0-9]{1,2}[:时][0-9]{1,2}.*$"
)
_MONTH = re.compile(r"^(1[89]|20)[0-9]{2}[-/.年]?(0?[1-9]|1[0-2])月?$")
_AMOUNT = re.compile(r"^-?[0-9]{1,3}(,?[0-9]{3})*(\.[0-9]+)?$")
_CODE = re.compile(r"^(?=.*[0-9])[0-9A-Za-z第号字\-_()粤深圳市不动产权㐀-鿿]{4,40}$")
_PLACE = re.compile(
    r"(省|市|区|县|镇|乡|街道|社区|村|路|街|巷|道|坊|里|苑|园|大厦|花园|广场|栋|幢|座|楼|单元|号|室|房|铺)"
)
_PLACE_WITH_NUMBER = re.compile(
    r"(号|栋|幢|座|楼|层|单元|室|房|铺|巷|坊|路|[㐀-鿿]-?)[0-9A-Z]|[0-9一二三四五六七八九十]+(号|栋|幢|座|楼|层|单元|室|房|铺|巷|坊)"
)
_MAC = re.compile(r"^([0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}$")
_PLATE = re.compile(
    r"^[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-Z][·]?[A-Z0-9]{5,6}$"
)
_SENTENCE_LENGTH = 14
_SEXES = frozenset("男女")


@dataclass(frozen=True)
class ColumnContent:
    """Figures of one column: `shares` of non-empty values by kind, distinct values among them, emptiness."""

    values: int
    filled: int
    distinct: int
    shares: Mapping[str, float]

    def share(self, kind: str) -> float:
        """The share of filled values that look like `kind`."""
        return self.shares.get(kind, 0.0)

    @property
    def distinct_share(self) -> float:
        return self.distinct / self.filled if self.filled else 0.0

    def best_share(self, kinds: Iterable[str]) -> float:
        """The largest share among `kinds`."""
        return max((self.share(kind) for kind in kinds), default=0.0)


def describe_column(values: Sequence[str | None], dictionary: Dictionary) -> ColumnContent:
    """What the filled values of a sample look like; placeholders count as empty."""
    folded = [fold_width(value) for value in values if value]
    filled = [value for value in folded if value and value.upper() not in dictionary.placeholders]
    shares = {
        kind: sum(1 for value in filled if looks(value)) / len(filled)
        for kind, looks in _KINDS.items()
        if filled
    }
    return ColumnContent(
        values=len(values), filled=len(filled), distinct=len(set(filled)), shares=shares
    )


def _is_id_number(value: str) -> bool:
    return read_identity_number(value, as_of=LENIENT_DAY).is_valid


def _looks_like_id_number(value: str) -> bool:
    compact = value.replace(" ", "").upper()
    return bool(re.match(r"^[0-9]{17}[0-9X]$", compact)) and not is_placeholder(compact)


def _is_person_name(value: str) -> bool:
    compact = value.replace(" ", "")
    return bool(_PERSON_NAME.match(value)) and compact[:1] in _SURNAMES


def _is_organisation_name(value: str) -> bool:
    return len(value) >= 4 and bool(_ORGANISATION_NAME.match(value))


def _is_address(value: str) -> bool:
    return (
        4 <= len(value) <= 120
        and len(_PLACE.findall(value)) >= 1
        and bool(_PLACE_WITH_NUMBER.search(value))
        and not _ORGANISATION_NAME.match(value)
    )


def _is_sentence(value: str) -> bool:
    return len(value) >= _SENTENCE_LENGTH and bool(
        re.search(r"[，,。！？!?；;]|[㐀-鿿]{12,}", value)
    )


_KINDS: dict[str, Callable[[str], bool]] = {
    "id_number": _is_id_number,
    "id_form": _looks_like_id_number,
    "credit_code": lambda value: read_credit_code(value).is_valid,
    "mobile": lambda value: bool(_MOBILE.match(value.replace(" ", ""))),
    "phone": lambda value: bool(
        _MOBILE.match(value.replace(" ", "")) or _LANDLINE.match(value.replace(" ", ""))
    ),
    "day": lambda value: bool(_DAY.match(value)),
    "instant": lambda value: bool(_INSTANT.match(value)),
    "month": lambda value: bool(_MONTH.match(value)),
    "sex": lambda value: value in _SEXES,
    "person_name": _is_person_name,
    "organisation_name": _is_organisation_name,
    "address": _is_address,
    "sentence": _is_sentence,
    "amount": lambda value: bool(_AMOUNT.match(value)),
    "code": lambda value: bool(_CODE.match(value)),
    "mac": lambda value: bool(_MAC.match(value)),
    "plate": lambda value: bool(_PLATE.match(value.replace(" ", ""))),
}

KIND_LABELS = {
    "id_number": "通过身份号码校验",
    "credit_code": "通过统一社会信用代码校验",
    "phone": "像电话号码",
    "day": "是日期",
    "instant": "是日期和时刻",
    "month": "是年月",
    "sex": "是性别",
    "person_name": "像姓名",
    "organisation_name": "像单位名称",
    "address": "像地址",
    "sentence": "是一段话",
    "amount": "是数字",
    "code": "像编号",
}
