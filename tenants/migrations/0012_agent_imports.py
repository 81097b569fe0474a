"""How long the rows of a file of agents are kept: whom to invite, and what was wrong with a row."""

from datetime import date

from django.db import migrations, models


def how_long(apps, schema_editor):
    apps.get_model("tenants", "RetentionPeriod").objects.create(
        what="agent_imports",
        days=30,
        in_force_from=date(2026, 1, 1),
        source="Politique de conservation de Halle (RGPD, article 5.1 e)",
    )


class Migration(migrations.Migration):

    dependencies = [
        ('tenants', '0011_join_requests'),
    ]

    operations = [
        migrations.AlterField(
            model_name='retentionperiod',
            name='what',
            field=models.CharField(choices=[('invitations', 'adresses des invitations acceptées, annulées ou expirées'), ('letters', 'courriels envoyés'), ('exports', 'copies de données personnelles'), ('imports', 'fichiers d’adhérents importés'), ('agent_imports', 'lignes des fichiers d’agents à inviter'), ('assistances', 'qui a demandé l’aide d’un opérateur'), ('sessions', 'sessions expirées'), ('inactive_people', 'personnes sans mandat')], max_length=20, verbose_name='donnée'),
        ),
        migrations.RunPython(how_long),
    ]
