"""A body with a SIREN: commune, intercommunality, syndicat, GIP, association, company."""

from datetime import date

from django.contrib.postgres.indexes import GinIndex
from django.db import models

from tenants.models.territory import Territory


class OrganisationKind(models.TextChoices):
    COMMUNE = "commune", "commune"
    EPCI = "epci", "intercommunalité"
    SYNDICAT = "syndicat", "syndicat mixte"
    CCAS = "ccas", "centre communal d’action sociale"
    DEPARTEMENT = "departement", "département"
    REGION = "region", "région"
    SDIS = "sdis", "service d’incendie et de secours"
    CDG = "cdg", "centre de gestion"
    GIP = "gip", "groupement d’intérêt public"
    ASSOCIATION = "association", "association"
    COMPANY = "company", "entreprise"
    PUBLIC_COMPANY = "spl", "société publique locale"
    OTHER = "other", "autre organisme public"


class PlainName(models.Func):
    """A name without accents nor capitals, and without "Commune de": what lists are sorted and searched by.

    Computed by the database (migration 0003). The server's own order puts É after Z, and every commune
    under C."""

    function = "halle_plain"
    output_field = models.CharField(max_length=255)


class Organisation(models.Model):
    """The tenant. May be a member, an operator and a vendor at once.

    Public register data (name, SIREN, address), so no row-level security here: what an organisation
    *owns* is protected, that it exists is not a secret.
    """

    siren = models.CharField("SIREN", max_length=9, unique=True)
    name = models.CharField("nom", max_length=255)
    plain_name = models.GeneratedField(
        expression=PlainName("name"), output_field=models.CharField(max_length=255), db_persist=True
    )
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
    # First day it no longer exists (merged, dissolved), and who took over. It keeps all its history.
    closed_on = models.DateField("disparue le", null=True, blank=True)
    successor = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="predecessors"
    )

    class Meta:
        verbose_name = "organisation"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(siren__regex=r"^[0-9]{9}$"), name="organisation_siren_nine_digits"
            ),
            models.CheckConstraint(
                condition=models.Q(successor__isnull=True) | models.Q(closed_on__isnull=False),
                name="organisation_with_successor_is_closed",
            ),
        ]
        indexes = [
            models.Index(fields=["plain_name", "id"], name="organisation_plain_name"),
            GinIndex(fields=["plain_name"], name="organisation_name_trgm", opclasses=["gin_trgm_ops"]),
        ]

    def __str__(self):
        return self.name

    @property
    def is_public_body(self) -> bool:
        """Whether an invoice to it follows the public procurement rules."""
        return self.kind not in {OrganisationKind.COMPANY, OrganisationKind.ASSOCIATION}

    def is_closed(self, *, on: date) -> bool:
        """Whether it no longer exists on that day."""
        return self.closed_on is not None and self.closed_on <= on

    @property
    def seat(self) -> "Establishment | None":
        """Its head office, None when nobody gave it. Prefetch `establishments` in lists."""
        return next((place for place in self.establishments.all() if place.is_seat), None)

    def seat_on(self, day: date) -> "Establishment | None":
        """Its head office on a day from today on: one that is to become it by then counts already, whether or
        not the night's work is done."""
        places = self.establishments.all()
        coming = (place for place in places if place.seat_from and place.seat_from <= day)
        return next(coming, None) or next((place for place in places if place.is_seat), None)

    @property
    def siret(self) -> str:
        """The SIRET of its head office, "" when unknown."""
        return self.seat.siret if self.seat else ""


class Establishment(models.Model):
    """One address of an organisation, known by its SIRET, and what Chorus Pro asks of invoices sent there.

    Public data (Sirene, Chorus Pro directory): no row-level security, like the organisation.
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="establishments")
    siret = models.CharField("SIRET", max_length=14, unique=True)
    name = models.CharField("nom", max_length=120, blank=True)
    is_seat = models.BooleanField("siège", default=False)
    # The day from which it is to be the head office, and the one from which it no longer was (SeatMove).
    seat_from = models.DateField("siège à partir du", null=True, blank=True)
    seat_until = models.DateField("siège jusqu’au (exclu)", null=True, blank=True)
    service_code_required = models.BooleanField("code service obligatoire", default=False)
    commitment_required = models.BooleanField("numéro d’engagement obligatoire", default=False)

    class Meta:
        verbose_name = "établissement"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(siret__regex=r"^[0-9]{14}$"), name="establishment_siret_fourteen_digits"
            ),
            models.UniqueConstraint(
                fields=["organisation"], condition=models.Q(is_seat=True), name="establishment_one_seat"
            ),
            models.UniqueConstraint(
                fields=["organisation"],
                condition=models.Q(seat_from__isnull=False),
                name="establishment_one_seat_to_come",
            ),
            models.CheckConstraint(
                condition=models.Q(is_seat=False) | models.Q(seat_from__isnull=True, seat_until__isnull=True),
                name="establishment_seat_is_neither_past_nor_to_come",
            ),
        ]

    def __str__(self):
        return f"{self.siret} {self.name}".strip()

    @property
    def default_service(self) -> "ChorusService | None":
        """The service an invoice is sent to unless somebody says otherwise."""
        return next((service for service in self.services.all() if service.is_default), None)


class ChorusService(models.Model):
    """A service of an establishment that receives invoices through Chorus Pro, by its code."""

    establishment = models.ForeignKey(Establishment, on_delete=models.CASCADE, related_name="services")
    code = models.CharField("code service", max_length=100)
    name = models.CharField("nom du service", max_length=120, blank=True)
    is_default = models.BooleanField("par défaut", default=False)

    class Meta:
        verbose_name = "service Chorus Pro"
        constraints = [
            models.UniqueConstraint(fields=["establishment", "code"], name="chorus_service_code_unique"),
            models.UniqueConstraint(
                fields=["establishment"],
                condition=models.Q(is_default=True),
                name="chorus_service_one_default",
            ),
            models.CheckConstraint(condition=~models.Q(code=""), name="chorus_service_has_a_code"),
        ]

    def __str__(self):
        return f"{self.code} {self.name}".strip()
