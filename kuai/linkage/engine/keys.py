"""The declared exact keys: what must agree, how sure that makes us, and the sentence that says so.

A key is a row here and nothing else; its rank (place in the list) breaks ties, strongest first. The
probabilities were measured on the planted benchmark and the sample (see README); a key measured as never
wrong keeps a figure below 1, because an invented city flatters.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class LinkKey:
    """One reason to hold two mentions for one person."""

    code: str
    probability: float
    reason: str
    # What must agree besides the name, as SQL over person_shape; empty for keys made in code.
    other: str = ""
    # The most persons of one name (known by valid numbers) for whom the key still tells them apart; 0 = any.
    most_bearers: int = 0
    # The most other bearers of the name to be expected among the rows of the building or employer (name_chances),
    # where that can be told; where it cannot, `most_bearers` holds. 0 = any.
    most_expected: float = 0.0
    # Two phones in the group make it two people: for keys that namesakes under one roof may share.
    one_phone: bool = False
    # Which rows the key is for, as SQL over person_shape; empty for all.
    among: str = ""


FOUNDER_REASON = "本簇首条记录"

# First in every list of keys (clerk_ties.CLERK_TIER): what a person decided.
CLERK = LinkKey("clerk", 1.0, "人工核定为同一对象")

ID_AND_NAME = LinkKey("id_and_name", 0.9999, "身份证号码相同且姓名一致")
ID_AND_NAME_VARIANT = LinkKey("id_and_name_variant", 0.999, "身份证号码相同，姓名同音或仅一字之差")
ID_ONLY = LinkKey("id_only", 0.9985, "身份证号码相同，一方未写姓名")
SLIP_AND_NAME = LinkKey("slip_and_name", 0.998, "身份证号码有一处笔误，校正后唯一对应，姓名一致")

# Measured 2026-11-22 on planted namesakes: a name and birth date shared by different persons becomes likely
# where a name has many bearers; 25 bearers over 70 years of birth dates keep it under one in a thousand.
MOST_BEARERS_FOR_BIRTH = 25
MOST_BEARERS_FOR_BUILDING = 3
# Measured 2026-11-22 on a hard demo city of 20,000 rooms: below, 28 of 40,000 such ties were wrong, above 3 of 300.
MOST_EXPECTED_IN_BUILDING = 0.03
MOST_BEARERS_FOR_EMPLOYER = 25
MOST_EXPECTED_AT_EMPLOYER = 0.03

NAME_KEYS = (
    LinkKey("faulty_id_and_name", 0.9975, "证件号码写法相同（未通过校验），姓名一致", "id_faulty"),
    LinkKey("name_and_phone", 0.997, "手机号码相同且姓名一致", "phone"),
    LinkKey(
        "name_room_and_birth",
        0.9965,
        "房屋编码与出生日期相同且姓名一致",
        "case when room_code is not null and birth_date is not null then hash(room_code, birth_date) end",
    ),
    LinkKey("name_and_room", 0.995, "房屋编码相同且姓名一致", "room_code", one_phone=True),
    LinkKey(
        "name_building_and_birth",
        0.9945,
        "楼栋与出生日期相同且姓名一致",
        "case when building_code is not null and birth_date is not null then hash(building_code, birth_date) end",
    ),
    LinkKey(
        "name_and_birth",
        0.994,
        "出生日期相同且姓名一致，同名者少",
        "likely_birth_date",
        MOST_BEARERS_FOR_BIRTH,
    ),
    LinkKey(
        "name_and_employer",
        0.99,
        "单位相同且姓名一致，同名者少",
        "organisation_name",
        MOST_BEARERS_FOR_EMPLOYER,
        MOST_EXPECTED_AT_EMPLOYER,
        one_phone=True,
    ),
    LinkKey(
        "name_and_likely_room",
        0.988,
        "姓名一致，且一方地址的首选候选即另一方的房屋",
        "coalesce(room_code, likely_room_code)",
        one_phone=True,
        among="name in (select name from person_shape where room_code is null and likely_room_code is not null)",
    ),
    LinkKey(
        "name_and_building",
        0.985,
        "楼栋相同且姓名一致，同名者少",
        "building_code",
        MOST_BEARERS_FOR_BUILDING,
        MOST_EXPECTED_IN_BUILDING,
        one_phone=True,
    ),
)

# Grades of model ties, strongest first; the thresholds are the model's (pairing_model).
MODEL_KEYS = (
    LinkKey("model_999", 0.98, "概率模型：多项信息相近，把握很大（未见精确同键）"),
    LinkKey("model_995", 0.975, "概率模型：多项信息相近，把握大（未见精确同键）"),
    LinkKey(
        "model_slip",
        0.97,
        "概率模型：同屋，姓名同音或仅一字之差；此写法别无他人，同屋同号者中也只有一人相近",
    ),
)
# Ties by nothing but the name; which names are rare enough is found in the data (lone_names).
RARE_NAME = LinkKey("rare_name", 0.985, "仅姓名一致：此姓名在全部数据中极少见，且未见两人同用")
LONE_NAME = LinkKey("lone_name", 0.96, "仅姓名一致：此姓名在全部数据中少见，且未见两人同用")
PERSON_KEYS = (
    CLERK,
    ID_AND_NAME,
    ID_AND_NAME_VARIANT,
    ID_ONLY,
    SLIP_AND_NAME,
    *NAME_KEYS,
    *MODEL_KEYS,
    RARE_NAME,
    LONE_NAME,
)
TIER_OF = {key.code: tier for tier, key in enumerate(PERSON_KEYS)}
