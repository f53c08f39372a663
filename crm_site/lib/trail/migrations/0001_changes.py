import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

# What was written down stays as it is; rows go only when a customer's data are erased.
GUARD = """
create function trail_change_guard() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' and current_setting('compagnon.erasing', true) = 'on' then
        return old;
    end if;
    raise exception 'The trail of changes cannot be altered.' using errcode = 'integrity_constraint_violation';
end $$;
create trigger change_is_append_only before update or delete on trail_change
    for each row execute function trail_change_guard();
"""
NO_GUARD = """
drop trigger change_is_append_only on trail_change;
drop function trail_change_guard();
"""


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Change",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name="when")),
                ("model", models.CharField(max_length=60, verbose_name="what")),
                ("object_id", models.BigIntegerField(verbose_name="number")),
                ("customer_id", models.BigIntegerField(null=True, verbose_name="customer")),
                (
                    "kind",
                    models.CharField(
                        choices=[("added", "Added"), ("changed", "Changed"), ("removed", "Removed")],
                        max_length=7,
                        verbose_name="change",
                    ),
                ),
                ("title", models.CharField(blank=True, max_length=200, verbose_name="name")),
                ("fields", models.JSONField(default=dict, verbose_name="fields")),
                ("job", models.CharField(blank=True, max_length=40, verbose_name="job")),
                ("file_name", models.CharField(blank=True, max_length=255, verbose_name="file")),
                (
                    "user",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="who",
                    ),
                ),
            ],
            options={
                "verbose_name": "change",
                "verbose_name_plural": "changes",
                "permissions": [
                    ("see_company_changes", "Sees the changes of the whole company"),
                    ("erase_changes", "Can erase the changes of a customer"),
                ],
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(fields=["at", "id"], name="change_by_time"),
                    models.Index(fields=["customer_id", "at", "id"], name="change_by_customer"),
                    models.Index(fields=["user", "at", "id"], name="change_by_user"),
                    models.Index(fields=["model", "object_id", "id"], name="change_by_object"),
                ],
            },
        ),
        migrations.RunSQL(GUARD, NO_GUARD),
    ]
