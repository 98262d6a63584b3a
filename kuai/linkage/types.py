"""What crosses the door of `linkage`: proposals which mentions are the same element, never facts."""

from __future__ import annotations

from kuai.kit.tables import CATALOGUE, BulkTable, Column, Sensitivity

L1, L2 = Sensitivity.L1, Sensitivity.L2


def _link_table(element: str) -> BulkTable:
    return CATALOGUE.declare(
        BulkTable(
            name=f"{element}_link",
            owner="linkage",
            row=f"To which cluster one {element} mention is proposed to belong.",
            retention="as the mention it belongs to",
            columns=(
                Column("mention_key", "VARCHAR", L2, "the mention"),
                Column(
                    "cluster_key",
                    "VARCHAR",
                    L2,
                    "mention_key of the cluster's founding mention (first by source, period, row)",
                ),
                Column(
                    "match_probability",
                    "DOUBLE",
                    L2,
                    "weakest edge on the strongest path to the founding mention, 4 places",
                ),
                Column("reason", "VARCHAR", L2, "why, in Chinese, without values"),
                Column(
                    "quarantined",
                    "BOOLEAN",
                    L2,
                    "impossible structure: held back from every finding until someone decides",
                ),
            ),
            order_by=("mention_key",),
        )
    )


PERSON_LINK = _link_table("person")
ORGANISATION_LINK = _link_table("organisation")
