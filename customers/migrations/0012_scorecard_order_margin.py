from django.db import migrations

import crm_site.lib.fields


class Migration(migrations.Migration):
    """What an order is expected to bring, so that a change of lifetime value can be told apart into its causes."""

    dependencies = [("customers", "0011_imports_of_people")]

    operations = [
        migrations.AddField(
            "scorecard",
            "order_margin",
            crm_site.lib.fields.CentsField(
                help_text="Before the cost of serving it.", null=True, verbose_name="expected margin of an order"
            ),
        ),
    ]
