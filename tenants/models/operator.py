"""Operators (mutualisation bodies) and the adhesion of their members."""

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q


class LegalKind(models.TextChoices):
    GIP = "gip", "groupement d’intérêt public"
    SYNDICAT_MIXTE = "syndicat_mixte", "syndicat mixte"
    CDG = "cdg", "centre de gestion"
    ASSOCIATION = "association", "association"


class IssuerKind(models.TextChoices):
    """Who may collect: public money goes through a public accountant only (domain: CGCT L1611-7)."""

    PUBLIC = "public", "comptable public (titres de recettes)"
    PRIVATE = "private", "encaissement direct (association, entreprise)"


class Operator(models.Model):
    """A mutualisation body that keeps a shelf, negotiates the terms and bills its members."""

    organisation = models.OneToOneField(
        "tenants.Organisation", on_delete=models.PROTECT, related_name="operator"
    )
    slug = models.SlugField(unique=True)
    short_name = models.CharField("nom court", max_length=60)
    legal_kind = models.CharField("statut", max_length=20, choices=LegalKind.choices)
    issuer_kind = models.CharField("encaissement", max_length=10, choices=IssuerKind.choices)
    hostname = models.CharField("nom de domaine", max_length=255, blank=True)
    accent = models.CharField(
        "couleur", max_length=7, default="#1f5a4c", validators=[RegexValidator(r"^#[0-9a-f]{6}$")]
    )
    contact_name = models.CharField("contact", max_length=120, blank=True)
    contact_email = models.EmailField("courriel du contact")
    contact_phone = models.CharField("téléphone du contact", max_length=20, blank=True)
    iban = models.CharField("IBAN", max_length=34, blank=True)
    bic = models.CharField("BIC", max_length=11, blank=True)
    payment_days = models.PositiveSmallIntegerField("délai de paiement (jours)", default=30)

    class Meta:
        verbose_name = "opérateur"
        constraints = [
            models.UniqueConstraint(
                fields=["hostname"], condition=~Q(hostname=""), name="operator_hostname_unique"
            ),
            models.CheckConstraint(condition=Q(accent__regex=r"^#[0-9a-f]{6}$"), name="operator_accent_hex"),
            # A private issuer is no public accountant; public bodies never use a payment provider.
            models.CheckConstraint(
                condition=Q(issuer_kind="public") | Q(legal_kind="association"),
                name="operator_private_issuer_is_association",
            ),
        ]

    def __str__(self):
        return self.short_name


class Adhesion(models.Model):
    """A member's adhesion to an operator, over the half-open days [since, until).

    Public information (deliberations are published), and what an operator's tenant scope is computed
    from: no row-level security.
    """

    operator = models.ForeignKey(Operator, on_delete=models.PROTECT, related_name="adhesions")
    organisation = models.ForeignKey(
        "tenants.Organisation", on_delete=models.PROTECT, related_name="adhesions"
    )
    since = models.DateField("depuis le")
    until = models.DateField("jusqu’au (exclu)", null=True, blank=True)

    class Meta:
        verbose_name = "adhésion"
        constraints = [
            models.UniqueConstraint(
                fields=["operator", "organisation"],
                condition=Q(until__isnull=True),
                name="adhesion_one_open_per_operator",
            ),
            models.CheckConstraint(
                condition=Q(until__isnull=True) | Q(until__gt=F("since")), name="adhesion_dates_in_order"
            ),
        ]

    def __str__(self):
        return f"{self.organisation} → {self.operator}"
