"""The writes of the registry that others may call."""

from kuai.registry.building import (
    BuildFrame,
    PreviousBuild,
    identify_and_relate,
    read_previous,
    relation_types,
)

__all__ = ["BuildFrame", "PreviousBuild", "identify_and_relate", "read_previous", "relation_types"]
