"""Django's view of the room `services.residence`."""

from django.apps import AppConfig


class ResidenceConfig(AppConfig):
    """Door codes, declarations, questions, receipts."""

    name = "kuai.services.residence"
    label = "services_residence"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "自主申报"

    def ready(self) -> None:
        """Tell the guard how a declaration resolves to its sealed row, and that an open question is live work."""
        from django.conf import settings  # noqa: PLC0415 - models are not loaded before ready()

        from kuai.guard import access  # noqa: PLC0415
        from kuai.guard.types import TicketKind  # noqa: PLC0415
        from kuai.services.residence import staff_work  # noqa: PLC0415

        access.register_resolver(
            "declaration", lambda code: staff_work.resolve_declaration(code, store=settings.STORE)
        )
        access.register_origin(
            TicketKind.DECLARATION,
            staff_work.is_question_open,
            names_subject=staff_work.question_names,
            is_held_by=lambda origin, actor: staff_work.is_in_area(
                origin, actor, store=settings.STORE
            ),
        )
