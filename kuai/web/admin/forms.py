"""What is asked of the security administrator: who, which role, where. Areas are blocks that exist."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kuai.guard.queries import list_sources
from kuai.guard.register import (
    POWERFUL,
    ROLES_OF_THE_WHOLE,
    ROLES_WITHOUT_AREA,
    NewAccount,
    Powers,
)
from kuai.guard.types import Role
from kuai.kit.errors import DataFault, Refusal
from kuai.rules.queries import list_rules
from kuai.web.doors import current_reader, current_store
from kuai.web.words import ROLE_NAMES

WHOLE = "/"
# A resident's login opens nothing before an officer who saw the person bound it.
OFFERED = tuple(Role)


class PowersForm(forms.Form):
    """Role, areas, department."""

    role = forms.ChoiceField(label=gettext_lazy("角色"))
    areas = forms.CharField(
        label=gettext_lazy("负责的块"),
        required=False,
        max_length=2000,
        help_text=gettext_lazy("块的编码，用空格或换行分开；/ 表示全部。管理员不写。"),
    )
    department = forms.CharField(
        label=gettext_lazy("部门"),
        required=False,
        max_length=100,
        help_text=gettext_lazy(
            "部门工作人员写来源登记里的部门：只能答复本部门的校核单。街道工作人员写科室：只能给本科室的规则签字。"
        ),
    )

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        names = [(role.value, str(ROLE_NAMES[role])) for role in OFFERED]
        self.fields["role"] = forms.ChoiceField(label=gettext_lazy("角色"), choices=names)

    def clean(self) -> dict[str, Any]:
        """Areas as paths of blocks; what does not fit together is said at its field."""
        values = super().clean() or {}
        if "role" not in values:
            return values
        role = Role(values["role"])
        codes = values.get("areas", "").replace("，", " ").replace(",", " ").split()
        values["paths"] = self._paths(role, codes)
        named = {*list_departments(), *list_offices()}
        if role is Role.DEPARTMENT_CLERK and values.get("department") not in named:
            self.add_error("department", _("请选来源登记里有的部门。"))
        if role is Role.SUBDISTRICT_CLERK and values.get("department"):
            if values["department"] not in list_offices():
                self.add_error("department", _("请选规则写明的科室。"))
        elif role is not Role.DEPARTMENT_CLERK and values.get("department"):
            self.add_error("department", _("只有部门、街道的工作人员写部门。"))
        return values

    def _paths(self, role: Role, codes: list[str]) -> tuple[str, ...]:
        if role in ROLES_WITHOUT_AREA:
            if codes:
                self.add_error("areas", _("这个角色不办业务，不写块。"))
            return ()
        if not codes and role not in ROLES_OF_THE_WHOLE:
            self.add_error("areas", _("写明负责的块；没有块就什么都看不到。"))
        if WHOLE in codes or not codes:
            return ("",)
        found = {code: _path_of(code.rpartition("/")[2]) for code in codes}
        if unknown := [code for code, path in found.items() if not path]:
            self.add_error("areas", _("没有这个块：") + "、".join(unknown[:5]))
        return tuple(sorted(filter(None, found.values())))

    @property
    def powers(self) -> Powers:
        """What was asked for."""
        values = self.cleaned_data
        return Powers(Role(values["role"]), values["paths"], values["department"])


class NewAccountForm(PowersForm):
    """Who, besides."""

    login = forms.RegexField(
        r"^[A-Za-z0-9._@-]{2,64}$",
        label=gettext_lazy("登录名"),
        error_messages={"invalid": gettext_lazy("2 到 64 个字母、数字、点、横线或下划线。")},
    )
    display_name = forms.CharField(label=gettext_lazy("姓名"), max_length=64)
    staff_no = forms.CharField(
        label=gettext_lazy("工号"),
        max_length=64,
        required=False,
        help_text=gettext_lazy("一个人只有一个账号：同一工号不能再开。居民没有工号，不写。"),
    )

    def clean(self) -> dict[str, Any]:
        """Staff have a staff number; residents have none."""
        values = super().clean()
        is_resident = values.get("role") == Role.RESIDENT.value
        if is_resident and values.get("staff_no"):
            self.add_error("staff_no", _("居民没有工号，不写。"))
        if not is_resident and not values.get("staff_no") and "staff_no" not in self.errors:
            self.add_error("staff_no", _("写明工号。"))
        return values

    def __init__(self, *arguments: Any, **named: Any) -> None:
        # The one that may least, so that nobody gives more by not looking.
        named.setdefault("initial", {"role": Role.GRID_WORKER.value})
        super().__init__(*arguments, **named)

    field_order = ("display_name", "login", "staff_no", "role", "areas", "department")

    @property
    def wish(self) -> NewAccount:
        """The login that is wanted."""
        values, powers = self.cleaned_data, self.powers
        return NewAccount(
            username=values["login"],
            display_name=values["display_name"],
            role=powers.role,
            areas=powers.areas,
            staff_no=values["staff_no"],
            department=powers.department,
        )


def is_powerful(role: Role) -> bool:
    """Does it take two people?"""
    return role in POWERFUL


def list_departments() -> list[str]:
    """Departments by the registrations of sources."""
    return sorted({one.handler for one in list_sources() if one.handler})


def list_offices() -> list[str]:
    """Offices that answer for rules; none where an office's own rule cannot be read."""
    try:
        return sorted({one.owner for one in list_rules(current_store())})
    except DataFault:
        return []


def list_offered_areas() -> list[tuple[str, str]]:
    """Code and name of districts, sub-districts and communities, to choose from; none before the first build."""
    try:
        reader = current_reader()
        offered = []
        for top in reader.top_blocks():
            offered.append((top.code, top.name))
            for below in reader.list_children(top.code):
                offered.append((below.code, f"{top.name} {below.name}"))
                offered += [
                    (one.code, f"{below.name} {one.name}")
                    for one in reader.list_children(below.code)
                ]
    except Refusal:
        return []
    return offered


def _path_of(code: str) -> str:
    try:
        block = current_reader().get_block(code)
    except Refusal:
        return ""
    return "/".join((*(above for above, _level, _name in block.path), block.code))
