from django.db import migrations, models


class Migration(migrations.Migration):
    """What staff noted down counts against a limit too."""

    dependencies = [("customers", "0016_steps_of_the_journey")]

    operations = [
        migrations.AlterField(
            "contactlimit",
            "messages",
            models.PositiveSmallIntegerField(
                help_text="Messages that need consent, and calls, visits and letters that staff noted.",
                verbose_name="at most",
            ),
        ),
    ]
