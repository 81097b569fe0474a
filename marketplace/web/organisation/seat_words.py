"""The moves of a head office, in words, for the pages of an organisation."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.urls import reverse
from django.utils.timezone import localdate

from marketplace.web.formats import day
from tenants.identifiers import grouped
from tenants.models import Operator, Organisation, SeatMove, SeatMoveState

BADGES = {
    SeatMoveState.PLANNED: ("info", "Prévu"),
    SeatMoveState.IN_FORCE: ("success", "Pris en compte"),
    SeatMoveState.CANCELLED: ("neutral", "Annulé"),
}


@dataclass(frozen=True)
class SeatDoor:
    """Whose pages tell of the moves: `name` begins their addresses, `args` fill them."""

    name: str
    args: tuple[str, ...]

    @classmethod
    def own(cls, organisation: Organisation) -> "SeatDoor":
        """The organisation's own."""
        return cls("organisation_seat", (organisation.siren,))

    @classmethod
    def of_operator(cls, operator: Operator, organisation: Organisation) -> "SeatDoor":
        """Those of an operator, about a member."""
        return cls("operator_member_seat", (operator.slug, organisation.siren))

    def url(self, ending: str = "", *args) -> str:
        return reverse(f"{self.name}{ending}", args=[*self.args, *args])


def seat_moves(moves: Iterable[SeatMove], door: SeatDoor, *, may_read: bool, may_change: bool) -> list[dict]:
    """Each move as a page tells it. `may_read`: the evidence too; `may_change`: what is to come is
    cancelled."""
    return [
        {
            "title": f"SIRET {grouped(move.to_siret)}",
            "badge": dict(zip(("state", "label"), BADGES[SeatMoveState(move.state)], strict=True)),
            "facts": [
                {"label": "À partir du", "value": day(move.effective_on)},
                {"label": "Avant", "value": grouped(move.from_siret)},
                {"label": "Motif", "value": move.reason},
                {
                    "label": "Enregistré",
                    "value": f"le {day(localdate(move.declared_at))} par {move.declared_by}",
                },
            ],
            "evidence_url": door.url("_evidence", move.public_id) if may_read else "",
            "cancel_url": door.url("_cancel", move.public_id)
            if may_change and move.state == SeatMoveState.PLANNED
            else "",
        }
        for move in moves
    ]
