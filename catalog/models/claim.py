"""What a vendor claims of a service, and who checked it (domain: GouvTech failed on unchecked claims)."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q


class ClaimTopic(models.TextChoices):
    """One topic, one typed value (catalog/claims/values.py)."""

    RGPD = "rgpd", "Protection des données (RGPD, article 28)"
    HOSTING = "hosting", "Hébergement"
    RGAA = "rgaa", "Accessibilité (RGAA)"
    RGESN = "rgesn", "Écoconception (RGESN)"
    ENVIRONMENT = "environment", "Environnement"
    LICENCE = "licence", "Logiciel libre"
    REVERSIBILITY = "reversibility", "Réversibilité"
    DATA_ACT = "data_act", "Sortie du contrat (Data Act)"
    SLA = "sla", "Engagement de service"
    HOMOLOGATION = "homologation", "Homologation de sécurité"
    INTEROPERABILITY = "interoperability", "Interopérabilité"
    SIGN_IN = "sign_in", "ProConnect et FranceConnect"


class ClaimLevel(models.TextChoices):
    DECLARED = "declared", "déclaré"
    DOCUMENTED = "documented", "documenté"
    VERIFIED = "verified", "vérifié"


class ClaimQuerySet(models.QuerySet):
    def current(self):
        """The last word of each sheet on each topic, expired or not."""
        return self.filter(replaced_at__isnull=True, withdrawn_at__isnull=True)

    def in_force(self, *, on):
        """Current and not expired on that day: `valid_until` is the last day it holds."""
        return self.current().filter(Q(valid_until__isnull=True) | Q(valid_until__gte=on))


class Claim(models.Model):
    """One statement on one topic. A correction is a new row that replaces the former: history is kept.

    The level is not the vendor's to choose: evidence makes it documented, a checker makes it verified.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    sheet = models.ForeignKey("catalog.ServiceSheet", on_delete=models.PROTECT, related_name="claims")
    topic = models.CharField("sujet", max_length=20, choices=ClaimTopic.choices)
    value = models.JSONField("valeur")
    level = models.CharField("niveau", max_length=12, choices=ClaimLevel.choices)
    evidence_file = models.ForeignKey(
        "catalog.SheetFile", on_delete=models.PROTECT, null=True, blank=True, related_name="claims"
    )
    evidence_url = models.URLField("adresse de la preuve", max_length=300, blank=True)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    made_at = models.DateTimeField()
    checked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    # In whose name: an operator's curator, or the platform when None.
    checked_for = models.ForeignKey(
        "tenants.Operator", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    checked_on = models.DateField("vérifié le", null=True)
    check_note = models.CharField("note de vérification", max_length=500, blank=True)
    valid_until = models.DateField("valable jusqu’au", null=True, blank=True)  # last day, included
    replaced_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)
    # The nearest of the reminders sent to its vendor, in days before the end: 60, 30, 7, then 0 once expired.
    reminded = models.PositiveSmallIntegerField(null=True, editable=False)

    objects = ClaimQuerySet.as_manager()

    class Meta:
        verbose_name = "affirmation"
        constraints = [
            models.UniqueConstraint(
                fields=["sheet", "topic"],
                condition=Q(replaced_at__isnull=True, withdrawn_at__isnull=True),
                name="claim_one_current_per_topic",
            ),
            models.CheckConstraint(
                condition=Q(level="declared") | ~Q(evidence_url="") | Q(evidence_file__isnull=False),
                name="claim_documented_with_evidence",
            ),
            models.CheckConstraint(
                condition=~Q(level="verified") | Q(checked_by__isnull=False, checked_on__isnull=False),
                name="claim_verified_by_somebody",
            ),
        ]
        indexes = [
            models.Index(fields=["sheet", "topic"], name="claim_sheet_topic"),
            models.Index(
                fields=["valid_until"],
                condition=Q(replaced_at__isnull=True, withdrawn_at__isnull=True),
                name="claim_current_until",
            ),
        ]

    def __str__(self):
        return f"{self.get_topic_display()} ({self.get_level_display()})"

    def is_expired(self, *, on) -> bool:
        """Whether its last day is past."""
        return self.valid_until is not None and self.valid_until < on

    @property
    def is_contested(self) -> bool:
        """Whether a checker looked and did not agree: `check_note` says why."""
        return self.checked_on is not None and self.level != ClaimLevel.VERIFIED


class ClaimRule(models.Model):
    """One limit that a law, a standard or Halle sets to claims, from a day on: a dated row, never a constant.

    `code` names it for catalog/claims/checks.py; the unit of `value` is in the code's name.
    """

    topic = models.CharField("sujet", max_length=20, choices=ClaimTopic.choices, blank=True)  # "": all
    code = models.CharField("règle", max_length=40)
    value = models.PositiveIntegerField("valeur")
    in_force_from = models.DateField("en vigueur le")
    source = models.CharField("source", max_length=300)

    class Meta:
        verbose_name = "règle sur les engagements"
        constraints = [
            models.UniqueConstraint(fields=["topic", "code", "in_force_from"], name="claim_rule_once_a_day"),
            models.CheckConstraint(condition=~Q(source=""), name="claim_rule_has_a_source"),
        ]

    def __str__(self):
        return f"{self.code} : {self.value}"
