"""Organisations and agents at Keycloak: what it was told, in which round, what differs there."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from tenants.rls import EnableRowSecurity


class Migration(migrations.Migration):

    dependencies = [
        ('provisioning', '0029_departures'),
        ('tenants', '0010_operator_shows_applications'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='SyncRound',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('tell', 'synchronisation complète'), ('look', 'contrôle de la nuit')], max_length=4)),
                ('asked_at', models.DateTimeField()),
                ('started_at', models.DateTimeField(null=True)),
                ('held_until', models.DateTimeField(null=True)),
                ('go_on_after', models.DateTimeField(null=True)),
                ('finished_at', models.DateTimeField(null=True)),
                ('cursor', models.BigIntegerField(default=0)),
                ('in_all', models.PositiveIntegerField(null=True)),
                ('organisations', models.PositiveIntegerField(default=0)),
                ('agents', models.PositiveIntegerField(default=0)),
                ('changes', models.PositiveIntegerField(default=0)),
                ('differences', models.PositiveIntegerField(default=0)),
                ('seconds', models.FloatField(default=0)),
                ('failures', models.PositiveSmallIntegerField(default=0)),
                ('problem', models.CharField(blank=True, max_length=300)),
            ],
            options={
                'verbose_name': 'synchronisation avec Keycloak',
                'constraints': [models.UniqueConstraint(condition=models.Q(('finished_at__isnull', True)), fields=('kind',), name='sync_round_one_at_a_time'), models.CheckConstraint(condition=models.Q(('finished_at__isnull', True), ('finished_at__gte', models.F('asked_at')), _connector='OR'), name='sync_round_finished_after_asked')],
            },
        ),
        migrations.CreateModel(
            name='AccountDrift',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('changed', 'organisation changée à la main'), ('absent', 'organisation absente'), ('left', 'organisation ou membre en trop'), ('member', 'agent absent de son organisation'), ('account', 'compte disparu'), ('disabled', 'compte désactivé'), ('kept', 'membre que Halle ne peut pas retirer')], max_length=8)),
                ('account', models.CharField(blank=True, max_length=255)),
                ('words', models.CharField(max_length=500)),
                ('opened_at', models.DateTimeField()),
                ('seen_at', models.DateTimeField()),
                ('closed_at', models.DateTimeField(null=True)),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.organisation', verbose_name='organisation')),
                ('user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'écart chez Keycloak',
                'abstract': False,
                'base_manager_name': 'objects',
                'constraints': [models.UniqueConstraint(condition=models.Q(('closed_at__isnull', True)), fields=('tenant', 'kind', 'account'), name='account_drift_one_open'), models.CheckConstraint(condition=models.Q(('closed_at__isnull', True), ('closed_at__gte', models.F('opened_at')), _connector='OR'), name='account_drift_closed_after_it_opened')],
            },
        ),
        migrations.CreateModel(
            name='OrganisationTold',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('to_tell_since', models.DateTimeField(null=True)),
                ('tell_after', models.DateTimeField(null=True)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('told_at', models.DateTimeField(null=True)),
                ('problem', models.CharField(blank=True, max_length=300)),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.organisation', verbose_name='organisation')),
            ],
            options={
                'verbose_name': 'organisation chez Keycloak',
                'abstract': False,
                'base_manager_name': 'objects',
                'indexes': [models.Index(condition=models.Q(('to_tell_since__isnull', False)), fields=['to_tell_since'], name='organisation_to_tell')],
                'constraints': [models.UniqueConstraint(fields=('tenant',), name='organisation_told_one_row')],
            },
        ),
        EnableRowSecurity("provisioning_accountdrift"),
        EnableRowSecurity("provisioning_organisationtold"),
    ]
