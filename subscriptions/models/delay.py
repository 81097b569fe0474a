"""How long requests took to be opened: what the expected date of the next ones rests on."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from subscriptions.models.approval import Party


class Stage(models.TextChoices):
    """What a request waits for, in order: each party's word, then the opening at the vendor's."""

    MEMBER = Party.MEMBER, Party.MEMBER.label
    OPERATOR = Party.OPERATOR, Party.OPERATOR.label
    VENDOR = Party.VENDOR, Party.VENDOR.label
    OPENING = "opening", "l’ouverture"


class OpeningDelay(models.Model):
    """From the day a stage began to the day the service was open, for the last requests under a vehicle to a
    vendor. Counted every night by the worker, which sees every tenant; it names nobody."""

    vehicle = models.ForeignKey("subscriptions.PurchasingVehicle", on_delete=models.CASCADE, related_name="+")
    vendor = models.ForeignKey("catalog.Vendor", on_delete=models.CASCADE, related_name="+")
    stage = models.CharField("étape", max_length=8, choices=Stage.choices)
    days = ArrayField(models.PositiveSmallIntegerField(), verbose_name="jours")  # one a request, growing
    counted_on = models.DateField()

    class Meta:
        verbose_name = "délai d’ouverture"
        constraints = [
            models.UniqueConstraint(fields=["vehicle", "vendor", "stage"], name="opening_delay_once_a_stage"),
        ]

    def __str__(self):
        return f"{self.get_stage_display()} : {len(self.days)} demandes"
