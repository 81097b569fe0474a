"""Files of agents to invite."""

import django.contrib.postgres.fields
import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models

from tenants.rls import EnableRowSecurity


class Migration(migrations.Migration):

    dependencies = [
        ('subscriptions', '0035_agent_groups'),
        ('tenants', '0012_agent_imports'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='AgentImport',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('file_name', models.CharField(max_length=200)),
                ('sent_at', models.DateTimeField()),
                ('state', models.CharField(choices=[('ready', 'à confirmer'), ('sending', 'invitations en cours'), ('done', 'invitations parties'), ('abandoned', 'abandonné')], default='ready', max_length=10)),
                ('notes', models.JSONField(default=dict)),
                ('confirmed_at', models.DateTimeField(null=True)),
                ('total', models.PositiveIntegerField(default=0)),
                ('done', models.PositiveIntegerField(default=0)),
                ('finished_at', models.DateTimeField(null=True)),
                ('forgotten_at', models.DateTimeField(null=True)),
                ('confirmed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('sent_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.organisation', verbose_name='organisation')),
            ],
            options={
                'verbose_name': 'import d’agents',
                'abstract': False,
                'base_manager_name': 'objects',
            },
        ),
        migrations.CreateModel(
            name='AgentImportRow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('line', models.PositiveIntegerField()),
                ('raw', models.JSONField()),
                ('data', models.JSONField(default=dict)),
                ('state', models.CharField(choices=[('waiting', 'à inviter'), ('invited', 'invité'), ('refused', 'écartée')], max_length=10)),
                ('problems', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=300), default=list, size=None)),
                ('agent_import', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='rows', to='subscriptions.agentimport')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.organisation', verbose_name='organisation')),
            ],
            options={
                'verbose_name': 'ligne d’import d’agents',
                'abstract': False,
                'base_manager_name': 'objects',
            },
        ),
        migrations.AddConstraint(
            model_name='agentimport',
            constraint=models.UniqueConstraint(condition=models.Q(('state__in', ['ready', 'sending'])), fields=('tenant',), name='agent_import_one_open'),
        ),
        migrations.AddConstraint(
            model_name='agentimport',
            constraint=models.CheckConstraint(condition=models.Q(('done__lte', models.F('total'))), name='agent_import_progress_true'),
        ),
        migrations.AddConstraint(
            model_name='agentimport',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['ready', 'abandoned']), models.Q(('confirmed_at__isnull', False), ('confirmed_by__isnull', False)), _connector='OR'), name='agent_import_confirmed_by_somebody'),
        ),
        migrations.AddConstraint(
            model_name='agentimportrow',
            constraint=models.UniqueConstraint(fields=('agent_import', 'line'), name='agent_import_row_line_unique'),
        ),
        migrations.AddConstraint(
            model_name='agentimportrow',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'refused'), _negated=True), ('problems__len__gt', 0), _connector='OR'), name='agent_import_row_refused_says_why'),
        ),
        EnableRowSecurity("subscriptions_agentimport"),
        EnableRowSecurity("subscriptions_agentimportrow"),
    ]
