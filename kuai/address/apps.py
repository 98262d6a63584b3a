"""Django's view of the room `address`."""

from django.apps import AppConfig


class AddressConfig(AppConfig):
    """The record of the address library: imports, life-cycle events, aliases, applications."""

    name = "kuai.address"
    label = "address"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "地址"
