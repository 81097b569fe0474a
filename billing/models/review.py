"""What is odd in the drafts of a run, who has looked at it, and who lets the run be issued."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from billing.models.run import RunState
from tenants.tenancy import TenantOwned


class AnomalyKind(models.TextChoices):
    """In the order in which they are shown: what blocks, then what is to be looked at."""

    SIRET = "siret", "SIRET inconnu"
    COMMITMENT = "commitment", "numéro d’engagement absent"
    SERVICE_CODE = "service_code", "code service absent"
    VAT = "vat", "TVA non décidée"
    NEGATIVE = "negative", "montant négatif"
    UNSOUND = "unsound", "facture qui serait refusée"
    CLOSED = "closed", "SIRET fermé"
    CEILING = "ceiling", "plus que le prix approuvé"
    CHANGED = "changed", "écart de plus de 10\u00a0% sur un an"
    TIER = "tier", "palier du groupe changé"
    POPULATION = "population", "population changée"
    ZERO = "zero", "montant nul"
    FIRST = "first", "première facture"


BLOCKING = frozenset(
    {
        AnomalyKind.SIRET,
        AnomalyKind.COMMITMENT,
        AnomalyKind.SERVICE_CODE,
        AnomalyKind.VAT,
        AnomalyKind.NEGATIVE,
        AnomalyKind.UNSOUND,
    }
)


class Anomaly(TenantOwned):
    """Something odd about one draft, found before a person looks (`billing.anomalies.finding`).

    A blocking one is put right, or its draft set aside; any other is seen by a person, who stays named.
    Amounts in cents, net of tax. `tenant` is the buyer.
    """

    run = models.ForeignKey("billing.BillingRun", on_delete=models.PROTECT, related_name="anomalies")
    invoice = models.ForeignKey("billing.Invoice", on_delete=models.CASCADE, related_name="anomalies")
    kind = models.CharField(max_length=12, choices=AnomalyKind.choices)
    blocking = models.BooleanField()
    before_cents = models.BigIntegerField(null=True)  # a year before; None: nothing was invoiced then
    after_cents = models.BigIntegerField()
    weight = models.BigIntegerField()  # the worst first, in cents
    facts = models.JSONField(default=dict)  # what its sentence says (billing.anomalies.words)
    found_at = models.DateTimeField()
    seen_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    seen_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=200, blank=True)

    class Meta(TenantOwned.Meta):
        verbose_name = "remarque"
        constraints = [
            models.UniqueConstraint(fields=["invoice", "kind"], name="anomaly_once_per_invoice_and_kind"),
            models.CheckConstraint(
                condition=Q(blocking=False) | Q(seen_at__isnull=True), name="anomaly_blocking_is_never_seen"
            ),
            models.CheckConstraint(
                condition=Q(seen_at__isnull=True, seen_by__isnull=True, note="")
                | Q(seen_at__isnull=False, seen_by__isnull=False),
                name="anomaly_seen_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=sorted(BLOCKING), blocking=True)
                | Q(~Q(kind__in=sorted(BLOCKING)), blocking=False),
                name="anomaly_blocking_by_its_kind",
            ),
        ]
        indexes = [models.Index(fields=["run", "kind", "-weight", "id"], name="anomaly_worst_first")]

    def __str__(self):
        return self.get_kind_display()


class SetAside(TenantOwned):
    """A draft that is not issued with the others of its run: it waits, for a reason, until somebody takes it
    back. `tenant` is the buyer."""

    run = models.ForeignKey("billing.BillingRun", on_delete=models.PROTECT, related_name="+")
    invoice = models.ForeignKey("billing.Invoice", on_delete=models.CASCADE, related_name="set_asides")
    reason = models.CharField(max_length=200)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    back_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    back_at = models.DateTimeField(null=True)

    class Meta(TenantOwned.Meta):
        verbose_name = "mise de côté"
        constraints = [
            models.UniqueConstraint(
                fields=["invoice"], condition=Q(back_at__isnull=True), name="set_aside_once"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="set_aside_for_a_reason"),
            models.CheckConstraint(
                condition=Q(back_at__isnull=True, back_by__isnull=True)
                | Q(back_at__isnull=False, back_by__isnull=False),
                name="set_aside_taken_back_by_somebody",
            ),
        ]
        indexes = [models.Index(fields=["run"], condition=Q(back_at__isnull=True), name="set_aside_of_run")]

    def __str__(self):
        return self.reason


class RunMove(TenantOwned):
    """One move of a run: the log beside its state. Rows are only ever added. `tenant` is the operator."""

    run = models.ForeignKey("billing.BillingRun", on_delete=models.PROTECT, related_name="moves")
    before = models.CharField(max_length=10, choices=RunState.choices)
    after = models.CharField(max_length=10, choices=RunState.choices)
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    reason = models.CharField(max_length=200, blank=True)

    class Meta(TenantOwned.Meta):
        verbose_name = "changement d’état d’une campagne"

    def __str__(self):
        return f"{self.before} → {self.after}"


class RunApproval(TenantOwned):
    """Somebody lets the drafts of a run be issued, those set aside left out; above the amount that the
    operator has said, somebody else confirms. Amounts in cents, tax included. `tenant` is the operator.

    The trigger `billing_run_confirmed_before_issue` holds a run back while a second person is missing.
    """

    run = models.ForeignKey("billing.BillingRun", on_delete=models.PROTECT, related_name="approvals")
    drafts = models.PositiveIntegerField()
    gross_cents = models.BigIntegerField()
    largest_cents = models.BigIntegerField()
    above_cents = models.BigIntegerField(null=True)  # the rule that day; None: none
    needs_second = models.BooleanField()
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    approved_at = models.DateTimeField()
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    confirmed_at = models.DateTimeField(null=True)
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    withdrawn_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=200, blank=True)

    class Meta(TenantOwned.Meta):
        verbose_name = "approbation d’une campagne"
        constraints = [
            models.CheckConstraint(
                condition=Q(confirmed_by__isnull=True) | ~Q(confirmed_by=F("approved_by")),
                name="run_approval_second_is_another",
            ),
            models.CheckConstraint(
                condition=Q(needs_second=True, above_cents__isnull=False, largest_cents__gt=F("above_cents"))
                | Q(needs_second=False, above_cents__isnull=True)
                | Q(needs_second=False, largest_cents__lte=F("above_cents")),
                name="run_approval_second_above_the_amount",
            ),
            models.CheckConstraint(
                condition=Q(confirmed_by__isnull=True, confirmed_at__isnull=True)
                | Q(confirmed_by__isnull=False, confirmed_at__isnull=False, withdrawn_at__isnull=True),
                name="run_approval_confirmed_or_withdrawn",
            ),
            models.UniqueConstraint(
                fields=["run"],
                condition=Q(needs_second=True, confirmed_at__isnull=True, withdrawn_at__isnull=True),
                name="run_approval_waits_once",
            ),
        ]

    def __str__(self):
        return f"{self.drafts} projets, {self.gross_cents}"


class SecondPersonRule(TenantOwned):
    """The amount of an invoice, in cents, tax included, above which a second person confirms the run; None
    ends the rule. The last row stands; rows are only ever added. `tenant` is the operator."""

    above_cents = models.BigIntegerField("montant", null=True)
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    set_at = models.DateTimeField()

    class Meta(TenantOwned.Meta):
        verbose_name = "règle des deux personnes"
        constraints = [
            models.CheckConstraint(
                condition=Q(above_cents__isnull=True) | Q(above_cents__gte=0),
                name="second_person_above_an_amount",
            )
        ]
        indexes = [models.Index(fields=["tenant", "-id"], name="second_person_last")]

    def __str__(self):
        return "aucune" if self.above_cents is None else str(self.above_cents)
