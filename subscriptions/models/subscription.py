"""The subscription, its states, and the log of its moves."""

import uuid
from datetime import date, timedelta

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from catalog.models import MOST_TRIAL_DAYS
from subscriptions.models.renewal import RenewalRules, renewal_constraints
from subscriptions.models.revision import RevisionClause, revision_constraints
from tenants.tenancy import TenantManager, TenantOwned


class State(models.TextChoices):
    REQUESTED = "requested", "en attente d’approbation"
    REFUSED = "refused", "refusé"
    CANCELLED = "cancelled", "annulé"
    APPROVED = "approved", "approuvé"
    PROVISIONING = "provisioning", "ouverture en cours"
    ACTIVE = "active", "ouvert"
    SUSPENDED = "suspended", "suspendu"
    TERMINATING = "terminating", "fermeture en cours"
    ENDED = "ended", "terminé"


# The one table of moves. Anything else is refused by `operations.move`.
TRANSITIONS = frozenset(
    {
        (State.REQUESTED, State.APPROVED),
        (State.REQUESTED, State.REFUSED),
        (State.REQUESTED, State.CANCELLED),
        (State.APPROVED, State.PROVISIONING),
        (State.PROVISIONING, State.ACTIVE),
        # Its opening is given up: nothing was ever open, nor billed.
        (State.PROVISIONING, State.CANCELLED),
        (State.ACTIVE, State.SUSPENDED),
        (State.SUSPENDED, State.ACTIVE),
        (State.ACTIVE, State.TERMINATING),
        (State.SUSPENDED, State.TERMINATING),
        (State.TERMINATING, State.ENDED),
        # Taken over by a commune nouvelle (handover): the vendor's service goes on, nothing is closed there.
        (State.ACTIVE, State.ENDED),
        (State.SUSPENDED, State.ENDED),
    }
)
RUNNING = (State.ACTIVE, State.SUSPENDED)  # open at the vendor’s, and not being closed
CLOSED = (State.REFUSED, State.CANCELLED, State.ENDED)


class SubscriptionQuerySet(models.QuerySet):
    def open(self):
        """All but refused, cancelled and ended ones."""
        return self.exclude(state__in=CLOSED)

    def paid(self):
        """All but free trials."""
        return self.filter(trial_days__isnull=True)

    def trials(self):
        """Free trials alone."""
        return self.filter(trial_days__isnull=False)

    def billable_in(self, *, start, end):
        """Opened before `end` and not ended at or before `start` (half-open days [start, end)), free trials
        left out.

        One taken over on the very day it opened was never open."""
        lasts = Q(ended_on__gt=start) & Q(ended_on__gt=F("active_from"))
        return self.paid().filter(active_from__lt=end).filter(Q(ended_on__isnull=True) | lasts)


class Subscription(RevisionClause, RenewalRules, TenantOwned):
    """A commune's subscription to a listing. `tenant` is the subscriber.

    Terms and price are copied when the request is made, never referenced: a grid that changes later
    changes nothing here. A free trial (`trial_days`) is one too, that costs nothing and lasts so many days;
    the subscription that goes on with it (`after_trial`) is another, with its own price and approvals.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    request_key = models.UUIDField(unique=True)  # drawn with the form: a double click is one request
    listing = models.ForeignKey("catalog.Listing", on_delete=models.PROTECT, related_name="+")
    operator = models.ForeignKey("tenants.Operator", on_delete=models.PROTECT, related_name="+")
    vehicle = models.ForeignKey("subscriptions.PurchasingVehicle", on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=12, choices=State.choices, default=State.REQUESTED)

    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField()
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True
    )
    approved_at = models.DateTimeField(null=True)
    separate_approver = models.BooleanField()  # copied from the vehicle
    deliberation_required = models.BooleanField()

    # Frozen at the request.
    service_name = models.CharField(max_length=120)
    grid = models.JSONField()  # the definition the engine reads
    quote = models.JSONField()  # catalog.pricing.Quote.to_dict(), one year, options included
    yearly_cents = models.BigIntegerField()  # its total, net of tax
    options = models.JSONField(default=list, blank=True)  # those chosen: [{code, name, grid}]
    counts = models.JSONField(default=dict, blank=True)  # by Counted.name: {"agents": 12}
    vat_category = models.CharField(max_length=1)
    vat_rate = models.DecimalField(max_digits=4, decimal_places=2)
    vat_reason = models.CharField(max_length=200, blank=True)

    wanted_from = models.DateField("ouverture souhaitée le", null=True, blank=True)  # None: once approved
    active_from = models.DateField(null=True)
    ended_on = models.DateField(null=True)  # first day without the service
    # The subscription of a merged commune that this one goes on with, at the same vendor's instance.
    follows = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="followed_by"
    )
    trial_days = models.PositiveSmallIntegerField("essai gratuit, en jours", null=True, blank=True)
    trial_until = models.DateField(null=True)  # first day that was not promised; kept by the database
    # The free trial that this one goes on with, at the same vendor's instance.
    after_trial = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="became"
    )
    service_url = models.URLField(max_length=500, blank=True)
    commitment_number = models.CharField("numéro d’engagement", max_length=50, blank=True)
    service_code = models.CharField("code service", max_length=100, blank=True)

    objects = TenantManager.from_queryset(SubscriptionQuerySet)()

    class Meta(TenantOwned.Meta):
        verbose_name = "abonnement"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "listing"],
                condition=~Q(state__in=["refused", "cancelled", "ended"]) & Q(trial_days__isnull=True),
                name="subscription_one_open_per_listing",
            ),
            # For ever: one that nobody opened was none.
            models.UniqueConstraint(
                fields=["tenant", "listing"],
                condition=~Q(state__in=["refused", "cancelled"]) & Q(trial_days__isnull=False),
                name="trial_once_per_listing",
            ),
            models.CheckConstraint(
                condition=Q(trial_days__isnull=True)
                | Q(trial_days__gte=1, trial_days__lte=MOST_TRIAL_DAYS, yearly_cents=0),
                name="trial_of_a_quarter_for_nothing",
            ),
            models.CheckConstraint(
                condition=Q(trial_days__isnull=True) | Q(after_trial__isnull=True, follows__isnull=True),
                name="trial_comes_first",
            ),
            models.CheckConstraint(
                condition=Q(separate_approver=False)
                | Q(approved_by__isnull=True)
                | ~Q(approved_by=F("requested_by")),
                name="subscription_approver_is_another",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["requested", "refused", "cancelled"])
                | Q(approved_by__isnull=False, approved_at__isnull=False),
                name="subscription_approved_by_somebody",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["active", "suspended", "terminating"]) | Q(active_from__isnull=False),
                name="subscription_active_since",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["terminating", "ended"]) | Q(ended_on__isnull=False),
                name="subscription_stops_on_a_day",
            ),
            models.CheckConstraint(
                condition=Q(wanted_from__isnull=True)
                | Q(active_from__isnull=True)
                | Q(active_from__gte=F("wanted_from")),
                name="subscription_not_open_before_wanted",
            ),
            models.CheckConstraint(condition=Q(yearly_cents__gte=0), name="subscription_price_not_negative"),
            *renewal_constraints("subscription"),
            *revision_constraints("subscription"),
        ]
        indexes = [models.Index(fields=["tenant", "state"], name="subscription_tenant_state")]

    def __str__(self):
        return f"{self.service_name} – {self.tenant}"

    @property
    def is_open(self) -> bool:
        return self.state not in CLOSED

    @property
    def is_trial(self) -> bool:
        return self.trial_days is not None

    @property
    def last_trial_day(self) -> date | None:
        """The last day of a trial as it was promised; None before its opening."""
        return self.trial_until and self.trial_until - timedelta(days=1)

    @property
    def origin(self) -> "Subscription":
        """The first of those it follows, or itself: whoever subscribed first.

        Those are other tenants': the caller's scope holds them."""
        first = self
        while first.follows_id:
            first = first.follows
        return first

    @property
    def opened_as(self) -> "Subscription":
        """The one whose service was opened at the vendor's: the first one, or the trial that came before."""
        first = self.origin
        return first.after_trial or first

    def in_first_year(self, day: date) -> bool:
        """Whether the service, whoever subscribes to it now, was opened less than a year before that day."""
        opened = self.origin.active_from
        return day < date(opened.year + 1, opened.month, min(opened.day, 28))


class Transition(TenantOwned):
    """One move of a subscription: the log beside the state. Rows are only ever added."""

    subscription = models.ForeignKey(Subscription, on_delete=models.PROTECT, related_name="transitions")
    before = models.CharField(max_length=12, choices=State.choices, blank=True)
    after = models.CharField(max_length=12, choices=State.choices)
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    reason = models.CharField(max_length=500, blank=True)

    class Meta(TenantOwned.Meta):
        verbose_name = "changement d’état"

    def __str__(self):
        return f"{self.before} → {self.after}"
