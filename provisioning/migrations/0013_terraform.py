from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("provisioning", "0017_credentials")]

    operations = [
        migrations.AlterField(
            model_name="endpoint",
            name="connector",
            field=models.CharField(
                choices=[
                    ("osb", "Open Service Broker"),
                    ("webhook", "message signé (webhook)"),
                    ("terraform", "module Terraform"),
                    ("manual", "ouverture par une personne"),
                ],
                max_length=12,
                verbose_name="connecteur",
            ),
        ),
    ]
