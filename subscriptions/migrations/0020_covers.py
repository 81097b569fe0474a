"""An intercommunality’s subscription covers its communes."""

import django.contrib.postgres.constraints
import django.db.models.deletion
import tenants.models.ranges
from django.db import migrations, models

from tenants.rls import EnableRowSecurity


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0013_withdrawn_off_shelves'),
        ('subscriptions', '0019_approvals'),
        ('tenants', '0007_register_statistics'),
    ]

    operations = [
        migrations.CreateModel(
            name='Cover',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('service_name', models.CharField(max_length=120)),
                ('since', models.DateField()),
                ('until', models.DateField(null=True)),
                ('ended_because', models.CharField(blank=True, max_length=200)),
                ('covering', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.organisation')),
                ('listing', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalog.listing')),
                ('operator', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.operator')),
                ('subscription', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='covers', to='subscriptions.subscription')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.organisation', verbose_name='organisation')),
            ],
            options={
                'verbose_name': 'couverture par l’intercommunalité',
                'abstract': False,
                'base_manager_name': 'objects',
                'indexes': [models.Index(fields=['subscription'], name='cover_subscription')],
                'constraints': [models.CheckConstraint(condition=models.Q(('until__isnull', True), ('until__gte', models.F('since')), _connector='OR'), name='cover_ends_after_it_starts'), models.CheckConstraint(condition=models.Q(('until__isnull', True), models.Q(('ended_because', ''), _negated=True), _connector='OR'), name='cover_ended_for_a_reason'), models.CheckConstraint(condition=models.Q(('tenant', models.F('covering')), _negated=True), name='cover_is_for_another'), django.contrib.postgres.constraints.ExclusionConstraint(expressions=[('tenant', '='), ('listing', '='), (tenants.models.ranges.DateRange('since', 'until', models.Value('[)')), '&&')], name='cover_one_at_a_time')],
            },
        ),
        EnableRowSecurity("subscriptions_cover"),
    ]
