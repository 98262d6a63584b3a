"""Django's view of the room `sources`."""

from django.apps import AppConfig


class SourcesConfig(AppConfig):
    """Tables of the room `sources`."""

    name = "kuai.sources"
    label = "sources"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "来源"
