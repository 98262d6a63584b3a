"""The one bulk table of declarations: by which phone somebody is found in the published build. Private."""

from __future__ import annotations

from kuai.kit.tables import CATALOGUE, BulkTable, Column, Sensitivity

PHONE_HOLDER = CATALOGUE.declare(
    BulkTable(
        name="phone_holder",
        owner="services.residence",
        row="One person of the build named with one phone and one name: tokens of the core zone, readable to nobody.",
        retention="as the build it was made of; gone with the next one's",
        columns=(
            Column("phone_token", "VARCHAR", Sensitivity.L4, "keyed token of the phone"),
            Column(
                "name_token", "VARCHAR", Sensitivity.L4, "keyed token of the name, null if none"
            ),
            Column("person_code", "VARCHAR", Sensitivity.L2, "whom the naming belongs to"),
            Column("is_child_under_14", "BOOLEAN", Sensitivity.L3, "on the build's day"),
        ),
        order_by=("phone_token", "name_token", "person_code"),
    )
)
