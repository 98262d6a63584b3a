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
    ticket_id: str = "",
) -> HttpResponseBase:
    """The sheet with its 错误原因 column; a page that says so where there is nothing to send.

    With values only by a ticket of the upload it came in by (0031): to a role alone every filled cell is ***.
    """
    store = current_store()
    with tempfile.TemporaryDirectory(prefix=f"sheet-{os.getpid()}-", dir=store.scratch) as folder:
        target = Path(folder) / "refused.xlsx"
        try:
            written = sources.write_rows_to_mend(
                store,
                zone=zone,
                source=source,
                period=period,
                target=target,
                with_values=bool(ticket_id),
            )
        except Refusal as refusal:
            return render(request, "sources/nothing_refused.html", {"refusal": refusal}, status=404)
        if not written:
            nothing = Refusal("sources.nothing_refused", _("没有要退回的行，改好的都已补收。"))
            return render(request, "sources/nothing_refused.html", {"refusal": nothing}, status=404)
        # The open file outlives its name: nothing stays on disk once it is sent.
        stream = target.open("rb")
    look = "exported_refused_rows" if ticket_id else "exported_refused_reasons"
    note_look(request, look, kind="source", refs=(source,), count=written, ticket_id=ticket_id)
    name = _("退回") + f"-{title}-{period}.xlsx"
    return FileResponse(stream, as_attachment=True, filename=name, content_type=SHEET_TYPE)
