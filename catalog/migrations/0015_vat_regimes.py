"""VAT as dated rows: rates by territory, decisions of operators, eligibility of members to article 261 B.

The rates are seeded with their source; an operator's finance adds its own row where its tax office says
otherwise.
"""

from datetime import date
from decimal import Decimal

import django.contrib.postgres.constraints
import django.db.models.deletion
import django.db.models.functions.comparison
import tenants.models.ranges
from django.conf import settings
from django.db import migrations, models


RATES_FROM = date(2014, 1, 1)
OVERSEAS = "CGI, article 296 : taux normal en Guadeloupe, en Martinique et à La Réunion"
NONE = "TVA non applicable, article 294 du CGI"
NONE_SOURCE = "CGI, article 294 : la TVA ne s’applique pas provisoirement en Guyane ni à Mayotte"
# (zone, level, percent, why there is none, source).
RATES = [
    ("metropole", "normal", "20", "", "CGI, article 278"),
    ("metropole", "intermediate", "10", "", "CGI, articles 278 bis à 279"),
    ("metropole", "reduced", "5.5", "", "CGI, article 278-0 bis"),
    ("metropole", "particular", "2.1", "", "CGI, articles 281 quater à 281 octies"),
    ("corse", "normal", "20", "", "CGI, article 278 : pas de taux propre à la Corse pour ces services"),
    ("guadeloupe", "normal", "8.5", "", OVERSEAS),
    ("martinique", "normal", "8.5", "", OVERSEAS),
    ("reunion", "normal", "8.5", "", OVERSEAS),
    ("guyane", "normal", "0", NONE, NONE_SOURCE),
    ("mayotte", "normal", "0", NONE, NONE_SOURCE),
]


def fill(apps, schema_editor):
    VatRate = apps.get_model("catalog", "VatRate")
    for zone, level, rate, reason, source in RATES:
        VatRate.objects.create(
            zone=zone, level=level, rate=Decimal(rate), reason=reason, since=RATES_FROM, source=source
        )


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0014_trial_days'),
        ('tenants', '0012_agent_imports'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='VatDecision',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('nature', models.CharField(choices=[('service', 'service vendu'), ('shared', 'service partagé entre les membres'), ('contribution', 'contribution statutaire')], max_length=12, verbose_name='nature')),
                ('treatment', models.CharField(choices=[('S', 'taxable'), ('E', 'exonéré'), ('O', 'hors champ de la TVA'), ('U', 'indéterminé')], max_length=1, verbose_name='régime')),
                ('ground', models.CharField(blank=True, choices=[('VATEX-FR-CGI261B', 'groupement de moyens (article 261 B du CGI)'), ('VATEX-FR-FRANCHISE', 'franchise en base (article 293 B du CGI)'), ('VATEX-EU-O', 'activité hors champ (article 256 B du CGI)')], max_length=20, verbose_name='fondement')),
                ('reason', models.CharField(blank=True, max_length=200, verbose_name='motif')),
                ('on_debits', models.BooleanField(default=False, verbose_name='TVA d’après les débits')),
                ('since', models.DateField(verbose_name='depuis le')),
                ('until', models.DateField(blank=True, null=True, verbose_name='jusqu’au (exclu)')),
                ('source', models.CharField(max_length=300, verbose_name='justificatif')),
                ('decided_at', models.DateTimeField()),
                ('decided_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('operator', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='vat_decisions', to='tenants.operator')),
            ],
            options={
                'verbose_name': 'décision de TVA',
                'constraints': [models.CheckConstraint(condition=models.Q(('until__isnull', True), ('until__gte', models.F('since')), _connector='OR'), name='vat_decision_dates_in_order'), models.CheckConstraint(condition=models.Q(('source', ''), _negated=True), name='vat_decision_has_a_source'), models.CheckConstraint(condition=models.Q(models.Q(('ground', ''), ('reason', ''), ('treatment__in', ['S', 'U'])), models.Q(('treatment__in', ['E', 'O']), models.Q(('reason', ''), _negated=True), models.Q(('ground', ''), _negated=True)), _connector='OR'), name='vat_decision_none_has_a_reason'), django.contrib.postgres.constraints.ExclusionConstraint(expressions=[('operator', '='), ('nature', '='), (tenants.models.ranges.DateRange('since', 'until', models.Value('[)')), '&&')], name='vat_decision_one_in_force')],
            },
        ),
        migrations.CreateModel(
            name='VatEligibility',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(blank=True, max_length=30, verbose_name='genre d’adhérent')),
                ('eligible', models.BooleanField(verbose_name='éligible')),
                ('since', models.DateField(verbose_name='depuis le')),
                ('until', models.DateField(blank=True, null=True, verbose_name='jusqu’au (exclu)')),
                ('source', models.CharField(max_length=300, verbose_name='justificatif')),
                ('operator', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='vat_eligibilities', to='tenants.operator')),
                ('organisation', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.organisation')),
            ],
            options={
                'verbose_name': 'éligibilité à l’exonération',
                'constraints': [models.CheckConstraint(condition=models.Q(('until__isnull', True), ('until__gte', models.F('since')), _connector='OR'), name='vat_eligibility_dates_in_order'), models.CheckConstraint(condition=models.Q(('source', ''), _negated=True), name='vat_eligibility_has_a_source'), models.CheckConstraint(condition=models.Q(models.Q(('organisation__isnull', True), models.Q(('kind', ''), _negated=True)), models.Q(('kind', ''), ('organisation__isnull', False)), _connector='OR'), name='vat_eligibility_of_a_kind_or_one'), django.contrib.postgres.constraints.ExclusionConstraint(expressions=[('operator', '='), ('kind', '='), (django.db.models.functions.comparison.Coalesce('organisation', 0), '='), (tenants.models.ranges.DateRange('since', 'until', models.Value('[)')), '&&')], name='vat_eligibility_one_in_force')],
            },
        ),
        migrations.CreateModel(
            name='VatRate',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('zone', models.CharField(choices=[('metropole', 'France métropolitaine'), ('corse', 'Corse'), ('guadeloupe', 'Guadeloupe'), ('martinique', 'Martinique'), ('reunion', 'La Réunion'), ('guyane', 'Guyane'), ('mayotte', 'Mayotte')], max_length=12, verbose_name='territoire')),
                ('level', models.CharField(choices=[('normal', 'taux normal'), ('intermediate', 'taux intermédiaire'), ('reduced', 'taux réduit'), ('particular', 'taux particulier')], default='normal', max_length=12, verbose_name='taux')),
                ('rate', models.DecimalField(decimal_places=2, max_digits=4, verbose_name='en pour cent')),
                ('reason', models.CharField(blank=True, max_length=200, verbose_name='motif sans TVA')),
                ('since', models.DateField(verbose_name='depuis le')),
                ('until', models.DateField(blank=True, null=True, verbose_name='jusqu’au (exclu)')),
                ('source', models.CharField(max_length=300, verbose_name='source')),
                ('operator', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='vat_rates', to='tenants.operator')),
            ],
            options={
                'verbose_name': 'taux de TVA',
                'constraints': [models.CheckConstraint(condition=models.Q(('until__isnull', True), ('until__gte', models.F('since')), _connector='OR'), name='vat_rate_dates_in_order'), models.CheckConstraint(condition=models.Q(('source', ''), _negated=True), name='vat_rate_has_a_source'), models.CheckConstraint(condition=models.Q(models.Q(('rate__gt', 0), ('reason', '')), models.Q(('rate', 0), models.Q(('reason', ''), _negated=True)), _connector='OR'), name='vat_rate_none_has_a_reason'), django.contrib.postgres.constraints.ExclusionConstraint(expressions=[(django.db.models.functions.comparison.Coalesce('operator', 0), '='), ('zone', '='), ('level', '='), (tenants.models.ranges.DateRange('since', 'until', models.Value('[)')), '&&')], name='vat_rate_one_in_force')],
            },
        ),
            migrations.RunPython(fill, migrations.RunPython.noop),
    ]
