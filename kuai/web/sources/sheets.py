"""The quarantined rows of one delivery as a sheet to send back. Written, sent and gone."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from django.http import FileResponse, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _

from kuai.guard.types import Zone
from kuai.kit.errors import Refusal
from kuai.sources import actions as sources
from kuai.web.doors import current_store
from kuai.web.looks import note_look

SHEET_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def send_refused_rows(
    request: HttpRequest,
    *,
    zone: Zone,
    source: str,
    period: str,
    title: str,
    with_values: bool = False,
) -> HttpResponseBase:
    """The sheet with its 错误原因 column; a page that says so where there is nothing to send.

    With values only for whoever handed this very delivery in: to a role alone every filled cell is ***.
    """
    store = current_store()
    with tempfile.TemporaryDirectory(prefix=f"sheet-{os.getpid()}-", dir=store.scratch) as folder:
        target = Path(folder) / "refused.xlsx"
        try:
            written = sources.write_refused_sheet(
                store,
                zone=zone,
                source=source,
                period=period,
                target=target,
                with_values=with_values,
            )
        except Refusal as refusal:
            return render(request, "sources/nothing_refused.html", {"refusal": refusal}, status=404)
        # The open file outlives its name: nothing stays on disk once it is sent.
        stream = target.open("rb")
    look = "exported_refused_rows" if with_values else "exported_refused_reasons"
    note_look(request, look, kind="source", refs=(source,), count=written)
    name = _("退回") + f"-{title}-{period}.xlsx"
    return FileResponse(stream, as_attachment=True, filename=name, content_type=SHEET_TYPE)
