"""A body with a SIREN: commune, intercommunality, syndicat, GIP, association, company."""

from django.db import models

from tenants.models.territory import Territory


class OrganisationKind(models.TextChoices):
    COMMUNE = "commune", "commune"
    EPCI = "epci", "intercommunalité"
    SYNDICAT = "syndicat", "syndicat mixte"
    CDG = "cdg", "centre de gestion"
    GIP = "gip", "groupement d’intérêt public"
    ASSOCIATION = "association", "association"
    COMPANY = "company", "entreprise"
    PUBLIC_COMPANY = "spl", "société publique locale"
    OTHER = "other", "autre organisme public"


class Organisation(models.Model):
    """The tenant. May be a member, an operator and a vendor at once.

    Public register data (name, SIREN, address), so no row-level security here: what an organisation
    *owns* is protected, that it exists is not a secret.
    """

    siren = models.CharField("SIREN", max_length=9, unique=True)
    siret = models.CharField("SIRET du siège", max_length=14, blank=True)
    name = models.CharField("nom", max_length=255)
    kind = models.CharField("nature", max_length=12, choices=OrganisationKind.choices)
    legal_category = models.CharField("catégorie juridique", max_length=4, blank=True)
    territory = models.OneToOneField(
        Territory, on_delete=models.PROTECT, null=True, blank=True, related_name="organisation"
    )
    address = models.CharField("adresse", max_length=255, blank=True)
    postcode = models.CharField("code postal", max_length=5, blank=True)
    city = models.CharField("ville", max_length=120, blank=True)
    vat_number = models.CharField("numéro de TVA", max_length=13, blank=True)
    # dj-stripe asks its subscriber model for an address to write to.
    email = models.EmailField("courriel", blank=True)
    chorus_service_code = models.CharField("code service Chorus Pro", max_length=100, blank=True)

    class Meta:
        verbose_name = "organisation"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(siren__regex=r"^[0-9]{9}$"), name="organisation_siren_nine_digits"
            ),
            models.CheckConstraint(
                condition=models.Q(siret="")
                | (models.Q(siret__regex=r"^[0-9]{14}$") & models.Q(siret__startswith=models.F("siren"))),
                name="organisation_siret_starts_with_siren",
            ),
        ]

    def __str__(self):
        return self.name

    @property
    def is_public_body(self) -> bool:
        """Whether an invoice to it follows the public procurement rules."""
        return self.kind not in {OrganisationKind.COMPANY, OrganisationKind.ASSOCIATION}
