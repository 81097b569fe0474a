"""The territory register: every commune and intercommunality, and their dated populations.

Public reference data: no tenant owns it. Filled by `manage.py load_register`.
"""

from datetime import date

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F
from django.db.models.lookups import IsNull


class TerritoryKind(models.TextChoices):
    COMMUNE = "commune", "commune"
    DELEGATED = "commune_deleguee", "commune déléguée"
    ASSOCIATED = "commune_associee", "commune associée"
    ARRONDISSEMENT = "arrondissement_municipal", "arrondissement municipal"
    EPCI = "epci", "intercommunalité"
    EPT = "ept", "établissement public territorial"
    DEPARTEMENT = "departement", "département"
    REGION = "region", "région"


class Territory(models.Model):
    """One row of the register. The key is (kind, code): 584 codes are both a commune and its own
    delegated commune."""

    kind = models.CharField(max_length=30, choices=TerritoryKind.choices)
    code = models.CharField(max_length=9)
    name = models.CharField(max_length=255)
    # `tenants.register.names.normalise(name)`: what a search compares.
    name_key = models.CharField(max_length=255)
    siren = models.CharField(max_length=9, blank=True)
    nature = models.CharField(max_length=10, blank=True)  # of an EPCI: CC, CA, CU, METRO, MET69
    departement = models.CharField(max_length=3, blank=True)
    departement_name = models.CharField(max_length=60, blank=True)
    region = models.CharField(max_length=3, blank=True)
    postcodes = ArrayField(models.CharField(max_length=5), default=list)
    # The current commune of a delegated or associated one, of a municipal arrondissement, or of a commune
    # that was absorbed: that one keeps its row, with `ended_on`, the first day it no longer exists.
    current = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="parts")
    epci = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="communes")
    ended_on = models.DateField(null=True, blank=True)
    cog_year = models.PositiveSmallIntegerField()

    class Meta:
        verbose_name = "territoire"
        constraints = [
            models.UniqueConstraint(fields=["kind", "code"], name="territory_kind_code_unique"),
            models.CheckConstraint(
                condition=models.Q(siren="") | models.Q(siren__regex=r"^[0-9]{9}$"),
                name="territory_siren_nine_digits",
            ),
            models.CheckConstraint(
                condition=~models.Q(kind="commune")
                | models.Q(current__isnull=True)
                | models.Q(ended_on__isnull=False),
                name="territory_absorbed_commune_has_ended",
            ),
        ]
        indexes = [
            # No pending list: after a load, the first searches would read it from end to end.
            GinIndex(
                fields=["name_key"],
                name="territory_name_trgm",
                opclasses=["gin_trgm_ops"],
                fastupdate=False,
            ),
            GinIndex(fields=["postcodes"], name="territory_postcodes"),
            models.Index(fields=["siren"], name="territory_siren"),
        ]

    def __str__(self):
        return f"{self.name} ({self.departement})" if self.departement else self.name

    @property
    def full_name(self) -> str:
        """A name alone never identifies a commune: 1,441 are used more than once."""
        if not self.departement:
            return self.name
        return f"{self.name} ({self.departement_name}, {self.departement})"


class FormerCode(models.Model):
    """A code that a commune absorbed or left behind: it leads to the current commune."""

    code = models.CharField(max_length=5)
    commune = models.ForeignKey(Territory, on_delete=models.CASCADE, related_name="former_codes")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["code", "commune"], name="former_code_unique"),
        ]

    def __str__(self):
        return self.code


class PopulationKind(models.TextChoices):
    MUNICIPALE = "municipale", "population municipale"
    TOTALE = "totale", "population totale"
    DGF = "dgf", "population DGF"


class PopulationQuerySet(models.QuerySet):
    def in_force(self, *, on: date):
        """The newest row in force on that day, per territory and kind.

        A count that is known stays in force until another is: a later source that does not cover a territory
        (the DGCL's list, for the communes of Polynésie) takes nothing away.
        """
        return (
            self.filter(in_force_from__lte=on)
            .order_by("territory_id", "kind", IsNull(F("value"), True), "-in_force_from", "id")
            .distinct("territory_id", "kind")
        )


class Population(models.Model):
    """A dated population. `value` NULL means unknown, which is not 0 (six communes have 0)."""

    territory = models.ForeignKey(Territory, on_delete=models.CASCADE, related_name="populations")
    kind = models.CharField(max_length=12, choices=PopulationKind.choices)
    value = models.PositiveIntegerField(null=True)
    reference_year = models.PositiveSmallIntegerField()
    in_force_from = models.DateField()
    source = models.CharField(max_length=60)

    objects = PopulationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["territory", "kind", "in_force_from", "source"], name="population_vintage_unique"
            ),
        ]

    def __str__(self):
        return f"{self.value} ({self.get_kind_display()} {self.reference_year})"
