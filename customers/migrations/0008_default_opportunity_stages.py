"""The stages that a board of opportunities begins with; a company renames, adds and removes as it likes."""

from typing import Any

from django.db import migrations

# Position, English, French, probability in per cent, outcome.
STAGES = (
    (1, "Lead", "Piste", 10, "open"),
    (2, "Qualified", "Qualifiée", 30, "open"),
    (3, "Proposal", "Proposition", 50, "open"),
    (4, "Negotiation", "Négociation", 75, "open"),
    (5, "Won", "Gagnée", 100, "won"),
    (6, "Lost", "Perdue", 0, "lost"),
)


def add_stages(apps: Any, schema_editor: Any) -> None:
    """Add them unless the company has stages of its own."""
    stages = apps.get_model("customers", "OpportunityStage").objects
    if stages.exists():
        return
    for position, name, name_fr, probability, outcome in STAGES:
        stages.create(position=position, name=name, name_fr=name_fr, probability=probability, outcome=outcome)


class Migration(migrations.Migration):
    dependencies = [("customers", "0007_repeated_tasks_and_calendars")]

    operations = [migrations.RunPython(add_stages, migrations.RunPython.noop, elidable=False)]
