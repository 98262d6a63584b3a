"""How a one-time code reaches a phone: a gateway by setting. Built in: a file and the console, for demos alone.

A gateway is a function (phone, text) -> None; the text holds no name and no address. Decision 0039.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable

from django.conf import settings
from django.utils.module_loading import import_string

from kuai.guard.queries import is_synthetic_store
from kuai.kit.errors import Refusal

Gateway = Callable[[str, str], None]
CODE_TEXT = "【自主申报】验证码 {code}，10 分钟内有效。不是您在申报，请不理会。"
OUTBOX = "codes-sent.jsonl"


def current_gateway() -> Gateway:
    """The gateway that KUAI_CODE_GATEWAY names: `file`, `console`, or a dotted path to a function of the city's own.

    Refuses the built-in two where a real source is registered: they would leave numbers lying about.
    """
    wanted = settings.KUAI_CODE_GATEWAY
    built_in = {"file": _to_file, "console": _to_console}.get(wanted)
    if built_in is None:
        own: Gateway = import_string(wanted)
        return own
    if not is_synthetic_store():
        raise Refusal(
            "gateway.none",
            "这里还不能发验证码。",
            next_step="请到社区服务窗口申报；系统管理员要接入短信网关（KUAI_CODE_GATEWAY）。",
        )
    return built_in


def _to_file(phone: str, text: str) -> None:
    path = settings.STORE.scratch / OUTBOX
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "a") as stream:
        stream.write(json.dumps({"phone": phone, "text": text}, ensure_ascii=False) + "\n")


def _to_console(_phone: str, text: str) -> None:
    sys.stderr.write(text + "\n")
