"""What every page's frame needs: the menu of this role, the session's length, whether the store is synthetic."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from kuai.guard.queries import is_synthetic_store
from kuai.guard.types import Role
from kuai.web.admin.rules import SEES_ACCOUNTS
from kuai.web.declare.rules import HANDLES_DECLARATIONS
from kuai.web.forms.rules import SEES_FORMS
from kuai.web.proactive.rules import OWNS_RULES
from kuai.web.questions.rules import ASKS_QUESTIONS
from kuai.web.rules import (
    DOES_TASKS,
    KEEPS_SOURCES,
    READS_OWN_FILE,
    REVIEWS_RECORDS,
    SEES_ADDRESSES,
    SEES_BLOCKS,
    SEES_FACTS,
    SEES_LEDGER,
    SEES_SOURCES,
    SEES_WELFARE,
)
from kuai.web.words import ROLE_NAMES


def frame(request: HttpRequest) -> dict[str, Any]:
    """Context of base.html."""
    user = getattr(request, "user", None)
    is_in = bool(user and user.is_authenticated and not user.must_change_password)
    role = Role(user.role) if is_in and user else None
    return {
        "menu": list_menu(role, request.path) if role else [],
        "role_name": ROLE_NAMES[role] if role else "",
        "may_search": role in SEES_BLOCKS,
        "session_seconds": settings.SESSION_COOKIE_AGE,
        "is_synthetic": is_synthetic_store(),
    }


def list_menu(role: Role, path: str) -> list[dict[str, Any]]:
    """The pages this role may open."""
    entries = [
        (_("首页"), "home", tuple(Role)),
        (_("我的资料"), "own_file", READS_OWN_FILE),
        (_("块地图"), "blocks", SEES_BLOCKS),
        (_("区域"), "areas", SEES_BLOCKS),
        (_("地址"), "address_library", SEES_ADDRESSES),
        (_("在办"), "tasks", DOES_TASKS),
        (_("报表"), "forms", SEES_FORMS),
        (_("核校"), "reviews", REVIEWS_RECORDS),
        (_("自主申报"), "declarations", HANDLES_DECLARATIONS),
        (_("问题"), "questions", ASKS_QUESTIONS),
        (_("夜间代发"), "question_mandates", (Role.LEADER,)),
        (_("规则"), "offer_rules", OWNS_RULES),
        (_("核实"), "conflicts", SEES_FACTS),
        (_("来源"), "sources", SEES_SOURCES),
        (_("上传"), "upload", KEEPS_SOURCES),
        (_("台账"), "ledger", SEES_LEDGER),
        (_("账号"), "accounts", SEES_ACCOUNTS),
        (_("儿童福利"), "welfare", SEES_WELFARE),
    ]
    menu = []
    for title, name, roles in entries:
        url = reverse(name)
        # The menu's pages have folders of their own: all of /addresses/ belongs to the address library.
        is_current = path.split("/")[1] == url.split("/")[1]
        if role in roles:
            menu.append({"title": title, "url": url, "is_current": is_current})
    return menu
