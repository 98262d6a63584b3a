"""The first page after the login: what somebody of this role came for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from kuai.guard.types import Role
from kuai.kit.clock import local_day, utc_now
from kuai.kit.errors import Refusal
from kuai.web.doors import current_reader, list_sources
from kuai.web.models import Upload, UploadState
from kuai.web.rules import (
    KEEPS_SOURCES,
    READS_OWN_FILE,
    SEES_ADDRESSES,
    SEES_BLOCKS,
    SEES_FACTS,
    SEES_LEDGER,
    SEES_SOURCES,
    SEES_WELFARE,
    sees_home,
)
from kuai.web.sources.standing import list_standings

LAST = 5


@dataclass(frozen=True)
class Way:
    """One thing to begin with."""

    title: str
    text: str
    url: str


@sees_home
@require_GET
def show_home(request: HttpRequest) -> HttpResponse:
    """Ways to begin, and where the city stands; empty states say what to do first."""
    role = request.actor.role  # type: ignore[attr-defined]
    context: dict[str, Any] = {"ways": list_ways(role), "welcome": welcome(role)}
    if role in SEES_BLOCKS:
        context.update(_standing())
    if role in KEEPS_SOURCES:
        context["waiting"] = list_waiting()
    return render(request, "home/page.html", context)


def list_ways(role: Role) -> list[Way]:
    """What this role may begin with."""
    ways = []
    if role in READS_OWN_FILE:
        ways.append(
            Way(_("我的资料"), _("登记了您什么、谁说的、不对就提异议。"), reverse("own_file"))
        )
        ways.append(Way(_("谁看过我"), _("哪个岗位、什么时候、为了什么。"), reverse("own_looks")))
    if role in KEEPS_SOURCES:
        ways.append(
            Way(
                _("上传一份部门数据"),
                _("CSV、XLSX、XLS。边收边看进度，退回的行带着原因。"),
                reverse("upload"),
            )
        )
    if role in SEES_SOURCES:
        ways.append(
            Way(
                _("来源与质量"),
                _("谁提供、依据什么、多久更新、收了多少退了多少。"),
                reverse("sources"),
            )
        )
    if role in SEES_BLOCKS:
        ways.append(Way(_("块地图"), _("从区到楼栋，逐级看数。"), reverse("blocks")))
    if role in SEES_ADDRESSES:
        ways.append(
            Way(
                _("统一地址库"),
                _("一处一码：查去处、看经过；管理员登记变更、导入、划网格。"),
                reverse("address_library"),
            )
        )
    if role in SEES_FACTS:
        ways.append(
            Way(
                _("核实、异议与校核"),
                _("登记里的冲突、逐级核实的基础库、退回部门的校核单。"),
                reverse("conflicts"),
            )
        )
    if role in SEES_LEDGER:
        ways.append(Way(_("查阅台账"), _("谁看了、改了、导出了什么。可验证。"), reverse("ledger")))
    if role in SEES_WELFARE:
        ways.append(
            Way(_("儿童福利"), _("没有登记监护人的未成年人线索，逐个走访。"), reverse("welfare"))
        )
    ways.append(
        Way(_("块不做什么"), _("法律和常理划的线，写明白给所有人看。"), reverse("not_done"))
    )
    return ways


def welcome(role: Role) -> str:
    """One sentence on what a role finds here today."""
    sentences = {
        Role.RESIDENT: _(
            "您可以看登记的关于您的全部资料、谁看过、为了什么；哪一条不对，可以提出异议。"
        ),
        Role.SYSTEM_ADMINISTRATOR: _(
            "账号、备份和运行状况目前用命令 kuai 管理；系统管理员看不到业务数据。"
        ),
        Role.SECURITY_ADMINISTRATOR: _("账号授权目前用命令 kuai 管理；安全管理员看不到业务数据。"),
        Role.AUDIT_ADMINISTRATOR: _("您可以查阅台账并验证它没有被改动。"),
        Role.AUDITOR: _("您可以查阅台账并验证它没有被改动，也可以核对各来源的收发数量。"),
        Role.DATA_STEWARD: _("收数据、看质量、退问题行。"),
        Role.CHILD_WELFARE_WORKER: _("您可以查看没有登记监护人的未成年人线索，逐个领取凭据走访。"),
    }
    return sentences.get(role, _("按地址查找，或从地图逐级点开。"))


def list_waiting() -> list[tuple[str, str, str]]:
    """(title, what is the matter, address) of what a steward should look at: overdue, rows to send back, refusals."""
    waiting = []
    for one in list_standings(today=local_day(utc_now())):
        url = reverse("source", args=[one.line.source])
        if one.is_late:
            waiting.append((one.line.title, _("已过更新期"), url))
        if one.line.receive.quarantined:
            rows = _("%(rows)s 行要退回原部门") % {"rows": f"{one.line.receive.quarantined:,}"}
            waiting.append((one.line.title, rows, url))
    for upload in Upload.objects.exclude(state=UploadState.KEPT).order_by("-uploaded_at")[:LAST]:
        url = reverse("upload_state", args=[upload.uuid])
        waiting.append((upload.file_name, _("没有收下") if upload.is_over else _("接收中"), url))
    return waiting


def _standing() -> dict[str, Any]:
    try:
        tops = current_reader().top_blocks()
        return {"tops": tops, "sources_count": len(list_sources())}
    except Refusal as refusal:
        return {"nothing_built": refusal}
