"""What Terraform would do is read by a person before it is done."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import provisioning.models.proposal
from tenants.rls import EnableRowSecurity


class Migration(migrations.Migration):
    dependencies = [
        ("provisioning", "0011_agent_directories"),
        ("tenants", "0008_seat_moves"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Proposal",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("text", models.TextField()),
                ("file", models.FileField(upload_to=provisioning.models.proposal.proposal_path)),
                ("made_at", models.DateTimeField()),
                ("agreed_at", models.DateTimeField(null=True)),
                (
                    "agreed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "step",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="proposals",
                        to="provisioning.step",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenants.organisation",
                        verbose_name="organisation",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(agreed_at__isnull=True, agreed_by__isnull=True)
                        | models.Q(agreed_at__isnull=False, agreed_by__isnull=False),
                        name="proposal_agreed_to_by_somebody",
                    )
                ],
            },
        ),
        EnableRowSecurity("provisioning_proposal"),
    ]
