"""Django's view of the portal."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    """Pages, uploads."""

    name = "kuai.web"
    label = "web"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "门户"

    def ready(self) -> None:
        """Let work that is the portal's, or of no room of Django's, issue tickets: returned rows, child welfare."""
        from kuai.flows.welfare import register_welfare_duty  # noqa: PLC0415 - models are not loaded before ready()
        from kuai.web.uploads.returning import register_returns  # noqa: PLC0415

        register_welfare_duty()
        register_returns()
