"""What each role may begin with: one line a page, in the order of a working day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from kuai.guard.types import Role
from kuai.web.declare.rules import HANDLES_DECLARATIONS
from kuai.web.forms.rules import SEES_FORMS
from kuai.web.proactive.rules import OWNS_RULES
from kuai.web.questions.rules import ASKS_QUESTIONS
from kuai.web.rules import (
    KEEPS_SOURCES,
    READS_OWN_FILE,
    SEES_ADDRESSES,
    SEES_BLOCKS,
    SEES_FACTS,
    SEES_LEDGER,
    SEES_SOURCES,
    SEES_WELFARE,
)

WAYS: tuple[tuple[tuple[Role, ...], Any, Any, str], ...] = (
    (READS_OWN_FILE, _("我的资料"), _("登记了您什么、谁说的、不对就提异议。"), "own_file"),
    (READS_OWN_FILE, _("给我的服务"), _("到了条件自己出现，不用申请。"), "own_offers"),
    (READS_OWN_FILE, _("我的住处"), _("登记您住在哪里；搬了、错了，点一下就改。"), "own_home"),
    (READS_OWN_FILE, _("谁看过我"), _("哪个岗位、什么时候、为了什么。"), "own_looks"),
    (
        KEEPS_SOURCES,
        _("上传一份部门数据"),
        _("CSV、XLSX、XLS。边收边看进度，退回的行带着原因。"),
        "upload",
    ),
    (
        SEES_SOURCES,
        _("来源与质量"),
        _("谁提供、依据什么、多久更新、收了多少退了多少。"),
        "sources",
    ),
    (SEES_BLOCKS, _("块地图"), _("从区到楼栋，逐级看数。"), "blocks"),
    (
        OWNS_RULES,
        _("规则与主动服务"),
        _("谁到了条件就送给谁；演练、签字，答错多了自己停。"),
        "offer_rules",
    ),
    (
        ASKS_QUESTIONS,
        _("问题与核对"),
        _("先问，问不到再上门；一户一次，各部门的问题一张纸。"),
        "questions",
    ),
    (
        HANDLES_DECLARATIONS,
        _("自主申报"),
        _("住户、房东自己报的；没有手机的，窗口代录。"),
        "declarations",
    ),
    (SEES_FORMS, _("报表"), _("登记过的空表放进来，填好的出去，每格有出处。"), "forms"),
    (
        SEES_ADDRESSES,
        _("统一地址库"),
        _("一处一码：查去处、看经过；管理员登记变更、导入、划网格。"),
        "address_library",
    ),
    (
        SEES_FACTS,
        _("核实、异议与校核"),
        _("登记里的冲突、逐级核实的基础库、退回部门的校核单。"),
        "conflicts",
    ),
    (SEES_LEDGER, _("查阅台账"), _("谁看了、改了、导出了什么。可验证。"), "ledger"),
    (SEES_WELFARE, _("儿童福利"), _("没有登记监护人的未成年人线索，逐个走访。"), "welfare"),
    (tuple(Role), _("块不做什么"), _("法律和常理划的线，写明白给所有人看。"), "not_done"),
)


@dataclass(frozen=True)
class Way:
    """One thing to begin with."""

    title: Any
    text: Any
    url: str


def list_ways(role: Role) -> list[Way]:
    """What this role may begin with."""
    return [Way(title, text, reverse(url)) for roles, title, text, url in WAYS if role in roles]
