"""A door: rows whose time is over, counted and erased table by table, and the holds that keep some of them.

The ledger's chain is never touched: its rows only grow, and what is erased is proved by an entry with a count.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.apps import apps
from django.db import transaction
from django.db.models import Q, QuerySet

from kuai.guard.ledger import record_entry
from kuai.guard.models import Account, LegalHold, OutsideLogin, SourceRecord
from kuai.guard.retention_rules import TABLE_RULES, End, TableRule
from kuai.guard.types import Actor, Role
from kuai.kit.clock import local_day
from kuai.kit.errors import Refusal

__all__ = [
    "ERASED",
    "FINISHED",
    "Hold",
    "TableLine",
    "end_hold",
    "enter_erasure",
    "enter_run",
    "erase_due_rows",
    "is_held",
    "list_due_rows",
    "list_holds",
    "list_unruled_tables",
    "set_hold",
]

ERASED, FINISHED = "retention.erased", "retention.finished"
EVERYTHING = ""
HOLDERS = (Role.DATA_STEWARD, Role.AUDITOR, Role.AUDIT_ADMINISTRATOR)
CASE_NUMBER = re.compile(r"^[\w〔〕\[\]()（）\-－./·号字第 ]{2,80}$")


@dataclass(frozen=True)
class TableLine:
    """One table of a run: how many rows are due, whether a hold keeps them, how many went.

    `of_held_sources`: due rows that stay because their source, or a delivery of it, is held; they are in `due`.
    """

    table: str
    end: End
    because: str
    due: int = 0
    held: bool = False
    gone: int = 0
    of_held_sources: int = 0


@dataclass(frozen=True)
class Hold:
    """Something nothing is erased of; `name` as in `LegalHold`."""

    number: int
    name: str
    case_number: str
    set_by: str
    set_at: datetime


def list_due_rows(*, at: datetime) -> tuple[TableLine, ...]:
    """Every table with its rule and how many of its rows are due; erases nothing."""
    return tuple(_lines(at=at))


def erase_due_rows(*, by: Actor, at: datetime) -> tuple[TableLine, ...]:
    """Erase or anonymise what is due and not held, each table with its entry. May be repeated."""
    return tuple(_ended(line, by=by, at=at) for line in _lines(at=at))


def list_unruled_tables() -> tuple[str, ...]:
    """Tables that nobody ruled on: nothing of theirs is ever erased."""
    known = {
        model._meta.label
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed
    }
    return tuple(sorted(known - set(TABLE_RULES)))


def set_hold(name: str, *, case_number: str, by: Actor, at: datetime) -> Hold:
    """Keep a table, a source or a delivery ("source.period"; "" for everything) until the hold is ended.

    Refuses a case number that is a story: what the case is about stands elsewhere.
    """
    _require_holder(by)
    if not CASE_NUMBER.match(case_number):
        raise Refusal(
            "hold.case_number", "写案号或文号，80 字以内。", next_step="如（2026）粤0310民初1号。"
        )
    with transaction.atomic():
        row = LegalHold.objects.create(
            name=name, case_number=case_number, set_by=by.user_id, set_at=at
        )
        _enter(by, "retention.hold_set", name or "everything", count=1, at=at)
    return _view(row)


def end_hold(number: int, *, by: Actor, at: datetime) -> None:
    """What it kept is due again. Refuses who set it: ending takes another person. Repeating adds nothing."""
    _require_holder(by)
    row = LegalHold.objects.filter(pk=number).first()
    if row is None:
        raise Refusal("hold.none", f"没有第 {number} 号保全。", next_step="kuai hold list。")
    if row.ended_at is not None:
        return
    if row.set_by == by.user_id:
        raise Refusal("hold.own", "保全由另一个人解除。")
    with transaction.atomic():
        row.ended_by, row.ended_at = by.user_id, at
        row.save()
        _enter(by, "retention.hold_ended", row.name or "everything", count=1, at=at)


def list_holds() -> tuple[Hold, ...]:
    """The living ones, oldest first."""
    return tuple(_view(row) for row in LegalHold.objects.filter(ended_at__isnull=True))


def is_held(*names: str) -> bool:
    """Does a hold keep any of these, or everything?"""
    wanted = {*names, EVERYTHING}
    return LegalHold.objects.filter(ended_at__isnull=True, name__in=wanted).exists()


def enter_erasure(by: Actor, what: str, *, kind: str, count: int, at: datetime) -> None:
    """The entry that proves an erasure outside of tables."""
    _enter(by, ERASED, what, count=count, at=at, kind=kind)


def enter_run(by: Actor, report: bytes, *, count: int, at: datetime) -> None:
    """The entry that ends a run: with the digest of its report, so that the report cannot be another one later."""
    digest = hashlib.sha256(report).hexdigest()
    _enter(by, FINISHED, "report", count=count, at=at, outcome=digest)


def _lines(*, at: datetime) -> Iterator[TableLine]:
    known = {
        model._meta.label: model
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed
    }
    for label, rule in TABLE_RULES.items():
        if label not in known:
            continue
        if rule.end is End.STAYS:
            yield TableLine(label, rule.end, rule.because)
            continue
        rows = _due_rows(known[label], rule, at=at)
        due, kept = rows.count(), rows.filter(_of_held_sources(rule)).count()
        held = bool(due) and (is_held(label) or kept == due)
        yield TableLine(label, rule.end, rule.because, due, held=held, of_held_sources=kept)


def _due_rows(model: Any, rule: TableRule, *, at: datetime) -> QuerySet[Any]:
    over = _over_by_source(rule, at=at) if rule.by_source else _over(rule, rule.days, at=at)
    if rule.valid_until:
        over &= Q(**{f"{rule.valid_until}__lt": local_day(at)})
    # Not the model's own manager: tables that only grow refuse to lose rows by it, until their time is over.
    return QuerySet(model).filter(rule.rows & over)


def _over(rule: TableRule, days: int, *, at: datetime) -> Q:
    return Q(**{f"{rule.since}__lt": at - timedelta(days=days)})


def _over_by_source(rule: TableRule, *, at: datetime) -> Q:
    """Nothing of a source that is not registered, or whose registration names no days."""
    over = Q(pk__in=[])
    for record in SourceRecord.objects.filter(retention_days__gt=0):
        over |= Q(**{rule.by_source: record.source}) & _over(rule, record.retention_days, at=at)
    return over


def _of_held_sources(rule: TableRule) -> Q:
    """Rows do not tell their delivery: a hold of one delivery keeps the rows of its whole source."""
    held = Q(pk__in=[])
    if rule.by_source:
        for name in LegalHold.objects.filter(ended_at__isnull=True).values_list("name", flat=True):
            for source in {name, name.rpartition(".")[0]} - {""}:
                held |= Q(**{rule.by_source: source})
    return held


def _ended(line: TableLine, *, by: Actor, at: datetime) -> TableLine:
    if not line.due or line.held:
        return line
    rule = TABLE_RULES[line.table]
    rows = _due_rows(apps.get_model(line.table), rule, at=at).exclude(_of_held_sources(rule))
    with transaction.atomic():
        if rule.end is End.ANONYMISED:
            gone = _anonymise_accounts(rows)
        else:
            _, by_table = rows.delete()
            gone = by_table.get(line.table, 0)
        _enter(by, ERASED, line.table, count=gone, at=at)
    return replace(line, gone=gone)


def _anonymise_accounts(rows: QuerySet[Account]) -> int:
    numbers = list(rows.values_list("pk", flat=True))
    OutsideLogin.objects.filter(account_id__in=numbers).delete()
    # Administrators must have a staff number, and no two the same: theirs becomes their row's.
    for account in Account.objects.filter(pk__in=numbers):
        account.display_name = ""
        account.staff_no = f"gone-{account.pk}" if "administrator" in account.role else ""
        account.set_unusable_password()
        account.closed_at = None
        account.save()
    return len(numbers)


def _require_holder(by: Actor) -> None:
    if by.role not in HOLDERS:
        raise Refusal("hold.not_yours", "保全由数据管理员、审计员或审计管理员设置和解除。")


def _view(row: LegalHold) -> Hold:
    return Hold(row.pk, row.name, row.case_number, row.set_by, row.set_at)


def _enter(
    by: Actor,
    action: str,
    what: str,
    *,
    count: int,
    at: datetime,
    kind: str = "table",
    outcome: str = "allowed",
) -> None:
    record_entry(
        actor=by,
        action=action,
        object_kind=kind,
        object_refs=(what,),
        purpose="administration",
        count=count,
        at=at,
        outcome=outcome,
    )
