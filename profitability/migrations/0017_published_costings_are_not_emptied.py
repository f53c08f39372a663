from django.db import migrations

# Emptying a table asks no trigger of rows. Whoever empties a whole database, as tests do after each real transaction, says so.
FORWARD = """
create function profitability_emptying_guard() returns trigger language plpgsql as $$
begin
    if current_setting('compagnon.emptying', true) is distinct from 'on'
        and exists (select from profitability_costing where published_at is not null) then
        raise exception 'A published costing cannot be deleted.' using errcode = 'integrity_constraint_violation';
    end if;
    return null;
end $$;
"""
TABLES = ("costing", "costpool", "activity", "costpoolamount", "activityshare")


class Migration(migrations.Migration):
    """TRUNCATE is refused like DELETE while a published costing is there."""

    dependencies = [("profitability", "0016_main_families_of_customers")]

    operations = [
        migrations.RunSQL(FORWARD, "drop function profitability_emptying_guard()"),
        *(
            migrations.RunSQL(
                f"create trigger published_is_not_emptied before truncate on profitability_{table} "
                "for each statement execute function profitability_emptying_guard()",
                f"drop trigger published_is_not_emptied on profitability_{table}",
            )
            for table in TABLES
        ),
    ]
