"""Terms of subscriptions: how long they bind, how they go on."""

import django.contrib.postgres.constraints
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.math
import django.db.models.lookups
import subscriptions.models.act
import tenants.models.ranges
from django.conf import settings
from django.db import migrations, models

from tenants.rls import AppendOnly, EnableRowSecurity


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0013_withdrawn_off_shelves'),
        ('subscriptions', '0011_counts'),
        ('tenants', '0007_register_statistics'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='NonRenewal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('side', models.CharField(choices=[('member', 'l’adhérent'), ('operator', 'l’opérateur')], max_length=8)),
                ('reason', models.CharField(blank=True, max_length=500, verbose_name='motif')),
                ('given_at', models.DateTimeField()),
                ('withdrawn_at', models.DateTimeField(null=True)),
            ],
            options={
                'verbose_name': 'refus de reconduction',
                'abstract': False,
                'base_manager_name': 'objects',
            },
        ),
        migrations.CreateModel(
            name='Term',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('act_number', models.CharField(blank=True, max_length=60, verbose_name='numéro de l’acte')),
                ('act_date', models.DateField(blank=True, null=True, verbose_name='date de l’acte')),
                ('act_file', models.FileField(blank=True, max_length=200, upload_to=subscriptions.models.act.act_path, verbose_name='acte signé')),
                ('rank', models.PositiveSmallIntegerField()),
                ('starts', models.DateField()),
                ('ends', models.DateField()),
                ('origin', models.CharField(choices=[('opened', 'ouverture du service'), ('tacit', 'reconduction tacite'), ('express', 'reconduction expresse'), ('handed_over', 'reprise d’une commune fusionnée')], max_length=12)),
                ('written_at', models.DateTimeField()),
            ],
            options={
                'verbose_name': 'terme',
                'abstract': False,
                'base_manager_name': 'objects',
            },
        ),
        migrations.AddField(
            model_name='purchasingvehicle',
            name='notice_days',
            field=models.PositiveSmallIntegerField(default=60, verbose_name='préavis, en jours'),
        ),
        migrations.AddField(
            model_name='purchasingvehicle',
            name='renewal',
            field=models.CharField(choices=[('open', 'sans terme : dure jusqu’à ce que l’on y mette fin'), ('none', 'un seul terme, sans reconduction'), ('tacit', 'reconduction tacite : continue, sauf avis contraire'), ('express', 'reconduction expresse : s’arrête, sauf décision de continuer')], default='open', max_length=8, verbose_name='reconduction'),
        ),
        migrations.AddField(
            model_name='purchasingvehicle',
            name='renewals',
            field=models.PositiveSmallIntegerField(default=0, verbose_name='reconductions au plus'),
        ),
        migrations.AddField(
            model_name='subscription',
            name='notice_days',
            field=models.PositiveSmallIntegerField(default=60, verbose_name='préavis, en jours'),
        ),
        migrations.AddField(
            model_name='subscription',
            name='renewal',
            field=models.CharField(choices=[('open', 'sans terme : dure jusqu’à ce que l’on y mette fin'), ('none', 'un seul terme, sans reconduction'), ('tacit', 'reconduction tacite : continue, sauf avis contraire'), ('express', 'reconduction expresse : s’arrête, sauf décision de continuer')], default='open', max_length=8, verbose_name='reconduction'),
        ),
        migrations.AddField(
            model_name='subscription',
            name='renewals',
            field=models.PositiveSmallIntegerField(default=0, verbose_name='reconductions au plus'),
        ),
        migrations.AddField(
            model_name='subscription',
            name='term_years',
            field=models.PositiveSmallIntegerField(default=1, verbose_name='durée d’engagement, en années'),
        ),
        migrations.AddConstraint(
            model_name='purchasingvehicle',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('renewal__in', ('tacit', 'express')), ('renewals__gte', 1)), models.Q(models.Q(('renewal__in', ('tacit', 'express')), _negated=True), ('renewals', 0)), _connector='OR'), name='vehicle_renewals_if_renewed'),
        ),
        migrations.AddConstraint(
            model_name='purchasingvehicle',
            constraint=models.CheckConstraint(condition=django.db.models.lookups.Exact(django.db.models.functions.math.Mod(models.F('term_years'), django.db.models.expressions.CombinedExpression(models.F('renewals'), '+', models.Value(1))), 0), name='vehicle_terms_of_whole_years'),
        ),
        migrations.AddConstraint(
            model_name='purchasingvehicle',
            constraint=models.CheckConstraint(condition=models.Q(('notice_days__lte', 180)), name='vehicle_notice_of_months'),
        ),
        migrations.AddConstraint(
            model_name='subscription',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('renewal__in', ('tacit', 'express')), ('renewals__gte', 1)), models.Q(models.Q(('renewal__in', ('tacit', 'express')), _negated=True), ('renewals', 0)), _connector='OR'), name='subscription_renewals_if_renewed'),
        ),
        migrations.AddConstraint(
            model_name='subscription',
            constraint=models.CheckConstraint(condition=django.db.models.lookups.Exact(django.db.models.functions.math.Mod(models.F('term_years'), django.db.models.expressions.CombinedExpression(models.F('renewals'), '+', models.Value(1))), 0), name='subscription_terms_of_whole_years'),
        ),
        migrations.AddConstraint(
            model_name='subscription',
            constraint=models.CheckConstraint(condition=models.Q(('notice_days__lte', 180)), name='subscription_notice_of_months'),
        ),
        migrations.AddField(
            model_name='nonrenewal',
            name='by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='nonrenewal',
            name='tenant',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.organisation', verbose_name='organisation'),
        ),
        migrations.AddField(
            model_name='nonrenewal',
            name='withdrawn_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='term',
            name='by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='term',
            name='subscription',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='terms', to='subscriptions.subscription'),
        ),
        migrations.AddField(
            model_name='term',
            name='tenant',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.organisation', verbose_name='organisation'),
        ),
        migrations.AddField(
            model_name='nonrenewal',
            name='term',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='non_renewals', to='subscriptions.term'),
        ),
        migrations.AddConstraint(
            model_name='term',
            constraint=models.UniqueConstraint(fields=('subscription', 'rank'), name='term_once_by_rank'),
        ),
        migrations.AddConstraint(
            model_name='term',
            constraint=models.CheckConstraint(condition=models.Q(('ends__gt', models.F('starts'))), name='term_ends_after_it_starts'),
        ),
        migrations.AddConstraint(
            model_name='term',
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(expressions=[('subscription', '='), (tenants.models.ranges.DateRange('starts', 'ends', models.Value('[)')), '&&')], name='terms_apart'),
        ),
        migrations.AddConstraint(
            model_name='nonrenewal',
            constraint=models.UniqueConstraint(condition=models.Q(('withdrawn_at__isnull', True)), fields=('term',), name='non_renewal_once_a_term'),
        ),
        migrations.AddConstraint(
            model_name='nonrenewal',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('withdrawn_at__isnull', True), ('withdrawn_by__isnull', True)), models.Q(('withdrawn_at__isnull', False), ('withdrawn_by__isnull', False)), _connector='OR'), name='non_renewal_withdrawn_by_somebody'),
        ),
        EnableRowSecurity("subscriptions_term"),
        EnableRowSecurity("subscriptions_nonrenewal"),
        AppendOnly("subscriptions_term"),
        AppendOnly("subscriptions_nonrenewal", unless="TG_OP = 'UPDATE' AND OLD.withdrawn_at IS NULL"),
    ]
