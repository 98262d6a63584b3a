"""Areas as people keep them: a draft at first, named to stay, removed and brought back by their owner alone."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils.translation import gettext as _

from kuai.guard.free_text import require_nobody
from kuai.guard.types import Actor
from kuai.kit.errors import Refusal
from kuai.web.areas.shapes import AreaShape
from kuai.web.models import SavedArea

LONGEST_NAME = 40
MOST_NAMED = 200
MOST_DRAFTS = 50
# How long a draft, and what was removed, can still be opened or brought back.
DRAFT_DAYS = timedelta(days=7)


@dataclass(frozen=True)
class KeptArea:
    """An area as pages see it."""

    uuid: uuid.UUID
    name: str
    shape: AreaShape
    is_own: bool
    is_removed: bool
    changed_at: datetime

    @property
    def title(self) -> str:
        """Its name, or what a draft is called."""
        return self.name or _("未命名区域")


def keep_draft(shape: AreaShape, *, by: Actor, at: datetime) -> uuid.UUID:
    """A new area without a name. Drafts and removed areas older than a week go now, and one's oldest drafts of many."""
    old = at - DRAFT_DAYS
    SavedArea.objects.filter(Q(name="", made_at__lt=old) | Q(removed_at__lt=old)).delete()
    drafts = SavedArea.objects.filter(owner=by.user_id, name="").order_by("-made_at")
    oldest = list(drafts.values_list("uuid", flat=True)[MOST_DRAFTS - 1 :])
    SavedArea.objects.filter(uuid__in=oldest).delete()
    row = SavedArea.objects.create(
        kind=shape.kind, shape=dict(shape.content), owner=by.user_id, made_at=at, changed_at=at
    )
    return row.uuid


def get_area(area_id: uuid.UUID, *, by: Actor) -> KeptArea:
    """The area behind a link: one's own, or a named one of a colleague. Whether its ground is the reader's own is
    asked when it is counted.
    """
    row = SavedArea.objects.filter(uuid=area_id).first()
    is_own = row is not None and row.owner == by.user_id
    if row is None or not (is_own or (row.name and row.removed_at is None)):
        raise Refusal(
            "area.unknown",
            _("没有这个区域，或者它已被移除。"),
            next_step=_("请向给您链接的人确认。"),
        )
    return _as_kept(row, by)


def list_own(by: Actor, *, removed: bool = False) -> list[KeptArea]:
    """One's own named areas, newest first; or those removed that can still be brought back."""
    rows = SavedArea.objects.filter(owner=by.user_id, removed_at__isnull=not removed)
    rows = rows.exclude(name="").order_by("-changed_at")
    return [_as_kept(row, by) for row in rows[:MOST_NAMED]]


def name_area(area_id: uuid.UUID, name: str, *, by: Actor, at: datetime) -> None:
    """Give one's own area a name, and so keep it. Names two areas may not share; a name tells of nobody."""
    said = " ".join(name.split())
    if not 1 <= len(said) <= LONGEST_NAME:
        raise Refusal("area.name", _("名称要有 1 到 %(most)s 个字。") % {"most": LONGEST_NAME})
    require_nobody(said, what=_("区域名称"), code="area.personal")
    own = SavedArea.objects.filter(owner=by.user_id, removed_at=None).exclude(name="")
    if own.filter(name=said).exclude(uuid=area_id).exists():
        raise Refusal("area.same_name", _("您已有一个叫这个名称的区域。"))
    if own.count() >= MOST_NAMED:
        raise Refusal("area.most", _("一个人最多保存 %(most)s 个区域。") % {"most": MOST_NAMED})
    _change_own(area_id, by, name=said, changed_at=at)


def remove_area(area_id: uuid.UUID, *, by: Actor, at: datetime) -> None:
    """Take one's own area away; for a week it can be brought back. May be repeated."""
    _change_own(area_id, by, removed_at=at, changed_at=at)


def bring_back(area_id: uuid.UUID, *, by: Actor, at: datetime) -> None:
    """Undo a removal. Refuses where another area has taken the name. May be repeated."""
    row = SavedArea.objects.filter(uuid=area_id, owner=by.user_id).first()
    if row is not None and row.name:
        taken = SavedArea.objects.filter(owner=by.user_id, name=row.name, removed_at=None)
        if taken.exclude(uuid=area_id).exists():
            raise Refusal("area.same_name", _("您已有一个叫这个名称的区域。"))
    _change_own(area_id, by, removed_at=None, changed_at=at)


def _change_own(area_id: uuid.UUID, by: Actor, **changes: object) -> None:
    if not SavedArea.objects.filter(uuid=area_id, owner=by.user_id).update(**changes):
        raise Refusal("area.not_own", _("只有保存它的人能改动这个区域。"))


def _as_kept(row: SavedArea, by: Actor) -> KeptArea:
    return KeptArea(
        uuid=row.uuid,
        name=row.name,
        shape=AreaShape(row.kind, row.shape),
        is_own=row.owner == by.user_id,
        is_removed=row.removed_at is not None,
        changed_at=row.changed_at,
    )
