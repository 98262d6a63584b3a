"""Django's view of the room `services.forms`."""

from django.apps import AppConfig


class FormsConfig(AppConfig):
    """Registered forms, their filling and release."""

    name = "kuai.services.forms"
    label = "services_forms"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "报表准入与填报"

    def ready(self) -> None:
        """A filling that waits, or was just released, is live work: it issues the ticket of its list."""
        from kuai.guard import access  # noqa: PLC0415 - models are not loaded before ready()
        from kuai.guard.types import TicketKind  # noqa: PLC0415
        from kuai.services.forms import fillings  # noqa: PLC0415

        access.register_origin(
            TicketKind.FORM,
            fillings.is_open,
            names_subject=fillings.names_subject,
            is_held_by=fillings.is_held_by,
        )
