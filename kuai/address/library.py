"""The door to the living address library: imports with a plan first, life-cycle events, other texts, frozen versions.

The record is imports and events (decisions 0005, 0017); a library is a fold of them, a build freezes one. Needs Django.
"""

from __future__ import annotations

from datetime import date

from kuai.address.given_aliases import AliasView, add_given_alias, list_aliases, revoke_alias
from kuai.address.types import AliasKind
from kuai.kit.store import Store

__all__ = ["AliasView", "add_alias", "list_aliases", "revoke_alias"]


def add_alias(
    store: Store,
    *,
    text: str,
    address_code: str,
    kind: AliasKind,
    source: str,
    by: str,
    reason: str,
    valid_from: date | None = None,
) -> AliasView:
    """Give the place `address_code` another text, effective at the next build; the same again is the same one.

    Refuses an empty or overlong text, one that holds a phone or identity number, and no reason.
    """
    return add_given_alias(
        text=text,
        address_code=address_code,
        kind=kind,
        source=source,
        by=by,
        reason=reason,
        valid_from=valid_from,
    )
