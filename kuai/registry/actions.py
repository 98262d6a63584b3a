"""The writes of the registry that others may call."""

from kuai.registry.building import (
    PreviousBuild,
    identify_and_relate,
    read_previous,
    relation_types,
)
from kuai.registry.engine.relation_types import RelationType
from kuai.registry.identifying import BuildFrame, newest_build
from kuai.registry.relating import SourceDelivery
from kuai.registry.relation_ends import (
    write_fact_lines,
    write_keyless_mentions,
    write_relation_ends,
)

__all__ = [
    "BuildFrame",
    "PreviousBuild",
    "RelationType",
    "SourceDelivery",
    "identify_and_relate",
    "newest_build",
    "read_previous",
    "relation_types",
    "write_fact_lines",
    "write_keyless_mentions",
    "write_relation_ends",
]
