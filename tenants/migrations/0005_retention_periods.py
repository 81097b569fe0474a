"""The first retention periods: rows that staff may follow by newer ones, never constants in the code."""

from datetime import date

from django.db import migrations

SOURCE = "Politique de conservation de Halle (RGPD, article 5.1 e)"
DAYS = {
    "invitations": 90,
    "letters": 90,
    "exports": 7,
    "imports": 90,
    "sessions": 1,
    "inactive_people": 730,
}


def fill(apps, schema_editor):
    RetentionPeriod = apps.get_model("tenants", "RetentionPeriod")
    for what, days in DAYS.items():
        RetentionPeriod.objects.create(what=what, days=days, in_force_from=date(2026, 1, 1), source=SOURCE)


class Migration(migrations.Migration):
    dependencies = [("tenants", "0004_row_security_and_seals")]

    operations = [migrations.RunPython(fill)]
