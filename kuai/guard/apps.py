"""Django's view of the room `guard`."""

from django.apps import AppConfig


class GuardConfig(AppConfig):
    """Purposes, accounts, tickets, ledger."""

    name = "kuai.guard"
    label = "guard"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "门卫"

    def ready(self) -> None:
        """Listen to logins and log-outs, which Django tells by signal only; let residents read their own file."""
        from kuai.guard import login_entries, tickets  # noqa: PLC0415 - models are not loaded before ready()

        login_entries.connect_login_signals()
        tickets.register_own_data()
