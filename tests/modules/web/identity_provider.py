"""A small identity provider on this machine: real HTTP, real keys, and every way in which one can be wrong."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

CLIENT = "kuai-test"
SECRET = "a secret of the client"


class IdentityProvider:
    """Knows one person; `claims` overrides what its token says, `alter` what it does with it."""

    def __init__(self) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
        self.other_key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
        self.claims: dict[str, Any] = {}
        self.fault = ""
        self.described_as = ""
        self.codes: dict[str, dict[str, str]] = {}
        self.issuer = ""

    def authorise(self, address: str) -> dict[str, str]:
        """As the browser would be sent back: code and state."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        code = f"code-{len(self.codes)}"
        self.codes[code] = asked
        return {"code": code, "state": asked["state"]}

    def token_for(self, sent: dict[str, str]) -> dict[str, Any] | None:
        """The token endpoint's answer, or None for a code that does not fit."""
        asked = self.codes.pop(sent.get("code", ""), None)
        proof = hashlib.sha256(sent.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(proof).rstrip(b"=").decode()
        if (
            asked is None
            or asked["code_challenge"] != challenge
            or sent.get("redirect_uri") != asked["redirect_uri"]
            or sent.get("client_secret") != SECRET
        ):
            return None
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "sub": "subject-7",
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
            **self.claims,
        }
        return {"id_token": self.sign(claims), "token_type": "Bearer"}

    def sign(self, claims: dict[str, Any]) -> str:
        if self.fault == "unsigned":
            parts = ({"alg": "none"}, claims)
            return (
                ".".join(
                    base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
                    for part in parts
                )
                + "."
            )
        if self.fault == "shared key":
            # The public key taken for a secret: the oldest trick.
            secret = OctKey.import_key(self.key.as_pem(private=False))
            return jwt.encode({"alg": "HS256", "kid": "one"}, claims, secret, algorithms=["HS256"])
        key = self.other_key if self.fault == "other key" else self.key
        return jwt.encode({"alg": "RS256", "kid": "one"}, claims, key)

    def answer(self, path: str, sent: dict[str, str]) -> dict[str, Any] | None:
        if path == "/.well-known/openid-configuration":
            return {
                "issuer": self.described_as or self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorise",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
            }
        if path == "/keys":
            return {"keys": [self.key.as_dict(private=False)]}
        return self.token_for(sent) if path == "/token" else None


@contextmanager
def running_provider() -> Iterator[IdentityProvider]:
    """One on a free port of this machine."""
    provider = IdentityProvider()

    class Door(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.reply({})

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", "0"))
            sent = parse_qs(self.rfile.read(length).decode())
            self.reply({name: values[0] for name, values in sent.items()})

        def reply(self, sent: dict[str, str]) -> None:
            told = provider.answer(self.path, sent)
            content = json.dumps(told or {"error": "invalid_grant"}).encode()
            self.send_response(200 if told else 400)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    provider.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
