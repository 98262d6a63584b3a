"""How the interface says no: the code, the sentence and what to do next, with the status that fits."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest
from ninja import NinjaAPI, Schema
from ninja.errors import HttpError, ValidationError
from ninja.responses import Response

from kuai.kit.errors import Refusal

# By the end of the refusal's code; everything else cannot be now (409).
_STATUS_OF_ENDING = {"unknown": 404, "too_often": 429, "not_json": 415}


class RefusalOut(Schema):
    """Why not, and what to do."""

    code: str
    sentence: str
    next_step: str


def refuse_in_json(api: NinjaAPI) -> None:
    """Answer refusals and malformed requests of `api` in this form. What was sent is never repeated."""
    api.exception_handler(Refusal)(answer_refusal)
    api.exception_handler(ValidationError)(answer_malformed)
    api.exception_handler(HttpError)(answer_error)
    api.exception_handler(RequestDataTooBig)(answer_too_big)


def answer_refusal(_request: HttpRequest, refusal: Refusal) -> Response:
    """404 for what is unknown, 429 for who asks too often, 409 for what cannot be now."""
    ending = refusal.code.rpartition(".")[2]
    status = next((s for end, s in _STATUS_OF_ENDING.items() if ending.endswith(end)), 409)
    return _answer(status, refusal.code, refusal.sentence, refusal.next_step)


def answer_malformed(_request: HttpRequest, fault: ValidationError) -> Response:
    """422 with the names of the fields that do not fit."""
    fields = {".".join(str(step) for step in one.get("loc", ())[1:]) for one in fault.errors}
    named = "、".join(sorted(field for field in fields if field))
    return _answer(
        422,
        "request.form",
        "请求的写法不对" + (f"：{named}" if named else ""),
        "写法见 /api/openapi.json。",
    )


def answer_error(_request: HttpRequest, error: HttpError) -> Response:
    """What ninja itself refuses: a body that is no JSON."""
    return _answer(error.status_code, "request.form", "请求读不懂。", "请求体须是 UTF-8 的 JSON。")


def answer_too_big(_request: HttpRequest, _error: RequestDataTooBig) -> Response:
    """413 with the limit: a body is held in memory whole, so it is not raised for any route."""
    most = (settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0) / (1 << 20)
    return _answer(
        413,
        "request.too_big",
        f"请求体太大：一次最多 {most:.1f} MB。",
        "请分几次送，或用 kuai wash 洗整个文件。",
    )


def _answer(status: int, code: str, sentence: str, next_step: str) -> Response:
    content = {"code": code, "sentence": sentence, "next_step": next_step}
    return Response(content, status=status)
