"""A run may close a service too."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('provisioning', '0003_row_security'),
    ]

    operations = [
        migrations.AlterField(
            model_name='run',
            name='event',
            field=models.CharField(choices=[('activate', 'ouverture'), ('close', 'fermeture')], max_length=20),
        ),
    ]
