"""The reminders sent of a step that waits, and what requests took to be opened."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

from tenants.rls import AppendOnly, EnableRowSecurity


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0013_withdrawn_off_shelves'),
        ('subscriptions', '0021_messages'),
        ('tenants', '0007_register_statistics'),
    ]

    operations = [
        migrations.CreateModel(
            name='OpeningDelay',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('stage', models.CharField(choices=[('member', 'l’adhérent'), ('operator', 'l’opérateur'), ('vendor', 'l’éditeur'), ('opening', 'l’ouverture')], max_length=8, verbose_name='étape')),
                ('days', django.contrib.postgres.fields.ArrayField(base_field=models.PositiveSmallIntegerField(), size=None, verbose_name='jours')),
                ('counted_on', models.DateField()),
                ('vehicle', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='subscriptions.purchasingvehicle')),
                ('vendor', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='catalog.vendor')),
            ],
            options={
                'verbose_name': 'délai d’ouverture',
                'constraints': [models.UniqueConstraint(fields=('vehicle', 'vendor', 'stage'), name='opening_delay_once_a_stage')],
            },
        ),
        migrations.CreateModel(
            name='Reminder',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('rank', models.PositiveSmallIntegerField()),
                ('at', models.DateTimeField()),
                ('people', models.PositiveSmallIntegerField()),
                ('approval', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='reminders', to='subscriptions.approval')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.organisation', verbose_name='organisation')),
            ],
            options={
                'verbose_name': 'rappel',
                'abstract': False,
                'base_manager_name': 'objects',
                'constraints': [models.UniqueConstraint(fields=('approval', 'rank'), name='reminder_once_by_rank'), models.CheckConstraint(condition=models.Q(('rank__gte', 1), ('rank__lte', 3)), name='reminder_of_a_known_rank'), models.CheckConstraint(condition=models.Q(('people__gte', 1)), name='reminder_to_somebody')],
            },
        ),
        EnableRowSecurity("subscriptions_reminder"),
        AppendOnly("subscriptions_reminder"),
    ]
