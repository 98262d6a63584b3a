from django.conf import settings
from django.db import migrations


def name_who_registered(apps, schema_editor):
    """Forms already registered: who registered one answers for its lists, until its office names somebody else."""
    # Where all sources are invented, so is whoever answers.
    if not apps.get_model("guard", "SourceRecord").objects.filter(synthetic=False).exists():
        return
    account = apps.get_model("guard", "Account")
    official = apps.get_model("guard", "OfficialRecord")
    for form in apps.get_model("services_forms", "RegisteredForm").objects.order_by("-pk"):
        who = account.objects.filter(username=form.registered_by).first()
        if who is None or not who.display_name:
            continue
        if official.objects.filter(office=form.office).exists():
            continue
        official.objects.create(
            office=form.office, name=who.display_name[:24], post="报表登记人",
            channel=settings.KUAI_QUESTION_CHANNEL, named_by="migration", named_at=form.registered_at,
        )


class Migration(migrations.Migration):

    dependencies = [
        ("guard", "0011_officials"),
        ("services_forms", "0002_no_file_names"),
    ]

    operations = [migrations.RunPython(name_who_registered, migrations.RunPython.noop)]
