"""An operator's review of what vendors submit."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from catalog.models.service import Family
from tenants.tenancy import TenantOwned


class SubmissionState(models.TextChoices):
    PENDING = "pending", "à examiner"
    ACCEPTED = "accepted", "acceptée"
    CHANGES = "changes", "modifications demandées"
    REFUSED = "refused", "refusée"
    REPLACED = "replaced", "remplacée par une version plus récente"
    CANCELLED = "cancelled", "retirée par l’éditeur"


# The one table of moves of a submission.
SUBMISSION_MOVES = frozenset(
    (SubmissionState.PENDING, after) for after in SubmissionState if after != SubmissionState.PENDING
)


class Submission(models.Model):
    """One revision of a sheet, put before one operator. The revision never changes while it is read; the
    vendor may go on writing the next one.

    Read through the operator's or the vendor's own door only.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    listing = models.ForeignKey("catalog.Listing", on_delete=models.PROTECT, related_name="submissions")
    revision = models.ForeignKey("wagtailcore.Revision", on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=SubmissionState.choices, default=SubmissionState.PENDING)
    note = models.CharField("mot de l’éditeur", max_length=1000, blank=True)
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    submitted_at = models.DateTimeField()
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)
    message = models.TextField("message à l’éditeur", blank=True, max_length=4000)
    # [{label, compulsory, ok}], copied from the checklist when it was decided.
    checks = models.JSONField("points de contrôle", default=list, blank=True)

    class Meta:
        verbose_name = "fiche à examiner"
        constraints = [
            models.UniqueConstraint(
                fields=["listing"], condition=Q(state="pending"), name="submission_one_pending_per_listing"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["changes", "refused"]) | ~Q(message=""),
                name="submission_sent_back_with_a_message",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["accepted", "changes", "refused"])
                | Q(decided_by__isnull=False, decided_at__isnull=False),
                name="submission_decided_by_somebody",
            ),
        ]
        indexes = [models.Index(fields=["listing", "state"], name="submission_listing_state")]

    def __str__(self):
        return f"{self.listing} ({self.get_state_display()})"


class ChecklistItem(models.Model):
    """What an operator's curators look at before they accept, for one family or ("") for all."""

    operator = models.ForeignKey("tenants.Operator", on_delete=models.PROTECT, related_name="checklist")
    family = models.CharField("famille", max_length=20, choices=Family.choices, blank=True)
    label = models.CharField("point de contrôle", max_length=200)
    compulsory = models.BooleanField("obligatoire", default=True)
    position = models.PositiveSmallIntegerField("ordre", default=100)

    class Meta:
        verbose_name = "point de contrôle"
        constraints = [
            models.UniqueConstraint(
                fields=["operator", "family", "label"], name="checklist_item_once_per_family"
            ),
            models.CheckConstraint(condition=~Q(label=""), name="checklist_item_has_a_label"),
        ]

    def __str__(self):
        return self.label


class VisaOpinion(models.TextChoices):
    FAVOURABLE = "favourable", "favorable"
    WITH_RESERVATIONS = "reservations", "favorable avec réserves"
    UNFAVOURABLE = "unfavourable", "défavorable"


class EthicsVisa(models.Model):
    """The opinion of an operator's ethics committee on a service that handles personal data. A new opinion
    is a new row; the last one counts, until its last day."""

    listing = models.ForeignKey("catalog.Listing", on_delete=models.PROTECT, related_name="visas")
    opinion = models.CharField("avis", max_length=12, choices=VisaOpinion.choices)
    given_on = models.DateField("rendu le")
    valid_until = models.DateField("valable jusqu’au", null=True, blank=True)  # last day, included
    text = models.TextField("texte de l’avis", blank=True, max_length=4000)
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()

    class Meta:
        verbose_name = "visa du comité d’éthique"
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True) | Q(valid_until__gte=models.F("given_on")),
                name="ethics_visa_dates_in_order",
            ),
            models.CheckConstraint(
                condition=~Q(opinion="reservations") | ~Q(text=""),
                name="ethics_visa_says_its_reservations",
            ),
        ]

    def __str__(self):
        return f"{self.get_opinion_display()} le {self.given_on:%d/%m/%Y}"


class CurationFilter(TenantOwned):
    """A filter of the queue that a curator keeps under a name. `tenant` is the operator's organisation."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    name = models.CharField("nom", max_length=80)
    query = models.CharField(max_length=500)  # the query string of the queue

    class Meta(TenantOwned.Meta):
        verbose_name = "filtre enregistré"
        constraints = [
            models.UniqueConstraint(fields=["tenant", "user", "name"], name="curation_filter_name_unique"),
        ]

    def __str__(self):
        return self.name
