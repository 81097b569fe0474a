"""The list of tenants is read once a statement, not once a row: see tenants/rls.py."""

from django.db import migrations

from tenants.rls import CONDITION, POLICY

QUOTED = CONDITION.replace("'", "''")
ALTER = f"""
DO $$
DECLARE
    fenced regclass;
BEGIN
    FOR fenced IN SELECT polrelid::regclass FROM pg_policy WHERE polname = '{POLICY}' LOOP
        EXECUTE 'ALTER POLICY {POLICY} ON ' || fenced || ' USING ({QUOTED}) WITH CHECK ({QUOTED})';
    END LOOP;
END $$
"""


class Migration(migrations.Migration):
    dependencies = [("tenants", "0005_retention_periods")]

    operations = [migrations.RunSQL(ALTER, migrations.RunSQL.noop)]
