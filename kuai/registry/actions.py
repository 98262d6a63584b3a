"""The writes of the registry that others may call."""

from kuai.registry.building import (
    BuildFrame,
    PreviousBuild,
    identify_and_relate,
    newest_build,
    read_previous,
    relation_types,
)
from kuai.registry.engine.relation_types import RelationType

__all__ = [
    "BuildFrame",
    "PreviousBuild",
    "RelationType",
    "identify_and_relate",
    "newest_build",
    "read_previous",
    "relation_types",
]
