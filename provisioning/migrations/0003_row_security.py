from django.db import migrations

from tenants.rls import EnableRowSecurity


class Migration(migrations.Migration):
    dependencies = [("provisioning", "0002_initial")]

    operations = [
        EnableRowSecurity("provisioning_run"),
        EnableRowSecurity("provisioning_step"),
        EnableRowSecurity("provisioning_call"),
    ]
