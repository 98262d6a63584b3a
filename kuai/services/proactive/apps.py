"""Django's view of the room `services.proactive`."""

from django.apps import AppConfig


class ProactiveConfig(AppConfig):
    """Offers, and the life of the rules they come from."""

    name = "kuai.services.proactive"
    label = "services_proactive"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "主动服务"
