"""The places of the published build as pages and interfaces read them; follows the switch to a new build."""

from __future__ import annotations

from kuai.address.places import Places, open_places
from kuai.web.doors import current_store


def current_places() -> Places:
    """The published build's places, opened once a process; refuses before the first build."""
    store = current_store()
    return open_places(store.current_build() / "core", store.scratch)


def plain_text(text: str) -> str:
    """What was sent without halves of characters (lone surrogates), which no file and no answer can hold."""
    return text.encode("utf-8", "ignore").decode("utf-8")
