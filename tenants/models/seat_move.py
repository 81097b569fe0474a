"""The head office of an organisation moves: same SIREN, another SIRET."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Left
from django.db.models.lookups import Exact

from tenants.tenancy import TenantOwned


class SeatMoveState(models.TextChoices):
    PLANNED = "planned", "prévu"
    IN_FORCE = "in_force", "en vigueur"
    CANCELLED = "cancelled", "annulé"


SEAT_MOVE_TRANSITIONS = frozenset(
    {
        (SeatMoveState.PLANNED, SeatMoveState.IN_FORCE),
        (SeatMoveState.PLANNED, SeatMoveState.CANCELLED),
    }
)


def evidence_path(move: "SeatMove", filename: str) -> str:
    """Where the evidence is kept. The person's file name is not used: it may say anything."""
    return f"sieges/{move.tenant_id}/{move.public_id}.pdf"


class SeatMove(TenantOwned):
    """From the day `effective_on`, the head office is at `to_siret` instead of `from_siret`.

    Dated rows, one a move; one that is in force or cancelled never changes again (migration 0008). What is
    true today is on the establishments (`is_seat`, `seat_from`, `seat_until`), which are public.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    from_siret = models.CharField("ancien SIRET", max_length=14)
    to_siret = models.CharField("nouveau SIRET", max_length=14)
    effective_on = models.DateField("à partir du")
    reason = models.CharField("motif", max_length=500)
    evidence = models.FileField("justificatif", upload_to=evidence_path, max_length=200)
    state = models.CharField(max_length=10, choices=SeatMoveState.choices, default=SeatMoveState.PLANNED)
    declared_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    declared_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)  # when it took effect, or was cancelled

    class Meta(TenantOwned.Meta):
        verbose_name = "changement de siège"
        constraints = [
            models.CheckConstraint(
                condition=Q(from_siret__regex=r"^[0-9]{14}$", to_siret__regex=r"^[0-9]{14}$"),
                name="seat_move_fourteen_digits",
            ),
            models.CheckConstraint(
                condition=~Q(from_siret=F("to_siret")) & Q(Exact(Left("from_siret", 9), Left("to_siret", 9))),
                name="seat_move_same_siren_other_siret",
            ),
            models.CheckConstraint(condition=~Q(reason="") & ~Q(evidence=""), name="seat_move_is_justified"),
            models.CheckConstraint(
                condition=Q(settled_at__isnull=True, state=SeatMoveState.PLANNED)
                | Q(settled_at__isnull=False) & ~Q(state=SeatMoveState.PLANNED),
                name="seat_move_settled_once_decided",
            ),
            models.UniqueConstraint(
                fields=["tenant"], condition=Q(state=SeatMoveState.PLANNED), name="seat_move_one_planned"
            ),
            models.UniqueConstraint(
                fields=["tenant", "effective_on"],
                condition=~Q(state=SeatMoveState.CANCELLED),
                name="seat_move_one_a_day",
            ),
        ]
        indexes = [
            models.Index(
                fields=["effective_on"], condition=Q(state=SeatMoveState.PLANNED), name="seat_move_due"
            ),
        ]

    def __str__(self):
        return f"{self.from_siret} → {self.to_siret}"
