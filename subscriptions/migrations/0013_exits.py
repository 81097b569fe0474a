"""Leaving a service: its phases in order, its log, and no end of a subscription without its day."""

import django.db.models.deletion
import subscriptions.models.exit
import uuid
from django.conf import settings
from django.db import migrations, models

from tenants.rls import AppendOnly, EnableRowSecurity


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0013_withdrawn_off_shelves'),
        ('subscriptions', '0012_terms'),
        ('tenants', '0007_register_statistics'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Exit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('state', models.CharField(choices=[('notice', 'préavis'), ('withdrawn', 'départ annulé'), ('transition', 'transition'), ('retrieval', 'récupération des données'), ('erasure', 'effacement'), ('done', 'terminé'), ('carried', 'repris par la commune nouvelle')], default='notice', max_length=10)),
                ('destination', models.CharField(blank=True, choices=[('provider', 'un autre fournisseur'), ('own', 'nos propres moyens'), ('erasure', 'personne : nos données sont seulement effacées')], max_length=10, verbose_name='destination')),
                ('reason', models.CharField(blank=True, max_length=500, verbose_name='motif')),
                ('requested_at', models.DateTimeField()),
                ('notice_from', models.DateField()),
                ('transition_from', models.DateField()),
                ('retrieval_from', models.DateField()),
                ('erasure_from', models.DateField()),
                ('extended_at', models.DateTimeField(null=True)),
                ('extension_reason', models.CharField(blank=True, max_length=500, verbose_name='motif de la prolongation')),
                ('retrieved_at', models.DateTimeField(null=True)),
                ('closed_at', models.DateTimeField(null=True)),
                ('certificate', models.FileField(blank=True, max_length=200, upload_to=subscriptions.models.exit.certificate_path, verbose_name='certificat')),
                ('certified_on', models.DateField(null=True, verbose_name='date du certificat')),
            ],
            options={
                'verbose_name': 'départ',
                'abstract': False,
                'base_manager_name': 'objects',
            },
        ),
        migrations.CreateModel(
            name='ExitMove',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('before', models.CharField(blank=True, choices=[('notice', 'préavis'), ('withdrawn', 'départ annulé'), ('transition', 'transition'), ('retrieval', 'récupération des données'), ('erasure', 'effacement'), ('done', 'terminé'), ('carried', 'repris par la commune nouvelle')], max_length=10)),
                ('after', models.CharField(choices=[('notice', 'préavis'), ('withdrawn', 'départ annulé'), ('transition', 'transition'), ('retrieval', 'récupération des données'), ('erasure', 'effacement'), ('done', 'terminé'), ('carried', 'repris par la commune nouvelle')], max_length=10)),
                ('at', models.DateTimeField()),
            ],
            options={
                'verbose_name': 'étape d’un départ',
                'abstract': False,
                'base_manager_name': 'objects',
            },
        ),
        migrations.AddConstraint(
            model_name='subscription',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['terminating', 'ended']), _negated=True), ('ended_on__isnull', False), _connector='OR'), name='subscription_stops_on_a_day'),
        ),
        migrations.AddField(
            model_name='exit',
            name='certified_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='exit',
            name='extended_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='exit',
            name='requested_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='exit',
            name='retrieved_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='exit',
            name='subscription',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='exits', to='subscriptions.subscription'),
        ),
        migrations.AddField(
            model_name='exit',
            name='tenant',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.organisation', verbose_name='organisation'),
        ),
        migrations.AddField(
            model_name='exitmove',
            name='by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='exitmove',
            name='exit',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='moves', to='subscriptions.exit'),
        ),
        migrations.AddField(
            model_name='exitmove',
            name='tenant',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.organisation', verbose_name='organisation'),
        ),
        migrations.AddIndex(
            model_name='exit',
            index=models.Index(fields=['state'], name='exit_state'),
        ),
        migrations.AddConstraint(
            model_name='exit',
            constraint=models.UniqueConstraint(condition=models.Q(('state__in', ['withdrawn', 'done', 'carried']), _negated=True), fields=('subscription',), name='exit_one_open_per_subscription'),
        ),
        migrations.AddConstraint(
            model_name='exit',
            constraint=models.CheckConstraint(condition=models.Q(('transition_from__gte', models.F('notice_from')), ('retrieval_from__gte', models.F('transition_from')), ('erasure_from__gt', models.F('retrieval_from'))), name='exit_days_in_order'),
        ),
        migrations.AddConstraint(
            model_name='exit',
            constraint=models.CheckConstraint(condition=models.Q(('extended_at__isnull', True), models.Q(('extension_reason', ''), _negated=True), _connector='OR'), name='exit_extended_for_a_reason'),
        ),
        migrations.AddConstraint(
            model_name='exit',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'done'), _negated=True), models.Q(('certified_on__isnull', False), ('closed_at__isnull', False), models.Q(('certificate', ''), _negated=True)), _connector='OR'), name='exit_done_with_its_certificate'),
        ),
        EnableRowSecurity("subscriptions_exit"),
        EnableRowSecurity("subscriptions_exitmove"),
        AppendOnly("subscriptions_exitmove"),
    ]
