"""Words of what no rule may ever touch: a column or table called so is refused with its reason, not as a slip."""

from __future__ import annotations

from collections.abc import Mapping

# Whole parts of a name between underscores, in English and pinyin; Chinese anywhere in the name.
FORBIDDEN: Mapping[str, str] = {
    "name": "规则里没有姓名",
    "xingming": "规则里没有姓名",
    "姓名": "规则里没有姓名",
    "phone": "规则里没有电话",
    "mobile": "规则里没有电话",
    "tel": "规则里没有电话",
    "电话": "规则里没有电话",
    "手机": "规则里没有电话",
    "idcard": "规则里没有证件号",
    "number": "规则里没有证件号和号码",
    "token": "规则里没有证件号的代用值",
    "证件": "规则里没有证件号",
    "身份证": "规则里没有证件号",
    "ethnic": "不以民族作为特征",
    "ethnicity": "不以民族作为特征",
    "nation": "不以民族作为特征",
    "minzu": "不以民族作为特征",
    "民族": "不以民族作为特征",
    "origin": "不以籍贯作为特征",
    "native": "不以籍贯作为特征",
    "birthplace": "不以籍贯作为特征",
    "jiguan": "不以籍贯作为特征",
    "籍贯": "不以籍贯作为特征",
    "religion": "不以宗教信仰作为特征",
    "religious": "不以宗教信仰作为特征",
    "宗教": "不以宗教信仰作为特征",
    "health": "不以健康作为特征",
    "disease": "不以健康作为特征",
    "illness": "不以健康作为特征",
    "disability": "关爱分区的信息不进规则",
    "diagnosis": "不以健康作为特征",
    "健康": "不以健康作为特征",
    "疾病": "不以健康作为特征",
    "残疾": "关爱分区的信息不进规则",
    "mediation": "调解记录不进规则",
    "mediations": "调解记录不进规则",
    "dispute": "调解记录不进规则",
    "调解": "调解记录不进规则",
    "caller": "求助和来电的人不进规则",
    "reporter": "求助和来电的人不进规则",
    "petitioner": "求助和来电的人不进规则",
    "complainant": "求助和来电的人不进规则",
    "来电": "求助和来电的人不进规则",
    "police": "警情不进规则",
    "alarm": "警情不进规则",
    "criminal": "前科不进规则",
    "case": "案件不进规则",
    "cases": "案件不进规则",
    "警情": "警情不进规则",
    "sex": "规则里没有性别",
    "gender": "规则里没有性别",
    "score": "不给自然人打分",
    "rank": "不给自然人排名",
    "political": "不以政治面貌作为特征",
}


def find_forbidden_word(name: str) -> str:
    """Why nothing called `name` may be read; empty if nothing is known against it."""
    folded = name.lower()
    for part in folded.split("_"):
        if part in FORBIDDEN:
            return FORBIDDEN[part]
    for word, reason in FORBIDDEN.items():
        if not word.isascii() and word in folded:
            return reason
    return ""
