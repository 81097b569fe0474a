"""Value files, their yearly reviews, and the public discount rate."""

import django.db.models.deletion
from datetime import date
from decimal import Decimal

from django.conf import settings
from django.db import migrations, models

from tenants.rls import AppendOnly, EnableRowSecurity

# (percent, since, source)
RATES = [
    (
        "3.20",
        date(2021, 10, 21),
        "Guide de l’évaluation socioéconomique des investissements publics, complément opérationnel I, comité du "
        "21 octobre 2021 (France Stratégie)",
    ),
]


def fill(apps, schema_editor):
    DiscountRate = apps.get_model("subscriptions", "DiscountRate")
    for percent, since, source in RATES:
        DiscountRate.objects.create(percent=Decimal(percent), in_force_from=since, source=source)


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0013_withdrawn_off_shelves'),
        ('subscriptions', '0016_bulk'),
        ('tenants', '0007_register_statistics'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='DiscountRate',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('percent', models.DecimalField(decimal_places=2, max_digits=4, verbose_name='taux')),
                ('in_force_from', models.DateField(unique=True, verbose_name='en vigueur le')),
                ('source', models.CharField(max_length=300, verbose_name='source')),
            ],
            options={
                'verbose_name': 'taux d’actualisation',
                'constraints': [models.CheckConstraint(condition=models.Q(('percent__gte', 0)), name='discount_rate_not_negative'), models.CheckConstraint(condition=models.Q(('source', ''), _negated=True), name='discount_rate_has_a_source')],
            },
        ),
        migrations.CreateModel(
            name='ValueFile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('service_name', models.CharField(max_length=120)),
                ('assumptions', models.JSONField()),
                ('revision', models.PositiveIntegerField(default=1)),
                ('written_at', models.DateTimeField()),
                ('listing', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalog.listing')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.organisation', verbose_name='organisation')),
                ('written_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'dossier de valeur',
                'abstract': False,
                'base_manager_name': 'objects',
            },
        ),
        migrations.CreateModel(
            name='ValueReview',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('year', models.PositiveSmallIntegerField()),
                ('expected_price_cents', models.BigIntegerField()),
                ('expected_costs_cents', models.BigIntegerField()),
                ('expected_gains_cents', models.BigIntegerField()),
                ('price_cents', models.BigIntegerField()),
                ('invoiced', models.BooleanField()),
                ('costs_cents', models.BigIntegerField()),
                ('gains_cents', models.BigIntegerField()),
                ('note', models.TextField(max_length=2000)),
                ('written_at', models.DateTimeField()),
                ('file', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='reviews', to='subscriptions.valuefile')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.organisation', verbose_name='organisation')),
                ('written_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'bilan d’une année',
                'abstract': False,
                'base_manager_name': 'objects',
            },
        ),
        migrations.AddConstraint(
            model_name='valuefile',
            constraint=models.UniqueConstraint(fields=('tenant', 'listing'), name='value_file_once_by_listing'),
        ),
        migrations.AddConstraint(
            model_name='valuefile',
            constraint=models.CheckConstraint(condition=models.Q(('revision__gte', 1)), name='value_file_revision_from_one'),
        ),
        migrations.AddConstraint(
            model_name='valuereview',
            constraint=models.UniqueConstraint(fields=('file', 'year'), name='value_review_once_a_year'),
        ),
        migrations.AddConstraint(
            model_name='valuereview',
            constraint=models.CheckConstraint(condition=models.Q(('year__gte', 1), ('year__lte', 10)), name='value_review_in_the_term'),
        ),
        migrations.AddConstraint(
            model_name='valuereview',
            constraint=models.CheckConstraint(condition=models.Q(('costs_cents__gte', 0), ('gains_cents__gte', 0)), name='value_review_not_negative'),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        EnableRowSecurity("subscriptions_valuefile"),
        EnableRowSecurity("subscriptions_valuereview"),
        AppendOnly("subscriptions_valuereview"),
    ]
