"""What subscribers say of services, and what communes still look for.

Published, hence public: no row-level security. Who may write is judged by the verbs, through the
organisation's own door.
"""

import uuid

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from catalog.models.service import Family


class ModerationState(models.TextChoices):
    PENDING = "pending", "à relire"
    PUBLISHED = "published", "publié"
    REFUSED = "refused", "non publié"


class Review(models.Model):
    """A subscriber's opinion of a service: one per organisation, moderated by the operator, answered by the
    vendor. Names the organisation, never the person."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    sheet = models.ForeignKey("catalog.ServiceSheet", on_delete=models.PROTECT, related_name="reviews")
    operator = models.ForeignKey("tenants.Operator", on_delete=models.PROTECT, related_name="+")
    organisation = models.ForeignKey("tenants.Organisation", on_delete=models.PROTECT, related_name="+")
    rating = models.PositiveSmallIntegerField("note", validators=[MinValueValidator(1), MaxValueValidator(5)])
    text = models.TextField("avis", max_length=2000)
    written_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    written_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=ModerationState.choices, default=ModerationState.PENDING)
    moderated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    moderated_at = models.DateTimeField(null=True)
    reason = models.CharField("motif", max_length=500, blank=True)
    answer = models.TextField("réponse de l’éditeur", max_length=2000, blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    answered_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "avis"
        constraints = [
            models.UniqueConstraint(fields=["sheet", "organisation"], name="review_one_per_organisation"),
            models.CheckConstraint(
                condition=Q(rating__gte=1, rating__lte=5), name="review_rating_from_one_to_five"
            ),
            models.CheckConstraint(
                condition=~Q(state="refused") | ~Q(reason=""), name="review_refused_with_a_reason"
            ),
        ]

    def __str__(self):
        return f"{self.rating}/5"


class ExperienceSheet(models.Model):
    """How an organisation set a service up: read before others subscribe."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    sheet = models.ForeignKey("catalog.ServiceSheet", on_delete=models.PROTECT, related_name="experiences")
    operator = models.ForeignKey("tenants.Operator", on_delete=models.PROTECT, related_name="+")
    organisation = models.ForeignKey("tenants.Organisation", on_delete=models.PROTECT, related_name="+")
    what_we_did = models.TextField("ce que nous avons fait", max_length=4000)
    weeks = models.PositiveSmallIntegerField("durée de mise en place (semaines)")
    cost_cents = models.BigIntegerField("coût total constaté (centimes)", null=True, blank=True)
    advice = models.TextField("nos conseils", max_length=4000)
    written_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    written_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=ModerationState.choices, default=ModerationState.PENDING)
    moderated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    moderated_at = models.DateTimeField(null=True)
    reason = models.CharField("motif", max_length=500, blank=True)

    class Meta:
        verbose_name = "retour d’expérience"
        constraints = [
            models.UniqueConstraint(fields=["sheet", "organisation"], name="experience_one_per_organisation"),
            models.CheckConstraint(
                condition=Q(cost_cents__isnull=True) | Q(cost_cents__gte=0),
                name="experience_cost_not_negative",
            ),
            models.CheckConstraint(
                condition=~Q(state="refused") | ~Q(reason=""), name="experience_refused_with_a_reason"
            ),
        ]

    def __str__(self):
        return f"{self.organisation} – {self.sheet}"


class NeedState(models.TextChoices):
    OPEN = "open", "ouvert"
    ANSWERED = "answered", "une réponse est proposée"
    CLOSED = "closed", "clos"


# The one table of moves of a need.
NEED_MOVES = frozenset(
    {
        (NeedState.OPEN, NeedState.ANSWERED),
        (NeedState.OPEN, NeedState.CLOSED),
        (NeedState.ANSWERED, NeedState.CLOSED),
        (NeedState.ANSWERED, NeedState.OPEN),
    }
)


class Need(models.Model):
    """What a member looks for and does not find on its operator's shelf."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    operator = models.ForeignKey("tenants.Operator", on_delete=models.PROTECT, related_name="needs")
    organisation = models.ForeignKey("tenants.Organisation", on_delete=models.PROTECT, related_name="+")
    title = models.CharField("besoin", max_length=160)
    description = models.TextField("description", max_length=4000)
    family = models.CharField("famille", max_length=20, choices=Family.choices, blank=True)
    state = models.CharField(max_length=10, choices=NeedState.choices, default=NeedState.OPEN)
    written_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    written_at = models.DateTimeField()
    closed_reason = models.CharField("motif", max_length=500, blank=True)

    class Meta:
        verbose_name = "besoin"
        indexes = [models.Index(fields=["operator", "state"], name="need_operator_state")]

    def __str__(self):
        return self.title


class NeedSupport(models.Model):
    """Another member has the same need."""

    need = models.ForeignKey(Need, on_delete=models.CASCADE, related_name="supports")
    organisation = models.ForeignKey("tenants.Organisation", on_delete=models.PROTECT, related_name="+")
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField()

    class Meta:
        verbose_name = "soutien d’un besoin"
        constraints = [
            models.UniqueConstraint(fields=["need", "organisation"], name="need_support_once"),
        ]

    def __str__(self):
        return f"{self.organisation} – {self.need}"


class NeedAnswer(models.Model):
    """What a vendor or the operator answers to a need, a service of the shelf if there is one."""

    need = models.ForeignKey(Need, on_delete=models.CASCADE, related_name="answers")
    organisation = models.ForeignKey("tenants.Organisation", on_delete=models.PROTECT, related_name="+")
    text = models.TextField("réponse", max_length=2000)
    sheet = models.ForeignKey(
        "catalog.ServiceSheet", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    written_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    written_at = models.DateTimeField()

    class Meta:
        verbose_name = "réponse à un besoin"

    def __str__(self):
        return f"{self.organisation} – {self.need}"
