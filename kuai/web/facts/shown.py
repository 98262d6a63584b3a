"""Facts as pages show them: persons by code only where all are invented or a live ticket of the reader names them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils.crypto import get_random_string, salted_hmac
from django.utils.translation import gettext as _

from kuai.guard.access import is_live_ticket
from kuai.guard.queries import covers_any, find_source, is_synthetic_store, list_live_tickets
from kuai.guard.types import TicketKind
from kuai.kit.clock import utc_now
from kuai.kit.errors import Refusal
from kuai.registry import queries
from kuai.web.doors import current_reader, current_store
from kuai.web.facts.words import ENGLISH_KINDS, LEVEL_WORDS, STATUS_BADGES, STATUS_NAMES
from kuai.web.words import purpose_title, reads_english

MARKS, MOST_MARKS = "facts_shown", 300
MARKS_OF = "facts_shown_by"


def fact_behind(request: HttpRequest, mark: str) -> str:
    """The fact that a form of this session stands for."""
    known: dict[str, str] = request.session.get(MARKS, {})
    if mark not in known:
        raise Refusal(
            "fact.mark", _("这一页放得太久了。"), next_step=_("请重新打开清单，再做一次。")
        )
    return known[mark]


class Reader:
    """What this reader may see of facts, asked once a request."""

    def __init__(self, request: HttpRequest) -> None:
        self.actor = request.actor  # type: ignore[attr-defined]
        self.store = current_store()
        self._session = request.session
        self._sees_all = is_synthetic_store()
        self._named = frozenset() if self._sees_all else self._named_in_tickets()
        self._overlay = queries.statuses_over(self.store)
        types = queries.catalogue_of(self.store).values()
        titles = queries.titles_of_facts(self.store)
        self._listed = frozenset(one.code for one in types if one.is_listed)
        self._levels = {one.code: frozenset(one.verified_by) for one in types}
        english = {one.code: one.title_en for one in types} | ENGLISH_KINDS
        self._titles = english if reads_english() else titles
        self._sources: dict[str, str] = {}
        self._decided: dict[str, tuple[str, ...]] = {}
        self._blocks = current_reader()

    def title(self, kind: str) -> str:
        """A kind of fact in the reader's language."""
        return str(self._titles.get(kind, kind))

    def types(self) -> list[tuple[str, str]]:
        """Every kind of relation that stands on a list, by its title."""
        return [(code, title) for code, title in self._titles.items() if code in self._listed]

    def note(self, fact_keys: Sequence[str]) -> None:
        """The facts of this page: by which keys they were decided is asked once for all."""
        self._decided |= queries.decided_as(self.store, [key for key in fact_keys if key])

    def decided_as(self, fact_key: str) -> tuple[str, ...]:
        """The keys by which decisions name a fact: codes may have merged since; the one that counts first."""
        if fact_key not in self._decided:
            self.note([fact_key])
        return self._decided[fact_key]

    def levels(self, fact_key: str) -> frozenset[str]:
        """The levels at which a fact of this kind is verified."""
        return self._levels.get(fact_key.split("|")[0], frozenset())

    def source_title(self, source: str) -> str:
        """A source as registered."""
        if source not in self._sources:
            registered = find_source(source)
            self._sources[source] = registered.title if registered else source
        return self._sources[source]

    def code(self, code: str) -> str:
        """An element's code, or that it is a person whose code is not for this reader now, or another area's place."""
        if code.isdigit() and not self._is_in_area(code):
            return _("（其他辖区的地址）")
        if not code.startswith("P-") or self._sees_all or code in self._named:
            return code
        return _("（某人，编码需凭据）")

    def _is_in_area(self, code: str) -> bool:
        if "" in self.actor.areas:
            return True
        path = self._blocks.path_of(code)
        return not path or covers_any(self.actor.areas, [path])

    def standing(self, fact_key: str, status: str, level: str) -> Standing:
        """How a fact stands now: as in the build, with what was decided since."""
        word = self._overlay.get(fact_key)
        if word is not None:
            status = "contested" if word.is_contested else word.status or _as_stated(status)
            level = word.level
        return Standing(status, level, is_new=word is not None)

    def fact(self, fact_key: str) -> ShownFact | None:
        """The parts of a fact's key, for a page."""
        parts = fact_key.split("|")
        if len(parts) < 2:
            return None
        codes = [self.code(part) for part in parts[1:]]
        return ShownFact(self._mark(fact_key), self.title(parts[0]), codes)

    def _mark(self, fact_key: str) -> str:
        """What stands for a fact in a form: the key itself names a person, so it stays in the session."""
        # Of this session alone: the same fact has another mark for another reader and another day's work.
        own: str = self._session.setdefault(MARKS_OF, get_random_string(32))
        mark = salted_hmac("kuai.fact", f"{own}|{fact_key}", algorithm="sha256").hexdigest()[:24]
        known: dict[str, str] = self._session.setdefault(MARKS, {})
        if mark not in known:
            known[mark] = fact_key
            for oldest in list(known)[:-MOST_MARKS]:
                del known[oldest]
            self._session.modified = True
        return mark

    def _named_in_tickets(self) -> frozenset[str]:
        """Persons named by live review tickets in the reader's hands."""
        at = utc_now()
        return frozenset(
            subject.removeprefix("person:")
            for ticket in list_live_tickets(self.actor, at=at)
            if ticket.kind is TicketKind.REVIEW
            and is_live_ticket(ticket.ticket_id, holder=self.actor, at=at)
            for subject in ticket.subjects
        )


@dataclass(frozen=True)
class Standing:
    """A fact's status in words, and whether the build does not know it yet."""

    status: str
    level: str
    is_new: bool

    @property
    def name(self) -> Any:
        return STATUS_NAMES.get(self.status, self.status)

    @property
    def badge(self) -> str:
        return STATUS_BADGES.get(self.status, "")

    @property
    def level_name(self) -> Any:
        return next((name for level, name in LEVEL_WORDS.items() if level == self.level), "")

    @property
    def is_in_use(self) -> bool:
        return self.status in ("asserted", "verified", "disputed")


@dataclass(frozen=True)
class ShownFact:
    """A fact in the reader's words. `mark` stands for its key in forms (`fact_behind`)."""

    mark: str
    title: str
    codes: list[str]


def _as_stated(status: str) -> str:
    """Where no decision rules any more, what sources say; what they contradict or ended stays so."""
    return "asserted" if status in ("verified", "withdrawn") else status


def purposes_in_words(purposes: tuple[str, ...]) -> str:
    """The purposes a statement may serve."""
    return "、".join(purpose_title(one) for one in purposes)
