"""Tables of the address room in the work database. Private: see the doors `library` and `learning`."""

from kuai.address.models.learning import Application, ApplicationMove, Proposal
from kuai.address.models.record import Alias, LibraryStep, PlannedImport, StepSubject

__all__ = [
    "Alias",
    "Application",
    "ApplicationMove",
    "LibraryStep",
    "PlannedImport",
    "Proposal",
    "StepSubject",
]
