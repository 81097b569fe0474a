"""Amendments of contracts, the revision of their prices by an index, and the limit of modifications."""

import django.db.models.deletion
import subscriptions.models.act
import uuid
from datetime import date
from django.conf import settings
from django.db import migrations, models

from tenants.rls import AppendOnly, EnableRowSecurity


def fill(apps, schema_editor):
    apps.get_model("subscriptions", "ModificationLimit").objects.create(
        percent=10,
        in_force_from=date(2019, 4, 1),
        source="CCP R2194-8 : fournitures et services, 10 % du montant initial",
    )


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0013_withdrawn_off_shelves'),
        ('subscriptions', '0017_value_files'),
        ('tenants', '0007_register_statistics'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Amendment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('act_number', models.CharField(blank=True, max_length=60, verbose_name='numéro de l’acte')),
                ('act_date', models.DateField(blank=True, null=True, verbose_name='date de l’acte')),
                ('act_file', models.FileField(blank=True, max_length=200, upload_to=subscriptions.models.act.act_path, verbose_name='acte signé')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('request_key', models.UUIDField(default=uuid.uuid4, unique=True)),
                ('number', models.PositiveSmallIntegerField()),
                ('kind', models.CharField(choices=[('choices', 'changement de quantité ou d’options'), ('indexation', 'révision du prix'), ('other', 'autre modification')], max_length=12)),
                ('state', models.CharField(choices=[('proposed', 'à approuver'), ('approved', 'approuvé'), ('refused', 'refusé'), ('cancelled', 'retiré')], default='proposed', max_length=12)),
                ('effective_on', models.DateField(verbose_name='date d’effet')),
                ('text', models.TextField(max_length=1000, verbose_name='objet')),
                ('before', models.CharField(blank=True, max_length=300)),
                ('after', models.CharField(blank=True, max_length=300)),
                ('counts', models.JSONField(null=True)),
                ('options', models.JSONField(null=True)),
                ('coefficient', models.DecimalField(decimal_places=4, max_digits=7, null=True)),
                ('steps', models.JSONField(default=list)),
                ('quote_before', models.JSONField()),
                ('quote_after', models.JSONField()),
                ('cents_before', models.BigIntegerField()),
                ('cents_after', models.BigIntegerField()),
                ('other_basis', models.CharField(blank=True, max_length=300, verbose_name='autre motif légal')),
                ('requested_at', models.DateTimeField()),
                ('decided_at', models.DateTimeField(null=True)),
                ('reason', models.CharField(blank=True, max_length=500, verbose_name='motif')),
            ],
            options={
                'verbose_name': 'avenant',
                'abstract': False,
                'base_manager_name': 'objects',
            },
        ),
        migrations.CreateModel(
            name='IndexValue',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('index', models.CharField(choices=[('syntec', 'indice Syntec'), ('icht_j', 'indice ICHT-rev-TS, information et communication')], max_length=12, verbose_name='indice')),
                ('month', models.DateField(verbose_name='mois')),
                ('value', models.DecimalField(decimal_places=2, max_digits=8, verbose_name='valeur')),
                ('source', models.CharField(max_length=300, verbose_name='source')),
                ('recorded_at', models.DateTimeField()),
            ],
            options={
                'verbose_name': 'valeur d’indice',
            },
        ),
        migrations.CreateModel(
            name='ModificationLimit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('percent', models.DecimalField(decimal_places=2, max_digits=4)),
                ('in_force_from', models.DateField(unique=True, verbose_name='en vigueur le')),
                ('source', models.CharField(max_length=300, verbose_name='source')),
            ],
            options={
                'verbose_name': 'limite des modifications',
            },
        ),
        migrations.AddField(
            model_name='purchasingvehicle',
            name='revision_base_month',
            field=models.DateField(blank=True, null=True, verbose_name='mois de l’indice de base'),
        ),
        migrations.AddField(
            model_name='purchasingvehicle',
            name='revision_cap_percent',
            field=models.DecimalField(blank=True, decimal_places=2, max_digits=4, null=True, verbose_name='hausse maximale à chaque révision, en %'),
        ),
        migrations.AddField(
            model_name='purchasingvehicle',
            name='revision_day',
            field=models.CharField(choices=[('january', 'chaque 1er janvier'), ('anniversary', 'chaque anniversaire, le premier du mois')], default='january', max_length=12, verbose_name='date de révision'),
        ),
        migrations.AddField(
            model_name='purchasingvehicle',
            name='revision_fixed_percent',
            field=models.DecimalField(decimal_places=2, default=15, max_digits=4, verbose_name='part fixe, en %'),
        ),
        migrations.AddField(
            model_name='purchasingvehicle',
            name='revision_index',
            field=models.CharField(blank=True, choices=[('syntec', 'indice Syntec'), ('icht_j', 'indice ICHT-rev-TS, information et communication')], max_length=12, verbose_name='indice'),
        ),
        migrations.AddField(
            model_name='subscription',
            name='revision_base_month',
            field=models.DateField(blank=True, null=True, verbose_name='mois de l’indice de base'),
        ),
        migrations.AddField(
            model_name='subscription',
            name='revision_cap_percent',
            field=models.DecimalField(blank=True, decimal_places=2, max_digits=4, null=True, verbose_name='hausse maximale à chaque révision, en %'),
        ),
        migrations.AddField(
            model_name='subscription',
            name='revision_day',
            field=models.CharField(choices=[('january', 'chaque 1er janvier'), ('anniversary', 'chaque anniversaire, le premier du mois')], default='january', max_length=12, verbose_name='date de révision'),
        ),
        migrations.AddField(
            model_name='subscription',
            name='revision_fixed_percent',
            field=models.DecimalField(decimal_places=2, default=15, max_digits=4, verbose_name='part fixe, en %'),
        ),
        migrations.AddField(
            model_name='subscription',
            name='revision_index',
            field=models.CharField(blank=True, choices=[('syntec', 'indice Syntec'), ('icht_j', 'indice ICHT-rev-TS, information et communication')], max_length=12, verbose_name='indice'),
        ),
        migrations.AlterField(
            model_name='order',
            name='subscription',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='orders', to='subscriptions.subscription'),
        ),
        migrations.AddConstraint(
            model_name='purchasingvehicle',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('revision_base_month__isnull', True), ('revision_index', '')), models.Q(models.Q(('revision_index', ''), _negated=True), ('revision_base_month__day', 1)), _connector='OR'), name='vehicle_revision_has_a_base'),
        ),
        migrations.AddConstraint(
            model_name='purchasingvehicle',
            constraint=models.CheckConstraint(condition=models.Q(('revision_fixed_percent__gte', 0), ('revision_fixed_percent__lt', 100), models.Q(('revision_cap_percent__isnull', True), ('revision_cap_percent__gte', 0), _connector='OR')), name='vehicle_revision_in_percent'),
        ),
        migrations.AddConstraint(
            model_name='subscription',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('revision_base_month__isnull', True), ('revision_index', '')), models.Q(models.Q(('revision_index', ''), _negated=True), ('revision_base_month__day', 1)), _connector='OR'), name='subscription_revision_has_a_base'),
        ),
        migrations.AddConstraint(
            model_name='subscription',
            constraint=models.CheckConstraint(condition=models.Q(('revision_fixed_percent__gte', 0), ('revision_fixed_percent__lt', 100), models.Q(('revision_cap_percent__isnull', True), ('revision_cap_percent__gte', 0), _connector='OR')), name='subscription_revision_in_percent'),
        ),
        migrations.AddField(
            model_name='amendment',
            name='decided_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='amendment',
            name='requested_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='amendment',
            name='subscription',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='amendments', to='subscriptions.subscription'),
        ),
        migrations.AddField(
            model_name='amendment',
            name='tenant',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.organisation', verbose_name='organisation'),
        ),
        migrations.AddField(
            model_name='order',
            name='amendment',
            field=models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='order', to='subscriptions.amendment'),
        ),
        migrations.AddConstraint(
            model_name='order',
            constraint=models.UniqueConstraint(condition=models.Q(('amendment__isnull', True)), fields=('subscription',), name='order_once_a_contract'),
        ),
        migrations.AddField(
            model_name='indexvalue',
            name='operator',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='index_values', to='tenants.operator'),
        ),
        migrations.AddField(
            model_name='indexvalue',
            name='recorded_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddConstraint(
            model_name='modificationlimit',
            constraint=models.CheckConstraint(condition=models.Q(('percent__gt', 0)), name='modification_limit_is_a_part'),
        ),
        migrations.AddConstraint(
            model_name='modificationlimit',
            constraint=models.CheckConstraint(condition=models.Q(('source', ''), _negated=True), name='modification_limit_has_a_source'),
        ),
        migrations.AddConstraint(
            model_name='amendment',
            constraint=models.UniqueConstraint(fields=('subscription', 'number'), name='amendment_once_by_number'),
        ),
        migrations.AddConstraint(
            model_name='amendment',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'proposed')), fields=('subscription',), name='amendment_one_proposed_at_a_time'),
        ),
        migrations.AddConstraint(
            model_name='amendment',
            constraint=models.UniqueConstraint(condition=models.Q(('kind', 'indexation')), fields=('subscription', 'effective_on'), name='amendment_one_revision_a_day'),
        ),
        migrations.AddConstraint(
            model_name='amendment',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(models.Q(('counts__isnull', False), ('kind', 'choices'), ('options__isnull', False)), models.Q(models.Q(('kind', 'choices'), _negated=True), ('counts__isnull', True), ('options__isnull', True)), _connector='OR'), models.Q(models.Q(('coefficient__gt', 0), ('kind', 'indexation')), models.Q(models.Q(('kind', 'indexation'), _negated=True), ('coefficient__isnull', True)), _connector='OR')), name='amendment_changes_what_its_kind_says'),
        ),
        migrations.AddConstraint(
            model_name='amendment',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind', 'indexation'), ('state', 'approved')), models.Q(models.Q(('kind', 'indexation'), _negated=True), ('requested_by__isnull', False)), _connector='OR'), name='amendment_asked_for_by_somebody'),
        ),
        migrations.AddConstraint(
            model_name='amendment',
            constraint=models.CheckConstraint(condition=models.Q(('kind', 'indexation'), models.Q(('decided_by__isnull', True), ('state', 'proposed')), models.Q(models.Q(('state', 'proposed'), _negated=True), ('decided_at__isnull', False), ('decided_by__isnull', False)), _connector='OR'), name='amendment_decided_by_somebody'),
        ),
        migrations.AddConstraint(
            model_name='amendment',
            constraint=models.CheckConstraint(condition=models.Q(('cents_after__gte', 0), ('cents_before__gte', 0)), name='amendment_price_not_negative'),
        ),
        migrations.AddConstraint(
            model_name='indexvalue',
            constraint=models.UniqueConstraint(fields=('operator', 'index', 'month'), name='index_value_once_a_month'),
        ),
        migrations.AddConstraint(
            model_name='indexvalue',
            constraint=models.CheckConstraint(condition=models.Q(('value__gt', 0)), name='index_value_positive'),
        ),
        migrations.AddConstraint(
            model_name='indexvalue',
            constraint=models.CheckConstraint(condition=models.Q(('month__day', 1)), name='index_value_of_a_month'),
        ),
        migrations.AddConstraint(
            model_name='indexvalue',
            constraint=models.CheckConstraint(condition=models.Q(('source', ''), _negated=True), name='index_value_has_a_source'),
        ),
        EnableRowSecurity("subscriptions_amendment"),
        AppendOnly("subscriptions_amendment", unless="TG_OP = 'UPDATE' AND OLD.state = 'proposed'"),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
