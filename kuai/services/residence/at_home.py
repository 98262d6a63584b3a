"""“We think you live here, right?” for a bound resident: each answer is a decision, and they are told what it changed.

A yes is a declaration by login; every other answer takes the fact out of use at once and asks whoever stated it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.db import transaction

from kuai.blocks.queries import open_blocks
from kuai.guard import access
from kuai.guard.types import Actor, Role
from kuai.kit.errors import Refusal
from kuai.kit.store import Store
from kuai.registry import decisions, queries
from kuai.registry.decisions import Objection
from kuai.services.residence import declaring
from kuai.services.residence.on_file import OnFile
from kuai.services.residence.types import Act, Changed, Channel, HomeLine, Proof, Tenure, Wish

HOME_KINDS = ("PH_RESIDE", "PH_RENT")
# What the person says -> how the registry keeps it.
ANSWERS = {
    "moved_out": Objection.MOVED_OUT,
    "never_lived": Objection.NEVER_LIVED,
    # The landlord's word is about another person than it should be.
    "landlord_wrong": Objection.WRONG_PERSON,
    "typo": Objection.TYPO,
}
YES = "yes"
_OUT_OF_USE = "这一条已停用：规则、名单和统计都不再用它，直到登记它的单位答复。"
# What each answer changed, in a plain sentence.
CHANGED = {
    "moved_out": "记下了：您已经搬走。" + _OUT_OF_USE + "新住处可以扫那里的门牌二维码申报。",
    "never_lived": "记下了：您从没住过这里。" + _OUT_OF_USE + "已问登记的单位这一条是怎么来的。",
    "landlord_wrong": "记下了：房东报错了人。" + _OUT_OF_USE + "已请登记的单位核对是谁住在这里。",
    "typo": "记下了：写错了。" + _OUT_OF_USE + "已请登记的单位改正；改正以后会重新算上您。",
}


def list_homes(store: Store, actor: Actor) -> tuple[HomeLine, ...]:
    """The homes that the person of this login is on file for; refuses a login that is nobody's, or a child's."""
    code = _require_person(store, actor)
    held = queries.read_person_file(store, code)
    reader = open_blocks(store.current_build())
    return tuple(
        HomeLine(
            fact_key=one.fact_key,
            type=one.type,
            room_code=one.other_code,
            standard_text=_text_of(reader.get_block, one.other_code),
            since=one.valid_from,
            is_contested=one.is_contested,
        )
        for one in held.facts
        if one.type in HOME_KINDS and one.is_from and one.status not in ("ended", "withdrawn")
    )


def answer_home(store: Store, fact_key: str, said: str, *, by: Actor, at: datetime) -> Changed:
    """One answer about one's own home. Refuses facts that are not this person's, and unknown answers.

    The decision is the registry's: it goes into the next build, and until then lies over every page.
    """
    homes = {one.fact_key: one for one in list_homes(store, by)}
    if fact_key not in homes:
        raise Refusal("home.not_yours", "这一条不是您的登记。")
    home = homes[fact_key]
    if said == YES:
        return _confirmed(store, home, by=by, at=at)
    if said not in ANSWERS:
        raise Refusal("home.answer", "请选一个回答。")
    contested = decisions.contest_fact(store, fact_key, says=ANSWERS[said], by=by, at=at)
    cases = tuple(case.number for case in contested.cases)
    return Changed(
        sentence=CHANGED[said],
        block_names=_blocks_over(store, home.room_code),
        cases=cases,
    )


def _confirmed(store: Store, home: HomeLine, *, by: Actor, at: datetime) -> Changed:
    if home.is_contested:
        raise Refusal(
            "home.contested",
            "您对这一条提过异议。",
            next_step="如果其实没错，请先在“我的异议”里撤回。",
        )
    told = declaring.Told(
        wish=Wish(act=Act.CONFIRM, tenure=Tenure.RENT, has_consented=True),
        room_code=home.room_code,
        channel=Channel.LOGIN,
        proof=Proof.LOGIN,
        person_code=by.person_code or "",
        on_file=OnFile(by.person_code or "", False, ()),
        fields_typed=0,
    )
    with transaction.atomic():
        made = declaring.record(store, told, at=at)
    return Changed(
        sentence="已记下您的确认。登记没有变；以后问“是不是住在这里”，先看您的确认。", declared=made
    )


def _require_person(store: Store, actor: Actor) -> str:
    binding = access.find_binding(actor) if actor.role is Role.RESIDENT else None
    if binding is None or not queries.is_record_of(store, binding.record, binding.person_code):
        raise Refusal(
            "home.unbound",
            "还没有工作人员当面核对过这个登录是您本人。",
            next_step="请本人带证件到社区服务窗口，说“核对居民登录”。",
        )
    if queries.resolve_person(binding.person_code, store=store).is_child_under_14:
        raise Refusal("declaration.child", "未满十四周岁的，由监护人申报。")
    return binding.person_code


def _text_of(get_block: Callable[[str], object], code: str) -> str:
    try:
        return str(getattr(get_block(code), "standard_text", ""))
    except Refusal:
        return ""


def _blocks_over(store: Store, room: str) -> tuple[str, ...]:
    """The names of the places whose figures counted this home, building and above: the next build counts anew."""
    try:
        block = open_blocks(store.current_build()).get_block(room)
    except Refusal:
        return ()
    return tuple(name for _, _, name in block.path)
