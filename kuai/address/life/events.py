"""What each kind of event does to the library. A decision and no writing: the effect is folded by whoever records it.

Children never stay behind: rooms follow their building under new codes, what stands in a grid or community keeps its
code and gets a new parent.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from kuai.address.life.drafting import KNOWN_BY_NAME, Draft
from kuai.address.life.moves import BEGINS_IN, EVENT_WORDS, LEVEL_WORDS, state_after
from kuai.address.life.shapes import Effect, Entry, LibraryView, NewEntry, NewEvent
from kuai.address.types import EventKind, Level, State
from kuai.guard.free_text import require_nobody
from kuai.kit.errors import Refusal

LONGEST_REASON = 400
_SHOWN = 5


def effect_of(event: NewEvent, library: LibraryView) -> Effect:
    """What `event` changes; refuses what the rules of the library do not allow."""
    if not event.reason.strip() or len(event.reason) > LONGEST_REASON:
        raise Refusal("library.reason", f"要写明理由，最长 {LONGEST_REASON} 字。")
    _require_nobody(event)
    if len(set(event.codes)) != len(event.codes):
        raise Refusal("library.code_twice", "同一个编码写了两次。")
    draft = Draft(library, event)
    _RULES[event.kind](draft)
    _require_no_orphan(draft)
    return draft.effect()


def _require_nobody(event: NewEvent) -> None:
    """Reasons and texts go into frozen versions, where nothing is taken back."""
    require_nobody(event.reason, what="理由", code="library.personal")
    named = [event.new_name, event.new_text, *event.names.values(), *event.prefixes.values()]
    for one in event.begins:
        named += [one.name, one.standard_text, *one.rooms]
    for text in named:
        require_nobody(text, what="名称或地址", code="library.personal")


def _plan(draft: Draft) -> None:
    _require_counts(draft, codes=(0, 0), begins=(1, None))
    _begin_all(draft, State.PLANNED)


def _take_into_use(draft: Draft) -> None:
    event = draft.event
    if bool(event.codes) == bool(event.begins):
        raise Refusal("library.use_unclear", "启用：写明规划中的编码，或写明新的地点，二者取一。")
    for code in event.codes:
        entry = draft.entry(code)
        draft.put(replace(entry, state=state_after(entry, event.kind)))
        for room in draft.living_children([code]):
            if room.level is Level.ROOM and room.state is State.PLANNED:
                draft.put(replace(room, state=State.IN_USE))
    _begin_all(draft, State.IN_USE)


def _begin_all(draft: Draft, state: State) -> None:
    parents = set()
    for asked in draft.event.begins:
        entry = draft.begin(asked, state=state)
        parents |= {entry.parent_code or "", entry.address_code}
    draft.require_distinct_texts(parents - {""})


def _split(draft: Draft) -> None:
    event = draft.event
    _require_counts(draft, codes=(1, 1), begins=(2, None))
    old = draft.entry(event.codes[0])
    state = state_after(old, event.kind)
    children = draft.living_children([old.address_code])
    _require_assigned(children, event)
    followers = [_begin_follower(draft, asked, old) for asked in event.begins]
    for child in children:
        follower = followers[event.assign[child.address_code]]
        _carry(draft, child, old, follower, name=event.names.get(child.address_code, ""))
    draft.end(old, state, followers)
    _require_distinct(draft, followers)


def _merge(draft: Draft) -> None:
    event = draft.event
    _require_counts(draft, codes=(1 if event.into else 2, None), begins=(0, 1))
    if bool(event.into) == bool(event.begins):
        raise Refusal("library.merge_unclear", "合并：写明并入哪个编码，或写明新的地点，二者取一。")
    old = [draft.entry(code) for code in event.codes]
    states = [state_after(one, event.kind) for one in old]
    if event.into:
        taker = draft.living(event.into)
        if taker in old:
            raise Refusal("library.merge_itself", "不能并入自己。")
    else:
        taker = _begin_follower(draft, event.begins[0], old[0])
    if {one.level for one in old} != {taker.level}:
        raise Refusal("library.level_misfit", "合并的各方要在同一级。")
    for one, state in zip(old, states, strict=True):
        for child in draft.living_children([one.address_code]):
            prefix = event.prefixes.get(one.address_code, "")
            name = event.names.get(child.address_code, "") or (prefix and prefix + child.name)
            _carry(draft, child, one, taker, name=name)
        draft.end(one, state, [taker])
    _require_distinct(draft, [taker])


def _renumber(draft: Draft) -> None:
    event = draft.event
    _require_counts(draft, codes=(1, 1), begins=(1, 1))
    old = draft.entry(event.codes[0])
    state = state_after(old, event.kind)
    follower = _begin_follower(draft, event.begins[0], old)
    for child in draft.living_children([old.address_code]):
        _carry(draft, child, old, follower, name=event.names.get(child.address_code, ""))
    draft.keep_place(follower, old)
    draft.end(old, state, [follower])
    _require_distinct(draft, [follower])


def _rename(draft: Draft) -> None:
    event = draft.event
    _require_counts(draft, codes=(1, 1), begins=(0, 0))
    old = draft.entry(event.codes[0])
    state_after(old, event.kind)
    name, text = event.new_name.strip() or old.name, event.new_text.strip()
    if not text:
        ends_in_name = old.name and old.standard_text.endswith(old.name)
        cut = old.standard_text[: -len(old.name)] if ends_in_name else ""
        if old.standard_text and not cut and name != old.name:
            raise Refusal(
                "library.text_missing",
                "标准地址不是以名称结尾，请写明新的标准地址。",
                next_step="加上 --text。",
            )
        text = cut + name if cut else old.standard_text
    if (name, text) == (old.name, old.standard_text):
        raise Refusal("library.nothing_new", "名称和标准地址都没有变。")
    new = draft.put(replace(old, name=name, standard_text=text))
    draft.retext(new, old.standard_text, text)
    if old.level in KNOWN_BY_NAME and name != old.name:
        draft.remember_text(old.address_code, old.name)
    _require_distinct(draft, [new])


def _move(draft: Draft) -> None:
    event = draft.event
    _require_counts(draft, codes=(1, None), begins=(0, 0))
    if not event.into:
        raise Refusal("library.move_unclear", "划转：写明新的上级。")
    for code in event.codes:
        old = draft.entry(code)
        state_after(old, event.kind)
        if old.level is Level.ROOM:
            raise Refusal(
                "library.room_moves_not",
                "房屋不能划转到别的楼栋。",
                next_step="房屋改属别的楼栋要登记改号（renumber），编码随之更新。",
            )
        draft.require_parent(old.level, event.into)
        if old.parent_code == event.into:
            raise Refusal("library.nothing_new", f"{code} 已经在 {event.into} 下面。")
        _change_parent(draft, old, draft.text_above(old.parent_code), event.into)
    draft.require_distinct_texts([event.into])


def _demolish(draft: Draft) -> None:
    event = draft.event
    _require_counts(draft, codes=(1, None), begins=(0, 0))
    # Rooms named beside their building end with it and are not ended twice.
    for entry in sorted(map(draft.entry, event.codes), key=lambda one: len(one.address_code)):
        current = draft.entry(entry.address_code)
        if current != entry and not current.is_living:
            continue
        state = state_after(entry, event.kind)
        if entry.level is Level.BUILDING:
            for room in draft.living_children([entry.address_code]):
                draft.end(room, State.DEMOLISHED)
        draft.end(entry, state)


_RULES: dict[EventKind, Callable[[Draft], None]] = {
    EventKind.PLANNED: _plan,
    EventKind.TAKEN_INTO_USE: _take_into_use,
    EventKind.SPLIT: _split,
    EventKind.MERGED: _merge,
    EventKind.RENUMBERED: _renumber,
    EventKind.RENAMED: _rename,
    EventKind.MOVED: _move,
    EventKind.DEMOLISHED: _demolish,
}


def _begin_follower(draft: Draft, asked: NewEntry, old: Entry) -> Entry:
    """What takes the place of `old`: of its level, planned while it was planned."""
    if asked.level is not None and asked.level is not old.level:
        raise Refusal("library.level_misfit", f"接替的要同是{LEVEL_WORDS[old.level]}。")
    planned = old.state is State.PLANNED
    state = State.PLANNED if planned else BEGINS_IN[draft.event.kind]
    return draft.begin(asked, state=state, like=old)


def _carry(draft: Draft, child: Entry, old: Entry, follower: Entry, *, name: str) -> None:
    """A child of what ended goes on under what follows: a room under a new code, anything else under its own."""
    if child.level is Level.ROOM:
        draft.carry_room(child, follower, name=name, state=State.RENUMBERED)
    else:
        above = old.standard_text or draft.text_above(old.parent_code)
        _change_parent(draft, child, above, follower.address_code)


def _change_parent(draft: Draft, entry: Entry, text_above: str, parent_code: str) -> None:
    """`entry` stands under another parent; a text that began with the old one's begins with the new one's."""
    new_above = draft.text_above(parent_code)
    old = entry.standard_text
    text = old
    if text_above and old.startswith(text_above):
        text = new_above + old[len(text_above) :]
    moved = draft.put(replace(entry, parent_code=parent_code, standard_text=text))
    # A grid has no text of its own; what stands in it bears the text of what lies above.
    if old:
        draft.retext(moved, old, text)
    elif text_above != new_above:
        for below in draft.living_children([entry.address_code]):
            _change_parent(draft, below, text_above, entry.address_code)


def _require_distinct(draft: Draft, entries: Sequence[Entry]) -> None:
    """No doubles beside `entries` nor inside them."""
    parents = [one.parent_code or "" for one in entries] + [one.address_code for one in entries]
    draft.require_distinct_texts([code for code in parents if code])


def _require_counts(
    draft: Draft, *, codes: tuple[int, int | None], begins: tuple[int, int | None]
) -> None:
    word = EVENT_WORDS[draft.event.kind]
    for what, given, (least, most) in (
        ("编码", len(draft.event.codes), codes),
        ("新地点", len(draft.event.begins), begins),
    ):
        if given < least or (most is not None and given > most):
            allowed = f"{least}" if least == most else f"{least} 个以上" if most is None else ""
            allowed = allowed or f"{least} 到 {most}"
            raise Refusal("library.event_form", f"{word}：{what}写了 {given} 个，应为 {allowed}。")


def _require_assigned(children: Sequence[Entry], event: NewEvent) -> None:
    missing = [
        f"{child.name or child.address_code}（{child.address_code}）"
        for child in children
        if event.assign.get(child.address_code) not in range(len(event.begins))
    ]
    if missing:
        more = f" 等 {len(missing)} 个" if len(missing) > _SHOWN else ""
        raise Refusal(
            "library.child_unassigned",
            f"还没有说明归哪一个：{'、'.join(missing[:_SHOWN])}{more}。",
            next_step="给每个下级写明归哪一个新地点；停用的编码下面不留地点。",
        )
    known = {child.address_code for child in children}
    strangers = sorted(set(event.assign) - known)
    if strangers:
        raise Refusal("library.not_a_child", f"{strangers[0]} 不在被拆分的地点下面。")


def _require_no_orphan(draft: Draft) -> None:
    """Nothing living stands under what this event ended."""
    ended = [one.after.address_code for one in draft.effect().changes if one.role == "ended"]
    left = draft.living_children(ended) if ended else []
    if left:
        above = draft.entry(left[0].parent_code or "")
        raise Refusal(
            "library.children_left",
            f"{above.address_code} 下面还有 {len(left)} 个在用的地点（如 {left[0].address_code}）。",
            next_step="先把它们划转、合并或注销。",
        )
