"""Service sheets, beside Oscar's product, and the files they show."""

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from wagtail.models import DraftStateMixin, RevisionMixin

from tenants.models.organisation import OrganisationKind


class Family(models.TextChoices):
    """Ten families of teleservices. The value names the icon."""

    CANTEEN = "canteen", "Cantine et périscolaire"
    CIVIL_REGISTRY = "civil-registry", "Rendez-vous d’état civil"
    PROCUREMENT = "procurement", "Marchés publics dématérialisés"
    SIGNATURE = "signature", "Signature électronique"
    EMAIL = "email", "Messagerie et agenda"
    GIS = "gis", "Cartographie et cadastre"
    ARCHIVES = "archives", "Archivage électronique"
    CEMETERY = "cemetery", "Gestion du cimetière"
    REQUESTS = "requests", "Demandes des usagers"
    WEBSITE = "website", "Site internet"


class Connector(models.TextChoices):
    """How a service opens, as its vendor says (provisioning/connectors)."""

    OSB = "osb", "ouverture automatique (Open Service Broker)"
    WEBHOOK = "webhook", "ouverture automatique (webhook)"
    TERRAFORM = "terraform", "ouverture automatique (Terraform)"
    MANUAL = "manual", "ouverture par l’opérateur ou l’éditeur"


# What Wagtail's with_content_json keeps, besides the two revisions.
KEPT_BY_THE_ROW = ("live", "has_unpublished_changes", "first_published_at")


class ServiceSheet(DraftStateMixin, RevisionMixin, models.Model):
    """What a buyer reads about a service. Price and terms are not here: they belong to a listing.

    The row is what the vendor published last. Drafts are Wagtail revisions; each operator's members see the
    revision that operator approved (`Listing.approved_revision`), whatever the vendor publishes meanwhile.
    Lists are JSON so that a revision holds all of them.
    """

    product = models.OneToOneField("catalogue.Product", on_delete=models.CASCADE, related_name="sheet")
    vendor = models.ForeignKey("catalog.Vendor", on_delete=models.PROTECT, related_name="sheets")
    name = models.CharField("nom", max_length=120)
    slug = models.SlugField(unique=True, max_length=140)  # given once, never changed: it is an address
    family = models.CharField("famille", max_length=20, choices=Family.choices)
    summary = models.CharField("résumé", max_length=220)
    description = models.TextField("description", help_text="Texte simple, un paragraphe par ligne vide.")
    audience = models.CharField("pour qui", max_length=200, blank=True)
    # Eligibility: no body type means all of them; the bounds are inclusive, in inhabitants.
    body_types = ArrayField(
        models.CharField(max_length=12, choices=OrganisationKind.choices),
        verbose_name="collectivités concernées",
        default=list,
        blank=True,
    )
    population_min = models.PositiveIntegerField("à partir de (habitants)", null=True, blank=True)
    population_max = models.PositiveIntegerField("jusqu’à (habitants)", null=True, blank=True)
    personal_data = models.BooleanField("traite des données personnelles", default=True)
    hosting = models.CharField("hébergement", max_length=200, blank=True)
    licence = models.CharField("licence", max_length=60, blank=True)  # in words
    licence_spdx = models.CharField("identifiant SPDX de la licence", max_length=120, blank=True)
    website = models.URLField("page du service", max_length=300, blank=True)
    repository_url = models.URLField("dépôt du code", max_length=300, blank=True)
    publiccode_url = models.URLField("adresse du publiccode.yml", max_length=300, blank=True)
    contractors = models.JSONField("mainteneurs", default=list, blank=True)  # [{name, until, website}]
    contacts = models.JSONField("assistance", default=list, blank=True)  # [{label, email, phone, hours}]
    screenshots = models.JSONField("captures", default=list, blank=True)  # [{file: public_id, alt}]
    documents = models.JSONField("documents", default=list, blank=True)  # [{file: public_id, title}]
    prerequisites = models.JSONField("prérequis", default=list, blank=True)
    # [{sheet: slug or "", text, required: without it, nobody may ask for the service}]
    # The base is the service itself; each option has a code, which price grids name.
    options = models.JSONField("options", default=list, blank=True)  # [{code, name, summary}]
    connector = models.CharField(
        "ouverture", max_length=10, choices=Connector.choices, default=Connector.MANUAL
    )
    parameters_schema = models.JSONField("paramètres (JSON Schema)", default=dict, blank=True)

    class Meta:
        verbose_name = "fiche service"
        constraints = [
            models.CheckConstraint(
                condition=Q(population_min__isnull=True)
                | Q(population_max__isnull=True)
                | Q(population_max__gte=F("population_min")),
                name="service_sheet_population_in_order",
            ),
        ]

    def __str__(self):
        return self.name

    @classmethod
    def from_serializable_data(cls, data, check_fks=False, strict_fks=False):
        """A revision's content as a sheet. Its product and vendor cannot be deleted: to look for them again
        would cost two queries a revision."""
        return super().from_serializable_data(data, check_fks=check_fks, strict_fks=strict_fks)

    def with_content_json(self, content):
        """A revision's content as a sheet, with what belongs to the row rather than to a revision. Wagtail's
        own would fetch the latest revision of each: a query a row of a list."""
        sheet = self.from_serializable_data(content)
        sheet.pk, sheet.slug = self.pk, self.slug
        # A revision names the vendor of its day: another may have taken the service over since.
        sheet.product_id, sheet.vendor_id = self.product_id, self.vendor_id
        for name in ("latest_revision_id", "live_revision_id", *KEPT_BY_THE_ROW):
            setattr(sheet, name, getattr(self, name))
        for name in ("product", "vendor"):
            if name in self._state.fields_cache:
                setattr(sheet, name, getattr(self, name))
        return sheet


class FileKind(models.TextChoices):
    IMAGE = "image", "image"
    DOCUMENT = "document", "document (PDF)"


def sheet_file_path(file, filename: str) -> str:
    """Where a file is kept. The sender's name is not used: it may say anything."""
    return f"sheets/{file.public_id}.{'png' if file.kind == FileKind.IMAGE else 'pdf'}"


class SheetFile(models.Model):
    """A picture or a document of a vendor, checked and kept for good: revisions and claims name it."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    vendor = models.ForeignKey("catalog.Vendor", on_delete=models.PROTECT, related_name="files")
    kind = models.CharField(max_length=10, choices=FileKind.choices)
    file = models.FileField(upload_to=sheet_file_path, max_length=200)
    sha256 = models.CharField(max_length=64)
    size = models.PositiveIntegerField()  # bytes
    width = models.PositiveIntegerField(null=True)  # pixels, of pictures
    height = models.PositiveIntegerField(null=True)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    uploaded_at = models.DateTimeField()

    class Meta:
        verbose_name = "fichier d’un éditeur"

    def __str__(self):
        return str(self.public_id)
