from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0019_draft_batches'),
    ]

    operations = [
        migrations.AddField(
            model_name='sendingaccount',
            name='silent_since',
            field=models.DateTimeField(null=True),
        ),
    ]
