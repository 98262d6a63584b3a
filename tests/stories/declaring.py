"""The stories' hands for declarations: a door, a phone that gets codes, somebody who is on file."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from kuai.guard.types import Actor, Role, Zone
from kuai.kit.store import Store
from kuai.services.residence import actions
from kuai.services.residence.types import Act, Declared, Wish
from tests.stories import towns

CLERK = Actor("street", Role.SUBDISTRICT_CLERK, areas=("",))
NEWCOMER, NEW_PHONE = "欧阳试新", "13900000001"
LANDLORD_PHONE = "13900000002"


class Phone:
    """Every phone there is: what was sent to which number."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str]] = []

    def __call__(self, phone: str, text: str) -> None:
        self.sent.append((phone, text))

    def code(self, phone: str) -> str:
        """The newest code sent to this number."""
        texts = [text for number, text in self.sent if number == phone]
        return re.search(r"\d{6}", texts[-1]).group()  # type: ignore[union-attr]


def rooms_with(store: Store, relation: str) -> list[dict[str, Any]]:
    """Facts of this kind about rooms, those of the register first."""
    found = [
        row
        for row in towns.read_core(store.root, "relation")
        if row["type"] == relation and len(row["to_code"]) == 25 and row["status"] == "asserted"
    ]
    return sorted(found, key=lambda row: (row["source"], row["fact_key"]))


def somebody_on_file(store: Store, relation: str = "PH_RESIDE") -> tuple[str, str, str]:
    """(room, name, phone) of a grown-up whose phone and name lead to them alone, as the vault has them."""
    from kuai.guard.actions import open_sealed
    from kuai.services.residence.door_codes import mark_of
    from kuai.services.residence.engine.names import name_key
    from kuai.services.residence.on_file import find_on_file

    for row in rooms_with(store, relation):
        sealed = open_sealed(
            store, zone=Zone.CORE, source=row["source"], period=row["period"], name="identity"
        ).to_pylist()
        said = next((one for one in sealed if one["mention_key"] == row["mention_key"]), None)
        if said is None or not (said["name"] and re.fullmatch(r"1[3-9]\d{9}", said["phone"] or "")):
            continue
        known = find_on_file(
            store,
            phone_mark=mark_of(store, said["phone"]),
            name_mark=mark_of(store, name_key(said["name"])),
        )
        alone = find_on_file(store, phone_mark=mark_of(store, said["phone"]))
        if known and alone and not known.is_child_under_14:
            return row["to_code"], said["name"], said["phone"]
    raise LookupError(relation)


def door_of(store: Store, room: str, *, at: datetime) -> str:
    """The code on a room's door."""
    (view,) = actions.issue_door_codes(store, [room], by=CLERK, at=at)
    return view.code


def declare(
    store: Store, door: str, wish: Wish, phone: Phone, *, at: datetime, to: str = ""
) -> Declared:
    """Ask for a code, read it on the phone, declare."""
    asked = actions.ask_for_code(store, door, wish, address="203.0.113.9", at=at, gateway=phone)
    code = phone.code(to or wish.phone)
    return actions.declare(store, door, wish, reference=asked.reference, code=code, at=at)


def a_wish(act: Act = Act.LIVE, **more: Any) -> Wish:
    """A newcomer's wish unless said otherwise."""
    said = {"name": NEWCOMER, "phone": NEW_PHONE, "has_consented": True} | more
    return Wish(act=act, **said)
