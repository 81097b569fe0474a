"""Runs of the vendors' kit and their reports, which stay as they were written."""

import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models

from tenants.rls import AppendOnly


class Migration(migrations.Migration):

    dependencies = [
        ('provisioning', '0018_drifts'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='KitReport',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('configuration', models.CharField(max_length=64)),
                ('version', models.CharField(max_length=12)),
                ('checks', models.JSONField()),
                ('problem', models.CharField(blank=True, max_length=500)),
                ('left', models.JSONField(default=list)),
                ('score', models.PositiveSmallIntegerField()),
                ('passed', models.BooleanField()),
                ('at', models.DateTimeField()),
            ],
            options={
                'verbose_name': 'rapport du banc d’essai',
            },
        ),
        migrations.AddField(
            model_name='endpoint',
            name='proof',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='provisioning.kitreport'),
        ),
        migrations.CreateModel(
            name='KitRun',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('asked_at', models.DateTimeField()),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('done', models.PositiveSmallIntegerField(default=0)),
                ('finished_at', models.DateTimeField(null=True)),
                ('asked_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('endpoint', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='kit_runs', to='provisioning.endpoint')),
            ],
            options={
                'verbose_name': 'passage au banc d’essai',
            },
        ),
        migrations.AddField(
            model_name='kitreport',
            name='run',
            field=models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='report', to='provisioning.kitrun'),
        ),
        migrations.AddConstraint(
            model_name='kitrun',
            constraint=models.UniqueConstraint(condition=models.Q(('finished_at__isnull', True)), fields=('endpoint',), name='kit_run_one_under_way'),
        ),
        migrations.AddConstraint(
            model_name='kitreport',
            constraint=models.CheckConstraint(condition=models.Q(('score__lte', 100)), name='kit_report_score_in_percent'),
        ),
        AppendOnly("provisioning_kitreport"),
    ]
