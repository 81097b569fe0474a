"""The yearly review of accesses."""


import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models

from tenants.rls import EnableRowSecurity


class Migration(migrations.Migration):

    dependencies = [
        ('subscriptions', '0036_agent_imports'),
        ('tenants', '0012_agent_imports'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='AccessReview',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('opened_at', models.DateTimeField()),
                ('due_on', models.DateField()),
                ('closed_at', models.DateTimeField(null=True)),
                ('reminders', models.PositiveSmallIntegerField(default=0)),
                ('told_late_at', models.DateTimeField(null=True)),
                ('opened_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.organisation', verbose_name='organisation')),
            ],
            options={
                'verbose_name': 'revue des accès',
                'abstract': False,
                'base_manager_name': 'objects',
            },
        ),
        migrations.CreateModel(
            name='ReviewLine',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('what', models.CharField(max_length=300)),
                ('seen_at', models.DateTimeField(null=True)),
                ('decision', models.CharField(blank=True, choices=[('kept', 'gardé'), ('removed', 'retiré')], max_length=10)),
                ('decided_at', models.DateTimeField(null=True)),
                ('access', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='subscriptions.access')),
                ('decided_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('membership', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tenants.membership')),
                ('review', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='lines', to='subscriptions.accessreview')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.organisation', verbose_name='organisation')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'ligne d’une revue des accès',
                'abstract': False,
                'base_manager_name': 'objects',
            },
        ),
        migrations.AddIndex(
            model_name='accessreview',
            index=models.Index(fields=['tenant', '-opened_at'], name='access_review_tenant_opened'),
        ),
        migrations.AddConstraint(
            model_name='accessreview',
            constraint=models.UniqueConstraint(condition=models.Q(('closed_at__isnull', True)), fields=('tenant',), name='access_review_one_at_a_time'),
        ),
        migrations.AddConstraint(
            model_name='accessreview',
            constraint=models.CheckConstraint(condition=models.Q(('closed_at__isnull', True), ('closed_at__gte', models.F('opened_at')), _connector='OR'), name='access_review_dates_in_order'),
        ),
        migrations.AddConstraint(
            model_name='reviewline',
            constraint=models.UniqueConstraint(fields=('review', 'membership'), name='review_line_once_a_role'),
        ),
        migrations.AddConstraint(
            model_name='reviewline',
            constraint=models.UniqueConstraint(fields=('review', 'access'), name='review_line_once_an_access'),
        ),
        migrations.AddConstraint(
            model_name='reviewline',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('access__isnull', False), ('membership__isnull', True)), models.Q(('access__isnull', True), ('membership__isnull', False)), _connector='OR'), name='review_line_of_one_thing'),
        ),
        migrations.AddConstraint(
            model_name='reviewline',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('decided_at__isnull', True), ('decided_by__isnull', True), ('decision', '')), models.Q(models.Q(('decision', ''), _negated=True), ('decided_at__isnull', False), ('decided_by__isnull', False)), _connector='OR'), name='review_line_decided_by_somebody'),
        ),
        EnableRowSecurity("subscriptions_accessreview"),
        EnableRowSecurity("subscriptions_reviewline"),
    ]
