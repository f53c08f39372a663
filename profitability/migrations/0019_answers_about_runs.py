import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0021_journey_by_month"),
        ("profitability", "0018_changes_by_customer"),
    ]

    operations = [
        migrations.CreateModel(
            name="RunAnswer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("question", models.CharField(max_length=120, verbose_name="question")),
                ("answer", models.JSONField(default=dict, verbose_name="answer")),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="answers",
                        to="customers.run",
                        verbose_name="recompute",
                    ),
                ),
            ],
            options={
                "verbose_name": "answer about a recompute",
                "verbose_name_plural": "answers about recomputes",
                "ordering": ["-run", "question"],
                "constraints": [models.UniqueConstraint(fields=("run", "question"), name="run_answer_once_a_question")],
            },
        ),
    ]
