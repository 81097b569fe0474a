"""What is sent to a vendor and answered is kept word for word; a vendor may say something by itself."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q

from tenants.rls import AppendOnly, EnableRowSecurity

# A worker says what it did of what a vendor said, once; nothing else of it ever changes.
SETTLING = (
    "TG_OP = 'UPDATE' AND OLD.settled_at IS NULL AND to_jsonb(NEW) - '{settled_at,settled_as}'::text[]"
    " = to_jsonb(OLD) - '{settled_at,settled_as}'::text[]"
)


def of_a_tenant():
    return (
        "tenant",
        models.ForeignKey(
            on_delete=django.db.models.deletion.PROTECT,
            related_name="+",
            to="tenants.organisation",
            verbose_name="organisation",
        ),
    )


def key():
    return (
        "id",
        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
    )


class Migration(migrations.Migration):
    dependencies = [
        ("provisioning", "0015_suspending"),
        ("tenants", "0008_seat_moves"),
    ]

    operations = [
        migrations.AlterField(
            model_name="endpoint",
            name="connector",
            field=models.CharField(
                choices=[
                    ("osb", "Open Service Broker"),
                    ("webhook", "message signé (webhook)"),
                    ("manual", "ouverture par une personne"),
                ],
                max_length=12,
                verbose_name="connecteur",
            ),
        ),
        migrations.CreateModel(
            name="Delivery",
            fields=[
                key(),
                ("message_id", models.CharField(max_length=200)),
                ("url", models.CharField(max_length=2100)),
                ("sent", models.TextField()),
                ("status", models.PositiveSmallIntegerField(null=True)),
                ("answered", models.TextField(blank=True)),
                (
                    "call",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="delivery",
                        to="provisioning.call",
                    ),
                ),
                of_a_tenant(),
            ],
            options={"abstract": False, "base_manager_name": "objects"},
        ),
        migrations.CreateModel(
            name="Callback",
            fields=[
                key(),
                ("message_id", models.CharField(max_length=200)),
                ("digest", models.CharField(max_length=64)),
                (
                    "said",
                    models.CharField(
                        choices=[("done", "fait"), ("in progress", "en cours"), ("failed", "pas réussi")],
                        max_length=12,
                    ),
                ),
                ("url", models.CharField(blank=True, max_length=500)),
                ("message", models.CharField(blank=True, max_length=300)),
                ("received_at", models.DateTimeField()),
                ("settled_at", models.DateTimeField(null=True)),
                (
                    "settled_as",
                    models.CharField(
                        blank=True,
                        choices=[("applied", "suivi"), ("too_late", "trop tard")],
                        max_length=10,
                    ),
                ),
                (
                    "step",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="callbacks",
                        to="provisioning.step",
                    ),
                ),
                of_a_tenant(),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
                "indexes": [
                    models.Index(
                        fields=["id"], condition=Q(settled_at__isnull=True), name="callback_to_settle"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(fields=["step", "message_id"], name="callback_once_per_step"),
                    models.CheckConstraint(
                        condition=Q(settled_at__isnull=True, settled_as="")
                        | Q(settled_at__isnull=False) & ~Q(settled_as=""),
                        name="callback_settled_as_something",
                    ),
                ],
            },
        ),
        EnableRowSecurity("provisioning_delivery"),
        EnableRowSecurity("provisioning_callback"),
        AppendOnly("provisioning_delivery"),
        AppendOnly("provisioning_callback", unless=SETTLING),
    ]
