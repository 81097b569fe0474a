import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("subscriptions", "0003_row_security")]

    operations = [
        migrations.AddField(
            model_name="subscription",
            name="follows",
            field=models.OneToOneField(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="followed_by",
                to="subscriptions.subscription",
            ),
        ),
    ]
