"""Dated versions of a listing's price grid, and their simulation over all members."""

import uuid
from datetime import date
from decimal import Decimal

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from catalog.pricing import GridInvalid, parse_grid
from tenants.models.ranges import DateRange
from tenants.tenancy import TenantOwned

MOST_TRIAL_DAYS = 92  # a quarter: a council meets within it (CGCT L2121-7)


class VatCategory(models.TextChoices):
    """EN 16931 categories (BT-118). O never shares an invoice with another."""

    STANDARD = "S", "taxable"
    EXEMPT = "E", "exonéré"
    OUT_OF_SCOPE = "O", "hors champ"


class GridState(models.TextChoices):
    DRAFT = "draft", "en préparation"
    PUBLISHED = "published", "publié"
    WITHDRAWN = "withdrawn", "retiré avant son entrée en vigueur"


class PriceGrid(models.Model):
    """A grid in force over the half-open days [effective_from, effective_until), once it is published.

    `definition` is what the price engine reads (catalog.pricing.parse_grid); `list_definition`, of the same
    shape, is what the vendor asks outside the group, so that savings show. A published version is never
    edited (a trigger refuses it): a new one succeeds it, and only its end is then written; or it is withdrawn
    whole before the day it would have come into force.
    """

    listing = models.ForeignKey("catalog.Listing", on_delete=models.PROTECT, related_name="grids")
    option = models.CharField("option", max_length=40, blank=True)  # ServiceSheet.options' code, "" the base
    state = models.CharField(max_length=10, choices=GridState.choices, default=GridState.DRAFT)
    effective_from = models.DateField("en vigueur le")
    effective_until = models.DateField("jusqu’au (exclu)", null=True, blank=True)
    definition = models.JSONField("barème")
    list_definition = models.JSONField("tarif public de l’éditeur", null=True, blank=True)
    vat_category = models.CharField("régime de TVA", max_length=1, choices=VatCategory.choices)
    vat_rate = models.DecimalField("taux de TVA (%)", max_digits=4, decimal_places=2, default=Decimal(0))
    vat_reason = models.CharField("motif", max_length=200, blank=True)
    # Of the service, not of an option: how long it may be tried for nothing. None: it may not.
    trial_days = models.PositiveSmallIntegerField("essai gratuit, en jours", null=True, blank=True)
    note = models.CharField("note", max_length=500, blank=True)
    published_at = models.DateTimeField(null=True, blank=True)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        verbose_name = "barème"
        ordering = ["-effective_from"]
        constraints = [
            models.CheckConstraint(
                condition=Q(effective_until__isnull=True) | Q(effective_until__gt=models.F("effective_from")),
                name="price_grid_dates_in_order",
            ),
            ExclusionConstraint(
                name="price_grid_one_in_force",
                expressions=[
                    ("listing", RangeOperators.EQUAL),
                    ("option", RangeOperators.EQUAL),
                    (
                        DateRange("effective_from", "effective_until", models.Value("[)")),
                        RangeOperators.OVERLAPS,
                    ),
                ],
                condition=Q(state="published"),
            ),
            # EN 16931 BR-E-10, BR-O-10: no tax means a reason; a rate means the standard category.
            models.CheckConstraint(
                condition=(Q(vat_category="S") & Q(vat_rate__gt=0))
                | (Q(vat_category__in=["E", "O"]) & Q(vat_rate=0) & ~Q(vat_reason="")),
                name="price_grid_vat_consistent",
            ),
            models.CheckConstraint(
                condition=Q(trial_days__isnull=True)
                | Q(option="", trial_days__gte=1, trial_days__lte=MOST_TRIAL_DAYS),
                name="price_grid_trial_of_a_quarter_at_most",
            ),
        ]

    def __str__(self):
        return f"{self.listing} au {self.effective_from}"

    def clean(self):
        """Raises ValidationError with the engine's French sentences when a grid cannot be computed."""
        for field in ("definition", "list_definition"):
            value = getattr(self, field)
            if value is None and field == "list_definition":
                continue
            try:
                parse_grid(value)
            except GridInvalid as error:
                raise ValidationError({field: error.errors}) from error

    def is_in_force(self, day: date) -> bool:
        """Whether it is published and [effective_from, effective_until) holds `day`."""
        return (
            self.state == GridState.PUBLISHED
            and self.effective_from <= day
            and (self.effective_until is None or day < self.effective_until)
        )


class SimulationState(models.TextChoices):
    WAITING = "waiting", "en attente"
    RUNNING = "running", "en cours"
    DONE = "done", "terminée"
    FAILED = "failed", "interrompue"


class GridSimulation(TenantOwned):
    """A draft grid priced over all real members, by a job. `tenant` is the operator's organisation."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    grid = models.ForeignKey(PriceGrid, on_delete=models.CASCADE, related_name="simulations")
    # What was simulated: a draft edited since needs another simulation.
    definition = models.JSONField()
    on = models.DateField()  # the day both grids are priced for
    state = models.CharField(max_length=10, choices=SimulationState.choices, default=SimulationState.WAITING)
    total = models.PositiveIntegerField(default=0)  # members to price
    done = models.PositiveIntegerField(default=0)
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=500, blank=True)

    class Meta(TenantOwned.Meta):
        verbose_name = "simulation d’un barème"

    def __str__(self):
        return f"simulation {self.public_id}"


class SimulationRow(TenantOwned):
    """One member's price under the grid before and the draft, in cents a year net of tax (None: no price)."""

    simulation = models.ForeignKey(GridSimulation, on_delete=models.CASCADE, related_name="rows")
    organisation = models.ForeignKey("tenants.Organisation", on_delete=models.PROTECT, related_name="+")
    population = models.PositiveIntegerField(null=True)
    subscribed = models.BooleanField(default=False)
    before_cents = models.BigIntegerField(null=True)
    after_cents = models.BigIntegerField(null=True)
    problem = models.CharField(max_length=300, blank=True)

    class Meta(TenantOwned.Meta):
        verbose_name = "ligne de simulation"
        constraints = [
            models.UniqueConstraint(
                fields=["simulation", "organisation"], name="simulation_row_once_per_member"
            ),
        ]

    def __str__(self):
        return f"{self.organisation} : {self.before_cents} → {self.after_cents}"
