from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("registry", "0003_set_aside"),
    ]

    operations = [
        migrations.AddField(
            model_name="review",
            name="item",
            field=models.CharField(blank=True, db_index=True, default="", max_length=16),
        ),
    ]
