"""Envelopes that approve requests by themselves, and what each request takes of them."""

import django.contrib.postgres.fields
import django.db.models.deletion
import subscriptions.models.envelope
import uuid
from django.conf import settings
from django.db import migrations, models

from tenants.rls import AppendOnly, EnableRowSecurity


class Migration(migrations.Migration):

    dependencies = [
        ('subscriptions', '0023_payers'),
        ('tenants', '0007_register_statistics'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Envelope',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('request_key', models.UUIDField(default=uuid.uuid4, unique=True)),
                ('number', models.PositiveSmallIntegerField()),
                ('amount_cents', models.BigIntegerField(verbose_name='montant')),
                ('held_cents', models.BigIntegerField(default=0, verbose_name='montant engagé')),
                ('starts_on', models.DateField(verbose_name='début')),
                ('ends_on', models.DateField(verbose_name='fin')),
                ('families', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('canteen', 'Cantine et périscolaire'), ('civil-registry', 'Rendez-vous d’état civil'), ('procurement', 'Marchés publics dématérialisés'), ('signature', 'Signature électronique'), ('email', 'Messagerie et agenda'), ('gis', 'Cartographie et cadastre'), ('archives', 'Archivage électronique'), ('cemetery', 'Gestion du cimetière'), ('requests', 'Demandes des usagers'), ('website', 'Site internet')], max_length=20), blank=True, default=list, size=None)),
                ('delegation_number', models.CharField(max_length=60, verbose_name='délibération de délégation')),
                ('delegation_date', models.DateField(verbose_name='date de la délégation')),
                ('act_number', models.CharField(max_length=60, verbose_name='décision')),
                ('act_date', models.DateField(verbose_name='date de la décision')),
                ('act_file', models.FileField(max_length=200, upload_to=subscriptions.models.envelope.envelope_path, verbose_name='décision signée')),
                ('opened_at', models.DateTimeField()),
                ('closed_at', models.DateTimeField(null=True)),
                ('closed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('signed_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.organisation', verbose_name='organisation')),
            ],
            options={
                'verbose_name': 'enveloppe',
                'abstract': False,
                'base_manager_name': 'objects',
            },
        ),
        migrations.CreateModel(
            name='EnvelopeHold',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('amount_cents', models.BigIntegerField()),
                ('left_before_cents', models.BigIntegerField()),
                ('at', models.DateTimeField()),
                ('given_back_at', models.DateTimeField(null=True)),
                ('envelope', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='holds', to='subscriptions.envelope')),
                ('subscription', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='envelope_hold', to='subscriptions.subscription')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.organisation', verbose_name='organisation')),
            ],
            options={
                'verbose_name': 'engagement d’une enveloppe',
                'abstract': False,
                'base_manager_name': 'objects',
            },
        ),
        migrations.AddConstraint(
            model_name='envelope',
            constraint=models.UniqueConstraint(fields=('tenant', 'number'), name='envelope_once_by_number'),
        ),
        migrations.AddConstraint(
            model_name='envelope',
            constraint=models.CheckConstraint(condition=models.Q(('amount_cents__gt', 0)), name='envelope_holds_something'),
        ),
        migrations.AddConstraint(
            model_name='envelope',
            constraint=models.CheckConstraint(condition=models.Q(('held_cents__gte', 0), ('held_cents__lte', models.F('amount_cents'))), name='envelope_never_passed'),
        ),
        migrations.AddConstraint(
            model_name='envelope',
            constraint=models.CheckConstraint(condition=models.Q(('ends_on__gt', models.F('starts_on'))), name='envelope_ends_after_it_starts'),
        ),
        migrations.AddConstraint(
            model_name='envelope',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('delegation_number', ''), _negated=True), models.Q(('act_number', ''), _negated=True), ('delegation_date__lte', models.F('act_date')), ('act_date__lte', models.F('starts_on'))), name='envelope_rests_on_its_acts'),
        ),
        migrations.AddConstraint(
            model_name='envelope',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('closed_at__isnull', True), ('closed_by__isnull', True)), models.Q(('closed_at__isnull', False), ('closed_by__isnull', False)), _connector='OR'), name='envelope_closed_by_somebody'),
        ),
        migrations.AddConstraint(
            model_name='envelopehold',
            constraint=models.CheckConstraint(condition=models.Q(('amount_cents__gte', 0), ('left_before_cents__gte', models.F('amount_cents'))), name='envelope_hold_within_what_was_left'),
        ),
        EnableRowSecurity("subscriptions_envelope"),
        EnableRowSecurity("subscriptions_envelopehold"),
        AppendOnly("subscriptions_envelopehold", unless="TG_OP = 'UPDATE' AND OLD.given_back_at IS NULL"),
    ]
