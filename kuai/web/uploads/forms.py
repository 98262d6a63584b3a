"""The upload form: which source, which period, which file."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

TAKEN_SUFFIXES = (".csv", ".txt", ".xlsx", ".xls", ".dbf", ".json", ".jsonl")
PERIOD_PATTERN = re.compile(r"^[0-9]{4}(-(0[1-9]|1[0-2])(-[0-3][0-9])?)?$")


class UploadForm(forms.Form):
    """One delivery of one source."""

    source = forms.ChoiceField(label=_("来源"))
    period = forms.CharField(label=_("期次"), max_length=10)
    file = forms.FileField(label=_("文件"), allow_empty_file=True)

    def __init__(self, *arguments: Any, sources: list[tuple[str, str]], **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.fields["source"] = forms.ChoiceField(label=_("来源"), choices=sources)

    def clean_period(self) -> str:
        """2026, 2026-11 or 2026-11-22."""
        period = str(self.cleaned_data["period"]).strip()
        if not PERIOD_PATTERN.match(period):
            raise forms.ValidationError(
                _("期次写成 2026-11 这样的年月，或 2026-11-22 这样的日期。")
            )
        return period

    def clean_file(self) -> UploadedFile:
        """A file of a kind we take, not empty, not beyond the limit."""
        file: UploadedFile = self.cleaned_data["file"]
        if getattr(file, "is_too_large", False):
            limit = settings.KUAI_UPLOAD_LIMIT_BYTES // (1024 * 1024)
            raise forms.ValidationError(
                _(
                    "文件超过 %(limit)s MB。请按月份或街道拆成几个文件，或由管理员用命令 kuai receive 接收。"
                ),
                params={"limit": limit},
            )
        if not file.size:
            raise forms.ValidationError(_("文件是空的。请重新导出后再上传。"))
        if PurePath(file.name or "").suffix.lower() not in TAKEN_SUFFIXES:
            raise forms.ValidationError(
                _("只收 CSV、XLSX、XLS、DBF、JSON 文件。请在表格软件里另存为其中一种。")
            )
        return file
