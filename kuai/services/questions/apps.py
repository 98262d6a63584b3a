"""Django's view of the room `services.questions`."""

from django.apps import AppConfig


class QuestionsConfig(AppConfig):
    """Questions, messages, answers, visits."""

    name = "kuai.services.questions"
    label = "services_questions"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "问题与核对"

    def ready(self) -> None:
        """Tell the guard that a living question is live work, and whom it names."""
        from kuai.guard import access  # noqa: PLC0415 - models are not loaded before ready()
        from kuai.guard.types import TicketKind  # noqa: PLC0415
        from kuai.services.questions import sending, settling  # noqa: PLC0415

        access.register_origin(
            TicketKind.QUESTION,
            settling.is_question_open,
            names_subject=sending.message_names,
            is_held_by=settling.is_held_by,
        )
