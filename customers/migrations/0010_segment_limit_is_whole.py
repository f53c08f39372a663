from django.db import migrations, models


def forget_halves(apps, schema_editor):
    """A number of messages without a period never limited anything."""
    apps.get_model("customers", "Segment").objects.filter(days=None).exclude(messages=None).update(messages=None)


class Migration(migrations.Migration):
    """A segment's limit has both its numbers or neither: a comparison with nothing is unknown, and a check lets it by."""

    dependencies = [("customers", "0009_email_in_any_case")]

    operations = [
        migrations.RunPython(forget_halves, migrations.RunPython.noop, elidable=True),
        migrations.RemoveConstraint("segment", "segment_limit_is_whole"),
        migrations.AddConstraint(
            "segment",
            models.CheckConstraint(
                condition=models.Q(messages__isnull=True, days__isnull=True)
                | models.Q(messages__isnull=False, days__isnull=False, days__gte=1),
                name="segment_limit_is_whole",
                violation_error_message="Give both the messages and the days of the limit, or neither.",
            ),
        ),
    ]
