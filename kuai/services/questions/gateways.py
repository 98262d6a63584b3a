"""How a message leaves: a gateway by setting. Built in: a file (demos alone) and SMTP to an office's SMS mailbox.

A gateway is a function (message number, phone, text) -> None. It raises Refusal where surely nothing was sent; anything
else leaves the message unsure, and it is not sent again by itself.
"""

from __future__ import annotations

import json
import os
import smtplib
from collections.abc import Callable
from email.message import EmailMessage

from django.conf import settings
from django.utils.module_loading import import_string

from kuai.guard.queries import is_synthetic_store
from kuai.kit.errors import Refusal

Gateway = Callable[[str, str, str], None]
OUTBOX = "messages-sent.jsonl"
SMTP_WAITS_S = 20


def current_gateway() -> Gateway:
    """The gateway that KUAI_MESSAGE_GATEWAY names: `file`, `smtp`, or a dotted path to a function of the city's own.

    Refuses the file where a real source is registered: it would leave numbers lying about.
    """
    wanted = settings.KUAI_MESSAGE_GATEWAY
    if wanted == "smtp":
        return _by_mail
    if wanted != "file":
        own: Gateway = import_string(wanted)
        return own
    if not is_synthetic_store():
        raise Refusal(
            "gateway.none",
            "这里还不能发短信。",
            next_step="系统管理员要接入网关（KUAI_MESSAGE_GATEWAY）；其间可以印信、打电话。",
        )
    return _to_file


def _to_file(number: str, phone: str, text: str) -> None:
    path = settings.STORE.scratch / OUTBOX
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "a") as stream:
        line = {"message": number, "phone": phone, "text": text}
        stream.write(json.dumps(line, ensure_ascii=False) + "\n")


def _by_mail(number: str, phone: str, text: str) -> None:
    """One mail a message to PHONE@domain of the operator's mail-to-SMS gate; the number makes a repeat visible."""
    host, _, port = settings.KUAI_SMTP_HOST.partition(":")
    if not (host and settings.KUAI_SMTP_SENDER and settings.KUAI_SMTP_SMS_DOMAIN):
        raise Refusal(
            "gateway.unset",
            "SMTP 网关没有设好。",
            next_step="设 KUAI_SMTP_HOST、KUAI_SMTP_SENDER、KUAI_SMTP_SMS_DOMAIN。",
        )
    mail = EmailMessage()
    mail["From"], mail["To"] = (
        settings.KUAI_SMTP_SENDER,
        f"{phone}@{settings.KUAI_SMTP_SMS_DOMAIN}",
    )
    mail["Subject"], mail["X-Kuai-Message"] = number, number
    mail.set_content(text)
    try:
        link = smtplib.SMTP(host, int(port or 25), timeout=SMTP_WAITS_S)
    except OSError as error:
        raise Refusal("gateway.away", "连不上发信服务器，没有发出。") from error
    with link:
        link.send_message(mail)
