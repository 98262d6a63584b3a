"""What the address pages ask of the library's record: one version of it, held for one request."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kuai.address import drawing, library
from kuai.address.library import Entry
from kuai.address.types import Level
from kuai.kit.errors import Refusal
from kuai.web.doors import current_store


@dataclass(frozen=True)
class OtherText:
    """Another text of an entry."""

    text: str
    kind: str


class LibraryReader:
    """The record at its newest version, in the words of pages."""

    def __init__(self) -> None:
        self.record = library.open_record(current_store())

    def entry(self, code: str) -> Entry | None:
        """The entry of a code ever issued."""
        return self.record.find_entry(code)

    def children(self, code: str) -> Sequence[Entry]:
        """One level down, ended ones too; empty code: the tops."""
        return self.record.children(code, ended_too=True) if code else self.record.roots()

    def children_counts(self, codes: Sequence[str]) -> Mapping[str, int]:
        """Living entries right under each."""
        return drawing.count_children(self.record, codes)

    def path(self, code: str) -> Sequence[Entry]:
        """The entries above, top first."""
        return self.record.ancestors(code)

    def text_above(self, code: str) -> str:
        """The standard text of the entry or of the nearest one above it that has one: grids have none."""
        found = self.record.find_entry(code) if code else None
        if found is None or found.standard_text:
            return found.standard_text if found else ""
        return next((up.standard_text for up in reversed(self.path(code)) if up.standard_text), "")

    def label(self, entry: Entry) -> str:
        """What tells an entry from its neighbours."""
        return drawing.label_of(entry, self.text_above(entry.parent_code or ""))

    def counts(self, code: str) -> Counter[tuple[str, str]]:
        """(level, state) below the entry; empty code: everywhere."""
        return drawing.count_below(self.record, code)

    def search(self, text: str, *, limit: int) -> Sequence[Entry]:
        """By code or words."""
        return drawing.find_by_text(self.record, text, limit=limit)

    def aliases(self, code: str) -> Sequence[OtherText]:
        """Texts by imports, events and people, each once."""
        brought = [OtherText(line.text, line.kind) for line in self.record.aliases(code)]
        given = [
            OtherText(view.text, view.kind) for view in library.list_aliases(code, live_only=True)
        ]
        return list(dict.fromkeys([*brought, *given]))

    def identifiers(self, code: str) -> Sequence[tuple[str, str]]:
        """(scheme, code in it)."""
        return self.record.identifiers(code)

    def successors(self, code: str) -> Sequence[Entry]:
        """What lives now in its place."""
        codes = self.record.resolve(code).successors
        return [one for other in codes if (one := self.record.find_entry(other)) is not None]

    def events(self, code: str | None, *, limit: int) -> Sequence[library.EventView]:
        """The last events (of one entry), newest first."""
        return library.list_events(code=code, limit=limit)

    def event(self, number: int) -> library.EventView | None:
        """One event; None if there is none of this number."""
        try:
            return library.get_event(number)
        except Refusal:
            return None

    def picture(self, code: str) -> tuple[drawing.Drawing, Sequence[drawing.GroundFinding]]:
        """What the map draws around an area, and what is wrong there. Buildings are drawn in one community at most."""
        entry = self.record.find_entry(code) if code else None
        # A whole district's buildings are too many to fetch for a picture in which they are no more than dust.
        is_far = entry is None or entry.level is Level.DISTRICT
        deepest = Level.COMMUNITY if is_far else Level.BUILDING
        drawn = drawing.area_under(self.record, code, deepest=deepest)
        return drawn, drawing.survey_area(drawn, under=code)

    def survey(self, code: str) -> tuple[drawing.Drawing, Sequence[drawing.GroundFinding]]:
        """Everything wrong under an area, down to its buildings, whether the map draws them or not."""
        whole = drawing.area_under(self.record, code)
        return whole, drawing.survey_area(whole, under=code)


def open_reader() -> LibraryReader:
    """The library as recorded up to now."""
    return LibraryReader()
