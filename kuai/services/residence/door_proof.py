"""A phone proven at a door without declaring anything: to answer what it is asked there. Private: see `actions`."""

from __future__ import annotations

from datetime import datetime

from kuai.kit.errors import Refusal
from kuai.kit.store import Store
from kuai.services.residence import gateways, proving
from kuai.services.residence.door_codes import find_door, mark_of
from kuai.services.residence.engine.names import require_mobile
from kuai.services.residence.types import Asked

ACT = "answer"


def ask_for_door_proof(
    store: Store,
    door_code: str,
    phone: str,
    *,
    address: str,
    at: datetime,
    gateway: gateways.Gateway | None = None,
) -> Asked:
    """Send a code to whoever wants to answer questions at this door. Says nothing of whether there are any."""
    door = find_door(door_code)
    if door is None:
        raise Refusal("door.unknown", "没有这个申报码，或者它已经换了。", next_step="请重新扫码。")
    number = require_mobile(phone)
    wish = proving.CodeWish(door, ACT, number, _mark(store, number))
    return proving.send_code(
        store, wish, address=address, at=at, gateway=gateway or gateways.current_gateway()
    )


def prove_at_door(store: Store, reference: str, code: str, *, phone: str, at: datetime) -> None:
    """Show the code; `find_proof` then finds the reference for a quarter of an hour."""
    mark = _mark(store, require_mobile(phone))
    proving.prove_code(store, reference, code, wish_mark=mark, at=at)


def _mark(store: Store, phone: str) -> str:
    return mark_of(store, f"{ACT}|{phone}")
