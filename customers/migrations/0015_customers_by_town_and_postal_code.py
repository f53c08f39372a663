from django.db import migrations, models
from django.db.models.functions import Upper


class Migration(migrations.Migration):
    """Towns and postal codes are filtered by in whatever case, whole or by their beginning."""

    dependencies = [("customers", "0014_undoing_of_imports")]

    operations = [
        migrations.AddIndex("customer", models.Index(Upper("city"), name="customer_by_town")),
        migrations.AddIndex("customer", models.Index(Upper("postal_code"), name="customer_by_postal_code")),
    ]
