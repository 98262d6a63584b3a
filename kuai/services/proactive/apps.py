"""Django's view of the room `services.proactive`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.apps import AppConfig

if TYPE_CHECKING:
    from kuai.guard.types import Actor


class ProactiveConfig(AppConfig):
    """Offers, and the life of the rules they come from."""

    name = "kuai.services.proactive"
    label = "services_proactive"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "主动服务"

    def ready(self) -> None:
        """Tell the guard that a finding nobody has answered is live work, and whom it names."""
        from kuai.guard import access  # noqa: PLC0415 - models are not loaded before ready()
        from kuai.guard.types import TicketKind  # noqa: PLC0415

        access.register_origin(
            TicketKind.FINDING,
            _is_open,
            names_subject=_names_subject,
            is_held_by=_is_held_by,
        )


# Rules are read when somebody asks: every command starts Django, and few of them look at a finding.
def _is_open(origin: str) -> bool:
    from kuai.services.proactive.looking import is_finding_open  # noqa: PLC0415

    return is_finding_open(origin)


def _names_subject(origin: str, ref: str) -> bool:
    from kuai.services.proactive.looking import names_subject  # noqa: PLC0415

    return names_subject(origin, ref)


def _is_held_by(origin: str, actor: Actor) -> bool:
    from kuai.services.proactive.looking import is_held_by  # noqa: PLC0415

    return is_held_by(origin, actor)
