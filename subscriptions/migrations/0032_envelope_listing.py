"""An envelope may be for one service alone."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0014_trial_days'),
        ('subscriptions', '0031_contract_transfers'),
        ('tenants', '0008_seat_moves'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='envelope',
            name='listing',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalog.listing', verbose_name='service'),
        ),
        migrations.AddConstraint(
            model_name='envelope',
            constraint=models.CheckConstraint(condition=models.Q(('listing__isnull', True), ('families', []), _connector='OR'), name='envelope_for_one_service_or_families'),
        ),
    ]
