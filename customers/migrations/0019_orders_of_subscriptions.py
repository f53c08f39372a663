from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("customers", "0018_search_words_of_any_script")]

    operations = [
        migrations.AddField(
            model_name="order",
            name="contract",
            field=models.CharField(
                blank=True,
                choices=[("start", "Begins a subscription"), ("renewal", "Renews a subscription")],
                db_default="",
                help_text="Whether the order begins or renews a subscription; empty for an order of any other kind.",
                max_length=7,
                verbose_name="subscription",
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                condition=~models.Q(contract=""),
                fields=["customer", "ordered_on"],
                include=["contract"],
                name="order_of_contract",
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(contract__in=["", "start", "renewal"]), name="order_contract_known"
            ),
        ),
    ]
