import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from tenants.rls import AppendOnly, EnableRowSecurity


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0013_titres'),
        ('tenants', '0012_agent_imports'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='AccountCodes',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('since', models.DateField(verbose_name='à partir du')),
                ('journal', models.CharField(max_length=10, verbose_name='code du journal')),
                ('journal_label', models.CharField(max_length=60, verbose_name='nom du journal')),
                ('customer', models.CharField(max_length=12, verbose_name='compte des clients')),
                ('product', models.CharField(max_length=12, verbose_name='compte de produits')),
                ('vat', models.CharField(blank=True, max_length=12, verbose_name='compte de TVA collectée')),
                ('closing_month', models.PositiveSmallIntegerField(verbose_name='dernier mois de l’exercice')),
                ('recorded_at', models.DateTimeField()),
                ('operator', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.operator')),
                ('recorded_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.organisation', verbose_name='organisation')),
            ],
            options={
                'verbose_name': 'comptes de l’émetteur',
                'abstract': False,
                'base_manager_name': 'objects',
                'indexes': [models.Index(fields=['operator', '-since', '-id'], name='account_codes_in_force')],
                'constraints': [models.CheckConstraint(condition=models.Q(('closing_month__range', (1, 12))), name='account_codes_close_in_a_month')],
            },
        ),
        EnableRowSecurity("billing_accountcodes"),
        AppendOnly("billing_accountcodes"),
    ]
