"""Talks with the identity provider: its description, its keys, the exchange of a code, what its token must say.

OpenID Connect's code flow with PKCE, state and nonce; signatures of three named kinds and no others (joserfc).
Nothing of what a token says beyond its subject is read, kept or logged. Decision 0033.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import urllib.error
import urllib.request
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.core.cache import cache
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from kuai.kit.errors import Refusal

ALGORITHMS = ["RS256", "PS256", "ES256"]
TIMEOUT_S = 5
LARGEST_ANSWER_BYTES = 256 * 1024
REMEMBERED_S = 3600
# Clocks of two machines.
LEEWAY_S = 60
OWN_MACHINE = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Attempt:
    """One login on its way: what only this browser's session knows, and what comes back must fit."""

    state: str
    nonce: str
    verifier: str
    back_to: str

    def as_json(self) -> dict[str, str]:
        """For the session."""
        return asdict(self)


def is_set_up() -> bool:
    """Is there a provider at all?"""
    return bool(settings.KUAI_OIDC_ISSUER and settings.KUAI_OIDC_CLIENT)


def begin_attempt(back_to: str) -> Attempt:
    """A new login with secrets of its own."""
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    return Attempt(state, nonce, verifier, back_to)


def login_address(attempt: Attempt, *, redirect_uri: str) -> str:
    """Where the browser goes to."""
    challenge = base64.urlsafe_b64encode(hashlib.sha256(attempt.verifier.encode()).digest())
    asked = {
        "response_type": "code",
        "client_id": settings.KUAI_OIDC_CLIENT,
        "redirect_uri": redirect_uri,
        # Who it is, and nothing about them.
        "scope": "openid",
        "state": attempt.state,
        "nonce": attempt.nonce,
        "code_challenge": challenge.rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    return f"{_endpoint('authorization_endpoint')}?{urlencode(asked)}"


def subject_of(code: str, attempt: Attempt, *, redirect_uri: str) -> str:
    """The provider's name for who came back with `code`; refuses whatever does not fit the attempt."""
    asked = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri,
        "client_id": settings.KUAI_OIDC_CLIENT,
        "code_verifier": attempt.verifier,
    }
    if settings.KUAI_OIDC_SECRET:
        asked["client_secret"] = settings.KUAI_OIDC_SECRET
    answer = _fetch(_endpoint("token_endpoint"), urlencode(asked).encode())
    return _subject_of_token(str(answer.get("id_token", "")), attempt)


def _subject_of_token(token: str, attempt: Attempt) -> str:
    try:
        claims = jwt.decode(token, _keys(), algorithms=ALGORITHMS).claims
        jwt.JWTClaimsRegistry(
            leeway=LEEWAY_S,
            iss={"essential": True, "value": settings.KUAI_OIDC_ISSUER},
            aud={"essential": True, "value": settings.KUAI_OIDC_CLIENT},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": attempt.nonce},
            sub={"essential": True},
        ).validate(claims)
    except (JoseError, ValueError) as cause:
        # A key that was changed since we looked is asked for again at the next attempt.
        cache.delete(_remembered("keys"))
        raise _no_login("身份提供方的答复核对不上。") from cause
    audience = claims["aud"]
    others = isinstance(audience, list) and len(audience) > 1
    if (others or "azp" in claims) and claims.get("azp") != settings.KUAI_OIDC_CLIENT:
        raise _no_login("身份提供方的答复是给别的系统的。")
    return str(claims["sub"])


def _endpoint(name: str) -> str:
    told: Any = cache.get_or_set(_remembered("description"), _describe, REMEMBERED_S) or {}
    return _require_safe(str(told.get(name, "")))


def _describe() -> dict[str, Any]:
    issuer = settings.KUAI_OIDC_ISSUER
    told = _fetch(_require_safe(f"{issuer.rstrip('/')}/.well-known/openid-configuration"))
    if told.get("issuer") != issuer:
        raise _no_login("身份提供方自称的名字和设置的不一样。")
    return told


def _keys() -> KeySet:
    told: Any = cache.get_or_set(
        _remembered("keys"), lambda: _fetch(_endpoint("jwks_uri")), REMEMBERED_S
    )
    try:
        return KeySet.import_key_set(told)
    except (JoseError, KeyError, TypeError, ValueError, AttributeError) as cause:
        # A bad answer is not what we live with for an hour.
        cache.delete(_remembered("keys"))
        raise _no_login("身份提供方的密钥读不懂。") from cause


def _remembered(what: str) -> str:
    digest = hashlib.sha256(settings.KUAI_OIDC_ISSUER.encode()).hexdigest()[:16]
    return f"identity-provider-{what}-{digest}"


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect may lead out of HTTPS: the answer stays an error."""

    def redirect_request(self, *_arguments: Any) -> None:
        return None


_OPENER = urllib.request.build_opener(_NoRedirect)


def _fetch(address: str, content: bytes | None = None) -> dict[str, Any]:
    request = urllib.request.Request(address, data=content, headers={"Accept": "application/json"})  # noqa: S310
    try:
        with _OPENER.open(request, timeout=TIMEOUT_S) as answer:
            told = json.loads(answer.read(LARGEST_ANSWER_BYTES))
    except (urllib.error.URLError, TimeoutError, ValueError, OSError) as cause:
        raise _no_login("身份提供方没有答复，或不认这次登录。") from cause
    if not isinstance(told, dict):
        raise _no_login("身份提供方的答复读不懂。")
    return told


def _require_safe(address: str) -> str:
    """HTTPS, or this very machine: a code or a secret in the clear is anybody's."""
    parts = urlsplit(address)
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in OWN_MACHINE):
        return address
    raise _no_login("身份提供方的地址不是 HTTPS。")


def _no_login(sentence: str) -> Refusal:
    return Refusal(
        "outside.no_login",
        sentence,
        next_step="请再试一次；仍不行，用登录名和口令登录，并告诉系统管理员。",
    )
