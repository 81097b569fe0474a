"""One request for many members, and what became of each of its lines."""

import django.db.models.deletion
import subscriptions.models.bulk
import uuid
from django.conf import settings
from django.db import migrations, models

from tenants.rls import EnableRowSecurity


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0013_withdrawn_off_shelves'),
        ('subscriptions', '0015_wanted_from'),
        ('tenants', '0007_register_statistics'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='BulkRequest',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('request_key', models.UUIDField(default=uuid.uuid4)),
                ('state', models.CharField(choices=[('draft', 'à confirmer'), ('running', 'demandes en cours'), ('made', 'demandes faites'), ('approving', 'approbation en cours'), ('done', 'approuvées')], default='draft', max_length=10)),
                ('requested_at', models.DateTimeField()),
                ('done', models.PositiveIntegerField(default=0)),
                ('total', models.PositiveIntegerField(default=0)),
                ('convention_number', models.CharField(blank=True, max_length=60, verbose_name='numéro de la convention')),
                ('convention_date', models.DateField(null=True, verbose_name='date de la convention')),
                ('convention_file', models.FileField(blank=True, max_length=200, upload_to=subscriptions.models.bulk.convention_path, verbose_name='convention')),
                ('approved_at', models.DateTimeField(null=True)),
                ('act_number', models.CharField(blank=True, max_length=60, verbose_name='numéro de l’acte')),
                ('act_date', models.DateField(null=True, verbose_name='date de l’acte')),
                ('act_file', models.FileField(blank=True, max_length=200, upload_to=subscriptions.models.bulk.act_path, verbose_name='acte')),
                ('approved_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('listing', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalog.listing')),
                ('requested_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.organisation', verbose_name='organisation')),
                ('vehicle', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='subscriptions.purchasingvehicle')),
            ],
            options={
                'verbose_name': 'demande groupée',
                'abstract': False,
                'base_manager_name': 'objects',
            },
        ),
        migrations.CreateModel(
            name='BulkLine',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveIntegerField()),
                ('typed', models.CharField(blank=True, max_length=100)),
                ('commitment_number', models.CharField(blank=True, max_length=50, verbose_name='numéro d’engagement')),
                ('yearly_cents', models.BigIntegerField(null=True)),
                ('state', models.CharField(choices=[('waiting', 'à faire'), ('made', 'demandé'), ('there', 'déjà demandé'), ('refused', 'refusé'), ('approved', 'approuvé'), ('not_approved', 'non approuvé')], default='waiting', max_length=12)),
                ('reason', models.CharField(blank=True, max_length=500)),
                ('subscription_id', models.BigIntegerField(null=True)),
                ('organisation', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.organisation')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.organisation', verbose_name='organisation')),
                ('bulk', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='lines', to='subscriptions.bulkrequest')),
            ],
            options={
                'verbose_name': 'ligne d’une demande groupée',
                'abstract': False,
                'base_manager_name': 'objects',
            },
        ),
        migrations.AddConstraint(
            model_name='bulkrequest',
            constraint=models.UniqueConstraint(fields=('tenant', 'request_key'), name='bulk_once'),
        ),
        migrations.AddConstraint(
            model_name='bulkrequest',
            constraint=models.CheckConstraint(condition=models.Q(('done__lte', models.F('total'))), name='bulk_progress_is_true'),
        ),
        migrations.AddConstraint(
            model_name='bulkrequest',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('convention_date__isnull', True), ('convention_file', ''), ('convention_number', '')), models.Q(models.Q(('convention_number', ''), _negated=True), models.Q(('convention_file', ''), _negated=True), ('convention_date__isnull', False)), _connector='OR'), name='bulk_convention_whole'),
        ),
        migrations.AddConstraint(
            model_name='bulkrequest',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['draft', 'running', 'made']), models.Q(models.Q(('convention_number', ''), _negated=True), models.Q(('act_number', ''), _negated=True), models.Q(('act_file', ''), _negated=True), ('act_date__isnull', False), ('approved_at__isnull', False), ('approved_by__isnull', False)), _connector='OR'), name='bulk_decided_by_an_act'),
        ),
        migrations.AddIndex(
            model_name='bulkline',
            index=models.Index(fields=['bulk', 'state'], name='bulk_line_state'),
        ),
        migrations.AddConstraint(
            model_name='bulkline',
            constraint=models.UniqueConstraint(fields=('bulk', 'position'), name='bulk_line_position_unique'),
        ),
        migrations.AddConstraint(
            model_name='bulkline',
            constraint=models.UniqueConstraint(condition=models.Q(('state__in', ['waiting', 'made', 'approved'])), fields=('bulk', 'organisation'), name='bulk_line_once_for_each'),
        ),
        migrations.AddConstraint(
            model_name='bulkline',
            constraint=models.CheckConstraint(condition=models.Q(('state', 'refused'), models.Q(('organisation__isnull', False), ('yearly_cents__isnull', False)), _connector='OR'), name='bulk_line_is_for_somebody'),
        ),
        EnableRowSecurity("subscriptions_bulkrequest"),
        EnableRowSecurity("subscriptions_bulkline"),
    ]
