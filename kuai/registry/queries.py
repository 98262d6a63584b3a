"""The reads of the registry that others may call. Needs Django."""

from kuai.registry.believing import (
    Belief,
    ElementState,
    LifeEventState,
    RelationState,
    find_belief,
    state_of,
)
from kuai.registry.code_history import (
    CodeHistory,
    CodeStep,
    read_code_history,
    resolve_code,
    resolve_codes,
)
from kuai.registry.conflicts import (
    BASE_STATUSES,
    ConflictLine,
    FactLine,
    Page,
    Side,
    count_base_facts,
    count_conflicts,
    get_conflict,
    list_base_facts,
    list_conflicts,
)
from kuai.registry.decided_keys import decided_as
from kuai.registry.deciding import DecisionView, list_decisions, verified_level
from kuai.registry.element_file import (
    ElementFile,
    FileFact,
    FileKind,
    Turn,
    Verified,
    read_element_file,
)
from kuai.registry.facts import Statement, list_statements, published_sequence
from kuai.registry.overlay import (
    FactWord,
    contested_facts,
    count_removals_since_build,
    facts_out_of_use,
    statuses_over,
    statuses_since,
)
from kuai.registry.person_file import (
    OwnObjection,
    PersonFact,
    PersonFile,
    is_record_of,
    objections_of,
    read_person_file,
    read_task_facts,
    record_of,
)
from kuai.registry.resolving import resolve_person
from kuai.registry.return_flow import titles_of_facts

__all__ = [
    "CodeHistory",
    "CodeStep",
    "Belief",
    "ElementFile",
    "ElementState",
    "FileFact",
    "FileKind",
    "LifeEventState",
    "RelationState",
    "Turn",
    "Verified",
    "find_belief",
    "state_of",
    "BASE_STATUSES",
    "ConflictLine",
    "DecisionView",
    "FactLine",
    "FactWord",
    "OwnObjection",
    "Page",
    "PersonFact",
    "PersonFile",
    "Side",
    "Statement",
    "contested_facts",
    "decided_as",
    "count_base_facts",
    "count_conflicts",
    "count_removals_since_build",
    "facts_out_of_use",
    "record_of",
    "get_conflict",
    "is_record_of",
    "list_base_facts",
    "list_conflicts",
    "list_decisions",
    "list_statements",
    "objections_of",
    "published_sequence",
    "read_element_file",
    "read_person_file",
    "read_task_facts",
    "read_code_history",
    "resolve_code",
    "resolve_codes",
    "resolve_person",
    "titles_of_facts",
    "statuses_over",
    "statuses_since",
    "verified_level",
]
