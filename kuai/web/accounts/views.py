"""Coming in, going out, language, password."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, LogoutView
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from kuai.guard import access, register
from kuai.guard.outside_logins import provider_name
from kuai.kit.clock import utc_now
from kuai.kit.errors import Refusal
from kuai.web.demo import list_demo_logins
from kuai.web.rules import anybody, changes_password, leaves

LANGUAGE_COOKIE_AGE_S = 365 * 24 * 3600


class NameAndPassword(AuthenticationForm):
    """The login form; its refusal does not tell whether the name or the password was wrong."""

    error_messages = {  # noqa: RUF012 - Django's form attribute
        "invalid_login": gettext_lazy("登录名或口令不对。连续输错 5 次会锁定 15 分钟。"),
        "inactive": gettext_lazy("这个账号已停用。请联系系统管理员。"),
        "code_over": gettext_lazy("一次性口令已过 24 小时。请安全管理员再发一个。"),
    }

    def confirm_login_allowed(self, user: Any) -> None:
        """Besides closed accounts: a one-time code whose time is over opens nothing."""
        super().confirm_login_allowed(user)
        if register.is_code_over(user.get_username(), at=utc_now()):
            raise ValidationError(self.error_messages["code_over"], code="code_over")


class ComeIn(LoginView):
    """The login page; on synthetic stores with the demo logins to click."""

    template_name = "accounts/login.html"
    authentication_form = NameAndPassword
    redirect_authenticated_user = True

    def get_context_data(self, **named: Any) -> dict[str, Any]:
        """Adds the demo logins and the identity provider's name, if there is one."""
        return super().get_context_data(
            demo_logins=list_demo_logins(), provider=provider_name(), **named
        )


class GoOut(LogoutView):
    """Log-out by POST; says so."""

    def post(self, request: HttpRequest, *arguments: Any, **named: Any) -> HttpResponse:
        """End the session."""
        answer = super().post(request, *arguments, **named)
        messages.success(request, _("您已退出。"))
        return answer


@changes_password
@require_http_methods(["GET", "POST"])
def change_password(request: HttpRequest) -> HttpResponse:
    """A new password; after the first login one must."""
    refusal = _changed_or_refused(request) if request.method == "POST" else None
    if request.method == "POST" and refusal is None:
        messages.success(request, _("口令已更换。"))
        return HttpResponseRedirect(reverse("home"))
    status = 400 if refusal else 200
    return render(request, "accounts/password.html", {"refusal": refusal}, status=status)


def _changed_or_refused(request: HttpRequest) -> Refusal | None:
    old, new = request.POST.get("old_password", ""), request.POST.get("new_password1", "")
    try:
        if new != request.POST.get("new_password2", ""):
            raise Refusal("account.passwords_differ", _("两次输入的新口令不一样。"))
        with transaction.atomic():
            access.change_password(
                request.actor.user_id,  # type: ignore[attr-defined]
                old=old,
                new=new,
                at=utc_now(),
            )
    except Refusal as refusal:
        return refusal
    request.user.refresh_from_db()  # type: ignore[union-attr]
    # The other sessions of this login end; this one goes on.
    update_session_auth_hash(request, request.user)  # type: ignore[arg-type]
    return None


come_in = anybody("accounts.enter")(ComeIn.as_view())
go_out = leaves(GoOut.as_view())


@anybody("language.choose")
@require_POST
def choose_language(request: HttpRequest) -> HttpResponse:
    """Remember the language and go back to the page one came from."""
    code = request.POST.get("language", "")
    target = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()}):
        target = "/"
    answer = HttpResponseRedirect(target)
    if code in dict(settings.LANGUAGES):
        answer.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            code,
            max_age=LANGUAGE_COOKIE_AGE_S,
            samesite="Lax",
            httponly=True,
            secure=settings.SESSION_COOKIE_SECURE,
        )
    return answer


def show_locked_out(request: HttpRequest, *_more: Any) -> HttpResponse:
    """After too many wrong passwords (settings.AXES_LOCKOUT_CALLABLE)."""
    return render(request, "accounts/locked.html", status=429)
