"""报表准入: a steward registers a form with its basis, another person approves; only added. Private: see `actions`."""

from __future__ import annotations

import secrets
from datetime import date, datetime

from django.db import transaction

from kuai.guard import access, officials
from kuai.guard.free_text import require_reason
from kuai.guard.queries import are_two_people, covers_any, list_purposes
from kuai.guard.types import Actor, Role, TicketKind
from kuai.kit.errors import Refusal
from kuai.services.forms.engine.form_fields import NEVER_FILLED, form_fields
from kuai.services.forms.models import FormMove, RegisteredForm
from kuai.services.forms.types import ABOUT_OF_LIST, FormState, FormView, FormWish, ListKind

REGISTRARS = frozenset({Role.DATA_STEWARD})
APPROVERS = frozenset({Role.DATA_STEWARD, Role.DEPARTMENT_CLERK})
KEEPING = "form_keeping"
# A registration is looked at again after two years at the latest.
LONGEST_DAYS = 731
YOUNGEST_LISTED = 14
LONGEST_PERIOD_DAYS = 366


def register_form(wish: FormWish, *, by: Actor, at: datetime) -> str:
    """Register a form; it waits for another person's approval. Refuses what lacks basis, purpose, field or end."""
    if by.role not in REGISTRARS:
        raise Refusal("form.not_yours", "报表由数据管理员登记。")
    _require_told(wish)
    _require_fields(wish)
    _require_purpose(wish)
    _require_list(wish)
    officials.require_official(wish.office.strip())
    today = at.date()
    if not today < wish.expires_on or (wish.expires_on - today).days > LONGEST_DAYS:
        raise Refusal("form.expiry", "有效期要晚于今天，最长两年。")
    number = f"BB-{at:%Y%m}-{secrets.token_hex(3).upper()}"
    with transaction.atomic():
        RegisteredForm(
            number=number,
            title=wish.title.strip(),
            office=wish.office.strip(),
            basis=wish.basis.strip(),
            approval_no=wish.approval_no.strip(),
            about=wish.about,
            fields=list(wish.fields),
            area=wish.area,
            purpose=wish.purpose,
            expires_on=wish.expires_on,
            list_kind=wish.list_kind.value,
            age=wish.age,
            period_first=wish.period_first,
            period_last=wish.period_last,
            home_delivery_because=wish.home_delivery_because.strip(),
            registered_by=by.user_id,
            registered_at=at,
        ).save()
        enter("form.registered", number, by=by, at=at)
    return number


def decide_form(number: str, move: str, *, reason: str, by: Actor, at: datetime) -> FormState:
    """Approve, refuse or withdraw a registration; approving takes another person than who registered."""
    form = get_form(number)
    state = state_of(form, on=at.date())
    if by.role not in APPROVERS:
        raise Refusal("form.not_yours", "准入由数据管理员或部门工作人员审批。")
    said = require_reason(reason, what="这一步", area="form")
    allowed = {FormState.WAITING: ("approved", "refused"), FormState.IN_FORCE: ("withdrawn",)}
    if move not in allowed.get(state, ()):
        raise Refusal("form.move", "这张报表现在不能这样办。")
    if move == "approved" and by.user_id == form.registered_by:
        raise Refusal(
            "form.four_eyes", "登记人不能自己批准。", next_step="请另一位有审批职责的人来批。"
        )
    if move == "approved" and not are_two_people(by.user_id, form.registered_by):
        # Two logins are two people only where each has a staff number.
        raise Refusal(
            "form.four_eyes_unsure",
            "看不出登记人和批准人是两个人：账号没有写工号，或工号相同。",
            next_step="请系统管理员给两个账号写上工号。",
        )
    with transaction.atomic():
        FormMove(form=form, move=move, reason=said, moved_by=by.user_id, moved_at=at).save()
        enter(f"form.{move}", number, by=by, at=at)
    return state_of(form, on=at.date())


def get_form(number: str) -> RegisteredForm:
    form = RegisteredForm.objects.filter(number=number).first()
    if form is None:
        raise Refusal("form.unknown", "没有登记过这张报表。")
    return form


def state_of(form: RegisteredForm, *, on: date) -> FormState:
    """Where the registration stands on a day."""
    last = form.moves.order_by("-pk").first()
    if last is None:
        return FormState.WAITING
    if last.move == "refused":
        return FormState.REFUSED
    if last.move == "withdrawn":
        return FormState.WITHDRAWN
    return FormState.IN_FORCE if on <= form.expires_on else FormState.EXPIRED


def require_in_force(form: RegisteredForm, *, on: date) -> None:
    """Refuse a form that was not approved, or no longer is."""
    state = state_of(form, on=on)
    if state is not FormState.IN_FORCE:
        words = {
            FormState.WAITING: "还没有批准",
            FormState.REFUSED: "没有获准",
            FormState.WITHDRAWN: "已经撤销",
            FormState.EXPIRED: "已经过期",
        }
        raise Refusal(
            "form.not_in_force",
            f"报表 {form.number} {words[state]}，不能填。",
            next_step="请数据管理员办理准入；没有准入的，可以出一份退回函。",
        )


def area_for(form: RegisteredForm, actor: Actor) -> tuple[str, ...]:
    """The ground on which this actor fills the form: the form's, or the actor's own where that is narrower."""
    if covers_any(actor.areas, [form.area]):
        return (form.area,)
    own = tuple(area for area in actor.areas if covers_any([form.area], [area]))
    if not own:
        raise Refusal("form.area", "这张报表的区域不在你负责的范围内。")
    return own


def view_of(form: RegisteredForm, *, on: date) -> FormView:
    """The form as pages show it."""
    return FormView(
        number=form.number,
        wish=FormWish(
            title=form.title,
            office=form.office,
            basis=form.basis,
            approval_no=form.approval_no,
            about=form.about,
            fields=tuple(form.fields),
            area=form.area,
            purpose=form.purpose,
            expires_on=form.expires_on,
            list_kind=ListKind(form.list_kind),
            age=form.age,
            period_first=form.period_first,
            period_last=form.period_last,
            home_delivery_because=form.home_delivery_because,
        ),
        state=state_of(form, on=on),
        registered_by=form.registered_by,
        registered_at=form.registered_at,
        moves=tuple((m.move, m.moved_by, m.moved_at, m.reason) for m in form.moves.order_by("pk")),
        lessons=form.lessons.values("layout_key").distinct().count(),
        responsible=officials.speak_of(form.office),
        channel=officials.where_to_object(form.office),
    )


def purposes_of_forms() -> tuple[str, ...]:
    """The purposes whose live work may be a registered form."""
    return tuple(one.code for one in list_purposes() if TicketKind.FORM in one.ticket_kinds)


def enter(action: str, number: str, *, by: Actor, at: datetime, purpose: str = KEEPING) -> None:
    """A line in the ledger about a form, not about a person."""
    access.record_entry(
        actor=by, action=action, object_kind="form", object_refs=(number,), purpose=purpose,
        count=1, at=at,
    )  # fmt: skip


def _require_told(wish: FormWish) -> None:
    for text, what, longest in (
        (wish.title, "报表名称", 120),
        (wish.office, "送往单位", 120),
        (wish.basis, "依据", 400),
        (wish.approval_no, "批准文号", 80),
    ):
        if not text.strip() or len(text) > longest:
            raise Refusal("form.incomplete", f"{what}要写，最长 {longest} 字。")


def _require_fields(wish: FormWish) -> None:
    known = form_fields()
    wrong = [key for key in wish.fields if key not in known or known[key].about != wish.about]
    if not wish.fields or wrong:
        raise Refusal("form.fields", "请选这类报表能要的字段，至少一个。")
    never = [known[key].label for key in wish.fields if key in NEVER_FILLED]
    if never:
        raise Refusal(
            "form.never_filled",
            f"{'、'.join(never)}是最高级别，任何报表都不由系统填写，不能登记。",
            next_step="这一列留空，由办理的单位当面核对证件。",
        )
    if "person.deliver_home" in wish.fields and not wish.home_delivery_because.strip():
        raise Refusal("form.home_delivery", "要“是否送达到户”，须写明送什么、为什么要上门送。")
    if "person.deliver_home" in wish.fields and wish.list_kind is ListKind.NONE:
        raise Refusal(
            "form.home_delivery_list",
            "“是否送达到户”只随按条件列出的名单给出，不对表上逐个写名字的人给出。",
            next_step="请选一种名单，或去掉这一栏。",
        )


def _require_purpose(wish: FormWish) -> None:
    if wish.purpose not in purposes_of_forms():
        raise Refusal("form.purpose", "报表的用途只能是登记过、可以凭报表办理的用途。")


def _require_list(wish: FormWish) -> None:
    if wish.list_kind is ListKind.NONE:
        return
    if ABOUT_OF_LIST[wish.list_kind] != wish.about:
        raise Refusal("form.list", "名单的对象和报表的对象不一致。")
    if wish.list_kind in (ListKind.TURNING, ListKind.RESIDENTS):
        if not YOUNGEST_LISTED < wish.age <= 120:
            raise Refusal("form.age", f"年龄要大于 {YOUNGEST_LISTED} 岁：儿童不列名单。")
        first, last = wish.period_first, wish.period_last
        if first is None or last is None or not first <= last:
            raise Refusal("form.period", "请写名单的起止日期。")
        if (last - first).days > LONGEST_PERIOD_DAYS:
            raise Refusal("form.period", "名单的期间最长一年。")
