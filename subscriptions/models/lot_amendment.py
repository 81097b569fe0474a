"""Amendments of a lot whose notice is published: what changes of its terms, from which day, on which ground
(CCP R2194-1 à 9)."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q


class ModificationGround(models.TextChoices):
    """Why the law lets a contract in progress be modified without a new competition. R2194-6, another holder,
    has no place here: holders and their ranks stay those of the award."""

    REVIEW = "review", "clause de réexamen prévue au contrat (R2194-1)"
    ADDITIONAL = "additional", "prestations supplémentaires devenues nécessaires (R2194-2 à 4)"
    UNFORESEEN = "unforeseen", "circonstances imprévues (R2194-5)"
    NOT_SUBSTANTIAL = "not_substantial", "modification non substantielle (R2194-7)"
    SMALL = "small", "modification de faible montant (R2194-8 et R2194-9)"


class LotTermsModel(models.Model):
    """What an amendment may change of a lot; `ends_on` is the first day on which nothing may be ordered."""

    ceiling_cents = models.BigIntegerField("montant maximum")
    ends_on = models.DateField("fin de validité")
    duration_reason = models.CharField("motif d’une durée de plus de quatre ans", max_length=500, blank=True)
    renewals = models.PositiveSmallIntegerField("reconductions", default=0)
    revision_formula = models.CharField("formule de révision des prix", max_length=300, blank=True)

    class Meta:
        abstract = True


AMENDED = tuple(field.name for field in LotTermsModel._meta.local_fields)


def lot_paper_path(row, filename: str) -> str:
    """Where the signed amendment is kept. The person's file name is not used: it may say anything."""
    return f"lots/{row.lot_id}/avenant-{row.number}.pdf"


class LotAmendment(LotTermsModel):
    """All the terms of a published lot from `effective_on` on: those it changes, and the others as they were.

    Rows are only ever added; each takes effect on the day of the one before it or later. The trigger
    `subscriptions_lot_amendment_within_limits` locks the lot, then refuses what goes beyond the limit of the
    ground, below what is ordered, or beyond four years without a reason.
    """

    lot = models.ForeignKey("subscriptions.FrameworkLot", on_delete=models.PROTECT, related_name="amendments")
    request_key = models.UUIDField(default=uuid.uuid4, unique=True)  # drawn with the form
    number = models.PositiveSmallIntegerField()
    effective_on = models.DateField("date d’effet")
    ground = models.CharField("fondement", max_length=16, choices=ModificationGround.choices)
    reason = models.CharField("motif", max_length=500)
    paper = models.FileField("avenant signé", upload_to=lot_paper_path, max_length=200)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_on = models.DateField()

    class Meta:
        verbose_name = "avenant à un lot"
        constraints = [
            models.UniqueConstraint(fields=["lot", "number"], name="lot_amendment_once_by_number"),
            models.CheckConstraint(
                condition=Q(effective_on__gte=F("made_on")), name="lot_amendment_not_in_the_past"
            ),
            models.CheckConstraint(
                condition=Q(ends_on__gt=F("effective_on")), name="lot_amendment_before_the_end"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="lot_amendment_has_a_reason"),
            models.CheckConstraint(condition=~Q(paper=""), name="lot_amendment_has_a_paper"),
        ]

    def __str__(self):
        return f"Avenant n° {self.number}"


class ModificationLimit(models.Model):
    """Up to which part of the first amount a ground lets a contract be modified, from a day on. Small
    modifications stay beneath it, cumulated (CCP R2194-8 et 9); each of the others may reach it by itself
    (R2194-3). A ground without a row sets no part."""

    ground = models.CharField(
        max_length=16, choices=ModificationGround.choices, default=ModificationGround.SMALL
    )
    percent = models.DecimalField(max_digits=4, decimal_places=2)
    in_force_from = models.DateField("en vigueur le")
    source = models.CharField("source", max_length=300)

    class Meta:
        verbose_name = "limite des modifications"
        constraints = [
            models.UniqueConstraint(fields=["ground", "in_force_from"], name="modification_limit_once_a_day"),
            models.CheckConstraint(condition=Q(percent__gt=0), name="modification_limit_is_a_part"),
            models.CheckConstraint(condition=~Q(source=""), name="modification_limit_has_a_source"),
        ]

    def __str__(self):
        return f"{self.percent} %"
