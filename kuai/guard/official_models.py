"""Who answers for an office's rules, questions and lists, by name. Private: see `officials`."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from kuai.guard.only_added import OnlyAdded
from kuai.guard.types import TablePrivacy
from kuai.kit.tables import Sensitivity

L1, L2, L3 = Sensitivity.L1, Sensitivity.L2, Sensitivity.L3


class OfficialRecord(OnlyAdded):
    """One row: from a moment on this person, in this post, answers for what an office asks, offers or lists.

    Only added; the newest row of an office counts. The name is told to whoever is concerned: that is its purpose.
    """

    only_added: ClassVar[str] = "officials are only added; name the next one"
    privacy: ClassVar = TablePrivacy(
        retention="permanent: who answered for what was asked then has to be told later",
        levels={
            "id": L1,
            "office": L1,
            "name": L2,
            "post": L1,
            "channel": L1,
            "named_by": L3,
            "named_at": L1,
        },
    )

    office = models.CharField(max_length=120, db_index=True)
    name = models.CharField(max_length=24)
    post = models.CharField(max_length=24)
    channel = models.CharField(max_length=120)
    named_by = models.CharField(max_length=64)
    named_at = models.DateTimeField()

    class Meta:
        app_label = "guard"
        ordering: ClassVar = ["id"]
