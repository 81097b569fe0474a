"""What every local authority should have, and the letters of an operator to those who lack a service."""

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from tenants.tenancy import TenantOwned


class Fundamental(models.Model):
    """A fundamental service, as a published source lists it from a day on. Public reference data.

    `families` are values of catalog.models.Family that answer it; none when the catalogue has no such family.
    """

    code = models.SlugField(max_length=20)
    title = models.CharField("intitulé", max_length=80)
    text = models.CharField("explication", max_length=300)
    families = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    position = models.PositiveSmallIntegerField()
    in_force_from = models.DateField()
    source = models.CharField(max_length=200)

    class Meta:
        verbose_name = "service du socle"
        constraints = [
            models.UniqueConstraint(fields=["code", "in_force_from"], name="fundamental_once_a_day"),
        ]

    def __str__(self):
        return self.title


class CoverageCampaign(TenantOwned):
    """An operator's letters to those of its members that lack one service. `tenant` is the operator's own
    organisation. Rows are only ever added."""

    request_key = models.UUIDField(default=uuid.uuid4)  # drawn with the form: a double click is one campaign
    operator = models.ForeignKey("tenants.Operator", on_delete=models.PROTECT, related_name="+")
    listing = models.ForeignKey("catalog.Listing", on_delete=models.PROTECT, related_name="+")
    stratum = models.CharField("strate", max_length=20, blank=True)  # of catalog.finding.strata; "" for all
    message = models.TextField("message", max_length=1000, blank=True)
    people = models.PositiveIntegerField("personnes")  # as confirmed
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()

    class Meta(TenantOwned.Meta):
        verbose_name = "courrier aux adhérents sans le service"
        constraints = [
            models.UniqueConstraint(fields=["tenant", "request_key"], name="coverage_campaign_once"),
            models.CheckConstraint(
                condition=models.Q(people__gt=0), name="coverage_campaign_writes_to_somebody"
            ),
        ]

    def __str__(self):
        return f"{self.listing} le {self.asked_at:%d/%m/%Y}"
