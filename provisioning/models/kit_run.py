"""Runs of the vendors' kit against an endpoint, and the reports that they leave."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from provisioning.kit.checks import Result, State
from provisioning.kit.reports import Report
from provisioning.models.endpoint import Endpoint


class KitRun(models.Model):
    """A run that somebody asked for: written before the vendor is called. Its id names what it opens there,
    so that a run that is begun again finds what it left. `done`: checks that are over."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    endpoint = models.ForeignKey(Endpoint, on_delete=models.PROTECT, related_name="kit_runs")
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    asked_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    done = models.PositiveSmallIntegerField(default=0)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "passage au banc d’essai"
        constraints = [
            models.UniqueConstraint(
                fields=["endpoint"], condition=Q(finished_at__isnull=True), name="kit_run_one_under_way"
            ),
        ]

    def __str__(self):
        return f"{self.asked_at:%d/%m/%Y %H:%M}, {self.done}"


class KitReport(models.Model):
    """What a run found. Rows are only ever added. `configuration` is what was tried
    (`Endpoint.configuration`), `checks` are `kit.checks.Result`, `left` what the vendor must delete."""

    run = models.OneToOneField(KitRun, on_delete=models.PROTECT, related_name="report")
    configuration = models.CharField(max_length=64)
    version = models.CharField(max_length=12)
    checks = models.JSONField()
    problem = models.CharField(max_length=500, blank=True)
    left = models.JSONField(default=list)
    score = models.PositiveSmallIntegerField()
    passed = models.BooleanField()
    at = models.DateTimeField()

    class Meta:
        verbose_name = "rapport du banc d’essai"
        constraints = [
            models.CheckConstraint(condition=Q(score__lte=100), name="kit_report_score_in_percent"),
        ]

    def __str__(self):
        return f"{self.score} % le {self.at:%d/%m/%Y}"

    @property
    def told(self) -> Report:
        """As the kit tells it."""
        results = tuple(Result(one["name"], State(one["state"]), one["seen"]) for one in self.checks)
        return Report(self.version, results, problem=self.problem, left=tuple(self.left))
