from django.db import migrations

from crm_site.lib.partitions import cut_by


class Migration(migrations.Migration):
    """The months of customers have a partition for each run, as the scorecards have."""

    dependencies = [("profitability", "0001_costing_and_figures")]

    operations = [
        cut_by("run_id", table="profitability_customermonth", primary_key="customer_id, month, run_id"),
    ]
