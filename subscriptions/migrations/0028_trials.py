"""Free trials: subscriptions that cost nothing and end by themselves, one of a service for ever."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


# A date and a number of days: no check constraint of Django's adds them.
AS_PROMISED = """
ALTER TABLE subscriptions_subscription ADD CONSTRAINT trial_lasts_as_promised CHECK (
    trial_until IS NOT DISTINCT FROM active_from + trial_days
)
"""
UNDO = "ALTER TABLE subscriptions_subscription DROP CONSTRAINT trial_lasts_as_promised"


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0014_trial_days'),
        ('subscriptions', '0027_lot_amendments'),
        ('tenants', '0007_register_statistics'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='subscription',
            name='subscription_one_open_per_listing',
        ),
        migrations.AddField(
            model_name='subscription',
            name='after_trial',
            field=models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='became', to='subscriptions.subscription'),
        ),
        migrations.AddField(
            model_name='subscription',
            name='trial_days',
            field=models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='essai gratuit, en jours'),
        ),
        migrations.AddField(
            model_name='subscription',
            name='trial_until',
            field=models.DateField(null=True),
        ),
        migrations.AddConstraint(
            model_name='subscription',
            constraint=models.UniqueConstraint(condition=models.Q(models.Q(('state__in', ['refused', 'cancelled', 'ended']), _negated=True), ('trial_days__isnull', True)), fields=('tenant', 'listing'), name='subscription_one_open_per_listing'),
        ),
        migrations.AddConstraint(
            model_name='subscription',
            constraint=models.UniqueConstraint(condition=models.Q(models.Q(('state__in', ['refused', 'cancelled']), _negated=True), ('trial_days__isnull', False)), fields=('tenant', 'listing'), name='trial_once_per_listing'),
        ),
        migrations.AddConstraint(
            model_name='subscription',
            constraint=models.CheckConstraint(condition=models.Q(('trial_days__isnull', True), models.Q(('trial_days__gte', 1), ('trial_days__lte', 92), ('yearly_cents', 0)), _connector='OR'), name='trial_of_a_quarter_for_nothing'),
        ),
        migrations.AddConstraint(
            model_name='subscription',
            constraint=models.CheckConstraint(condition=models.Q(('trial_days__isnull', True), models.Q(('after_trial__isnull', True), ('follows__isnull', True)), _connector='OR'), name='trial_comes_first'),
        ),
        migrations.RunSQL(sql=AS_PROMISED, reverse_sql=UNDO),
    ]
