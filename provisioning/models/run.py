"""Runs and steps: what must be done at the vendor, what was tried, what came back."""

import uuid
from datetime import timedelta

from django.db import models

from provisioning.models.lane import Lane
from tenants.tenancy import TenantOwned


class Event(models.TextChoices):
    """What of a subscription's life is carried out at the vendor's."""

    ACTIVATE = "activate", "ouverture"
    CHANGE = "change", "modification"
    SUSPEND = "suspend", "suspension"
    RESUME = "resume", "réouverture"
    CLOSE = "close", "fermeture"
    UNDO = "undo", "effacement"
    ROTATE = "rotate", "renouvellement des identifiants"
    AGENTS = "agents", "comptes des agents"
    CLIENT = "client", "connexion par Halle"


class StepState(models.TextChoices):
    LATER = "later", "après l’étape d’avant"
    PENDING = "pending", "à faire"
    RUNNING = "running", "en cours"
    WAITING = "waiting", "en attente de l’éditeur"
    DONE = "done", "fait"
    NEEDS_PERSON = "needs_person", "demande une personne"
    MOOT = "moot", "sans objet"


UNFINISHED = (StepState.PENDING, StepState.RUNNING, StepState.WAITING)


class Run(TenantOwned):
    """The plan that carries out one lifecycle event of a subscription, from `starts_at` on: those of one
    subscription one after the other, in that order (engine.due)."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    subscription = models.ForeignKey(
        "subscriptions.Subscription", on_delete=models.PROTECT, related_name="provisioning_runs"
    )
    event = models.CharField(max_length=20, choices=Event.choices)
    created_at = models.DateTimeField()
    starts_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta(TenantOwned.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["subscription", "event"],
                # Several amendments may be on their way, each for its day; agents come while others are
                # being told, and what a client is to be changes while Keycloak is asked.
                condition=models.Q(finished_at__isnull=True)
                & ~models.Q(event__in=["agents", "change", "client"]),
                name="run_one_open_per_event",
            ),
        ]

    def __str__(self):
        return f"{self.event} {self.subscription_id}"


class Cause(models.TextChoices):
    """Why a call came to nothing: each is tried again in its own way (engine.patience)."""

    UNREACHABLE = "unreachable", "injoignable"
    TIMEOUT = "timeout", "trop lent"
    BROKEN = "broken", "en panne"
    BUSY = "busy", "occupé"
    UNREADABLE = "unreadable", "réponse illisible"
    UNTRUSTED = "untrusted", "certificat refusé"


class Step(TenantOwned):
    """One idempotent "ensure" at the vendor, keyed by run and name. It is due once the one before it in its
    run is done, and `pause` is over.

    `turn` grows at each claim: what a worker brings back is written only if nobody has claimed the step
    since. `doubtful`: the vendor may hold something that Halle cannot vouch for, to be deleted before
    anything else (Open Service Broker 2.17, "Orphan Mitigation"); `gives_up`: once it is, a person is asked.
    """

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="steps")
    lane = models.ForeignKey(Lane, on_delete=models.PROTECT, related_name="steps")
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=40)
    label = models.CharField(max_length=200)  # what the secretary reads
    state = models.CharField(max_length=14, choices=StepState.choices, default=StepState.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    run_after = models.DateTimeField()
    pause = models.DurationField(default=timedelta(0))
    lease_until = models.DateTimeField(null=True)
    turn = models.PositiveIntegerField(default=0)
    cause = models.CharField(max_length=12, choices=Cause.choices, blank=True)  # of the last failure
    doubtful = models.BooleanField(default=False)
    gives_up = models.BooleanField(default=False)
    url = models.CharField(max_length=500, blank=True)  # where the vendor says that it will be
    operation = models.TextField(blank=True)  # the vendor's word for what is under way
    first_tried_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=500, blank=True)  # last failure, in French

    class Meta(TenantOwned.Meta):
        constraints = [
            models.UniqueConstraint(fields=["run", "name"], name="step_once_per_run"),
            models.CheckConstraint(
                condition=~models.Q(state="running") | models.Q(lease_until__isnull=False),
                name="step_running_has_lease",
            ),
            models.CheckConstraint(
                condition=models.Q(doubtful=True) | models.Q(gives_up=False), name="step_gives_up_in_doubt"
            ),
        ]
        # What a worker looks for several times a second: small, for what is over is not in it.
        indexes = [
            models.Index(
                fields=["lane", "run_after"],
                condition=models.Q(state__in=UNFINISHED),
                name="step_lane_due",
            ),
        ]

    def __str__(self):
        return f"{self.label} ({self.get_state_display()})"

    @property
    def key(self) -> str:
        """The idempotency key of everything this step asks: the same at every attempt."""
        return str(uuid.uuid5(self.run.public_id, self.name))

    @property
    def verb(self) -> str:
        """What is asked: the name without the number that tells two of a kind apart ("unbind-2")."""
        return self.name.partition("-")[0]


class Call(TenantOwned):
    """One call to a vendor: written and committed before it is made, completed after."""

    step = models.ForeignKey(Step, on_delete=models.CASCADE, related_name="calls")
    # What the vendor is told of this attempt, so that it can be asked about it; none of before.
    identity = models.UUIDField(null=True, default=uuid.uuid4, editable=False)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=30, blank=True)  # "" while its end is unknown
    cause = models.CharField(max_length=12, choices=Cause.choices, blank=True)
    doubtful = models.BooleanField(default=False)  # whether the work was done could not be known
    detail = models.CharField(max_length=500, blank=True)

    class Meta(TenantOwned.Meta):
        pass

    def __str__(self):
        return f"{self.started_at:%d/%m/%Y %H:%M:%S} {self.outcome or '?'}"
