"""Sends a sheet of figures in the form asked for: with a reason, as an entry in the ledger, never from a link."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from kuai.guard.free_text import require_reason
from kuai.kit.clock import utc_now
from kuai.kit.errors import Refusal
from kuai.web.blocks.decided import laid_over
from kuai.web.blocks.figure_sheets import sheet_of_block
from kuai.web.blocks.printing import as_pdf
from kuai.web.blocks.sheets import Asking, FigureSheet, as_csv, as_geojson, as_xlsx
from kuai.web.doors import current_reader
from kuai.web.looks import note_look
from kuai.web.rules import exports_figures
from kuai.web.words import purpose_title

LONGEST_REASON = 80
Writer = Callable[[FigureSheet, Asking], bytes]
FORMS: dict[str, tuple[Writer, str]] = {
    "csv": (as_csv, "text/csv; charset=utf-8"),
    "xlsx": (as_xlsx, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "geojson": (as_geojson, "application/geo+json"),
    "pdf": (as_pdf, "application/pdf"),
}


@exports_figures
@require_POST
def export_block(request: HttpRequest, code: str) -> HttpResponse:
    """A block's figures and those of the blocks one level down."""
    reader = current_reader()
    try:
        block = reader.get_block(code)
    except Refusal as refusal:
        raise Http404(str(refusal)) from refusal
    if not block.counters:
        raise Refusal("export.room", _("房屋没有可导出的数。"), next_step=_("请导出它所在的楼栋。"))
    (block,) = laid_over(reader, [block])
    return send_sheet(request, sheet_of_block(reader, block), kind="block", refs=(block.code,))


def send_sheet(
    request: HttpRequest, sheet: FigureSheet, *, kind: str, refs: tuple[str, ...]
) -> HttpResponse:
    """The sheet as a file. Refuses an unknown form, no reason, and a reason that tells of somebody."""
    form = request.POST.get("form", "")
    if form not in FORMS:
        raise Refusal("export.form", _("请选导出的格式。"))
    reason = require_reason(
        request.POST.get("reason", ""), what=_("导出"), area="export", longest=LONGEST_REASON
    )
    write, content_type = FORMS[form]
    actor = request.actor  # type: ignore[attr-defined]
    rule = request.route_rule  # type: ignore[attr-defined]
    asking = Asking(purpose_title(rule.purpose), reason, actor.user_id, _now_here())
    content = write(sheet, asking)
    note_look(
        request,
        "exported_figures",
        kind=kind,
        refs=refs,
        fields=(form,),
        count=1 + len(sheet.parts),
        personal={"reason": reason},
    )
    response = HttpResponse(content, content_type=content_type)
    name = f"{sheet.title}-{sheet.as_of.isoformat()}.{form}".replace("/", "-")
    response.headers["Content-Disposition"] = content_disposition_header(True, name) or ""
    return response


def _now_here() -> datetime:
    """The moment in the portal's own time zone, as paper shows it."""
    return utc_now().astimezone(timezone.get_current_timezone())
