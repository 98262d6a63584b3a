"""Django's view of the room `registry`."""

from django.apps import AppConfig


class RegistryConfig(AppConfig):
    """Decisions, reviews, and how a person's code leads to sealed rows."""

    name = "kuai.registry"
    label = "registry"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "登记"

    def ready(self) -> None:
        """Tell the guard how persons resolve, and that an open review is live work."""
        from django.conf import settings  # noqa: PLC0415 - models are not loaded before ready()

        from kuai.guard import access  # noqa: PLC0415
        from kuai.guard.types import TicketKind  # noqa: PLC0415
        from kuai.registry import resolving, reviewing  # noqa: PLC0415

        access.register_resolver(
            "person", lambda code: resolving.resolve_person(code, store=settings.STORE)
        )
        access.register_list_resolver(
            "person", lambda codes: resolving.resolve_persons(codes, store=settings.STORE)
        )
        access.register_origin(
            TicketKind.REVIEW,
            reviewing.is_review_open,
            names_subject=reviewing.review_names,
            is_held_by=reviewing.review_is_held_by,
        )
