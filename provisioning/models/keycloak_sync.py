"""Organisations and their agents at Keycloak: what it was told, in which round, and what differs there."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from tenants.tenancy import TenantOwned


class OrganisationTold(TenantOwned):
    """What Keycloak was told of an organisation: at `told_at`, None never. Something of it is to be told
    again since `to_tell_since`, not before `tell_after`; `problem`: why it was not."""

    to_tell_since = models.DateTimeField(null=True)
    tell_after = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    told_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=300, blank=True)

    class Meta(TenantOwned.Meta):
        verbose_name = "organisation chez Keycloak"
        constraints = [models.UniqueConstraint(fields=["tenant"], name="organisation_told_one_row")]
        indexes = [
            models.Index(
                fields=["to_tell_since"],
                condition=Q(to_tell_since__isnull=False),
                name="organisation_to_tell",
            ),
        ]

    def __str__(self):
        return f"organisation {self.tenant_id} chez Keycloak"


class RoundKind(models.TextChoices):
    """What is done with all organisations, one after the other."""

    TELL = "tell", "synchronisation complète"
    LOOK = "look", "contrôle de la nuit"


class SyncRound(models.Model):
    """Keycloak is told of all organisations, or looked through. Of the platform: no organisation's own.

    `cursor`: the last organisation that is done; killed anywhere, a round to tell goes on behind it.
    `organisations` are done so far, of `in_all`, with so many `agents`; `changes` were made at Keycloak (of a
    batch in which a worker was killed, neither is counted), `differences` found. `held_until`: a worker is at
    it.
    """

    kind = models.CharField(max_length=4, choices=RoundKind.choices)
    asked_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    held_until = models.DateTimeField(null=True)
    go_on_after = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    cursor = models.BigIntegerField(default=0)
    in_all = models.PositiveIntegerField(null=True)
    organisations = models.PositiveIntegerField(default=0)
    agents = models.PositiveIntegerField(default=0)
    changes = models.PositiveIntegerField(default=0)
    differences = models.PositiveIntegerField(default=0)
    seconds = models.FloatField(default=0)  # of work, pauses not counted
    failures = models.PositiveSmallIntegerField(default=0)  # in a row
    problem = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name = "synchronisation avec Keycloak"
        constraints = [
            models.UniqueConstraint(
                fields=["kind"], condition=Q(finished_at__isnull=True), name="sync_round_one_at_a_time"
            ),
            models.CheckConstraint(
                condition=Q(finished_at__isnull=True) | Q(finished_at__gte=F("asked_at")),
                name="sync_round_finished_after_asked",
            ),
        ]

    def __str__(self):
        return f"{self.get_kind_display()} {self.pk}"


class AccountDriftKind(models.TextChoices):
    """What is not as it should be. Halle puts back the first four; the others are for a person."""

    ORGANISATION = "changed", "organisation changée à la main"
    ABSENT = "absent", "organisation absente"
    LEFT = "left", "organisation ou membre en trop"
    MEMBER = "member", "agent absent de son organisation"
    NO_ACCOUNT = "account", "compte disparu"
    DISABLED = "disabled", "compte désactivé"
    KEPT = "kept", "membre que Halle ne peut pas retirer"


class AccountDrift(TenantOwned):
    """Of an organisation, or of one `account` (its `sub`) in it, whose person is `user` where Halle knows
    her. Seen from `opened_at` on, last on `seen_at`; over at `closed_at`. `words` says it to a person, and
    what she does about it."""

    kind = models.CharField(max_length=8, choices=AccountDriftKind.choices)
    account = models.CharField(max_length=255, blank=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="+")
    words = models.CharField(max_length=500)
    opened_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta(TenantOwned.Meta):
        verbose_name = "écart chez Keycloak"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "kind", "account"],
                condition=Q(closed_at__isnull=True),
                name="account_drift_one_open",
            ),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True) | Q(closed_at__gte=F("opened_at")),
                name="account_drift_closed_after_it_opened",
            ),
        ]

    def __str__(self):
        return f"{self.get_kind_display()} {self.tenant_id}"
