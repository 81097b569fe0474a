"""Who pays for a subscription beside its subscriber: each payer's share, and the key of a shared cost."""

import uuid
from datetime import date, timedelta

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Q

from tenants.models.ranges import DateRange
from tenants.models.territory import PopulationKind
from tenants.tenancy import TenantManager, TenantOwned

RATE = 10_000  # the whole of a rate in basis points


class ShareKind(models.TextChoices):
    COST_KEY = "cost_key", "clé de répartition"
    SPONSORSHIP = "sponsorship", "prise en charge"
    COFINANCING = "cofinancing", "cofinancement"


class ShareState(models.TextChoices):
    PROPOSED = "proposed", "proposée"
    AGREED = "agreed", "acceptée"
    REFUSED = "refused", "refusée"
    WITHDRAWN = "withdrawn", "retirée"
    ENDED = "ended", "arrêtée"


# The one table of moves. Anything else is refused by `paying`.
SHARE_MOVES = frozenset(
    {
        (ShareState.PROPOSED, ShareState.AGREED),
        (ShareState.PROPOSED, ShareState.REFUSED),
        (ShareState.PROPOSED, ShareState.WITHDRAWN),
        (ShareState.AGREED, ShareState.ENDED),
    }
)
BINDING = (ShareState.AGREED, ShareState.ENDED)
# Those that count in the whole: what is asked of one payer is not asked of another.
COUNTED = (ShareState.PROPOSED, *BINDING)


class ShareSide(models.TextChoices):
    SUBSCRIBER = "member", "l’abonné"
    OPERATOR = "operator", "l’opérateur"
    PAYER = "payer", "le payeur"
    HALLE = "halle", "Halle"  # the yearly recount of a key: nobody decides anything


class KeyMethod(models.TextChoices):
    INHABITANTS = "inhabitants", "au nombre d’habitants"
    EQUAL = "equal", "à parts égales"
    FIXED = "fixed", "par pourcentages convenus"


class CostKey(TenantOwned):
    """How the cost of an intercommunality's subscription is shared among the communes it covers. The shares
    made by it are `PayerShare` rows, each with its payer's own agreement. `tenant` is the subscriber."""

    public_id = models.UUIDField(unique=True, default=uuid.uuid4)  # drawn with the form
    subscription = models.ForeignKey(
        "subscriptions.Subscription", on_delete=models.PROTECT, related_name="cost_keys"
    )
    method = models.CharField("clé", max_length=11, choices=KeyMethod.choices)
    population_kind = models.CharField(
        "population", max_length=12, choices=PopulationKind.choices, blank=True
    )
    # What the intercommunality keeps for itself before the rest is shared out, in basis points.
    kept = models.PositiveSmallIntegerField(default=0)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()

    class Meta(TenantOwned.Meta):
        verbose_name = "clé de répartition"
        constraints = [
            models.CheckConstraint(condition=Q(kept__lt=RATE), name="cost_key_shares_something_out"),
            models.CheckConstraint(
                condition=(Q(method="inhabitants") & ~Q(population_kind=""))
                | (~Q(method="inhabitants") & Q(population_kind="")),
                name="cost_key_counts_a_population",
            ),
        ]

    def __str__(self):
        return f"{self.get_method_display()} – {self.subscription_id}"


class CostKeyRecount(TenantOwned):
    """That a key was looked at for a year: its parts follow the populations in force on 1 January. Written
    once a year and key, by the worker, even where the parts are left as they were: `starts` is then None,
    and `why` says it in French. Rows are only ever added. `tenant` is the subscriber."""

    key = models.ForeignKey(CostKey, on_delete=models.PROTECT, related_name="recounts")
    year = models.PositiveSmallIntegerField()
    starts = models.DateField(null=True)  # first day of the new parts
    why = models.CharField(max_length=200, blank=True)
    made_at = models.DateTimeField()

    class Meta(TenantOwned.Meta):
        verbose_name = "recalcul annuel d’une clé"
        constraints = [
            models.UniqueConstraint(fields=["key", "year"], name="cost_key_recounted_once_a_year"),
            models.CheckConstraint(
                condition=Q(starts__isnull=False, why="") | (Q(starts__isnull=True) & ~Q(why="")),
                name="cost_key_recounted_or_left",
            ),
        ]

    def __str__(self):
        return f"{self.key_id} {self.year}"


class PayerShareQuerySet(models.QuerySet):
    def binding(self):
        """Agreed, the ones since ended included: what is billed."""
        return self.filter(state__in=BINDING)

    def within(self, *, start, end):
        """Those of at least one day of [start, end)."""
        lasts = Q(ends__gt=start) & Q(ends__gt=F("starts"))
        return self.filter(starts__lt=end).filter(Q(ends__isnull=True) | lasts)


def convention_path(share, filename: str) -> str:
    """Where a convention is kept. The person's file name is not used: it may say anything."""
    return f"conventions/{share.tenant_id}/{share.public_id}.pdf"


class PayerShare(TenantOwned):
    """What another organisation pays of a subscription, over whole months [starts, ends), by a convention.

    Either the part `part / whole` of all that is billed (a rate: `whole` is RATE; a key: inhabitants), or
    `yearly_cents` a year, net of tax, never more than what rates leave. The subscriber pays the rest.
    `tenant` is the subscriber; the payer's pages find the row by its `PayerAccess`. The database keeps all
    shares of one day within the whole, and refuses any change of what was agreed.
    """

    public_id = models.UUIDField(unique=True, default=uuid.uuid4)  # drawn with the form
    subscription = models.ForeignKey(
        "subscriptions.Subscription", on_delete=models.PROTECT, related_name="payer_shares"
    )
    payer = models.ForeignKey("tenants.Organisation", on_delete=models.PROTECT, related_name="+")
    kind = models.CharField("nature", max_length=11, choices=ShareKind.choices)
    part = models.PositiveBigIntegerField(null=True)
    whole = models.PositiveBigIntegerField(null=True)
    yearly_cents = models.PositiveBigIntegerField(null=True)
    starts = models.DateField("à partir du")
    ends = models.DateField(null=True)  # first day without; None: as long as the subscription
    # What a key counted, and when: "1 234 habitants sur 40 567".
    key = models.ForeignKey(CostKey, on_delete=models.PROTECT, null=True, related_name="shares")
    reference_on = models.DateField(null=True)
    basis = models.CharField(max_length=200, blank=True)

    convention_number = models.CharField("référence de la convention", max_length=60)
    convention_date = models.DateField("date de la convention")
    convention_file = models.FileField("convention signée", upload_to=convention_path, max_length=200)

    state = models.CharField(max_length=9, choices=ShareState.choices, default=ShareState.PROPOSED)
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    answered_at = models.DateTimeField(null=True)
    # What the payer's own invoices must say.
    commitment_number = models.CharField("numéro d’engagement", max_length=50, blank=True)
    service_code = models.CharField("code service", max_length=100, blank=True)

    objects = TenantManager.from_queryset(PayerShareQuerySet)()

    class Meta(TenantOwned.Meta):
        verbose_name = "part d’un payeur"
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    part__isnull=False,
                    whole__isnull=False,
                    part__gt=0,
                    part__lte=F("whole"),
                    yearly_cents__isnull=True,
                )
                | Q(part__isnull=True, whole__isnull=True, yearly_cents__isnull=False, yearly_cents__gt=0),
                name="payer_share_is_a_part_or_an_amount",
            ),
            models.CheckConstraint(condition=~Q(payer=F("tenant")), name="payer_share_is_of_another"),
            models.CheckConstraint(
                condition=Q(starts__day=1) & (Q(ends__isnull=True) | Q(ends__day=1, ends__gte=F("starts"))),
                name="payer_share_of_whole_months",
            ),
            models.CheckConstraint(
                condition=Q(state="ended") | Q(ends__isnull=True) | Q(ends__gt=F("starts")),
                name="payer_share_lasts",
            ),
            models.CheckConstraint(
                condition=~Q(state="ended") | Q(ends__isnull=False), name="payer_share_ended_on_a_day"
            ),
            models.CheckConstraint(
                condition=~Q(convention_number="") & ~Q(convention_file=""),
                name="payer_share_rests_on_a_convention",
            ),
            models.CheckConstraint(
                condition=Q(kind="cost_key", key__isnull=False) | (~Q(kind="cost_key") & Q(key__isnull=True)),
                name="payer_share_of_a_key_has_it",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["proposed", "withdrawn"], answered_by__isnull=True)
                | Q(
                    state__in=["agreed", "refused", "ended"],
                    answered_by__isnull=False,
                    answered_at__isnull=False,
                ),
                name="payer_share_answered_by_somebody",
            ),
            ExclusionConstraint(
                name="payer_share_one_at_a_time",
                expressions=[
                    ("subscription", RangeOperators.EQUAL),
                    ("payer", RangeOperators.EQUAL),
                    (DateRange("starts", "ends", models.Value("[)")), RangeOperators.OVERLAPS),
                ],
                condition=Q(state__in=["proposed", "agreed", "ended"]),
            ),
        ]
        indexes = [models.Index(fields=["subscription", "starts"], name="payer_share_subscription")]

    def __str__(self):
        return f"{self.payer} : {self.subscription_id}"

    @property
    def last_day(self) -> date | None:
        """For readers: the last day it is paid, None when it has no term."""
        return self.ends - timedelta(days=1) if self.ends else None

    def is_over(self, *, on: date) -> bool:
        """Whether its last month is past."""
        return self.ends is not None and self.ends <= on


class PayerShareMove(TenantOwned):
    """One move of a share: the log beside the state. Rows are only ever added."""

    share = models.ForeignKey(PayerShare, on_delete=models.PROTECT, related_name="moves")
    before = models.CharField(max_length=9, choices=ShareState.choices, blank=True)
    after = models.CharField(max_length=9, choices=ShareState.choices)
    side = models.CharField("de", max_length=8, choices=ShareSide.choices)
    at = models.DateTimeField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )  # None: Halle itself
    reason = models.CharField(max_length=500, blank=True)

    class Meta(TenantOwned.Meta):
        verbose_name = "décision sur une part"
        constraints = [
            models.CheckConstraint(
                condition=Q(by__isnull=True, side="halle") | (Q(by__isnull=False) & ~Q(side="halle")),
                name="payer_share_moved_by_somebody_or_halle",
            )
        ]

    def __str__(self):
        return f"{self.before} → {self.after}"


class PayerAccess(TenantOwned):
    """That a payer may read a share it is asked for: `tenant` is the payer, so that its pages find whose rows
    they may open."""

    share = models.OneToOneField(PayerShare, on_delete=models.PROTECT, related_name="payer_access")
    subscriber = models.ForeignKey("tenants.Organisation", on_delete=models.PROTECT, related_name="+")

    class Meta(TenantOwned.Meta):
        verbose_name = "accès du payeur"

    def __str__(self):
        return f"{self.tenant} : {self.subscriber}"
