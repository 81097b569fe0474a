"""Leaving a service: the path the Data Act opens to whoever buys one, and where it stands."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from tenants.tenancy import TenantOwned


class ExitState(models.TextChoices):
    NOTICE = "notice", "préavis"
    WITHDRAWN = "withdrawn", "départ annulé"
    TRANSITION = "transition", "transition"
    RETRIEVAL = "retrieval", "récupération des données"
    ERASURE = "erasure", "effacement"
    DONE = "done", "terminé"
    CARRIED = "carried", "repris par la commune nouvelle"


# The one table of moves. Anything else is refused by `leaving.move_exit`.
EXIT_TRANSITIONS = frozenset(
    {
        (ExitState.NOTICE, ExitState.WITHDRAWN),
        (ExitState.NOTICE, ExitState.TRANSITION),
        (ExitState.NOTICE, ExitState.CARRIED),
        (ExitState.TRANSITION, ExitState.RETRIEVAL),
        (ExitState.TRANSITION, ExitState.CARRIED),
        (ExitState.RETRIEVAL, ExitState.ERASURE),
        (ExitState.RETRIEVAL, ExitState.WITHDRAWN),  # of a free trial: the subscription goes on with its data
        (ExitState.ERASURE, ExitState.DONE),
    }
)
OVER = (ExitState.WITHDRAWN, ExitState.DONE, ExitState.CARRIED)


class Destination(models.TextChoices):
    """Regulation (EU) 2023/2854, article 25, 3."""

    PROVIDER = "provider", "un autre fournisseur"
    OWN = "own", "nos propres moyens"
    ERASURE = "erasure", "personne : nos données sont seulement effacées"


def certificate_path(leaving, filename: str) -> str:
    """Where the certificate is kept. The person's file name is not used: it may say anything."""
    return f"certificates/{leaving.tenant_id}/{leaving.public_id}.pdf"


class Exit(TenantOwned):
    """One departure from one subscription. `tenant` is the subscriber.

    Its phases follow each other, half-open: the notice [notice_from, transition_from), the transition
    [transition_from, retrieval_from), after which nothing is billed, the retrieval
    [retrieval_from, erasure_from), then the erasure. The days are written with the request, by the rules of
    that day; only a longer transition moves them.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    subscription = models.ForeignKey(
        "subscriptions.Subscription", on_delete=models.PROTECT, related_name="exits"
    )
    state = models.CharField(max_length=10, choices=ExitState.choices, default=ExitState.NOTICE)
    destination = models.CharField("destination", max_length=10, choices=Destination.choices, blank=True)
    reason = models.CharField("motif", max_length=500, blank=True)
    # None: nobody asked, its last term is over.
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    requested_at = models.DateTimeField()

    notice_from = models.DateField()
    transition_from = models.DateField()
    retrieval_from = models.DateField()  # the first day that is not billed
    erasure_from = models.DateField()
    # Of a transition that cannot be done in time: who said so, and why.
    extended_at = models.DateTimeField(null=True)
    extended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    extension_reason = models.CharField("motif de la prolongation", max_length=500, blank=True)

    # The subscriber's own right to a longer transition, once (article 25, 5).
    member_extended_at = models.DateTimeField(null=True)
    member_extended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )

    retrieved_at = models.DateTimeField(null=True)  # the subscriber says that it has its data
    retrieved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    closed_at = models.DateTimeField(null=True)  # the vendor's side is closed (provisioning)
    certificate = models.FileField("certificat", upload_to=certificate_path, max_length=200, blank=True)
    certified_on = models.DateField("date du certificat", null=True)
    certified_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )

    class Meta(TenantOwned.Meta):
        verbose_name = "départ"
        constraints = [
            models.UniqueConstraint(
                fields=["subscription"],
                condition=~Q(state__in=["withdrawn", "done", "carried"]),
                name="exit_one_open_per_subscription",
            ),
            models.CheckConstraint(
                condition=Q(transition_from__gte=F("notice_from"))
                & Q(retrieval_from__gte=F("transition_from"))
                & Q(erasure_from__gt=F("retrieval_from")),
                name="exit_days_in_order",
            ),
            models.CheckConstraint(
                condition=Q(extended_at__isnull=True) | ~Q(extension_reason=""),
                name="exit_extended_for_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(member_extended_at__isnull=True, member_extended_by__isnull=True)
                | Q(member_extended_at__isnull=False, member_extended_by__isnull=False),
                name="exit_extended_by_its_member",
            ),
            models.CheckConstraint(
                condition=~Q(state="done")
                | Q(closed_at__isnull=False, certified_on__isnull=False) & ~Q(certificate=""),
                name="exit_done_with_its_certificate",
            ),
        ]
        indexes = [models.Index(fields=["state"], name="exit_state")]

    def __str__(self):
        return f"Départ de {self.subscription_id}"

    @property
    def is_open(self) -> bool:
        return self.state not in OVER


class ExitMove(TenantOwned):
    """One move of an exit: the log beside the state. Rows are only ever added."""

    exit = models.ForeignKey(Exit, on_delete=models.PROTECT, related_name="moves")
    before = models.CharField(max_length=10, choices=ExitState.choices, blank=True)
    after = models.CharField(max_length=10, choices=ExitState.choices)
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta(TenantOwned.Meta):
        verbose_name = "étape d’un départ"

    def __str__(self):
        return f"{self.before} → {self.after}"
