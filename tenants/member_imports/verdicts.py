"""What will be done with each row of a file of members: compared with what Halle knows. Writes nothing.

Asked twice: to report, then again when the import is applied, with the rows locked, since the world may have
changed in between.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date

from django.db.models import Q

from tenants.identifiers import grouped
from tenants.member_imports.rows import MemberRow
from tenants.models import Adhesion, ChorusService, College, Establishment, Operator, Organisation, Territory
from tenants.models.member_import import RowVerdict
from tenants.models.organisation import OrganisationKind
from tenants.models.territory import TerritoryKind
from tenants.organisations import identity_of
from tenants.territories.search import WHOLES

# A body of its own; the parts of communes have none. The first ones win a SIREN that several share: an
# overseas collectivity is a région and a département too.
WITH_A_SIREN = (TerritoryKind.COMMUNE, *WHOLES)
# What a row may change of an adhesion; the rest is its organisation's.
OF_THE_ADHESION = frozenset({"college", "deliberation_date", "deliberation_number"})


class Rejected(Exception):
    """The row cannot be applied; `str()` says why, in French."""


@dataclass(slots=True)
class Plan:
    """One row against what is known. Objects without a primary key are to be written.

    `changes` {field: [before, after]} is what the row changes beyond creating an adhesion, JSON-safe.
    """

    member: MemberRow
    organisation: Organisation | None = None
    place: Establishment | None = None
    adhesion: Adhesion | None = None
    default_service: ChorusService | None = None
    changes: dict[str, list] = field(default_factory=dict)
    problem: str = ""

    @property
    def problems(self) -> list[str]:
        """Why it is rejected; empty when it is not."""
        return [self.problem] if self.problem else []

    @property
    def verdict(self) -> str:
        """One of RowVerdict."""
        if self.problem:
            return RowVerdict.REJECTED
        if self.adhesion is not None and self.adhesion.pk is None:
            return RowVerdict.NEW
        return RowVerdict.CHANGE if self.changes else RowVerdict.SAME

    def as_json(self) -> dict:
        """For MemberImportRow.data; `member_of` reads the member back."""
        found = self.organisation
        return {
            "member": {
                name: value.isoformat() if isinstance(value, date) else value
                for name, value in asdict(self.member).items()
            },
            "name": found.name if found else self.member.name,
            "new_organisation": found is not None and found.pk is None,
            "changes": self.changes,
        }


def member_of(data: dict) -> MemberRow:
    """The member of a row, from its `data`."""
    member = data["member"]
    dates = {
        name: member[name] and date.fromisoformat(member[name]) for name in ("since", "deliberation_date")
    }
    return MemberRow(**member | dates)


class Known:
    """What Halle knows of a batch of members, in a handful of queries. `lock` keeps others from changing it
    until the commit."""

    def __init__(self, operator: Operator, members: Sequence[MemberRow], *, lock: bool):
        self.operator = operator
        sirens = {member.siren for member in members}
        organisations = (
            Organisation.objects.filter(siren__in=sirens).select_related("successor").order_by("pk")
        )
        if lock:
            # Every verb that touches an organisation's establishments waits for this lock too.
            organisations = organisations.select_for_update(of=("self",), no_key=True)
        self.organisations = {one.siren: one for one in organisations}
        places = Establishment.objects.filter(
            Q(organisation__in=self.organisations.values())
            | Q(siret__in=[member.siret for member in members if member.siret])
        ).prefetch_related("services")
        self.places = {place.siret: place for place in places}
        self.seats = {place.organisation_id: place for place in self.places.values() if place.is_seat}
        adhesions = Adhesion.objects.filter(
            operator=operator, organisation__in=self.organisations.values()
        ).order_by("since")
        if lock:
            adhesions = adhesions.select_for_update(of=("self",), no_key=True)
        self.adhesions: dict[int, list[Adhesion]] = {}
        for adhesion in adhesions:
            self.adhesions.setdefault(adhesion.organisation_id, []).append(adhesion)
        self.territories = _territories(sirens - self.organisations.keys())
        colleges = College.objects.filter(operator=operator).order_by("pk")
        if lock:
            colleges = colleges.select_for_update(no_key=True)
        self.colleges = {college.name: college for college in colleges}
        self.college_names = {college.pk: college.name for college in self.colleges.values()}


def _territories(sirens: Collection[str]) -> dict[str, Territory]:
    found = Territory.objects.filter(siren__in=sirens, kind__in=WITH_A_SIREN)
    return {
        territory.siren: territory
        for territory in sorted(
            found.select_related("current", "organisation"),
            key=lambda one: (one.ended_on is None, -WITH_A_SIREN.index(TerritoryKind(one.kind))),
        )
    }


def judge(*, operator: Operator, members: Sequence[MemberRow], today: date, lock: bool = False) -> list[Plan]:
    """A plan for each member, in order. `lock` needs a transaction."""
    known = Known(operator, members, lock=lock)
    return [_plan(known, member, today) for member in members]


def _plan(known: Known, member: MemberRow, today: date) -> Plan:
    plan = Plan(member)
    try:
        plan.organisation = known.organisations.get(member.siren) or _new_organisation(known, member)
        _check_open(plan.organisation, max(member.since, today))
        _adhesion(plan, known, today)
        _email(plan)
        _establishment(plan, known)
        _chorus(plan)
    except Rejected as reason:
        plan.problem, plan.changes = str(reason), {}
    return plan


def _new_organisation(known: Known, member: MemberRow) -> Organisation:
    territory = known.territories.get(member.siren)
    if territory is None:
        if not member.name:
            raise Rejected(
                f"Halle ne connaît pas le SIREN {grouped(member.siren)} : indiquez le nom de l’organisation "
                "dans une colonne « Nom » pour la créer, ou vérifiez le numéro."
            )
        return Organisation(
            siren=member.siren,
            name=member.name,
            kind=member.kind or OrganisationKind.OTHER,
            email=member.email,
        )
    if territory.ended_on is not None:
        heir = f" Son successeur : {territory.current.name}." if territory.current else ""
        raise Rejected(f"{territory.name} n’existe plus depuis le {territory.ended_on:%d/%m/%Y}.{heir}")
    if hasattr(territory, "organisation"):
        raise Rejected(
            f"{territory.name} est déjà connue de Halle sous le SIREN "
            f"{grouped(territory.organisation.siren)} : indiquez celui-là."
        )
    return Organisation(**identity_of(territory), email=member.email)


def _check_open(organisation: Organisation, on: date) -> None:
    if organisation.is_closed(on=on):
        heir = f" {organisation.successor.name} lui succède." if organisation.successor else ""
        raise Rejected(
            f"{organisation.name} n’existe plus depuis le {organisation.closed_on:%d/%m/%Y}.{heir}"
        )


def _adhesion(plan: Plan, known: Known, today: date) -> None:
    member, operator = plan.member, known.operator
    college = known.colleges.get(member.college) if member.college else None
    if member.college and college is None:
        raise Rejected(f"Collège : « {member.college[:60]} » n’existe pas ou plus chez vous.")
    adhesions: Iterable[Adhesion] = known.adhesions.get(plan.organisation.pk, ())
    same = next((one for one in adhesions if one.since == member.since), None)
    if same is None:
        # An adhesion of the file has no end: every other one must be over before it begins.
        for one in adhesions:
            if one.until is None or one.until > member.since:
                raise Rejected(_overlap(one, member.since))
        plan.adhesion = Adhesion(
            operator=operator,
            organisation=plan.organisation,
            college=college,
            since=member.since,
            deliberation_number=member.deliberation_number,
            deliberation_date=member.deliberation_date,
        )
        return
    if same.until is not None and same.until <= today:
        raise Rejected(
            f"L’adhésion du {same.since:%d/%m/%Y} a pris fin le {same.until:%d/%m/%Y} : si l’organisation "
            "adhère de nouveau, indiquez la date de sa nouvelle adhésion."
        )
    plan.adhesion = same
    if college is not None and same.college_id != college.pk:
        plan.changes["college"] = [known.college_names.get(same.college_id, ""), college.name]
        same.college = college
    if member.deliberation_date and same.deliberation_date != member.deliberation_date:
        plan.changes["deliberation_date"] = [
            _iso(same.deliberation_date),
            _iso(member.deliberation_date),
        ]
        same.deliberation_date = member.deliberation_date
    if member.deliberation_number and same.deliberation_number != member.deliberation_number:
        plan.changes["deliberation_number"] = [same.deliberation_number, member.deliberation_number]
        same.deliberation_number = member.deliberation_number


def _overlap(known: Adhesion, since: date) -> str:
    end = f" jusqu’au {known.until:%d/%m/%Y}" if known.until else ""
    return (
        f"Cette organisation adhère déjà depuis le {known.since:%d/%m/%Y}{end}, et le fichier dit le "
        f"{since:%d/%m/%Y}. Indiquez la date connue pour mettre l’adhésion à jour."
    )


def _email(plan: Plan) -> None:
    # An address that is known already is the organisation's own business.
    if plan.member.email and not plan.organisation.email:
        plan.changes["email"] = ["", plan.member.email]
        plan.organisation.email = plan.member.email


def _establishment(plan: Plan, known: Known) -> None:
    siret, organisation = plan.member.siret, plan.organisation
    seat = known.seats.get(organisation.pk) if organisation.pk else None
    if not siret:
        plan.place = seat
        return
    place = known.places.get(siret)
    if place is None:
        place = Establishment(organisation=organisation, siret=siret, is_seat=seat is None)
        plan.changes["seat" if seat is None else "siret"] = ["", siret]
    elif place.organisation_id != organisation.pk:
        raise Rejected(f"Le SIRET {grouped(siret)} est déjà celui d’une autre organisation. Vérifiez-le.")
    elif place.seat_until and seat is not None:
        # A file made before the move: what it says of Chorus Pro would go where no invoice is sent any more.
        raise Rejected(
            f"Le SIRET {grouped(siret)} n’est plus celui du siège depuis le {place.seat_until:%d/%m/%Y} : "
            f"indiquez {grouped(seat.siret)}."
        )
    plan.place = place


def _chorus(plan: Plan) -> None:
    code, commitment = plan.member.service_code, plan.member.commitment_required
    place = plan.place
    if place is None:
        if code or commitment is not None:
            raise Rejected(
                "Halle ne connaît pas le SIRET du siège de cette organisation : indiquez-le, le code service "
                "et l’engagement de Chorus Pro vont avec un SIRET."
            )
        return
    if commitment is not None and place.commitment_required != commitment:
        plan.changes["commitment_required"] = [place.commitment_required, commitment]
        place.commitment_required = commitment
    if not code:
        return
    before = place.default_service if place.pk else None
    if before is not None and before.code == code:
        return
    plan.changes["service_code"] = [before.code if before else "", code]
    services = place.services.all() if place.pk else ()
    plan.default_service = next((one for one in services if one.code == code), None) or ChorusService(
        establishment=place, code=code
    )


def _iso(day: date | None) -> str:
    return day.isoformat() if day else ""
