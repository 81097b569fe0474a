"""Agents counted month by month, for prices that go by agent."""


import django.db.models.deletion
from django.db import migrations, models

from tenants.rls import AppendOnly, EnableRowSecurity


class Migration(migrations.Migration):

    dependencies = [
        ('subscriptions', '0037_access_reviews'),
        ('tenants', '0011_join_requests'),
    ]

    operations = [
        migrations.CreateModel(
            name='SeatCount',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('month', models.DateField()),
                ('counted_at', models.DateTimeField()),
                ('agents', models.PositiveIntegerField()),
                ('named', models.PositiveIntegerField()),
                ('subscription', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='seat_counts', to='subscriptions.subscription')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.organisation', verbose_name='organisation')),
            ],
            options={
                'verbose_name': 'décompte d’agents',
                'abstract': False,
                'base_manager_name': 'objects',
                'constraints': [models.UniqueConstraint(fields=('subscription', 'month'), name='seat_count_once_a_month'), models.CheckConstraint(condition=models.Q(('month__day', 1)), name='seat_count_of_a_month'), models.CheckConstraint(condition=models.Q(('named__lte', models.F('agents'))), name='seat_count_named_among_all')],
            },
        ),
        EnableRowSecurity("subscriptions_seatcount"),
        AppendOnly("subscriptions_seatcount"),
    ]
