"""The yearly recount of a key by inhabitants: once a year and key, by Halle itself."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from tenants.rls import AppendOnly, EnableRowSecurity


class Migration(migrations.Migration):

    dependencies = [
        ('subscriptions', '0028_trials'),
        ('tenants', '0007_register_statistics'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='CostKeyRecount',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('year', models.PositiveSmallIntegerField()),
                ('starts', models.DateField(null=True)),
                ('why', models.CharField(blank=True, max_length=200)),
                ('made_at', models.DateTimeField()),
            ],
            options={
                'verbose_name': 'recalcul annuel d’une clé',
                'abstract': False,
                'base_manager_name': 'objects',
            },
        ),
        migrations.AlterField(
            model_name='payersharemove',
            name='by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AlterField(
            model_name='payersharemove',
            name='side',
            field=models.CharField(choices=[('member', 'l’abonné'), ('operator', 'l’opérateur'), ('payer', 'le payeur'), ('halle', 'Halle')], max_length=8, verbose_name='de'),
        ),
        migrations.AddConstraint(
            model_name='payersharemove',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('by__isnull', True), ('side', 'halle')), models.Q(('by__isnull', False), models.Q(('side', 'halle'), _negated=True)), _connector='OR'), name='payer_share_moved_by_somebody_or_halle'),
        ),
        migrations.AddField(
            model_name='costkeyrecount',
            name='key',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='recounts', to='subscriptions.costkey'),
        ),
        migrations.AddField(
            model_name='costkeyrecount',
            name='tenant',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.organisation', verbose_name='organisation'),
        ),
        migrations.AddConstraint(
            model_name='costkeyrecount',
            constraint=models.UniqueConstraint(fields=('key', 'year'), name='cost_key_recounted_once_a_year'),
        ),
        migrations.AddConstraint(
            model_name='costkeyrecount',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('starts__isnull', False), ('why', '')), models.Q(('starts__isnull', True), models.Q(('why', ''), _negated=True)), _connector='OR'), name='cost_key_recounted_or_left'),
        ),
        EnableRowSecurity("subscriptions_costkeyrecount"),
        AppendOnly("subscriptions_costkeyrecount"),
    ]
