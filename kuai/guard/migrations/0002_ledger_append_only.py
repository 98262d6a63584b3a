"""Ledger tables refuse UPDATE, DELETE and TRUNCATE in the database itself."""

from django.db import migrations

from kuai.guard.ledger_triggers import drop_triggers, raise_triggers


def _raise(apps, schema_editor):
    raise_triggers(schema_editor.connection)


def _drop(apps, schema_editor):
    drop_triggers(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [("guard", "0001_initial")]
    operations = [migrations.RunPython(_raise, _drop, elidable=False)]
