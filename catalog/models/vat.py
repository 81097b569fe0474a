"""VAT as dated rows: the rate of each territory, what an operator decided for each nature of line, and which
of its members an exemption reaches. All days are half-open [since, until).

A row that was put right keeps its text with `until` = `since`: it holds no day any more.
"""

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce

from tenants.models.ranges import DateRange

_DAYS = (DateRange("since", "until", models.Value("[)")), RangeOperators.OVERLAPS)
_IN_ORDER = Q(until__isnull=True) | Q(until__gte=F("since"))


class VatZone(models.TextChoices):
    """Where a rate of its own applies (CGI 294, 296 and 297)."""

    METROPOLE = "metropole", "France métropolitaine"
    CORSE = "corse", "Corse"
    GUADELOUPE = "guadeloupe", "Guadeloupe"
    MARTINIQUE = "martinique", "Martinique"
    REUNION = "reunion", "La Réunion"
    GUYANE = "guyane", "Guyane"
    MAYOTTE = "mayotte", "Mayotte"


class VatLevel(models.TextChoices):
    NORMAL = "normal", "taux normal"
    INTERMEDIATE = "intermediate", "taux intermédiaire"
    REDUCED = "reduced", "taux réduit"
    PARTICULAR = "particular", "taux particulier"


class LineNature(models.TextChoices):
    """What a tariff asks money for, as it says by its own category."""

    SERVICE = "service", "service vendu"
    SHARED = "shared", "service partagé entre les membres"
    CONTRIBUTION = "contribution", "contribution statutaire"


class VatTreatment(models.TextChoices):
    TAXED = "S", "taxable"
    EXEMPT = "E", "exonéré"
    OUT_OF_SCOPE = "O", "hors champ de la TVA"
    UNDECIDED = "U", "indéterminé"


class VatGround(models.TextChoices):
    """On what an absence of tax rests, by its code in EN 16931 (BT-121, list VATEX)."""

    SHARED_COSTS = "VATEX-FR-CGI261B", "groupement de moyens (article 261 B du CGI)"
    FRANCHISE = "VATEX-FR-FRANCHISE", "franchise en base (article 293 B du CGI)"
    PUBLIC_BODY = "VATEX-EU-O", "activité hors champ (article 256 B du CGI)"


class VatRate(models.Model):
    """The rate of a territory, in percent; 0 where the tax does not apply, and then why. An operator's own
    row is believed before the one that Halle comes with (`operator` NULL)."""

    operator = models.ForeignKey(
        "tenants.Operator", on_delete=models.CASCADE, null=True, related_name="vat_rates"
    )
    zone = models.CharField("territoire", max_length=12, choices=VatZone.choices)
    level = models.CharField("taux", max_length=12, choices=VatLevel.choices, default=VatLevel.NORMAL)
    rate = models.DecimalField("en pour cent", max_digits=4, decimal_places=2)
    reason = models.CharField("motif sans TVA", max_length=200, blank=True)
    since = models.DateField("depuis le")
    until = models.DateField("jusqu’au (exclu)", null=True, blank=True)
    source = models.CharField("source", max_length=300)

    class Meta:
        verbose_name = "taux de TVA"
        constraints = [
            models.CheckConstraint(condition=_IN_ORDER, name="vat_rate_dates_in_order"),
            models.CheckConstraint(condition=~Q(source=""), name="vat_rate_has_a_source"),
            models.CheckConstraint(
                condition=Q(rate__gt=0, reason="") | (Q(rate=0) & ~Q(reason="")),
                name="vat_rate_none_has_a_reason",
            ),
            ExclusionConstraint(
                name="vat_rate_one_in_force",
                expressions=[
                    (Coalesce("operator", 0), RangeOperators.EQUAL),
                    ("zone", RangeOperators.EQUAL),
                    ("level", RangeOperators.EQUAL),
                    _DAYS,
                ],
            ),
        ]

    def __str__(self):
        return f"{self.get_zone_display()} : {self.rate} %"


class VatDecision(models.Model):
    """What an operator's finance decided for one nature of line, on what proof. `reason` is printed on the
    invoices; `on_debits`: it opted for the tax to be due when invoiced."""

    operator = models.ForeignKey("tenants.Operator", on_delete=models.CASCADE, related_name="vat_decisions")
    nature = models.CharField("nature", max_length=12, choices=LineNature.choices)
    treatment = models.CharField("régime", max_length=1, choices=VatTreatment.choices)
    ground = models.CharField("fondement", max_length=20, choices=VatGround.choices, blank=True)
    reason = models.CharField("motif", max_length=200, blank=True)
    on_debits = models.BooleanField("TVA d’après les débits", default=False)
    since = models.DateField("depuis le")
    until = models.DateField("jusqu’au (exclu)", null=True, blank=True)
    source = models.CharField("justificatif", max_length=300)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    decided_at = models.DateTimeField()

    class Meta:
        verbose_name = "décision de TVA"
        constraints = [
            models.CheckConstraint(condition=_IN_ORDER, name="vat_decision_dates_in_order"),
            models.CheckConstraint(condition=~Q(source=""), name="vat_decision_has_a_source"),
            # EN 16931 BR-E-10, BR-O-10: no tax means a reason.
            models.CheckConstraint(
                condition=Q(treatment__in=["S", "U"], reason="", ground="")
                | (Q(treatment__in=["E", "O"]) & ~Q(reason="") & ~Q(ground="")),
                name="vat_decision_none_has_a_reason",
            ),
            ExclusionConstraint(
                name="vat_decision_one_in_force",
                expressions=[
                    ("operator", RangeOperators.EQUAL),
                    ("nature", RangeOperators.EQUAL),
                    _DAYS,
                ],
            ),
        ]

    def __str__(self):
        return f"{self.get_nature_display()} : {self.get_treatment_display()}"


class VatEligibility(models.Model):
    """Whether the exemption of article 261 B reaches members of a kind, or one of them, which then counts
    before its kind."""

    operator = models.ForeignKey(
        "tenants.Operator", on_delete=models.CASCADE, related_name="vat_eligibilities"
    )
    kind = models.CharField(
        "genre d’adhérent", max_length=30, blank=True
    )  # of a territory, "" for one member
    organisation = models.ForeignKey(
        "tenants.Organisation", on_delete=models.PROTECT, null=True, related_name="+"
    )
    eligible = models.BooleanField("éligible")
    since = models.DateField("depuis le")
    until = models.DateField("jusqu’au (exclu)", null=True, blank=True)
    source = models.CharField("justificatif", max_length=300)

    class Meta:
        verbose_name = "éligibilité à l’exonération"
        constraints = [
            models.CheckConstraint(condition=_IN_ORDER, name="vat_eligibility_dates_in_order"),
            models.CheckConstraint(condition=~Q(source=""), name="vat_eligibility_has_a_source"),
            models.CheckConstraint(
                condition=(Q(organisation__isnull=True) & ~Q(kind=""))
                | Q(organisation__isnull=False, kind=""),
                name="vat_eligibility_of_a_kind_or_one",
            ),
            ExclusionConstraint(
                name="vat_eligibility_one_in_force",
                expressions=[
                    ("operator", RangeOperators.EQUAL),
                    ("kind", RangeOperators.EQUAL),
                    (Coalesce("organisation", 0), RangeOperators.EQUAL),
                    _DAYS,
                ],
            ),
        ]

    def __str__(self):
        return f"{self.organisation or self.kind} : {self.eligible}"
