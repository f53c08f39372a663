import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """The management report by e-mail: who wants it each month, and each one that was sent."""

    dependencies = [
        ("profitability", "0011_cohorts_of_runs"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ReportSubscription",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "language",
                    models.CharField(
                        choices=[("en", "English"), ("fr", "French")], max_length=5, verbose_name="language"
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="since")),
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="report_subscription",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="person",
                    ),
                ),
            ],
            options={
                "verbose_name": "subscription to the management report",
                "verbose_name_plural": "subscriptions to the management report",
            },
        ),
        migrations.CreateModel(
            name="ReportMail",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "month",
                    models.DateField(help_text="The first day of the month in which it is sent.", verbose_name="month"),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[("waiting", "Waiting"), ("sent", "Sent"), ("refused", "Not sent")],
                        default="waiting",
                        max_length=8,
                        verbose_name="state",
                    ),
                ),
                (
                    "refusal",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("not_wanted", "the person does not want it any more"),
                            ("not_allowed", "the person may not see the figures any more"),
                            ("no_address", "no e-mail address is known"),
                            ("address_refused", "the mail server refused the address"),
                            ("not_delivered", "the mail server did not accept the message, also when tried again"),
                        ],
                        max_length=15,
                        verbose_name="why it was not sent",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="asked for")),
                ("sent_at", models.DateTimeField(blank=True, null=True, verbose_name="sent")),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="report_mails",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="person",
                    ),
                ),
            ],
            options={
                "verbose_name": "monthly management report",
                "verbose_name_plural": "monthly management reports",
                "ordering": ["-month", "user"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("user", "month"),
                        name="report_mail_once_a_month",
                        violation_error_message="This person has a report of this month already.",
                    )
                ],
            },
        ),
    ]
