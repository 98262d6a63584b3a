"""Django's view of the room `registry`."""

from django.apps import AppConfig


class RegistryConfig(AppConfig):
    """Tables of the room `registry`."""

    name = "kuai.registry"
    label = "registry"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "登记"
