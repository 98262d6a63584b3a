"""Coming in by the identity provider: away, and back. Whom nobody tied to an account comes in as nobody."""

from __future__ import annotations

import hmac

from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from kuai.guard import outside_logins
from kuai.kit.errors import Refusal
from kuai.web.accounts import provider
from kuai.web.rules import anybody

ATTEMPT_IN_SESSION = "outside_attempt"
# It looks accounts up by their number for the session; no password is asked for by it here.
BACKEND = "django.contrib.auth.backends.ModelBackend"


@anybody("accounts.leave_for_provider")
@require_GET
def go_to_provider(request: HttpRequest) -> HttpResponse:
    """Remember the attempt in this browser's session alone, and send the browser away."""
    if not provider.is_set_up():
        raise Refusal(
            "outside.none", _("没有设置统一身份认证。"), next_step=_("用登录名和口令登录。")
        )
    back_to = request.GET.get("next", "/")
    if not url_has_allowed_host_and_scheme(back_to, allowed_hosts={request.get_host()}):
        back_to = "/"
    attempt = provider.begin_attempt(back_to)
    address = provider.login_address(attempt, redirect_uri=_own_address(request))
    request.session[ATTEMPT_IN_SESSION] = attempt.as_json()
    return HttpResponseRedirect(address)


@anybody("accounts.come_from_provider")
@require_GET
def come_from_provider(request: HttpRequest) -> HttpResponse:
    """The provider's answer: an account that somebody tied to it, or words on how to get one."""
    # Taken out at once: an attempt is good for one answer.
    kept = request.session.pop(ATTEMPT_IN_SESSION, None)
    state = request.GET.get("state", "")
    if kept is None or not hmac.compare_digest(kept["state"].encode(), state.encode()):
        raise Refusal(
            "outside.not_asked",
            _("这次登录不是从这里开始的，或已经用过。"),
            next_step=_("请回到登录页再点一次。"),
        )
    code = request.GET.get("code", "")
    if "error" in request.GET or not code:
        raise Refusal(
            "outside.declined", _("身份提供方没有让您登录。"), next_step=_("请再试一次。")
        )
    attempt = provider.Attempt(**kept)
    subject = provider.subject_of(code, attempt, redirect_uri=_own_address(request))
    account = outside_logins.find_account_of(provider.settings.KUAI_OIDC_ISSUER, subject)
    if account is None:
        return render(request, "accounts/not_tied.html", {"subject": subject}, status=403)
    login(request, account, backend=BACKEND)
    return HttpResponseRedirect(attempt.back_to)


def _own_address(request: HttpRequest) -> str:
    return request.build_absolute_uri(reverse("outside_back"))
