"""What was used of services whose price goes by use."""

import django.db.models.deletion
from django.db import migrations, models

from tenants.rls import AppendOnly, EnableRowSecurity


class Migration(migrations.Migration):

    dependencies = [
        ('subscriptions', '0038_seat_counts'),
        ('tenants', '0012_agent_imports'),
    ]

    operations = [
        migrations.CreateModel(
            name='UsageEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('source', models.CharField(max_length=40)),
                ('source_event_id', models.CharField(max_length=100)),
                ('unit', models.CharField(max_length=20)),
                ('quantity', models.PositiveBigIntegerField()),
                ('used_on', models.DateField()),
                ('received_at', models.DateTimeField()),
                ('corrects', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='correction', to='subscriptions.usageevent')),
                ('subscription', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='usage_events', to='subscriptions.subscription')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.organisation', verbose_name='organisation')),
            ],
            options={
                'verbose_name': 'relevé d’usage',
                'abstract': False,
                'base_manager_name': 'objects',
                'indexes': [models.Index(fields=['subscription', 'used_on'], name='usage_subscription_day')],
                'constraints': [models.UniqueConstraint(fields=('source', 'source_event_id'), name='usage_event_told_once'), models.CheckConstraint(condition=models.Q(('corrects__isnull', True), models.Q(('corrects', models.F('id')), _negated=True), _connector='OR'), name='usage_event_corrects_another')],
            },
        ),
        EnableRowSecurity("subscriptions_usageevent"),
        AppendOnly("subscriptions_usageevent"),
    ]
