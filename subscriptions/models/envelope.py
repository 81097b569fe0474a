"""What a mayor or a president decides in advance, by delegation: an amount within which requests are approved
by themselves."""

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from catalog.models import Family
from tenants.tenancy import TenantOwned


def envelope_path(envelope, filename: str) -> str:
    """Where the decision is kept. The person's file name is not used: it may say anything."""
    return f"decisions/{envelope.tenant_id}/enveloppe-{envelope.request_key}.pdf"


class Envelope(TenantOwned):
    """Amounts in cents, net of tax, over whole terms of commitment; half-open days [starts_on, ends_on).

    It rests on the deliberation by which the assembly delegated (CGCT L2122-22, 4° and L5211-10), and on the
    decision of its head that opens it. No `families`: every service; `listing`: that one alone, and then no
    families. `held_cents` is what its holds take.
    """

    request_key = models.UUIDField(unique=True, default=uuid.uuid4)  # drawn with the form
    number = models.PositiveSmallIntegerField()
    amount_cents = models.BigIntegerField("montant")
    held_cents = models.BigIntegerField("montant engagé", default=0)
    starts_on = models.DateField("début")
    ends_on = models.DateField("fin")
    families = ArrayField(models.CharField(max_length=20, choices=Family.choices), default=list, blank=True)
    listing = models.ForeignKey(
        "catalog.Listing", on_delete=models.PROTECT, null=True, related_name="+", verbose_name="service"
    )
    delegation_number = models.CharField("délibération de délégation", max_length=60)
    delegation_date = models.DateField("date de la délégation")
    act_number = models.CharField("décision", max_length=60)
    act_date = models.DateField("date de la décision")
    act_file = models.FileField("décision signée", upload_to=envelope_path, max_length=200)
    signed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField()
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    closed_at = models.DateTimeField(null=True)

    class Meta(TenantOwned.Meta):
        verbose_name = "enveloppe"
        constraints = [
            models.UniqueConstraint(fields=["tenant", "number"], name="envelope_once_by_number"),
            models.CheckConstraint(condition=Q(amount_cents__gt=0), name="envelope_holds_something"),
            models.CheckConstraint(
                condition=Q(held_cents__gte=0) & Q(held_cents__lte=F("amount_cents")),
                name="envelope_never_passed",
            ),
            models.CheckConstraint(
                condition=Q(ends_on__gt=F("starts_on")), name="envelope_ends_after_it_starts"
            ),
            models.CheckConstraint(
                condition=Q(listing__isnull=True) | Q(families=[]),
                name="envelope_for_one_service_or_families",
            ),
            models.CheckConstraint(
                condition=~Q(delegation_number="")
                & ~Q(act_number="")
                & Q(delegation_date__lte=F("act_date"))
                & Q(act_date__lte=F("starts_on")),
                name="envelope_rests_on_its_acts",
            ),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True, closed_by__isnull=True)
                | Q(closed_at__isnull=False, closed_by__isnull=False),
                name="envelope_closed_by_somebody",
            ),
        ]

    def __str__(self):
        return f"enveloppe n° {self.number}"

    @property
    def left_cents(self) -> int:
        """What it may still approve."""
        return self.amount_cents - self.held_cents

    @property
    def percent(self) -> int:
        """The part that is taken, rounded down: 100 only when nothing is left."""
        return self.held_cents * 100 // self.amount_cents

    def is_open(self, *, on) -> bool:
        """Whether it may approve something that day."""
        return self.closed_at is None and self.starts_on <= on < self.ends_on


class EnvelopeHold(TenantOwned):
    """What one request takes of an envelope, in cents, and what was left before; given back once, when the
    request is refused or withdrawn."""

    envelope = models.ForeignKey(Envelope, on_delete=models.PROTECT, related_name="holds")
    subscription = models.OneToOneField(
        "subscriptions.Subscription", on_delete=models.PROTECT, related_name="envelope_hold"
    )
    amount_cents = models.BigIntegerField()
    left_before_cents = models.BigIntegerField()
    at = models.DateTimeField()
    given_back_at = models.DateTimeField(null=True)

    class Meta(TenantOwned.Meta):
        verbose_name = "engagement d’une enveloppe"
        constraints = [
            models.CheckConstraint(
                condition=Q(amount_cents__gte=0) & Q(left_before_cents__gte=F("amount_cents")),
                name="envelope_hold_within_what_was_left",
            ),
        ]

    def __str__(self):
        return f"{self.subscription} : {self.amount_cents / 100} €"

    @property
    def left_after_cents(self) -> int:
        """What was left once this was taken."""
        return self.left_before_cents - self.amount_cents
