"""How far the drafts of a run go."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0009_late_payments'),
    ]

    operations = [
        migrations.AddField(
            model_name='billingrun',
            name='drafted_to',
            field=models.BigIntegerField(null=True),
        ),
    ]
