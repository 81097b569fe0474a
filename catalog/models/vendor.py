"""Vendors: who they are, what they agreed to, what they declare each year."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q


class VendorState(models.TextChoices):
    ACTIVE = "active", "référencé"
    SUSPENDED = "suspended", "suspendu"


class Vendor(models.Model):
    """A software vendor, public or private. Oscar's `Partner` is its name on the offers."""

    organisation = models.OneToOneField(
        "tenants.Organisation", on_delete=models.PROTECT, related_name="vendor"
    )
    partner = models.OneToOneField("partner.Partner", on_delete=models.PROTECT, related_name="vendor")
    state = models.CharField("état", max_length=10, choices=VendorState.choices, default=VendorState.ACTIVE)
    presentation = models.TextField("présentation", blank=True, max_length=2000)
    website = models.URLField("site internet", max_length=300, blank=True)
    contact_email = models.EmailField("courriel du service commercial", blank=True)
    contact_phone = models.CharField("téléphone", max_length=20, blank=True)
    suspension_reason = models.CharField("motif de suspension", max_length=500, blank=True)

    class Meta:
        verbose_name = "éditeur"
        constraints = [
            models.CheckConstraint(
                condition=Q(state="active") | ~Q(suspension_reason=""), name="vendor_suspended_with_a_reason"
            ),
        ]

    def __str__(self):
        return self.organisation.name


class ApplicationState(models.TextChoices):
    PENDING = "pending", "à examiner"
    ACCEPTED = "accepted", "acceptée"
    REFUSED = "refused", "refusée"
    CANCELLED = "cancelled", "retirée"


# The one table of moves of a vendor's application.
APPLICATION_MOVES = frozenset(
    {
        (ApplicationState.PENDING, ApplicationState.ACCEPTED),
        (ApplicationState.PENDING, ApplicationState.REFUSED),
        (ApplicationState.PENDING, ApplicationState.CANCELLED),
    }
)


class VendorApplication(models.Model):
    """Somebody asks that a body become a vendor. Nothing of it exists before the platform accepts.

    Read by platform staff, and by the person who asked through `applicant` only.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    applicant = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    siren = models.CharField("SIREN", max_length=9)
    name = models.CharField("raison sociale", max_length=255)
    kind = models.CharField("nature", max_length=12)  # tenants.models.organisation.OrganisationKind
    address = models.CharField("adresse", max_length=255)
    postcode = models.CharField("code postal", max_length=5)
    city = models.CharField("ville", max_length=120)
    contact_email = models.EmailField("courriel professionnel")
    contact_phone = models.CharField("téléphone", max_length=20, blank=True)
    website = models.URLField("site internet", max_length=300, blank=True)
    presentation = models.TextField("ce que vous proposez", max_length=2000)
    terms = models.ForeignKey("catalog.VendorTerms", on_delete=models.PROTECT, related_name="+")
    state = models.CharField(
        max_length=10, choices=ApplicationState.choices, default=ApplicationState.PENDING
    )
    sent_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    message = models.TextField("message", blank=True, max_length=2000)  # to the applicant, with a refusal

    class Meta:
        verbose_name = "demande d’un éditeur"
        constraints = [
            models.CheckConstraint(
                condition=Q(siren__regex=r"^[0-9]{9}$"), name="vendor_application_siren_nine_digits"
            ),
            models.UniqueConstraint(
                fields=["siren"], condition=Q(state="pending"), name="vendor_application_one_pending"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["pending", "cancelled"])
                | Q(decided_at__isnull=False, decided_by__isnull=False),
                name="vendor_application_decided_by_somebody",
            ),
            models.CheckConstraint(
                condition=~Q(state="refused") | ~Q(message=""),
                name="vendor_application_refused_with_a_reason",
            ),
        ]

    def __str__(self):
        return f"{self.name} ({self.siren})"


class VendorTerms(models.Model):
    """One version of what a vendor agrees to, in force from a day until another one is."""

    version = models.CharField("version", max_length=20, unique=True)
    in_force_from = models.DateField("en vigueur le", unique=True)
    text = models.TextField("texte")

    class Meta:
        verbose_name = "conditions des éditeurs"

    def __str__(self):
        return f"version {self.version}"


class TermsAgreement(models.Model):
    """A vendor agreed to one version of the terms. Rows are only ever added."""

    vendor = models.ForeignKey(Vendor, on_delete=models.PROTECT, related_name="agreements")
    terms = models.ForeignKey(VendorTerms, on_delete=models.PROTECT, related_name="agreements")
    agreed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    agreed_at = models.DateTimeField()

    class Meta:
        verbose_name = "accord sur les conditions"
        constraints = [
            models.UniqueConstraint(fields=["vendor", "terms"], name="terms_agreement_once_a_version"),
        ]

    def __str__(self):
        return f"{self.vendor} – {self.terms}"


class VendorDeclaration(models.Model):
    """What a vendor declares for a year (catalog/vendors/declarations.py says what), reused the next one."""

    vendor = models.ForeignKey(Vendor, on_delete=models.PROTECT, related_name="declarations")
    year = models.PositiveSmallIntegerField("année")
    answers = models.JSONField("réponses")
    declared_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    declared_at = models.DateTimeField()

    class Meta:
        verbose_name = "déclaration annuelle"
        constraints = [
            models.UniqueConstraint(fields=["vendor", "year"], name="vendor_declaration_once_a_year"),
        ]

    def __str__(self):
        return f"{self.vendor} {self.year}"
