"""Whose `sub` a service says."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('provisioning', '0022_catalogue_readings'),
    ]

    operations = [
        migrations.AddField(
            model_name='servicekey',
            name='issuer',
            field=models.CharField(blank=True, max_length=255),
        ),
    ]
