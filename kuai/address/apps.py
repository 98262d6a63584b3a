"""Django's view of the room `address`."""

from django.apps import AppConfig


class AddressConfig(AppConfig):
    """Decisions, reviews, and how a person's code leads to sealed rows."""

    name = "kuai.address"
    label = "address"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "地址"

    def ready(self) -> None:
        """Tell the guard how persons resolve, and that an open review is live work."""
        from django.conf import settings  # noqa: PLC0415 - models are not loaded before ready()

        from kuai.guard import access  # noqa: PLC0415
        from kuai.guard.types import TicketKind  # noqa: PLC0415
        from kuai.address import deciding, resolving  # noqa: PLC0415

        access.register_resolver(
            "person", lambda code: resolving.resolve_person(code, store=settings.STORE)
        )
        access.register_origin(
            TicketKind.REVIEW,
            deciding.is_review_open,
            names_subject=deciding.review_names,
            is_held_by=deciding.review_is_held_by,
        )
