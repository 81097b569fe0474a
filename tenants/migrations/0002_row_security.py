from django.db import migrations

from tenants.rls import AppendOnly, EnableRowSecurity


class Migration(migrations.Migration):
    dependencies = [("tenants", "0001_initial")]

    operations = [
        EnableRowSecurity("tenants_auditevent"),
        AppendOnly("tenants_auditevent"),
    ]
