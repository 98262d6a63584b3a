"""The first page after the login: what somebody of this role came for."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from kuai.guard.types import Actor, Role
from kuai.kit.clock import local_day, utc_now
from kuai.kit.errors import Refusal
from kuai.web.doors import current_reader, current_store, list_sources
from kuai.web.home.today import has_work, list_matters
from kuai.web.home.ways import list_ways
from kuai.web.models import Upload, UploadState
from kuai.web.rules import (
    KEEPS_SOURCES,
    SEES_BLOCKS,
    sees_home,
)
from kuai.web.sources.standing import list_standings

LAST = 5


@sees_home
@require_GET
def show_home(request: HttpRequest) -> HttpResponse:
    """Ways to begin, and where the city stands; empty states say what to do first."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    role = actor.role
    context: dict[str, Any] = {"ways": list_ways(role), "welcome": welcome(role)}
    if has_work(role):
        context["matters"] = list_matters(current_store(), actor, on=local_day(utc_now()))
    if role in SEES_BLOCKS:
        context.update(_standing())
    if role in KEEPS_SOURCES:
        context["waiting"] = list_waiting()
    return render(request, "home/page.html", context)


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
