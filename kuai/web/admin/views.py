"""Pages of the register of logins. Every act is an entry in the ledger; a code is shown once and kept nowhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kuai.guard import outside_logins, register
from kuai.guard.register import AccountLine, Powers, WishLine
from kuai.guard.types import Actor, Role
from kuai.kit.clock import utc_now
from kuai.kit.errors import Refusal
from kuai.web.admin.forms import (
    OFFERED,
    NewAccountForm,
    PowersForm,
    is_powerful,
    list_departments,
    list_offered_areas,
    list_offices,
)
from kuai.web.admin.rules import grants_accounts, keeps_accounts, sees_accounts
from kuai.web.words import ROLE_NAMES

ACT_NAMES = {
    "open": gettext_lazy("开通账号"),
    "role": gettext_lazy("改角色"),
    "areas": gettext_lazy("改负责的块"),
    "code": gettext_lazy("发一次性口令"),
    "unlock": gettext_lazy("恢复账号"),
    "tie": gettext_lazy("对应统一身份"),
    "lock": gettext_lazy("停用账号"),
}


def actor_of(request: HttpRequest) -> Actor:
    """Who is logged in; the rule has made sure of it."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor


@sees_accounts
@require_GET
def show_accounts(request: HttpRequest) -> HttpResponse:
    """Every login: who, which role, where, when last."""
    wanted, role = request.GET.get("q", "")[:64], request.GET.get("role", "")
    by = actor_of(request)
    context = {
        "lines": [_shown(one) for one in register.list_accounts(by=by, wanted=wanted, role=role)],
        "wanted": wanted,
        "role": role,
        "roles": [(one.value, ROLE_NAMES[one]) for one in OFFERED],
        "is_filtered": bool(wanted or role),
        "waiting": sum(one.state == "waiting" for one in register.list_wishes(by=by)),
        "may_keep": by.role is Role.SECURITY_ADMINISTRATOR,
    }
    return render(request, "admin/accounts.html", context)


@keeps_accounts
@require_http_methods(["GET", "POST"])
def open_account(request: HttpRequest) -> HttpResponse:
    """A new login: an everyday one at once, a powerful one when a second person grants it."""
    form = NewAccountForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            return _opened(request, form)
        except Refusal as refusal:
            form.add_error(None, str(refusal))
    return _show_form(request, "admin/new.html", form)


@sees_accounts
@require_GET
def show_account(request: HttpRequest, number: int) -> HttpResponse:
    """One login, what it may, and what may be done with it."""
    return _show_account(request, number)


@keeps_accounts
@require_POST
def change_powers(request: HttpRequest, number: int) -> HttpResponse:
    """Another role, other areas, another department."""
    by, now = actor_of(request), utc_now()
    account = register.find_account(number, by=by)
    form = PowersForm(request.POST)
    if not form.is_valid():
        return _show_account(request, number, form=form)
    powers = form.powers
    try:
        if register.takes_two(account, powers):
            _ask(account, powers, by=by)
            messages.success(request, _("已提出申请，等审计管理员复核。"))
        else:
            register.change_powers(account.login, powers, by=by, at=now)
            messages.success(request, _("已改，从下一次点击起生效。"))
    except Refusal as refusal:
        form.add_error(None, str(refusal))
        return _show_account(request, number, form=form)
    return _back_to(number)


@keeps_accounts
@require_POST
def lock(request: HttpRequest, number: int) -> HttpResponse:
    """Nobody comes in by it from now on."""
    by = actor_of(request)
    account = register.find_account(number, by=by)
    ended = register.lock_account(account.login, by=by, at=utc_now())
    messages.success(request, _("已停用，结束了 %(n)s 处登录。") % {"n": ended})
    return _back_to(number)


@keeps_accounts
@require_POST
def unlock(request: HttpRequest, number: int) -> HttpResponse:
    """Let it in again, by a one-time code."""
    return _with_code(request, number, register.unlock_account)


@keeps_accounts
@require_POST
def issue_code(request: HttpRequest, number: int) -> HttpResponse:
    """A one-time code in the place of the password."""
    return _with_code(request, number, register.issue_code)


@keeps_accounts
@require_POST
def ask_second_person(request: HttpRequest, number: int) -> HttpResponse:
    """Ask for the leave to issue a code for, unlock, tie or lock a powerful login: one act, once."""
    by = actor_of(request)
    account = register.find_account(number, by=by)
    act = request.POST.get("act", "")
    if act not in ACT_NAMES or act not in register.ACTS_ON_LOGIN:
        raise Refusal("account.act", _("没有这一种申请。"))
    _ask(account, Powers(account.role, account.areas, account.department), by=by, act=act)
    messages.success(request, _("已提出申请，等审计管理员复核。"))
    return _back_to(number)


@keeps_accounts
@require_POST
def end_sessions(request: HttpRequest, number: int) -> HttpResponse:
    """Out of every browser at once."""
    by = actor_of(request)
    account = register.find_account(number, by=by)
    ended = register.revoke_sessions(account.login, by=by, at=utc_now())
    messages.success(request, _("结束了 %(n)s 处登录。") % {"n": ended})
    return _back_to(number)


@keeps_accounts
@require_POST
def tie_outside_login(request: HttpRequest, number: int) -> HttpResponse:
    """Tie a login at the identity provider to this account, or untie it."""
    by, now = actor_of(request), utc_now()
    account = register.find_account(number, by=by)
    subject = request.POST.get("subject", "").strip()
    if subject:
        outside_logins.tie(account.login, subject, by=by, at=now)
        messages.success(request, _("已对应。"))
    else:
        outside_logins.untie(account.login, by=by, at=now)
        messages.success(request, _("已解除。"))
    return _back_to(number)


@sees_accounts
@require_GET
def show_wishes(request: HttpRequest) -> HttpResponse:
    """What takes two people: what waits, and what was decided."""
    by = actor_of(request)
    lines = [_wish(one, by) for one in register.list_wishes(by=by)]
    return render(request, "admin/wishes.html", {"lines": lines})


@grants_accounts
@require_POST
def decide_wish(request: HttpRequest, number: int) -> HttpResponse:
    """The second person's word."""
    is_granted = request.POST.get("answer") == "grant"
    register.decide_wish(number, is_granted=is_granted, by=actor_of(request), at=utc_now())
    messages.success(request, _("已同意。") if is_granted else _("已退回。"))
    return HttpResponseRedirect(reverse("account_wishes"))


def _opened(request: HttpRequest, form: NewAccountForm) -> HttpResponse:
    by, wish = actor_of(request), form.wish
    if is_powerful(wish.role):
        register.ask_for(wish, by=by, at=utc_now())
        messages.success(request, _("这个角色要两个人：已提出申请，等审计管理员复核。"))
        return HttpResponseRedirect(reverse("account_wishes"))
    code = register.open_login(wish, by=by, at=utc_now())
    return _show_code(request, wish.username, code)


def _with_code(request: HttpRequest, number: int, act: Callable[..., str]) -> HttpResponse:
    by = actor_of(request)
    account = register.find_account(number, by=by)
    return _show_code(request, account.login, act(account.login, by=by, at=utc_now()))


def _ask(account: AccountLine, powers: Powers, *, by: Actor, act: str = "") -> None:
    wish = register.NewAccount(
        username=account.login,
        display_name=account.display_name,
        role=powers.role,
        areas=powers.areas,
        staff_no=account.staff_no,
        department=powers.department,
    )
    register.ask_for(wish, by=by, at=utc_now(), act=act)


def _show_account(
    request: HttpRequest, number: int, *, form: PowersForm | None = None
) -> HttpResponse:
    by = actor_of(request)
    account = register.find_account(number, by=by)
    known = PowersForm(
        initial={
            "role": account.role.value,
            "areas": " ".join(area.rpartition("/")[2] or "/" for area in account.areas),
            "department": account.department,
        }
    )
    context = {
        "account": account,
        "shown": _shown(account),
        "acts": _acts_to_ask(account),
        "may_keep": by.role is Role.SECURITY_ADMINISTRATOR and by.user_id != account.login,
        "is_own": by.user_id == account.login,
        "provider": outside_logins.provider_name(),
    }
    return _show_form(request, "admin/account.html", form or known, **context)


def _acts_to_ask(account: AccountLine) -> list[tuple[str, Any]]:
    acts = ["code"] if account.is_active else ["unlock"]
    if outside_logins.provider_name() and not account.outside:
        acts.append("tie")
    if account.role is Role.AUDIT_ADMINISTRATOR and account.is_active:
        acts.append("lock")
    return [(act, ACT_NAMES[act]) for act in acts]


def _show_form(request: HttpRequest, page: str, form: forms.Form, **more: Any) -> HttpResponse:
    context = {
        "form": form,
        "departments": sorted({*list_departments(), *list_offices()}),
        "offered": list_offered_areas(),
        **more,
    }
    status = 400 if form.is_bound and form.errors else 200
    return render(request, page, context, status=status)


def _show_code(request: HttpRequest, login: str, code: str) -> HttpResponse:
    # Not by way of a message: those are kept in a cookie until they are shown.
    return render(request, "admin/code.html", {"login": login, "code": code})


def _shown(account: AccountLine) -> dict[str, Any]:
    """A line in office words."""
    return {
        "account": account,
        "role": ROLE_NAMES[account.role],
        "areas": ["/" if not area else area.rpartition("/")[2] for area in account.areas],
    }


def _wish(one: WishLine, by: Actor) -> dict[str, Any]:
    before = ROLE_NAMES[one.role_before] if one.role_before else ""
    return {
        "wish": one,
        "act": ACT_NAMES[one.act],
        "before": before,
        "areas_before": _area_words(one.areas_before),
        "after": ROLE_NAMES[one.role],
        "areas": _area_words(one.areas),
        "changes": one.act in ("open", "role", "areas"),
        "may_decide": register.may_decide(one, by=by),
    }


def _area_words(areas: tuple[str, ...]) -> str:
    return " ".join(area.rpartition("/")[2] or "/" for area in areas) or "—"


def _back_to(number: int) -> HttpResponse:
    return HttpResponseRedirect(reverse("account", args=[number]))
