from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

POLICIES = {
    1: (
        "Keep and delight: know them by name, answer them first, and never let price be what they remember.",
        "Conserver et enchanter : les connaître par leur nom, leur répondre en premier, "
        "et leur laisser un autre souvenir que le prix.",
    ),
    2: (
        "Move up: offer what the most profitable customers buy, and the next product that fits.",
        "Faire monter : proposer ce qu’achètent les clients les plus rentables, et le produit suivant qui leur convient.",
    ),
    3: (
        "Move up: they are worth little today and promise more, or bring others. Invest with care and follow the result.",
        "Faire monter : ils rapportent peu aujourd’hui mais promettent davantage, ou en amènent d’autres. "
        "Investir avec mesure et suivre le résultat.",
    ),
    4: (
        "Raise the price, cut the cost to serve (orders on line, fewer visits, a smallest order), or let go.",
        "Relever le prix, réduire le coût de service (commande en ligne, moins de visites, minimum de commande), "
        "ou laisser partir.",
    ),
}


def fill(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    policy = apps.get_model("profitability", "CategoryPolicy")
    for category, (text, text_fr) in POLICIES.items():
        policy.objects.get_or_create(category=category, defaults={"text": text, "text_fr": text_fr})


class Migration(migrations.Migration):
    """A policy to begin with for each of the four categories."""

    dependencies = [("profitability", "0002_customer_month_partitions")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
