"""Forms of the address pages: the file of an import, the reason of an application of a plan."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import PurePath
from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from kuai.kit.coordinates import DATUMS

TAKEN_SUFFIXES = (".csv", ".xlsx", ".geojson", ".json", ".zip", ".gpkg")
LONGEST_REASON = 400
# A mobile number or an identity number; no address code has 11 or 18 digits.
NUMBER_OF_SOMEBODY = re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)|(?<!\d)\d{17}[\dXx](?!\d)")
# An event may be dated ahead (a road that opens next month), not by a slip of the year.
FURTHEST_AHEAD = timedelta(days=366)
FIRST_DAY = date(1979, 1, 1)


class ReasonField(forms.CharField):
    """Why: asked for with every act, kept with it for good."""

    def __init__(self, **named: Any) -> None:
        super().__init__(
            label=_("原因"),
            max_length=LONGEST_REASON,
            error_messages={
                "required": _("请写明原因，例如批文名称和文号。"),
                "max_length": _("原因太长，最多 400 字。"),
            },
            **named,
        )

    def validate(self, value: Any) -> None:
        """Not without a reason, and nobody's number in it: it stays for good."""
        super().validate(value)
        if NUMBER_OF_SOMEBODY.search(value or ""):
            raise forms.ValidationError(_("原因里像有电话或证件号码，请去掉：原因会一直留着。"))


class DayField(forms.DateField):
    """The day on which it happened, as the office knows it."""

    def __init__(self, *, today: date, **named: Any) -> None:
        self.today = today
        super().__init__(
            label=_("日期"),
            error_messages={
                "required": _("请写明日期。"),
                "invalid": _("日期写成 2026-11-22 这样。"),
            },
            **named,
        )

    def validate(self, value: Any) -> None:
        """Within what an office could mean."""
        super().validate(value)
        if value is not None and not FIRST_DAY <= value <= self.today + FURTHEST_AHEAD:
            raise forms.ValidationError(_("日期不像真的：请核对年份。"))


class ImportForm(forms.Form):
    """A file of the library, whole or in part."""

    def __init__(self, *arguments: Any, today: date, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.fields["file"] = forms.FileField(label=_("文件"), allow_empty_file=True)
        self.fields["datum"] = forms.ChoiceField(
            label=_("坐标系"), choices=[(datum, datum) for datum in DATUMS]
        )
        self.fields["extent"] = forms.ChoiceField(
            label=_("范围"),
            choices=[("part", _("部分")), ("full", _("全库"))],
            error_messages={"required": _("请选这份文件是全库还是一部分。")},
        )
        self.fields["day"] = DayField(today=today)

    def clean_file(self) -> UploadedFile:
        """A file of a kind we read, not empty, not beyond the limit."""
        file: UploadedFile = self.cleaned_data["file"]
        if getattr(file, "is_too_large", False):
            limit = settings.KUAI_UPLOAD_LIMIT_BYTES // (1024 * 1024)
            raise forms.ValidationError(
                _("文件超过 %(limit)s MB。请按街道拆成几个文件，作为“部分”导入。"),
                params={"limit": limit},
            )
        if not file.size:
            raise forms.ValidationError(_("文件是空的。请重新导出后再上传。"))
        if PurePath(file.name or "").suffix.lower() not in TAKEN_SUFFIXES:
            raise forms.ValidationError(
                _("只收 CSV、XLSX、GeoJSON、GeoPackage，或装着 shapefile 的 ZIP。")
            )
        return file


class ReasonForm(forms.Form):
    """An act that needs nothing but its reason."""

    reason = ReasonField()
