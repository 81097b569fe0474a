"""A longer transition that the subscriber takes, once."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('subscriptions', '0025_payers_of_their_key'),
        ('tenants', '0007_register_statistics'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='exit',
            name='member_extended_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='exit',
            name='member_extended_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddConstraint(
            model_name='exit',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('member_extended_at__isnull', True), ('member_extended_by__isnull', True)), models.Q(('member_extended_at__isnull', False), ('member_extended_by__isnull', False)), _connector='OR'), name='exit_extended_by_its_member'),
        ),
    ]
