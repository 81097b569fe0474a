"""A difference is put right, or kept for a reason."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ('provisioning', '0023_key_issuers'),
    ]

    operations = [
        migrations.AddField(
            model_name='drift',
            name='kept_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='drift',
            name='kept_because',
            field=models.CharField(blank=True, max_length=300),
        ),
        migrations.AddField(
            model_name='drift',
            name='kept_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='drift',
            name='repair',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='provisioning.run'),
        ),
        migrations.AddConstraint(
            model_name='drift',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kept_at__isnull', True), ('kept_because', ''), ('kept_by__isnull', True)), models.Q(('kept_at__isnull', False), ('kept_by__isnull', False), models.Q(('kept_because', ''), _negated=True)), _connector='OR'), name='drift_kept_by_somebody_for_a_reason'),
        ),
    ]
