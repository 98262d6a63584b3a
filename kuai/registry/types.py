"""What crosses the door of `registry`: elements with codes for ever, relations with two clocks, conflicts."""

from __future__ import annotations

from kuai.kit.tables import CATALOGUE, BulkTable, Column, Sensitivity

L1, L2, L3 = Sensitivity.L1, Sensitivity.L2, Sensitivity.L3
ELEMENT_RETENTION = "while any source names it; then tombstone in the identity ledger"

PERSON = CATALOGUE.declare(
    BulkTable(
        name="person",
        owner="registry",
        row="One natural person as linked. No name, number or phone: `guard.reveal` is the one way to those.",
        retention=ELEMENT_RETENTION,
        columns=(
            Column("person_no", "INTEGER", L2, "surrogate key within the build"),
            Column("person_code", "VARCHAR", L2, "P-XXXXXXXX-C, for ever"),
            Column("founding_mention", "VARCHAR", L2, "the mention the code was born with"),
            Column("birth_date", "DATE", L3, "best supported"),
            Column("birth_precision", "VARCHAR", L2, "day, month, year, unknown"),
            Column("sex", "VARCHAR", L3, "GB/T 2261.1"),
            Column("is_child_under_14", "BOOLEAN", L3, "on the build's day"),
            Column("mentions", "INTEGER", L2, "how many mentions"),
            Column("quarantined", "BOOLEAN", L2, "held back until someone decides"),
            Column("contested", "VARCHAR", L2, "birth_date, sex: what somebody objects to"),
            Column("status", "VARCHAR", L1, "asserted; disputed while something is contested"),
            Column("purposes", "VARCHAR", L1, "intersection over its sources, comma separated"),
        ),
        order_by=("person_no",),
    )
)

ORGANISATION = CATALOGUE.declare(
    BulkTable(
        name="organisation",
        owner="registry",
        row="One organisation as linked. Sole traders are partly natural persons: never tiered, never scored.",
        retention=ELEMENT_RETENTION,
        columns=(
            Column("organisation_no", "INTEGER", L1, "surrogate key within the build"),
            Column("organisation_code", "VARCHAR", L1, "O-XXXXXXXX-C, for ever"),
            Column("founding_mention", "VARCHAR", L2, "the mention the code was born with"),
            Column(
                "credit_code",
                "VARCHAR",
                L1,
                "unified social credit code, if any mention has a valid one",
            ),
            Column("name", "VARCHAR", L1, "as registered"),
            Column(
                "kind",
                "VARCHAR",
                L1,
                "enterprise, sole_trader, cooperative, institution, other, unknown",
            ),
            Column("state", "VARCHAR", L1, "active, ended, unknown"),
            Column("founded_on", "DATE", L1, "declared"),
            Column("industry", "VARCHAR", L1, "GB/T 4754-2017 code with its letter, else as said"),
            Column("industry_section", "VARCHAR", L1, "A to T; null: unknown"),
            Column("industry_source", "VARCHAR", L1, "who said the industry"),
            Column("mentions", "INTEGER", L1, "how many mentions"),
            Column("status", "VARCHAR", L1, "asserted"),
            Column("purposes", "VARCHAR", L1, "intersection over its sources, comma separated"),
        ),
        order_by=("organisation_no",),
    )
)

EVENT = CATALOGUE.declare(
    BulkTable(
        name="event",
        owner="registry",
        row="Something that happened at a place on a day. No text, no author.",
        retention="ten years, as case files",
        columns=(
            Column("event_no", "INTEGER", L1, "surrogate key within the build"),
            Column("event_code", "VARCHAR", L1, "E-XXXXXXXX-C, for ever"),
            Column("founding_mention", "VARCHAR", L2, "the mention the code was born with"),
            Column(
                "kind",
                "VARCHAR",
                L1,
                "request, inspection, case, new_resident_signal, inspection_class, occupancy_limit",
            ),
            Column("occurred_on", "DATE", L2, "local day"),
            Column("category", "VARCHAR", L1, "class as written by the office"),
            Column(
                "outcome",
                "VARCHAR",
                L2,
                "result (inspections), class (inspection_class), most persons (occupancy_limit)",
            ),
            Column("place_code", "VARCHAR", L2, "where, grade A or B only"),
            Column("place_level", "VARCHAR", L1, "level of the place"),
            Column("status", "VARCHAR", L1, "asserted"),
            Column(
                "purposes",
                "VARCHAR",
                L1,
                "its source's; of a new_resident_signal also those of the registers it was held against",
            ),
        ),
        order_by=("event_no",),
    )
)

CONTACT = CATALOGUE.declare(
    BulkTable(
        name="contact",
        owner="registry",
        row="A contact point: a phone or a utility account, known by code; its number is in the vault.",
        retention=ELEMENT_RETENTION,
        columns=(
            Column("contact_no", "INTEGER", L2, "surrogate key within the build"),
            Column("contact_code", "VARCHAR", L2, "C-XXXXXXXX-C, for ever"),
            Column("founding_mention", "VARCHAR", L2, "the mention the code was born with"),
            Column("kind", "VARCHAR", L1, "phone, water_account, ..."),
        ),
        order_by=("contact_no",),
    )
)

MENTION_ELEMENT = CATALOGUE.declare(
    BulkTable(
        name="mention_element",
        owner="registry",
        row="Which element one mention was identified as, and where its row places it (see `kuai export mentions`).",
        retention="as the mention it belongs to",
        columns=(
            Column("mention_key", "VARCHAR", L2, "the mention"),
            Column("source", "VARCHAR", L1, "name of the source"),
            Column("period", "VARCHAR", L1, "delivery"),
            Column("row_no", "INTEGER", L1, "data row, from 0"),
            Column("element", "VARCHAR", L1, "person, organisation, event, contact, address"),
            Column("role", "VARCHAR", L1, "role in the row"),
            Column(
                "code",
                "VARCHAR",
                L2,
                "person, organisation, event, contact or address code; null if not identified",
            ),
            Column("match_probability", "DOUBLE", L2, "of the link to the founding mention"),
            Column("reason", "VARCHAR", L2, "why"),
            Column(
                "address_code",
                "VARCHAR",
                L2,
                "washed place that the row gives this mention, null if none",
            ),
            Column("grade", "VARCHAR", L1, "grade of that place"),
        ),
        order_by=("source", "period", "row_no", "element", "role"),
    )
)

_STATEMENT = (
    Column("type", "VARCHAR", L1, "one of the codes of the relation catalogue"),
    Column("from_code", "VARCHAR", L2, "element code"),
    Column("to_code", "VARCHAR", L2, "element code"),
    Column("fact_key", "VARCHAR", L2, "TYPE|FROM|TO: the fact that this states"),
    Column("role", "VARCHAR", L1, "finer role; empty if none"),
    Column("share", "VARCHAR", L2, "ownership share; empty if none"),
    Column("valid_from", "DATE", L2, "first day it holds"),
    Column("valid_to", "DATE", L2, "first day it no longer holds"),
    Column("precision", "VARCHAR", L1, "day, month, year, unknown"),
    Column(
        "ended_by",
        "VARCHAR",
        L1,
        "declared, full_delivery, decision, life_cycle; empty while it holds",
    ),
    Column("recorded_on", "DATE", L2, "when the office recorded it"),
    Column("said_since", "DATE", L1, "day of the first build in which the source said this"),
    Column("source", "VARCHAR", L1, "name of the source"),
    Column("period", "VARCHAR", L1, "delivery"),
    Column("mention_key", "VARCHAR", L2, "the mention it comes from"),
    Column("to_mention", "VARCHAR", L2, "the mention of the second element"),
    Column("status", "VARCHAR", L1, "asserted, verified, disputed, withdrawn, ended"),
    Column(
        "level", "VARCHAR", L1, "how far verified: community, subdistrict, department; else empty"
    ),
    Column("is_contested", "BOOLEAN", L2, "somebody objects: out of every rule and count"),
    Column("decision", "BIGINT", L1, "place in the log of the decision that rules; null if none"),
    Column("confidence", "DOUBLE", L2, "link probability x wash grade, 4 places"),
    Column(
        "purposes",
        "VARCHAR",
        L1,
        "permitted purposes, comma separated, sorted: those of its source",
    ),
)

RELATION = CATALOGUE.declare(
    BulkTable(
        name="relation",
        owner="registry",
        row="One dated, sourced relation between two elements, as one row of one source states it.",
        retention="as the weaker of its two elements; ended by a full delivery: the source's retention days",
        columns=(
            Column("relation_no", "INTEGER", L1, "surrogate key within the build"),
            *_STATEMENT,
        ),
        order_by=("relation_no",),
    )
)

RESTING_STATEMENT = CATALOGUE.declare(
    BulkTable(
        name="resting_statement",
        owner="registry",
        row="A statement of a source that is not in this build: nothing reads it until the source comes again.",
        retention="400 days after the last build with its source; shredded with its delivery",
        columns=(*_STATEMENT, Column("rests_since", "DATE", L1, "first build without the source")),
        order_by=("source", "period", "fact_key", "mention_key", "to_mention"),
    )
)

BASE_FACT = CATALOGUE.declare(
    BulkTable(
        name="base_fact",
        owner="registry",
        row="One fact of the base library: verified step by step. Disputed by a newer extract, never overwritten.",
        retention="as the decisions that verified it",
        columns=(
            Column("fact_key", "VARCHAR", L2, "TYPE|FROM|TO"),
            Column("type", "VARCHAR", L1, "one of the codes of the relation catalogue"),
            Column("from_code", "VARCHAR", L2, "element code"),
            Column("to_code", "VARCHAR", L2, "element code"),
            Column("valid_from", "DATE", L2, "earliest day stated"),
            Column("valid_to", "DATE", L2, "first day it no longer holds, as decided or stated"),
            Column("precision", "VARCHAR", L1, "day, month, year, unknown"),
            Column("level", "VARCHAR", L1, "community, subdistrict, department"),
            Column("evidence_kind", "VARCHAR", L1, "what was seen at that level"),
            Column("evidence_ref", "VARCHAR", L2, "reference of the evidence"),
            Column("decision", "BIGINT", L1, "place in the log of the decision of that level"),
            Column("verified_on", "DATE", L2, "day of that decision"),
            Column("mention_key", "VARCHAR", L2, "a mention that states it; null if none does"),
            Column("status", "VARCHAR", L1, "verified, disputed"),
            Column(
                "disputed_by",
                "VARCHAR",
                L1,
                "other_statement, declared_end, full_delivery, life_cycle, objection; else empty",
            ),
            Column("contradicting_fact", "VARCHAR", L2, "the other side; null if none"),
            Column("contradicting_mention", "VARCHAR", L2, "who says so; null if nobody's row"),
            Column("stated_as", "VARCHAR", L1, "lowest status of its statements; empty if none"),
            Column("purposes", "VARCHAR", L1, "intersection over the sources that state it"),
        ),
        order_by=("fact_key",),
    )
)

CONFLICT = CATALOGUE.declare(
    BulkTable(
        name="conflict",
        owner="registry",
        row="Two statements that cannot both be true; shown, never overwritten.",
        retention="until decided, then with the decision",
        columns=(
            Column("conflict_no", "INTEGER", L1, "surrogate key within the build"),
            Column(
                "kind",
                "VARCHAR",
                L1,
                "e.g. two_birth_dates, two_residences, registered_operating_differ",
            ),
            Column("element_code", "VARCHAR", L2, "whom or what it is about"),
            Column("left_mention", "VARCHAR", L2, "one side"),
            Column("right_mention", "VARCHAR", L2, "the other side"),
            Column("left_fact", "VARCHAR", L2, "the fact of one side; empty if it is none"),
            Column("right_fact", "VARCHAR", L2, "the fact of the other side; empty if it is none"),
            Column("explanation", "VARCHAR", L2, "in Chinese, without values"),
        ),
        order_by=("conflict_no",),
    )
)

LIFE_EVENT = CATALOGUE.declare(
    BulkTable(
        name="life_event",
        owner="registry",
        row="One turn in the life of a person, an organisation or a building: stated or decided, never guessed.",
        retention="as its element",
        columns=(
            Column("code", "VARCHAR", L2, "element code"),
            Column("element", "VARCHAR", L1, "person, organisation, building"),
            Column(
                "kind",
                "VARCHAR",
                L1,
                "birth, arrival, departure, death; founded, changed, ended, resumed; planned, built, demolished",
            ),
            Column("on_day", "DATE", L3, "the day; with precision unknown: the build that saw it"),
            Column("precision", "VARCHAR", L2, "day, month, year, unknown"),
            Column("place_code", "VARCHAR", L2, "where to or from; null if it has no place"),
            Column("source", "VARCHAR", L1, "source; empty if derived or decided"),
            Column("mention_key", "VARCHAR", L2, "the mention that says so; null if none"),
            Column("decision", "BIGINT", L1, "place in the log of decisions; null if none"),
            Column("status", "VARCHAR", L1, "lowest of what it was derived from"),
            Column("purposes", "VARCHAR", L1, "intersection over what it was derived from"),
        ),
        order_by=("element", "code", "kind", "on_day", "decision"),
    )
)

STRUCTURE = CATALOGUE.declare(
    BulkTable(
        name="structure",
        owner="registry",
        row="What the address library says of two places: this room is in that building, in that grid.",
        retention="as the library's entries",
        columns=(
            Column("type", "VARCHAR", L1, "HH_BUILDING, HH_GRID"),
            Column("from_code", "VARCHAR", L1, "the room"),
            Column("to_code", "VARCHAR", L1, "the building or grid"),
        ),
        order_by=("type", "from_code"),
    )
)

IDENTITY_LEDGER = CATALOGUE.declare(
    BulkTable(
        name="identity_ledger",
        owner="registry",
        row="The life of one code: born of which mention in which build, merged into, split from, why. Append-only.",
        retention="permanent: codes are for ever; holds nothing personal",
        columns=(
            Column("code", "VARCHAR", L2, "element code"),
            Column("element", "VARCHAR", L1, "person, organisation, event, contact"),
            Column("serial", "BIGINT", L1, "ordinal of birth within the element, from 1"),
            Column("founding_mention", "VARCHAR", L2, "mention the code was born with"),
            Column("born_build", "VARCHAR", L1, "build version that bore it"),
            Column("merged_into", "VARCHAR", L2, "the code that continues, null if alive"),
            Column("split_from", "VARCHAR", L2, "the code it was cut from, null if none"),
            Column("changed_build", "VARCHAR", L1, "build version of the last change"),
            Column("reason", "VARCHAR", L2, "why"),
        ),
        order_by=("element", "serial"),
    )
)

IDENTITY_EVENT = CATALOGUE.declare(
    BulkTable(
        name="identity_event",
        owner="registry",
        row="What happened to a code: born, merged, split, restored; by which build or decision. Append-only.",
        retention="permanent: codes are for ever; holds nothing personal",
        columns=(
            Column("event_no", "BIGINT", L1, "in the order of happening, from 1"),
            Column("code", "VARCHAR", L2, "element code"),
            Column("element", "VARCHAR", L1, "person, organisation, event, contact"),
            Column("event", "VARCHAR", L1, "born, merged, split (born by a cut), restored"),
            Column("other_code", "VARCHAR", L2, "merged into, cut from, parted from; null if none"),
            Column("build", "VARCHAR", L1, "build version in which it happened"),
            Column(
                "decision",
                "BIGINT",
                L1,
                "sequence of the decision that caused it, or whose withdrawal did; null if the machine did",
            ),
            Column("reason", "VARCHAR", L2, "why, in Chinese"),
        ),
        order_by=("event_no",),
    )
)

MENTION_HOME = CATALOGUE.declare(
    BulkTable(
        name="mention_home",
        owner="registry",
        row="To which code a mention belongs by birth or split, where mention_element does not tell: merged or away.",
        retention="permanent: by it a code comes back when a merge is undone; keys only",
        columns=(
            Column("element", "VARCHAR", L1, "person, organisation, event, contact"),
            Column("mention_key", "VARCHAR", L2, "the mention, perhaps of a row that is gone"),
            Column("home_code", "VARCHAR", L2, "element code, living or merged"),
            Column(
                "has_vote", "BOOLEAN", L1, "whether it says where that code goes on; no if it moved"
            ),
        ),
        order_by=("element", "mention_key"),
    )
)

DECISION = CATALOGUE.declare(
    BulkTable(
        name="decision",
        owner="registry",
        row="One key named by one human decision in force when the build froze the log. No reason, no decider.",
        retention="permanent: with the build it had its effect on",
        columns=(
            Column("sequence", "BIGINT", L1, "place in the log of decisions"),
            Column("kind", "VARCHAR", L1, "same, different, split, confirm, object, retract, ..."),
            Column("place", "INTEGER", L1, "place of the key within the decision and part, from 0"),
            Column("part", "VARCHAR", L1, "subject, staying (split), mention (confirm)"),
            Column("subject", "VARCHAR", L2, "mention key, element code or fact key"),
            Column(
                "level", "VARCHAR", L1, "verify: community, subdistrict, department; else empty"
            ),
            Column("on_day", "DATE", L2, "end, life_cycle: the day it says; else null"),
            Column(
                "says",
                "VARCHAR",
                L2,
                "object: what is wrong; life_cycle: the event; confirm: what is odd; else empty",
            ),
            Column("evidence_kind", "VARCHAR", L1, "what was seen; empty if none was needed"),
            Column("evidence_ref", "VARCHAR", L2, "reference of the evidence, nothing personal"),
            Column("decided_on", "DATE", L2, "local day"),
        ),
        order_by=("sequence", "part", "place"),
    )
)

KEYLESS_MENTION = CATALOGUE.declare(
    BulkTable(
        name="keyless_mention",
        owner="registry",
        row="One naming by which nobody can be told again: kept by itself, listed for the office that delivered it.",
        retention="as the mention",
        columns=(
            Column("mention_key", "VARCHAR", L2, "the mention"),
            Column("source", "VARCHAR", L1, "name of the source"),
            Column("period", "VARCHAR", L1, "delivery"),
            Column("row_no", "INTEGER", L1, "data row, from 0"),
            Column("element", "VARCHAR", L1, "person, organisation"),
            Column("role", "VARCHAR", L1, "role in the row"),
            Column("has_name", "BOOLEAN", L2, "a person's name is all there is"),
        ),
        order_by=("source", "period", "row_no", "element", "role"),
    )
)

# Left out of `relation_end`: the sort of its wide rows is what serving costs, and readers put these together.
TOLD_BY_BOTH_ENDS = frozenset({"from_code", "to_code", "fact_key"})

RELATION_END = CATALOGUE.declare(
    BulkTable(
        name="relation_end",
        owner="registry",
        row="One end of one relation: the relation's row under the code of that end.",
        retention="as the relation",
        columns=(
            Column("code", "VARCHAR", L2, "the element at this end"),
            Column("is_from", "BOOLEAN", L1, "it is the first of the two"),
            Column("other_code", "VARCHAR", L2, "the element at the other end"),
            *(one for one in RELATION.columns if one.name not in TOLD_BY_BOTH_ENDS),
        ),
        order_by=("code", "is_from", "relation_no"),
    )
)

FACT_LINE = CATALOGUE.declare(
    BulkTable(
        name="fact_line",
        owner="registry",
        row="One fact in one list of the base library: asserted, verified, disputed or contested.",
        retention="as the relation",
        columns=(
            Column("line_no", "BIGINT", L1, "place by standing, kind and fact, from 1"),
            Column("standing", "VARCHAR", L1, "asserted, verified, disputed, contested"),
            Column("type", "VARCHAR", L1, "one of the codes of the relation catalogue"),
            Column("fact_key", "VARCHAR", L2, "TYPE|FROM|TO"),
            Column("level", "VARCHAR", L1, "community, subdistrict, department; else empty"),
            Column("sources", "VARCHAR", L1, "who states it so: comma separated, sorted"),
            Column("valid_from", "DATE", L2, "earliest day stated"),
            Column("disputed_by", "VARCHAR", L1, "what speaks against a verified fact; else empty"),
        ),
        order_by=("line_no",),
    )
)

ELEMENT_TABLES = (
    PERSON,
    ORGANISATION,
    EVENT,
    CONTACT,
    MENTION_ELEMENT,
    RELATION,
    RESTING_STATEMENT,
    CONFLICT,
    BASE_FACT,
    LIFE_EVENT,
    STRUCTURE,
    IDENTITY_LEDGER,
    IDENTITY_EVENT,
    MENTION_HOME,
)
