"""The limits that claims are checked against, as dated rows, and the reminders before a claim ends."""

from datetime import date

from django.db import migrations, models

# Regulation (EU) 2023/2854 applies since 12 September 2025.
DATA_ACT, DATA_ACT_FROM = "Règlement (UE) 2023/2854 (Data Act)", date(2025, 9, 12)
RGAA = "Décret n° 2019-768 du 24 juillet 2019 et RGAA 4"
RGAA_FROM = date(2019, 9, 23)
RULES = [
    ("data_act", "notice_days_max", 60, DATA_ACT_FROM, f"{DATA_ACT}, article 25 : deux mois"),
    ("data_act", "transition_days_max", 30, DATA_ACT_FROM, f"{DATA_ACT}, article 25"),
    ("data_act", "longer_transition_months_max", 7, DATA_ACT_FROM, f"{DATA_ACT}, article 25"),
    ("data_act", "retrieval_days_min", 30, DATA_ACT_FROM, f"{DATA_ACT}, article 25"),
    ("data_act", "switching_fee_at_cost_allowed", 1, DATA_ACT_FROM, f"{DATA_ACT}, article 29"),
    ("data_act", "switching_fee_at_cost_allowed", 0, date(2027, 1, 12), f"{DATA_ACT}, article 29"),
    ("rgaa", "partial_from_percent", 50, RGAA_FROM, RGAA),
    ("rgaa", "total_percent", 100, RGAA_FROM, RGAA),
    ("rgaa", "audit_valid_years", 3, RGAA_FROM, RGAA),
    ("rgpd", "breach_notice_hours_max", 72, date(2018, 5, 25), "Règlement (UE) 2016/679 (RGPD), article 33"),
    ("", "confirmed_again_months", 12, date(2026, 1, 1), "Règle de Halle : un engagement se confirme chaque année"),
]
TOPICS = [
    ("rgpd", "Protection des données (RGPD, article 28)"),
    ("hosting", "Hébergement"),
    ("rgaa", "Accessibilité (RGAA)"),
    ("rgesn", "Écoconception (RGESN)"),
    ("environment", "Environnement"),
    ("licence", "Logiciel libre"),
    ("reversibility", "Réversibilité"),
    ("data_act", "Sortie du contrat (Data Act)"),
    ("sla", "Engagement de service"),
    ("homologation", "Homologation de sécurité"),
    ("interoperability", "Interopérabilité"),
    ("sign_in", "ProConnect et FranceConnect"),
]


def fill(apps, schema_editor):
    ClaimRule = apps.get_model("catalog", "ClaimRule")
    for topic, code, value, in_force_from, source in RULES:
        ClaimRule.objects.create(
            topic=topic, code=code, value=value, in_force_from=in_force_from, source=source
        )


class Migration(migrations.Migration):
    dependencies = [("catalog", "0007_planned_publications")]

    operations = [
        migrations.CreateModel(
            name="ClaimRule",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "topic",
                    models.CharField(blank=True, choices=TOPICS, max_length=20, verbose_name="sujet"),
                ),
                ("code", models.CharField(max_length=40, verbose_name="règle")),
                ("value", models.PositiveIntegerField(verbose_name="valeur")),
                ("in_force_from", models.DateField(verbose_name="en vigueur le")),
                ("source", models.CharField(max_length=300, verbose_name="source")),
            ],
            options={"verbose_name": "règle sur les engagements"},
        ),
        migrations.AddField(
            model_name="claim",
            name="reminded",
            field=models.PositiveSmallIntegerField(editable=False, null=True),
        ),
        migrations.AddIndex(
            model_name="claim",
            index=models.Index(
                condition=models.Q(("replaced_at__isnull", True), ("withdrawn_at__isnull", True)),
                fields=["valid_until"],
                name="claim_current_until",
            ),
        ),
        migrations.AddConstraint(
            model_name="claimrule",
            constraint=models.UniqueConstraint(
                fields=("topic", "code", "in_force_from"), name="claim_rule_once_a_day"
            ),
        ),
        migrations.AddConstraint(
            model_name="claimrule",
            constraint=models.CheckConstraint(
                condition=models.Q(("source", ""), _negated=True), name="claim_rule_has_a_source"
            ),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
