"""Django's view of the portal."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    """Pages, uploads."""

    name = "kuai.web"
    label = "web"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "门户"
