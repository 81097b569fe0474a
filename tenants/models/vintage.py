"""What changed from one vintage of the register to the next, and what a person still has to do about it."""

from django.conf import settings
from django.db import models

from tenants.models.territory import Territory


class VintageImport(models.Model):
    """One import of a vintage of the register, applied after somebody read its report."""

    cog_year = models.PositiveSmallIntegerField()
    sha256 = models.CharField(max_length=64)  # of the file read
    applied_at = models.DateTimeField()
    report = models.JSONField()  # counts by kind of change, and the rejected rows

    class Meta:
        verbose_name = "millésime importé"

    def __str__(self):
        return f"{self.cog_year}, importé le {self.applied_at:%d/%m/%Y}"


class ChangeKind(models.TextChoices):
    MERGER = "merger", "fusion"
    SPLIT = "split", "rétablissement"
    RENAME = "rename", "changement de nom"
    CODE = "code", "changement de code"
    EPCI = "epci", "changement d’intercommunalité"
    CREATED = "created", "création"
    ENDED = "ended", "disparition"


class TerritoryChange(models.Model):
    """One change of a territory, from a vintage. Public data.

    A merger whose commune is a customer waits in `handed_over_at` for a person: her open subscriptions and
    draft lines go to `successor`'s organisation by one operation.
    """

    vintage = models.ForeignKey(VintageImport, on_delete=models.PROTECT, related_name="changes")
    kind = models.CharField(max_length=10, choices=ChangeKind.choices)
    territory = models.ForeignKey(Territory, on_delete=models.PROTECT, related_name="changes")
    successor = models.ForeignKey(Territory, on_delete=models.PROTECT, null=True, related_name="+")
    effective_on = models.DateField()
    before = models.CharField(max_length=255, blank=True)
    after = models.CharField(max_length=255, blank=True)
    handed_over_at = models.DateTimeField(null=True)
    handed_over_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        verbose_name = "changement de territoire"
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "territory", "effective_on"], name="territory_change_once"
            ),
            models.CheckConstraint(
                condition=~models.Q(kind="merger") | models.Q(successor__isnull=False),
                name="territory_merger_has_a_successor",
            ),
        ]

    def __str__(self):
        return f"{self.territory} : {self.get_kind_display()}"
