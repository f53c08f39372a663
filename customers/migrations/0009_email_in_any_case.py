from django.db import migrations, models
from django.db.models.functions import Upper


class Migration(migrations.Migration):
    dependencies = [("customers", "0008_default_opportunity_stages")]

    operations = [
        migrations.AddIndex("customer", models.Index(Upper("email"), name="customer_by_email_any_case")),
    ]
