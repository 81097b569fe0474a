"""Whoever leaves an organisation, and what is closed behind her."""

import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models

from tenants.rls import EnableRowSecurity


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0014_trial_days'),
        ('provisioning', '0028_member_providers'),
        ('tenants', '0010_operator_shows_applications'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Departure',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('left_at', models.DateTimeField()),
                ('said_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.organisation', verbose_name='organisation')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'départ',
                'abstract': False,
                'base_manager_name': 'objects',
            },
        ),
        migrations.CreateModel(
            name='LeaverClosing',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('what', models.CharField(choices=[('sessions', 'sessions dans Halle'), ('provider', 'sessions chez le fournisseur d’identité'), ('service', 'accès à un service')], max_length=10)),
                ('by_hand', models.BooleanField(default=False)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('tried_at', models.DateTimeField(null=True)),
                ('closed_at', models.DateTimeField(null=True)),
                ('problem', models.CharField(blank=True, max_length=300)),
                ('departure', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='closings', to='provisioning.departure')),
                ('run', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='provisioning.run')),
                ('sheet', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalog.servicesheet')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.organisation', verbose_name='organisation')),
            ],
            options={
                'verbose_name': 'fermeture d’accès',
                'abstract': False,
                'base_manager_name': 'objects',
            },
        ),
        migrations.AddIndex(
            model_name='departure',
            index=models.Index(fields=['tenant', '-left_at'], name='departure_tenant_left_at'),
        ),
        migrations.AddIndex(
            model_name='leaverclosing',
            index=models.Index(models.F('id'), condition=models.Q(('closed_at__isnull', True), ('problem', ''), ('what', 'provider')), name='closing_provider_waits'),
        ),
        migrations.AddConstraint(
            model_name='leaverclosing',
            constraint=models.UniqueConstraint(fields=('departure', 'what', 'sheet'), name='closing_once', nulls_distinct=False),
        ),
        migrations.AddConstraint(
            model_name='leaverclosing',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('sheet__isnull', False), ('what', 'service')), models.Q(models.Q(('what', 'service'), _negated=True), ('by_hand', False), ('run__isnull', True), ('sheet__isnull', True)), _connector='OR'), name='closing_of_one_thing'),
        ),
        migrations.AddConstraint(
            model_name='leaverclosing',
            constraint=models.CheckConstraint(condition=models.Q(('run__isnull', True), models.Q(('by_hand', False), ('closed_at__isnull', True)), _connector='OR'), name='closing_of_a_run_is_the_runs'),
        ),
        EnableRowSecurity("provisioning_departure"),
        EnableRowSecurity("provisioning_leaverclosing"),
    ]
