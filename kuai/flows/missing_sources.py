"""What a store could not tell for want of a source: by question, because nobody should deliver what nobody asks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from kuai.flows.queries import SourceLine


@dataclass(frozen=True)
class MissingKind:
    """One kind of source that is not there: what it would answer, and who usually keeps it. `template`: its kind."""

    template: str
    title: str
    answers: str
    kept_by: str


# In the order of use to a street office: without the first nothing has a place.
KINDS = (
    MissingKind("address_library", "统一地址库", "写的地址是哪一栋、哪一间；没有它什么都落不到图上", "规划和自然资源"),
    MissingKind("residents", "实有人口登记", "每栋每格住多少人、各年龄段多少人；没有它人数只是台账里写到的人", "公安"),
    MissingKind("rental", "租赁备案", "哪些房在出租、合同到哪天", "住房和建设"),
    MissingKind("ownership", "不动产权属", "谁是房东或业主，通知该发给谁", "不动产登记"),
    MissingKind("business", "商事登记", "哪里有哪些企业和个体工商户、是否在业", "市场监管"),
    MissingKind("requests", "12345 诉求", "哪里在反映什么；不看是谁反映的", "政务服务热线"),
    MissingKind("inspections", "检查记录", "哪些场所查过、有没有没改的隐患", "应急、消防"),
    MissingKind("employment", "社保参保", "哪家单位有多少员工", "人力资源和社会保障"),
)  # fmt: skip


def list_missing(lines: Iterable[SourceLine]) -> tuple[MissingKind, ...]:
    """The usual kinds of source that are not among a published build's; all before the first build."""
    present = {line.template for line in lines if not line.refused_reason}
    return tuple(kind for kind in KINDS if kind.template not in present)
