"""A delivery that is read from a database's table: then received as any file is."""

from __future__ import annotations

from dataclasses import dataclass

from kuai.flows.deliveries import ReceivedResource, receive_resource
from kuai.guard.queries import find_source
from kuai.kit.errors import Refusal
from kuai.kit.progress import SILENT, Progress
from kuai.kit.store import Store
from kuai.sources import actions as sources
from kuai.sources import database_tables
from kuai.sources.types import DeliveryKind


@dataclass(frozen=True)
class PulledTable:
    """What came of reading a table: the delivery, and columns that hold bytes and were left out."""

    received: ReceivedResource
    left_out: tuple[str, ...]


def pull_table(
    store: Store,
    source: str,
    *,
    table: str,
    schema: str = "",
    delivery: DeliveryKind = DeliveryKind.FULL,
    most_rows: int = database_tables.MOST_ROWS,
    progress: Progress = SILENT,
) -> PulledTable:
    """Read one table or view of the source's database and seal it as the source's next delivery.

    Refuses a source that is not registered, and one without a URL. May be repeated: the same rows are recognised.
    The store's work database is open already; the caller enters it in the ledger.
    """
    registration = find_source(source)
    if registration is None:
        raise Refusal(
            "sources.not_registered",
            f"来源“{source}”还没有登记，不读它的数据库。",
            next_step="先用 kuai sources register 登记处理部门、依据和用途。",
        )
    wanted = database_tables.DatabaseTable(
        table=table,
        url=database_tables.find_database_url(store, source),
        schema=schema,
        most_rows=most_rows,
    )
    with store.writer_lease(), database_tables.exported_rows(store, wanted) as (path, left_out):
        resource = sources.Resource(
            name=source,
            title=registration.title,
            paths=(path,),
            department=registration.handler,
            delivery=delivery,
        )
        received = receive_resource(store, resource, progress=progress)
    return PulledTable(received, tuple(left_out))
