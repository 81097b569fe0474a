"""The communes that an intercommunality wants to cover, chosen with its request."""

import django.db.models.deletion
from django.db import migrations, models

from tenants.rls import EnableRowSecurity


class Migration(migrations.Migration):

    dependencies = [
        ('subscriptions', '0029_cost_key_recounts'),
        ('tenants', '0007_register_statistics'),
    ]

    operations = [
        migrations.CreateModel(
            name='WantedCover',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('commune_name', models.CharField(max_length=255)),
                ('settled_at', models.DateTimeField(null=True)),
                ('refused_because', models.CharField(blank=True, max_length=200)),
                ('commune', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.organisation')),
                ('subscription', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='wanted_covers', to='subscriptions.subscription')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.organisation', verbose_name='organisation')),
            ],
            options={
                'verbose_name': 'commune à couvrir',
                'abstract': False,
                'base_manager_name': 'objects',
                'constraints': [models.UniqueConstraint(fields=('tenant', 'subscription', 'commune'), name='wanted_cover_once_a_commune'), models.CheckConstraint(condition=models.Q(('refused_because', ''), ('settled_at__isnull', False), _connector='OR'), name='wanted_cover_refused_when_settled'), models.CheckConstraint(condition=models.Q(('tenant', models.F('commune')), _negated=True), name='wanted_cover_is_for_another')],
            },
        ),
        EnableRowSecurity("subscriptions_wantedcover"),
    ]
