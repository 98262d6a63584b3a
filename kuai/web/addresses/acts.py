"""What a steward may say happened to an entry: which acts are offered, their forms, and the event each form tells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar

from django import forms
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kuai.address.library import Entry, NewEntry, NewEvent
from kuai.address.types import EventKind, Level, State
from kuai.web.addresses.forms import DayField, ReasonField
from kuai.web.addresses.words import ACT_NAMES, LEVEL_BELOW

LONGEST_NAME, LONGEST_TEXT, LONGEST_CODE = 80, 400, 40
MOST_PARTS = 12
MOST_ROOMS = 500
# What lies above a community is changed by command: a sub-district's new name rewrites tens of thousands of addresses.
ACTED_LEVELS = (Level.COMMUNITY, Level.GRID, Level.BUILDING, Level.ROOM)
SEPARATORS = "\t|｜"


def list_acts(entry: Entry) -> list[dict[str, str]]:
    """The acts offered for this entry, with the address of their form. What is forbidden is still refused later."""
    kinds: list[EventKind] = []
    if entry.is_living and LEVEL_BELOW.get(entry.level) in ACTED_LEVELS:
        kinds.append(EventKind.PLANNED)
    if entry.is_living and entry.level in ACTED_LEVELS:
        if entry.state == State.PLANNED:
            kinds.append(EventKind.TAKEN_INTO_USE)
        kinds += [
            EventKind.RENAMED,
            EventKind.RENUMBERED,
            EventKind.SPLIT,
            EventKind.MERGED,
            # A room never leaves its building; it is renumbered into another one.
            *([] if entry.level == Level.ROOM else [EventKind.MOVED]),
            EventKind.DEMOLISHED,
        ]
    return [
        {
            "title": str(ACT_NAMES[kind]),
            "url": reverse("address_act", args=[entry.address_code, kind.value]),
        }
        for kind in kinds
    ]


@dataclass(frozen=True)
class Surroundings:
    """What a form offers to choose from: what stands below and beside the entry, and where it could be moved."""

    entry: Entry
    label: str = ""
    below: Sequence[Entry] = ()
    beside: Sequence[Entry] = ()
    homes: Sequence[Entry] = ()


class ActForm(forms.Form):
    """Day and reason; each kind adds what only it needs."""

    kind: ClassVar[EventKind]

    def __init__(self, around: Surroundings, *arguments: Any, today: date, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.around = around
        self.add_fields()
        self.fields["day"] = DayField(today=today)
        self.fields["reason"] = ReasonField()

    def add_fields(self) -> None:
        """What only this kind needs."""

    def more(self) -> dict[str, Any]:
        """The event's own values."""
        return {}

    def event(self) -> NewEvent:
        """What the steward says happened."""
        values: dict[str, Any] = {"codes": (self.around.entry.address_code,), **self.more()}
        return NewEvent(
            kind=self.kind,
            day=self.cleaned_data["day"],
            reason=self.cleaned_data["reason"].strip(),
            **values,
        )


def _name_field(label: Any = None, *, required: bool = True) -> forms.CharField:
    return forms.CharField(
        label=label or gettext_lazy("新名称"),
        max_length=LONGEST_NAME,
        required=required,
        error_messages={"required": gettext_lazy("请写新名称。")},
    )


def _text_field() -> forms.CharField:
    return forms.CharField(
        label=gettext_lazy("新标准地址"), max_length=LONGEST_TEXT, required=False
    )


def _code_field() -> forms.CharField:
    return forms.CharField(label=gettext_lazy("新编码"), max_length=LONGEST_CODE, required=False)


class RenameForm(ActForm):
    """Another name, the same code."""

    kind = EventKind.RENAMED

    def add_fields(self) -> None:
        self.fields["name"] = _name_field()
        self.fields["text"] = _text_field()

    def more(self) -> dict[str, Any]:
        return {
            "new_name": self.cleaned_data["name"].strip(),
            "new_text": self.cleaned_data["text"].strip(),
        }


class RenumberForm(ActForm):
    """Another code for the same place."""

    kind = EventKind.RENUMBERED

    def add_fields(self) -> None:
        self.fields["name"] = _name_field()
        self.fields["text"] = _text_field()
        self.fields["code"] = _code_field()

    def more(self) -> dict[str, Any]:
        return {"begins": (_as_new_entry(self.cleaned_data),)}


def _as_new_entry(cleaned: Mapping[str, Any], **values: Any) -> NewEntry:
    return NewEntry(
        name=cleaned["name"].strip(),
        standard_text=cleaned.get("text", "").strip(),
        code=cleaned.get("code", "").strip(),
        **values,
    )


class DemolishForm(ActForm):
    """Gone; nothing follows."""

    kind = EventKind.DEMOLISHED


class TakeIntoUseForm(ActForm):
    """What was planned is there now."""

    kind = EventKind.TAKEN_INTO_USE


class PlanForm(ActForm):
    """A place that will be, or is already, under the entry."""

    kind = EventKind.PLANNED

    def add_fields(self) -> None:
        level = LEVEL_BELOW[self.around.entry.level]
        self.fields["name"] = _name_field(gettext_lazy("名称"))
        self.fields["text"] = _text_field()
        self.fields["code"] = _code_field()
        self.fields["in_use"] = forms.BooleanField(
            label=gettext_lazy("已经建成，直接启用"), required=False
        )
        if level in (Level.BUILDING, Level.ROOM):
            self.fields["use"] = forms.CharField(
                label=gettext_lazy("用途"), max_length=40, required=False
            )
        if level == Level.BUILDING:
            self.fields["rooms"] = forms.CharField(
                label=gettext_lazy("房号"), required=False, max_length=20_000
            )
            self.fields["longitude"] = _degrees(gettext_lazy("经度"), 73, 136)
            self.fields["latitude"] = _degrees(gettext_lazy("纬度"), 3, 54)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if (cleaned.get("longitude") is None) != (cleaned.get("latitude") is None):
            raise forms.ValidationError(_("经度和纬度要一起写，或都不写。"))
        if len(_words(cleaned.get("rooms", ""))) > MOST_ROOMS:
            raise forms.ValidationError(_("一次最多 500 个房号；更多请用导入。"))
        return cleaned

    def event(self) -> NewEvent:
        begun = _as_new_entry(
            self.cleaned_data,
            level=LEVEL_BELOW[self.around.entry.level],
            parent_code=self.around.entry.address_code,
            use=self.cleaned_data.get("use") or None,
            rooms=tuple(_words(self.cleaned_data.get("rooms", ""))),
            longitude=self.cleaned_data.get("longitude"),
            latitude=self.cleaned_data.get("latitude"),
        )
        is_there = self.cleaned_data["in_use"]
        return NewEvent(
            kind=EventKind.TAKEN_INTO_USE if is_there else EventKind.PLANNED,
            day=self.cleaned_data["day"],
            reason=self.cleaned_data["reason"].strip(),
            begins=(begun,),
        )


def _degrees(label: Any, least: float, most: float) -> forms.FloatField:
    wrong = gettext_lazy("坐标不在中国范围内：经度 73–136，纬度 3–54。")
    return forms.FloatField(
        label=label,
        required=False,
        min_value=least,
        max_value=most,
        error_messages={"min_value": wrong, "max_value": wrong},
    )


def _words(text: str) -> list[str]:
    for separator in "，、；,;\r\n\t":
        text = text.replace(separator, " ")
    return list(dict.fromkeys(text.split()))


class SplitForm(ActForm):
    """One becomes several; what stands below is given to one of them."""

    kind = EventKind.SPLIT

    def add_fields(self) -> None:
        self.fields["parts"] = forms.CharField(
            label=gettext_lazy("拆成哪几处"),
            max_length=8_000,
            error_messages={"required": gettext_lazy("请写拆成哪几处，每行一处。")},
        )
        self.below = [child for child in self.around.below if child.is_living]
        choices = [(str(place), str(place + 1)) for place in range(MOST_PARTS)]
        for child in self.below:
            self.fields[f"assign-{child.address_code}"] = forms.ChoiceField(
                choices=choices, required=False
            )

    def clean_parts(self) -> list[tuple[str, str]]:
        """(name, standard text or nothing) of each part."""
        parts = []
        for line in self.cleaned_data["parts"].splitlines():
            for separator in SEPARATORS:
                line = line.replace(separator, "\t")
            name, _tab, text = line.partition("\t")
            if name.strip():
                parts.append((name.strip(), text.strip()))
        if not 2 <= len(parts) <= MOST_PARTS:
            raise forms.ValidationError(_("拆分至少要有两处，最多十二处，每行一处。"))
        if any(len(name) > LONGEST_NAME or len(text) > LONGEST_TEXT for name, text in parts):
            raise forms.ValidationError(_("名称最长 80 字，标准地址最长 400 字。"))
        return parts

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        count = len(cleaned.get("parts", ())) or MOST_PARTS
        assigned = self._assigned(cleaned)
        left = [child.name for child in self.below if child.address_code not in assigned]
        if left:
            raise forms.ValidationError(
                _("还有 %(count)s 个下级没有选归到第几处，例如 %(name)s。"),
                params={"count": len(left), "name": left[0]},
            )
        if any(place >= count for place in assigned.values()):
            raise forms.ValidationError(_("有下级分到了没有写出的那一处，请核对。"))
        return cleaned

    def _assigned(self, cleaned: Mapping[str, Any]) -> dict[str, int]:
        return {
            child.address_code: int(place)
            for child in self.below
            if (place := cleaned.get(f"assign-{child.address_code}") or "")
        }

    def rows(self) -> list[tuple[Entry, Any]]:
        """Each thing below with its field, for the page."""
        return [(child, self[f"assign-{child.address_code}"]) for child in self.below]

    def more(self) -> dict[str, Any]:
        return {
            "begins": tuple(
                NewEntry(name=name, standard_text=text) for name, text in self.cleaned_data["parts"]
            ),
            "assign": self._assigned(self.cleaned_data),
        }


class MergeForm(ActForm):
    """Several become one: this one takes the others over, or a new one takes all."""

    kind = EventKind.MERGED

    def add_fields(self) -> None:
        self.others = [one for one in self.around.beside if one.is_living]
        self.fields["others"] = forms.MultipleChoiceField(
            label=gettext_lazy("与哪几处合并"),
            choices=[(one.address_code, one.name) for one in self.others],
            error_messages={"required": gettext_lazy("请选与哪几处合并。")},
        )
        self.fields["result"] = forms.ChoiceField(
            label=gettext_lazy("合并以后"),
            choices=[("this", "this"), ("new", "new")],
            initial="this",
        )
        self.fields["name"] = _name_field(required=False)
        self.fields["text"] = _text_field()
        if self.around.entry.level == Level.BUILDING:
            for one in (self.around.entry, *self.others):
                self.fields[f"prefix-{one.address_code}"] = forms.CharField(
                    max_length=20, required=False
                )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("result") == "new" and not (cleaned.get("name") or "").strip():
            raise forms.ValidationError(_("合并成新的一处，要写它的名称。"))
        return cleaned

    def rows(self) -> list[tuple[Entry, bool, Any]]:
        """Each neighbour, whether it is ticked, and the field of the word before its room numbers."""
        ticked = set(self["others"].value() or ())
        return [
            (
                one,
                one.address_code in ticked,
                self[f"prefix-{one.address_code}"]
                if f"prefix-{one.address_code}" in self.fields
                else None,
            )
            for one in self.others
        ]

    def more(self) -> dict[str, Any]:
        this = self.around.entry.address_code
        others = tuple(self.cleaned_data["others"])
        is_new = self.cleaned_data["result"] == "new"
        ending = (this, *others) if is_new else others
        prefixes = {
            code: word
            for code in ending
            if (word := (self.cleaned_data.get(f"prefix-{code}") or "").strip())
        }
        if is_new:
            begun = _as_new_entry(self.cleaned_data)
            return {"codes": ending, "begins": (begun,), "prefixes": prefixes}
        return {"codes": ending, "into": this, "prefixes": prefixes}


class MoveForm(ActForm):
    """Under another parent, the same code."""

    kind = EventKind.MOVED

    def add_fields(self) -> None:
        self.fields["into"] = forms.CharField(
            label=gettext_lazy("调整到"),
            max_length=LONGEST_CODE,
            required=False,
        )
        self.fields["into_other"] = forms.CharField(
            label=gettext_lazy("或写编码"), max_length=LONGEST_CODE, required=False
        )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not (cleaned.get("into_other") or cleaned.get("into")):
            raise forms.ValidationError(_("请选调整到哪里。"))
        return cleaned

    def more(self) -> dict[str, Any]:
        into = self.cleaned_data["into_other"].strip() or self.cleaned_data["into"].strip()
        return {"into": into}


FORMS: Mapping[EventKind, type[ActForm]] = {
    form.kind: form
    for form in (
        PlanForm,
        TakeIntoUseForm,
        RenameForm,
        RenumberForm,
        SplitForm,
        MergeForm,
        MoveForm,
        DemolishForm,
    )
}
