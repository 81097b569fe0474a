from django.db import migrations

from tenants.rls import AppendOnly, EnableRowSecurity


class Migration(migrations.Migration):
    dependencies = [("subscriptions", "0002_initial")]

    operations = [
        EnableRowSecurity("subscriptions_subscription"),
        EnableRowSecurity("subscriptions_transition"),
        AppendOnly("subscriptions_transition"),
        EnableRowSecurity("subscriptions_decision"),
    ]
