"""What crosses the door of `linkage`: proposals which mentions are the same element, never facts."""

from __future__ import annotations

from dataclasses import dataclass

from kuai.kit.tables import CATALOGUE, BulkTable, Column, Sensitivity

L1, L2 = Sensitivity.L1, Sensitivity.L2


def _link_table(element: str) -> BulkTable:
    return CATALOGUE.declare(
        BulkTable(
            name=f"{element}_link",
            owner="linkage",
            row=f"To which cluster one {element} mention is proposed to belong.",
            retention="as the mention it belongs to",
            columns=(
                Column("mention_key", "VARCHAR", L2, "the mention"),
                Column(
                    "cluster_key",
                    "VARCHAR",
                    L2,
                    "mention_key of the cluster's founding mention (first by source, period, row)",
                ),
                Column(
                    "match_probability",
                    "DOUBLE",
                    L2,
                    "weakest edge on the strongest path to the founding mention, 4 places",
                ),
                Column("reason", "VARCHAR", L2, "why, in Chinese, without values"),
                Column(
                    "quarantined",
                    "BOOLEAN",
                    L2,
                    "impossible structure: held back from every finding until someone decides",
                ),
            ),
            order_by=("mention_key",),
        )
    )


PERSON_LINK = _link_table("person")
ORGANISATION_LINK = _link_table("organisation")

# Whoever is held together by no better tie stands on the list of doubtful ones: by a name alone, a near name, or a name
# in one building. Measured 2026-11-23 on twelve unseen demo cities (README).
DOUBTFUL_PROBABILITY = 0.985


@dataclass(frozen=True)
class SuspicionKind:
    """One way in which a cluster's structure is impossible or odd."""

    code: str
    title: str
    explanation: str


SUSPICION_KINDS = {
    kind.code: kind
    for kind in (
        SuspicionKind(
            "border",
            "同键而相互矛盾",
            "两组记录有精确的同键相连，但{differing}不同，不能是同一人（单位）",
        ),
        SuspicionKind("two_birth_dates", "两个出生日期", "同一人的记录写了两个不同的出生日期"),
        SuspicionKind(
            "birth_date_and_number",
            "出生日期与证号不符",
            "一条记录所写的出生日期与其身份证号码里的不同",
        ),
        SuspicionKind(
            "number_taken_off",
            "证号属于他人",
            "一条记录的证件号码已由姓名不同的人使用，关联时没有采用",
        ),
        SuspicionKind("too_old", "年龄超过在世者", "按出生日期，建库日的年龄已超过在世最长寿的人"),
        SuspicionKind("many_phones", "电话过多", "同一人的记录里电话号码过多，像是代办人或误并"),
        SuspicionKind(
            "listed_twice",
            "名册分列为两人",
            "一份每人只登记一次的名册把其中两条记录分列，电话不同",
        ),
        SuspicionKind(
            "bridge",
            "单薄的一环",
            "两组各自紧密的记录仅靠一处较弱的关联相连，其余可比之处没有相同的",
        ),
        SuspicionKind("crowded_phone", "多人共用的电话", "两组记录仅靠一个多人共用的电话号码相连"),
        SuspicionKind(
            "clerk_contradiction", "人工决定相互矛盾", "人工决定前后矛盾，按较新的执行，请核对"
        ),
    )
}


def _suspicion_table(element: str) -> BulkTable:
    return CATALOGUE.declare(
        BulkTable(
            name=f"{element}_suspicion",
            owner="linkage",
            row=f"Why one cluster of {element} mentions is held back, and the tie whose cut would settle it.",
            retention="as the build",
            columns=(
                Column("element", "VARCHAR", L1, element),
                Column("cluster_key", "VARCHAR", L2, "the cluster's founding mention"),
                Column("kind", "VARCHAR", L2, "one of SUSPICION_KINDS"),
                Column("left_mention", "VARCHAR", L2, "one end of the edge to cut"),
                Column(
                    "right_mention",
                    "VARCHAR",
                    L2,
                    "the other end; null where one record alone is odd",
                ),
                Column("explanation", "VARCHAR", L2, "why, in Chinese, without values"),
                Column(
                    "agreement",
                    "VARCHAR",
                    L2,
                    "what the two ends agree and differ in, without values",
                ),
            ),
            order_by=("cluster_key", "kind", "left_mention", "right_mention"),
        )
    )


def _tie_table(element: str) -> BulkTable:
    return CATALOGUE.declare(
        BulkTable(
            name=f"{element}_tie",
            owner="linkage",
            row=f"One tie between two {element} mentions: enough of them to walk from any mention to its founder,"
            " and all of what is held back or was cut.",
            retention="as the build",
            columns=(
                Column("element", "VARCHAR", L1, element),
                Column("left_mention", "VARCHAR", L2, "one end"),
                Column("right_mention", "VARCHAR", L2, "the other end"),
                Column("key_code", "VARCHAR", L1, "the key that ties them (list_person_keys)"),
                Column("match_probability", "DOUBLE", L2, "the key's"),
                Column("is_kept", "BOOLEAN", L2, "false: a contradiction or a clerk forbade it"),
            ),
            order_by=("left_mention", "right_mention", "key_code"),
        )
    )


PERSON_SUSPICION = _suspicion_table("person")
ORGANISATION_SUSPICION = _suspicion_table("organisation")
PERSON_TIE = _tie_table("person")
ORGANISATION_TIE = _tie_table("organisation")

LINK_STATE_ROW = CATALOGUE.declare(
    BulkTable(
        name="link_state_row",
        owner="linkage",
        row="One row of a file linked into a state, as a delivery left it; the newest delivery of a row counts.",
        retention="as the rows of the file: the state's folder and its keys go together",
        columns=(
            Column(
                "row_no",
                "BIGINT",
                L2,
                "place among all rows of the state, from 0, in order of arrival",
            ),
            Column("row_id", "VARCHAR", L2, "the row's name in its file"),
            Column(
                "label",
                "BIGINT",
                L2,
                "smallest row_no of the rows this one could be tied with, directly or not",
            ),
            Column(
                "founder_row_no",
                "BIGINT",
                L2,
                "the smallest row_no of its cluster: the code is made from it",
            ),
            Column("match_probability", "DOUBLE", L2, "as in person_link"),
            Column("reason", "VARCHAR", L2, "as in person_link"),
        ),
        order_by=("row_no",),
    )
)
LINK_STATE_GROUP = CATALOGUE.declare(
    BulkTable(
        name="link_state_group",
        owner="linkage",
        row="One group a row belongs to, such as those with its name and phone, as a keyed token.",
        retention="as link_state_row",
        columns=(
            Column(
                "token",
                "BIGINT",
                L2,
                "the group under the state's own key; says nothing without it",
            ),
            Column("row_no", "BIGINT", L2, "the row"),
        ),
        order_by=("token", "row_no"),
    )
)
