from django.db import migrations

# A consent may follow its customer through a merge, and forget who recorded it; nothing else of it ever changes. Rows go only
# with their customer, when an erasure says so.
FORWARD = """
create function customers_consent_guard() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' then
        if current_setting('compagnon.erasing', true) is distinct from 'on' then
            raise exception 'A consent cannot be deleted on its own.' using errcode = 'integrity_constraint_violation';
        end if;
        return old;
    end if;
    if (new.id, new.channel, new.purpose_id, new.given, new.at, new.source, new.text_version)
        is distinct from (old.id, old.channel, old.purpose_id, old.given, old.at, old.source, old.text_version) then
        raise exception 'A consent cannot be changed.' using errcode = 'integrity_constraint_violation';
    end if;
    return new;
end $$;
create trigger consent_is_append_only before update or delete on customers_consent
    for each row execute function customers_consent_guard();
"""
BACKWARD = """
drop trigger consent_is_append_only on customers_consent;
drop function customers_consent_guard();
"""


class Migration(migrations.Migration):
    dependencies = [("customers", "0004_daily_work")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
