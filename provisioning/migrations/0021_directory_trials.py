"""A directory is tried before anybody is told of; those of before are in use already."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

IN_USE = "UPDATE provisioning_agentdirectory SET passed_at = now(), told_at = now()"


class Migration(migrations.Migration):

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ('provisioning', '0020_catalogues'),
    ]

    operations = [
        migrations.AddField(
            model_name='agentdirectory',
            name='asked_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='agentdirectory',
            name='asked_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='agentdirectory',
            name='attempts',
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='agentdirectory',
            name='tried_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='agentdirectory',
            name='problem',
            field=models.CharField(blank=True, max_length=500),
        ),
        migrations.AddField(
            model_name='agentdirectory',
            name='passed_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='agentdirectory',
            name='told_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.RunSQL(IN_USE, migrations.RunSQL.noop, elidable=True),
        migrations.AddConstraint(
            model_name='agentdirectory',
            constraint=models.CheckConstraint(
                condition=models.Q(('told_at__isnull', True), ('passed_at__isnull', False), _connector='OR'),
                name='agent_directory_told_once_passed',
            ),
        ),
    ]
