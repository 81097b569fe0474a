"""The visa of an operator's ethics committee, for services that handle personal data."""

from datetime import date, datetime

from django.db import transaction
from django.utils.timezone import localdate

from catalog.curation.errors import VisaInvalid, VisaMissing
from catalog.models import EthicsVisa, Listing, ShelfRules, VisaOpinion
from tenants import audit
from tenants.models import Operator, User

FAVOURABLE = frozenset({VisaOpinion.FAVOURABLE, VisaOpinion.WITH_RESERVATIONS})


def rules_of(operator: Operator) -> ShelfRules:
    """What the operator asks of its shelf; the defaults, not saved, when it never said."""
    return ShelfRules.objects.filter(operator=operator).first() or ShelfRules(operator=operator)


def last_visa(listing: Listing) -> EthicsVisa | None:
    """The opinion that counts: the last one given."""
    return listing.visas.order_by("-given_on", "-pk").first()


def holds(visa: EthicsVisa | None, *, on: date) -> bool:
    """Whether this opinion lets a service onto the shelf on that day. Reservations are published with it."""
    return (
        visa is not None
        and visa.opinion in FAVOURABLE
        and visa.given_on <= on
        and (visa.valid_until is None or on <= visa.valid_until)
    )


def needs_visa(*, rules: ShelfRules, content: dict) -> bool:
    """Whether a revision with this content may stand there only with a visa."""
    return rules.visa_required and bool(content.get("personal_data", True))


def check_visa(*, listing: Listing, revision, on: date) -> None:
    """Raises VisaMissing when this revision needs a visa that is not in force on that day."""
    if needs_visa(rules=rules_of(listing.operator), content=revision.content) and not holds(
        last_visa(listing), on=on
    ):
        raise VisaMissing(
            "Ce service traite des données personnelles : il lui faut un visa favorable du comité "
            "d’éthique, en cours de validité."
        )


@transaction.atomic
def record_visa(
    *,
    listing: Listing,
    opinion: VisaOpinion,
    given_on: date,
    valid_until: date | None,
    text: str,
    by: User,
    now: datetime,
) -> EthicsVisa:
    """Notes an opinion of the committee; `valid_until` is its last day. The listing does not move: what
    stands on the shelf stays there until a curator decides. Raises VisaInvalid."""
    if given_on > localdate(now):
        raise VisaInvalid("Cette date est à venir : notez l’avis une fois rendu.", "given_on")
    if valid_until is not None and valid_until < given_on:
        raise VisaInvalid("La fin de validité précède la date de l’avis.", "valid_until")
    if opinion == VisaOpinion.WITH_RESERVATIONS and not text.strip():
        raise VisaInvalid("Écrivez les réserves du comité.", "text")
    visa = EthicsVisa.objects.create(
        listing=listing,
        opinion=opinion,
        given_on=given_on,
        valid_until=valid_until,
        text=text.strip(),
        recorded_by=by,
        recorded_at=now,
    )
    audit.record(
        tenant=listing.operator.organisation,
        actor=by,
        what="listing.visa",
        sentence=f"{{actor}} a noté l’avis du comité d’éthique sur « {listing.sheet.name} » : "
        f"{VisaOpinion(opinion).label}.",
        subject_id=listing.pk,
        now=now,
    )
    return visa
