"""Operators (mutualisation bodies) and what their statutes say."""

from datetime import date
from secrets import token_hex

from django.core.validators import MaxValueValidator, RegexValidator
from django.db import models
from django.db.models import Q

from tenants.identifiers import phone
from tenants.models.territory import PopulationKind


class LegalKind(models.TextChoices):
    GIP = "gip", "groupement d’intérêt public"
    SYNDICAT_MIXTE = "syndicat_mixte", "syndicat mixte"
    CDG = "cdg", "centre de gestion"
    AGENCE = "agence", "agence départementale ou technique"
    EPCI = "epci", "intercommunalité"
    SPL = "spl", "société publique locale"
    ASSOCIATION = "association", "association"


class IssuerKind(models.TextChoices):
    """Who may collect: public money goes through a public accountant only (domain: CGCT L1611-7)."""

    PUBLIC = "public", "comptable public (titres de recettes)"
    PRIVATE = "private", "encaissement direct (association, entreprise)"


class WithdrawalRule(models.TextChoices):
    """When a withdrawal takes effect, once the notice has run."""

    NOTICE_END = "notice_end", "à la fin du préavis"
    YEAR_END = "year_end", "au 31 décembre qui suit la fin du préavis"


def logo_path(operator, filename: str) -> str:
    """Where a logo is kept. The person's file name is not used: it may say anything. Never twice the same, so
    that nothing keeps showing the logo before."""
    return f"logos/{operator.pk}-{token_hex(8)}.png"


class Operator(models.Model):
    """A mutualisation body that keeps a shelf, negotiates the terms and bills its members."""

    organisation = models.OneToOneField(
        "tenants.Organisation", on_delete=models.PROTECT, related_name="operator"
    )
    slug = models.SlugField("adresse de la vitrine", unique=True)
    short_name = models.CharField("nom court", max_length=60)
    legal_kind = models.CharField("statut", max_length=20, choices=LegalKind.choices)
    issuer_kind = models.CharField("encaissement", max_length=10, choices=IssuerKind.choices)
    population_kind = models.CharField(
        "population de référence",
        max_length=12,
        choices=PopulationKind.choices,
        default=PopulationKind.TOTALE,
        help_text="Celle que les statuts retiennent pour les contributions, sauf tarif contraire.",
    )
    withdrawal_months = models.PositiveSmallIntegerField(
        "préavis de retrait (mois)", default=6, validators=[MaxValueValidator(60)]
    )
    withdrawal_rule = models.CharField(
        "effet du retrait",
        max_length=12,
        choices=WithdrawalRule.choices,
        default=WithdrawalRule.YEAR_END,
    )
    hostname = models.CharField("nom de domaine", max_length=255, blank=True)
    logo = models.FileField("logo", upload_to=logo_path, max_length=200, blank=True)
    accent = models.CharField(
        "couleur", max_length=7, default="#1f5a4c", validators=[RegexValidator(r"^#[0-9a-f]{6}$")]
    )
    contact_name = models.CharField("contact", max_length=120, blank=True)
    contact_email = models.EmailField("courriel du contact")
    contact_phone = models.CharField("téléphone du contact", max_length=20, blank=True)
    iban = models.CharField("IBAN", max_length=34, blank=True)
    bic = models.CharField("BIC", max_length=11, blank=True)
    payment_days = models.PositiveSmallIntegerField("délai de paiement (jours)", default=30)
    # Who has which service here is nobody else's business, unless the operator says so.
    shows_applications = models.BooleanField("dit les applications de ses adhérents", default=False)

    class Meta:
        verbose_name = "opérateur"
        constraints = [
            models.UniqueConstraint(
                fields=["hostname"], condition=~Q(hostname=""), name="operator_hostname_unique"
            ),
            models.CheckConstraint(
                condition=Q(hostname="") | Q(hostname__regex=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$"),
                name="operator_hostname_lower_case",
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

    @property
    def phone(self) -> str:
        """The telephone of its contact as it is read."""
        return phone(self.contact_phone)

    def vat_on(self, day: date) -> "VatPosition | None":
        """Its VAT position on that day, None when nobody has said."""
        return self.vat_positions.filter(since__lte=day).order_by("-since").first()


class VatRegime(models.TextChoices):
    OUT_OF_SCOPE = "out_of_scope", "hors champ de la TVA (article 256 B du CGI)"
    EXEMPT = "exempt", "exonéré (article 261 B du CGI)"
    FRANCHISE = "franchise", "franchise en base (article 293 B du CGI)"
    STANDARD = "standard", "assujetti à la TVA"


class VatPosition(models.Model):
    """An operator's own VAT position from a day on. Only its tax office decides: asked, stored, dated."""

    operator = models.ForeignKey(Operator, on_delete=models.CASCADE, related_name="vat_positions")
    regime = models.CharField("position de TVA", max_length=12, choices=VatRegime.choices)
    since = models.DateField("depuis le")
    source = models.CharField("justificatif", max_length=200, blank=True)

    class Meta:
        verbose_name = "position de TVA"
        constraints = [
            models.UniqueConstraint(fields=["operator", "since"], name="vat_position_once_a_day"),
        ]

    def __str__(self):
        return f"{self.get_regime_display()} depuis le {self.since:%d/%m/%Y}"


class College(models.Model):
    """A college of an operator's members (communes, intercommunalités…), as its statutes name it."""

    operator = models.ForeignKey(Operator, on_delete=models.PROTECT, related_name="colleges")
    name = models.CharField("nom", max_length=120)
    votes = models.PositiveSmallIntegerField("voix", default=1)

    class Meta:
        verbose_name = "collège"
        constraints = [
            models.UniqueConstraint(fields=["operator", "name"], name="college_name_unique"),
            models.CheckConstraint(condition=~Q(name=""), name="college_has_a_name"),
        ]

    def __str__(self):
        return self.name
