import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import crm_site.lib.fields
from crm_site.lib.partitions import cut_by


class Migration(migrations.Migration):
    """What customers were worth month by month: a partition for each month, found by an index of ranges."""

    dependencies = [
        ("customers", "0019_orders_of_subscriptions"),
        ("profitability", "0012_monthly_reports"),
    ]

    operations = [
        migrations.CreateModel(
            name="ValueSnapshot",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "month",
                    models.DateField(
                        error_messages={"unique": "There is already a snapshot of this month."},
                        unique=True,
                        verbose_name="month",
                    ),
                ),
                ("as_of", models.DateField(verbose_name="figures as of")),
                ("customers", models.IntegerField(default=0, verbose_name="customers")),
                (
                    "taken_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name="taken"),
                ),
                (
                    "run",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="customers.run",
                        verbose_name="recompute",
                    ),
                ),
            ],
            options={
                "verbose_name": "snapshot of values",
                "verbose_name_plural": "snapshots of values",
                "ordering": ["-month"],
            },
        ),
        migrations.CreateModel(
            name="ValuePoint",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "snapshot_id", "customer_id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("lifetime_value", crm_site.lib.fields.CentsField(null=True, verbose_name="lifetime value")),
                ("profit", crm_site.lib.fields.CentsField(help_text="Since the first order.", verbose_name="profit")),
                (
                    "category",
                    models.SmallIntegerField(
                        choices=[
                            (1, "Most profitable"),
                            (2, "Fairly profitable"),
                            (3, "Low profit but desirable"),
                            (4, "Unprofitable and undesirable"),
                        ],
                        null=True,
                        verbose_name="category",
                    ),
                ),
                (
                    "customer",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="value_points",
                        to="customers.customer",
                    ),
                ),
                (
                    "snapshot",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="profitability.valuesnapshot",
                    ),
                ),
            ],
            options={
                "verbose_name": "value of a customer in a month",
                "verbose_name_plural": "values of customers by month",
            },
        ),
        migrations.AddConstraint(
            model_name="valuesnapshot",
            constraint=models.CheckConstraint(
                condition=models.Q(("month__day", 1)),
                name="value_snapshot_of_a_month",
                violation_error_message="Give the first day of the month.",
            ),
        ),
        cut_by("snapshot_id", table="profitability_valuepoint", primary_key="customer_id, snapshot_id"),
        migrations.RunSQL(
            [
                "ALTER TABLE profitability_valuepoint DROP CONSTRAINT profitability_valuepoint_pkey",
                "CREATE INDEX value_point_by_customer ON profitability_valuepoint "
                "USING brin (customer_id) WITH (pages_per_range = 16)",
            ],
            reverse_sql=[
                "DROP INDEX value_point_by_customer",
                "ALTER TABLE profitability_valuepoint ADD CONSTRAINT profitability_valuepoint_pkey "
                "PRIMARY KEY (customer_id, snapshot_id)",
            ],
        ),
    ]
