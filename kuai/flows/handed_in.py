"""A file handed in through the portal: an ordinary delivery, or the refused rows of one, mended."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kuai.flows.delivery_series import note_delivery
from kuai.guard.types import Zone
from kuai.kit.progress import SILENT, Progress
from kuai.kit.receipt import Receipt
from kuai.kit.store import Store
from kuai.sources import actions as sources
from kuai.sources.types import DeliveryKind, SnapshotRef


@dataclass(frozen=True)
class HandedIn:
    """What came of it. `together`: of mended rows, the sums of the delivery they belong to with all that was mended."""

    snapshot: SnapshotRef
    receipt: Receipt
    together: Receipt | None = None


def take_in(
    store: Store,
    path: Path,
    *,
    source: str,
    period: str,
    zone: Zone,
    progress: Progress = SILENT,
) -> HandedIn:
    """Receive a file for `period`; a sheet of that delivery's refused rows is recognised and received beside it.

    The caller holds the store's lease. May be repeated: the same bytes are recognised.
    """
    kept = sources.column_choice(store, source)
    try:
        snapshot, receipt = sources.receive_file(
            store,
            path,
            source=source,
            period=period,
            zone=zone,
            columns=sources.PlainChoice(store, source, kept.mapping),
            progress=progress,
        )
    except sources.MendedSheetFound:
        mended = sources.receive_mended(
            store,
            path,
            source=source,
            period=period,
            zone=zone,
            columns=kept,
            progress=progress,
        )
        # Some rows on top of the others: by itself it would be read as all there is.
        note_delivery(store, source, mended.snapshot.period, DeliveryKind.DELTA)
        return HandedIn(mended.snapshot, mended.receipt, mended.together)
    return HandedIn(snapshot, receipt)
