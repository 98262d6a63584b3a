"""Base of tables that record what was seen or decided: rows are inserted, never changed or removed. A door.

For the ledger the database refuses too (`ledger_triggers`); elsewhere the ORM does, for rows and for querysets.
"""

from __future__ import annotations

from typing import Any, ClassVar, NoReturn

from django.db import models

__all__ = ["OnlyAdded", "OnlyAddedRows"]


class OnlyAddedRows(models.QuerySet[Any]):
    """A queryset without the ways to change or remove rows."""

    def update(self, **changes: Any) -> NoReturn:  # type: ignore[override]  # noqa: ARG002
        self._refuse("update")

    def delete(self) -> NoReturn:  # type: ignore[override]
        self._refuse("delete")

    def bulk_update(self, *args: Any, **kwargs: Any) -> NoReturn:  # type: ignore[override]  # noqa: ARG002
        self._refuse("bulk_update")

    def _refuse(self, act: str) -> NoReturn:
        raise TypeError(f"{getattr(self.model, 'only_added', 'rows are only added')}: no {act}")


class OnlyAdded(models.Model):
    """A record that only grows; `only_added` says what to do instead of changing it."""

    only_added: ClassVar[str] = "rows are only added"
    objects = OnlyAddedRows.as_manager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Insert; refuses a row that is already there."""
        if not self._state.adding:
            raise TypeError(f"{self.only_added}: no save")
        kwargs["force_insert"] = True
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:  # type: ignore[override]  # noqa: ARG002
        raise TypeError(f"{self.only_added}: no delete")
