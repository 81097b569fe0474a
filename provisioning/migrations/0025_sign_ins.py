"""Services that people enter through Halle: a client of Keycloak for each subscription."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0014_trial_days'),
        ('partner', '0007_partneraddress_code'),
        ('provisioning', '0024_drifts_settled'),
        ('subscriptions', '0033_planned_suspensions'),
        ('tenants', '0010_operator_shows_applications'),
    ]

    operations = [
        migrations.CreateModel(
            name='SignIn',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('redirect_uris', models.JSONField(default=list)),
                ('signed_out_uri', models.CharField(blank=True, max_length=400)),
                ('logout_uri', models.CharField(blank=True, max_length=400)),
                ('changed_at', models.DateTimeField()),
                ('told_at', models.DateTimeField(null=True)),
            ],
            options={
                'verbose_name': 'connexion par Halle',
            },
        ),
        migrations.RemoveConstraint(
            model_name='run',
            name='run_one_open_per_event',
        ),
        migrations.AddField(
            model_name='binding',
            name='kind',
            field=models.CharField(choices=[('vendor', 'identifiants donnés par l’éditeur'), ('client', 'client du service chez Keycloak')], default='vendor', max_length=6),
        ),
        migrations.AlterField(
            model_name='drift',
            name='kind',
            field=models.CharField(choices=[('missing', 'introuvable chez l’éditeur'), ('orphan', 'encore là après la fin'), ('different', 'autre que convenu'), ('client', 'connexion par Halle changée')], max_length=10),
        ),
        migrations.AlterField(
            model_name='lane',
            name='vendor',
            field=models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='lane', to='catalog.vendor'),
        ),
        migrations.AlterField(
            model_name='run',
            name='event',
            field=models.CharField(choices=[('activate', 'ouverture'), ('change', 'modification'), ('suspend', 'suspension'), ('resume', 'réouverture'), ('close', 'fermeture'), ('undo', 'effacement'), ('rotate', 'renouvellement des identifiants'), ('agents', 'comptes des agents'), ('client', 'connexion par Halle')], max_length=20),
        ),
        migrations.AddConstraint(
            model_name='lane',
            constraint=models.UniqueConstraint(condition=models.Q(('vendor__isnull', True)), fields=('vendor',), name='lane_one_without_vendor', nulls_distinct=False),
        ),
        migrations.AddConstraint(
            model_name='run',
            constraint=models.UniqueConstraint(condition=models.Q(('finished_at__isnull', True), models.Q(('event__in', ['agents', 'change', 'client']), _negated=True)), fields=('subscription', 'event'), name='run_one_open_per_event'),
        ),
        migrations.AddField(
            model_name='signin',
            name='offer',
            field=models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='sign_in', to='partner.stockrecord'),
        ),
        migrations.AddConstraint(
            model_name='signin',
            constraint=models.CheckConstraint(condition=models.Q(('told_at__isnull', True), ('told_at__gte', models.F('changed_at')), _connector='OR'), name='sign_in_told_once_changed'),
        ),
    ]
