"""A suspension may be decided for a later day."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from tenants.rls import EnableRowSecurity


class Migration(migrations.Migration):

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ('subscriptions', '0032_envelope_listing'),
        ('tenants', '0008_seat_moves'),
    ]

    operations = [
        migrations.CreateModel(
            name='PlannedSuspension',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('on_date', models.DateField()),
                ('ground', models.CharField(max_length=12)),
                ('words', models.CharField(max_length=400)),
                ('decided_at', models.DateTimeField()),
                ('carried_out_at', models.DateTimeField(null=True)),
                ('called_off_at', models.DateTimeField(null=True)),
                ('called_off_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('decided_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('subscription', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='planned_suspensions', to='subscriptions.subscription')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.organisation', verbose_name='organisation')),
            ],
            options={
                'verbose_name': 'suspension prévue',
                'abstract': False,
                'base_manager_name': 'objects',
                'constraints': [models.UniqueConstraint(condition=models.Q(('called_off_at__isnull', True), ('carried_out_at__isnull', True)), fields=('subscription',), name='planned_suspension_one_at_a_time'), models.CheckConstraint(condition=models.Q(('carried_out_at__isnull', True), ('called_off_at__isnull', True), _connector='OR'), name='planned_suspension_over_one_way'), models.CheckConstraint(condition=models.Q(('called_off_by__isnull', True), ('called_off_at__isnull', False), _connector='OR'), name='planned_suspension_called_off_by_whom')],
            },
        ),
        EnableRowSecurity("subscriptions_plannedsuspension"),
    ]
