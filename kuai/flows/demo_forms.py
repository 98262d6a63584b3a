"""The transit company's sheet on a demo store: registered, approved, and sources whose agreements allow it.

Synthetic stores alone: there nobody has agreed to anything, and nobody is meant.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

from kuai.guard.access import register_source
from kuai.guard.queries import find_actor_by_login, is_synthetic_store, list_sources
from kuai.guard.types import Role, Zone
from kuai.kit.errors import Refusal
from kuai.services.forms.actions import decide_form, register_form
from kuai.services.forms.queries import list_forms
from kuai.services.forms.types import FormWish, ListKind

TITLE, OFFICE = "老年人乘车优待名单", "公交集团"
BASIS = "老年人权益保障法第五十八条；街道职责清单（便民服务）"
# Registers of people, homes and firms, and whose account a meter is; never who opens doors or calls for help.
LENDING = (
    "police_residents",
    "housing_ownership",
    "rental_filings",
    "social_insurance",
    "business_registry",
    "new_firms",
    "transit_list",
    "water_usage",
)
# Who may have something brought home: a list of who it is owed to, never who asked for a reminder.
CARE_LENDING = ("disability_cards",)
LENT = ("proactive_benefit", "rental_management", "residence_registration")
FIELDS = (
    "person.name",
    "person.sex",
    "person.birth_date",
    "person.residence",
    "person.phone",
    "person.community",
    "person.deliver_home",
)


def lend_demo_sources(*, at: datetime) -> int:
    """Let the invented sources be used for forms; the care source gives its yes or no. Returns how many changed."""
    if not is_synthetic_store():
        raise Refusal("forms.demo_refused", "演示报表只能建在合成数据的库里，这个库有真实来源。")
    steward = find_actor_by_login("demo-data-steward")
    changed = 0
    for one in list_sources():
        more = ("home_delivery",) if one.zone is Zone.CARE else LENT
        is_asked = one.source in (CARE_LENDING if one.zone is Zone.CARE else LENDING)
        if not is_asked or set(more) <= set(one.permitted_purposes):
            continue
        wished = tuple(sorted({*one.permitted_purposes, *more}))
        if steward is None or steward.role is not Role.DATA_STEWARD:
            raise Refusal("forms.demo_logins", "请先启动门户，建好演示账号。")
        register_source(replace(one, permitted_purposes=wished), by=steward, at=at)
        changed += 1
    return changed


def seed_demo_forms(*, at: datetime) -> str:
    """Register and approve the transit company's form by the demo logins; returns its number. May be repeated."""
    lend_demo_sources(at=at)
    known = next((one for one in list_forms(on=at.date()) if one.wish.title == TITLE), None)
    if known is not None:
        return known.number
    steward = find_actor_by_login("demo-data-steward")
    approver = find_actor_by_login("demo-department-clerk")
    if steward is None or approver is None:
        raise Refusal("forms.demo_logins", "请先启动门户，建好演示账号。")
    year = at.year
    number = register_form(
        FormWish(
            title=TITLE,
            office=OFFICE,
            basis=BASIS,
            approval_no=f"深坪报准〔{year}〕演示1号",
            about="person",
            fields=FIELDS,
            area="",
            purpose="proactive_benefit",
            expires_on=at.date() + timedelta(days=365),
            list_kind=ListKind.TURNING,
            age=60,
            period_first=date(year, 1, 1),
            period_last=date(year, 12, 31),
            home_delivery_because="优待卡由公交集团寄送，行动不便的上门送。",
        ),
        by=steward,
        at=at,
    )
    decide_form(number, "approved", reason="演示：依据、栏目和用途相符", by=approver, at=at)
    return number
