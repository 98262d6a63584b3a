"""Django's view of the portal."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    """Pages, uploads."""

    name = "kuai.web"
    label = "web"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "门户"

    def ready(self) -> None:
        """Let the child-welfare duty issue tickets: the stairwell, which knows how, is no room of Django's."""
        from kuai.flows.welfare import register_welfare_duty  # noqa: PLC0415 - models are not loaded before ready()

        register_welfare_duty()
