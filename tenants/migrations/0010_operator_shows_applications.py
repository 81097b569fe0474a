from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("tenants", "0009_identities"),
    ]

    operations = [
        migrations.AddField(
            model_name="operator",
            name="shows_applications",
            field=models.BooleanField(default=False, verbose_name="dit les applications de ses adhérents"),
        ),
    ]
