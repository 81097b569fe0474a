"""How the price of a contract moves with an index: the clause, and the values of indices as published."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from catalog.pricing import RevisionFormula


class Index(models.TextChoices):
    SYNTEC = "syntec", "indice Syntec"
    ICHT = "icht_j", "indice ICHT-rev-TS, information et communication"


class RevisionDay(models.TextChoices):
    JANUARY = "january", "chaque 1er janvier"
    ANNIVERSARY = "anniversary", "chaque anniversaire, le premier du mois"


class RevisionClause(models.Model):
    """The price revision of a contract (CCP R2112-13): none without an index. Percentages of the price."""

    revision_index = models.CharField("indice", max_length=12, choices=Index.choices, blank=True)
    revision_base_month = models.DateField("mois de l’indice de base", null=True, blank=True)
    revision_fixed_percent = models.DecimalField(
        "part fixe, en %", max_digits=4, decimal_places=2, default=15
    )
    revision_cap_percent = models.DecimalField(
        "hausse maximale à chaque révision, en %", max_digits=4, decimal_places=2, null=True, blank=True
    )
    revision_day = models.CharField(
        "date de révision", max_length=12, choices=RevisionDay.choices, default=RevisionDay.JANUARY
    )

    class Meta:
        abstract = True

    @property
    def formula(self) -> RevisionFormula | None:
        """For the price engine; None where the price is firm."""
        if not self.revision_index:
            return None
        return RevisionFormula(
            index=self.revision_index,
            base_month=self.revision_base_month,
            fixed_percent=self.revision_fixed_percent,
            cap_percent=self.revision_cap_percent,
        )

    @property
    def formula_in_words(self) -> str:
        """ "P = P0 × (…)", "" where the price is firm."""
        return self.formula.in_words(self.get_revision_index_display()) if self.formula else ""


CLAUSE = (
    "revision_index",
    "revision_base_month",
    "revision_fixed_percent",
    "revision_cap_percent",
    "revision_day",
)


def revision_constraints(prefix: str) -> list[models.CheckConstraint]:
    """What holds of the clause, on whatever table it is."""
    return [
        models.CheckConstraint(
            condition=Q(revision_index="", revision_base_month__isnull=True)
            | (~Q(revision_index="") & Q(revision_base_month__day=1)),
            name=f"{prefix}_revision_has_a_base",
        ),
        models.CheckConstraint(
            condition=Q(revision_fixed_percent__gte=0, revision_fixed_percent__lt=100)
            & (Q(revision_cap_percent__isnull=True) | Q(revision_cap_percent__gte=0)),
            name=f"{prefix}_revision_in_percent",
        ),
    ]


class IndexValue(models.Model):
    """The index of a month, as an operator read it where it is published. A correction is logged; revisions
    made before it keep what they read."""

    operator = models.ForeignKey("tenants.Operator", on_delete=models.PROTECT, related_name="index_values")
    index = models.CharField("indice", max_length=12, choices=Index.choices)
    month = models.DateField("mois")  # its first day
    value = models.DecimalField("valeur", max_digits=8, decimal_places=2)
    source = models.CharField("source", max_length=300)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    recorded_at = models.DateTimeField()

    class Meta:
        verbose_name = "valeur d’indice"
        constraints = [
            models.UniqueConstraint(fields=["operator", "index", "month"], name="index_value_once_a_month"),
            models.CheckConstraint(condition=Q(value__gt=0), name="index_value_positive"),
            models.CheckConstraint(condition=Q(month__day=1), name="index_value_of_a_month"),
            models.CheckConstraint(condition=~Q(source=""), name="index_value_has_a_source"),
        ]

    def __str__(self):
        return f"{self.get_index_display()}, {self.month:%m/%Y} : {self.value}"
