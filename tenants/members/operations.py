"""The verbs of an adhesion: join, amend, withdraw, take a withdrawal back.

Nothing runs on the day a withdrawal takes effect: every question about adhesions is asked for a day. Each
verb writes the same event in the log of the member and in that of the operator, so the caller's tenant scope
holds both.
"""

from datetime import date, datetime

from django.db import IntegrityError, transaction
from django.utils.timezone import localdate

from tenants import audit
from tenants.constraints import violated
from tenants.members.withdrawal import withdrawal_date
from tenants.models import Adhesion, College, Operator, Organisation, User
from tenants.models.organisation import OrganisationKind
from tenants.organisations import register_organisation
from tenants.refusals import Refused
from tenants.tenancy import tenant_scope

OVERLAP = {"adhesion_no_overlap", "adhesion_one_open_per_operator"}


class AdhesionRefused(Refused):
    """Base of all refusals here."""


class AdhesionOverlaps(AdhesionRefused):
    """The organisation already adheres to this operator on one of those days."""

    field = "since"


class ForeignCollege(AdhesionRefused):
    """The college is another operator's."""

    field = "college"


class CoversNoCommune(AdhesionRefused):
    """Only an intercommunality that the register knows can adhere for its communes."""

    field = "covers_communes"


class AlreadyEnding(AdhesionRefused):
    """The adhesion has an end already."""


class NoWithdrawal(AdhesionRefused):
    """No withdrawal was asked, or it has taken effect."""


@transaction.atomic
def join(
    *,
    operator: Operator,
    organisation: Organisation,
    college: College | None,
    since: date,
    deliberation_number: str,
    deliberation_date: date | None,
    covers_communes: bool,
    by: User | None,
    now: datetime,
) -> Adhesion:
    """Makes an organisation a member from the day `since`, past or to come.

    Raises AdhesionOverlaps, ForeignCollege, CoversNoCommune, or AdhesionRefused for a closed organisation.
    """
    college = _kept(college)
    _check(operator, organisation, college=college, covers_communes=covers_communes)
    if organisation.is_closed(on=since):
        raise AdhesionRefused("Cette organisation n’existe plus à cette date.", "since")
    adhesion = Adhesion(
        operator=operator,
        organisation=organisation,
        college=college,
        since=since,
        deliberation_number=deliberation_number,
        deliberation_date=deliberation_date,
        covers_communes=covers_communes,
    )
    try:
        with transaction.atomic():
            adhesion.save(force_insert=True)
    except IntegrityError as error:
        if violated(error) not in OVERLAP:
            raise
        raise AdhesionOverlaps(
            f"{organisation.name} adhère déjà à {operator.short_name} à cette date ou après. "
            "Ouvrez sa fiche pour voir ses adhésions."
        ) from None
    _record(
        adhesion,
        by=by,
        now=now,
        what="adhesion.joined",
        sentence=f"{{actor}} a inscrit {organisation.name} parmi les adhérents de {operator.short_name}, "
        f"à partir du {since:%d/%m/%Y}.",
        changes={name: [None, value] for name, value in facts_of(adhesion).items() if value},
    )
    return adhesion


@transaction.atomic
def register_and_join(
    *, identity: dict, operator: Operator, by: User | None, now: datetime, **terms
) -> Adhesion:
    """Makes a member of a body that Halle may not know yet. Opens the tenant scope it needs.

    `identity` as `register_organisation` takes it, of which only the SIREN is read when Halle knows the
    body; `terms` as `join` takes them.

    Raises what `register_organisation` and `join` raise; nothing is kept then.
    """
    organisation = Organisation.objects.filter(siren=identity["siren"]).first()
    if organisation is None:
        organisation = register_organisation(**identity, by=by, now=now)
    with tenant_scope([operator.organisation_id, organisation.pk]):
        return join(operator=operator, organisation=organisation, by=by, now=now, **terms)


@transaction.atomic
def amend(
    *,
    adhesion: Adhesion,
    college: College | None,
    deliberation_number: str,
    deliberation_date: date | None,
    covers_communes: bool,
    by: User | None,
    now: datetime,
) -> Adhesion:
    """Corrects what an adhesion says; its dates stay. Nothing is recorded when nothing changes.

    Returns the adhesion as it is now. Raises ForeignCollege or CoversNoCommune.
    """
    adhesion, college = _locked(adhesion), _kept(college)
    if college != adhesion.college or covers_communes != adhesion.covers_communes:
        _check(adhesion.operator, adhesion.organisation, college=college, covers_communes=covers_communes)
    before = facts_of(adhesion)
    adhesion.college = college
    adhesion.deliberation_number = deliberation_number
    adhesion.deliberation_date = deliberation_date
    adhesion.covers_communes = covers_communes
    after = facts_of(adhesion)
    changes = {name: [before[name], after[name]] for name in after if after[name] != before[name]}
    if changes:
        adhesion.save(
            update_fields=["college", "deliberation_number", "deliberation_date", "covers_communes"]
        )
        _record(
            adhesion,
            by=by,
            now=now,
            what="adhesion.amended",
            sentence=f"{{actor}} a corrigé l’adhésion de {adhesion.organisation.name} "
            f"à {adhesion.operator.short_name}.",
            changes=changes,
        )
    return adhesion


@transaction.atomic
def withdraw(
    *, adhesion: Adhesion, asked_on: date, deliberation_number: str, by: User | None, now: datetime
) -> Adhesion:
    """Records a withdrawal received on `asked_on`; `until` follows from the operator's statutes of today.

    Returns the adhesion with its end. Open subscriptions block nothing: the page that asks warns of them.
    Raises AlreadyEnding, or AdhesionRefused on `asked_on` for a day to come or before the adhesion.
    """
    adhesion = _locked(adhesion)
    check_withdrawal(adhesion=adhesion, asked_on=asked_on, now=now)
    adhesion.until = end_of_adhesion(adhesion=adhesion, asked_on=asked_on)
    adhesion.withdrawal_on = asked_on
    adhesion.withdrawal_number = deliberation_number
    adhesion.save(update_fields=["until", "withdrawal_on", "withdrawal_number"])
    _record(
        adhesion,
        by=by,
        now=now,
        what="adhesion.withdrawn",
        sentence=f"{{actor}} a enregistré le retrait de {adhesion.organisation.name} de "
        f"{adhesion.operator.short_name}, avec effet le {adhesion.until:%d/%m/%Y}.",
        changes=_withdrawal_changes(adhesion),
    )
    return adhesion


def check_withdrawal(*, adhesion: Adhesion, asked_on: date, now: datetime) -> None:
    """Raises what `withdraw` would, for a page that asks before it does."""
    if adhesion.until is not None:
        raise AlreadyEnding("Cette adhésion a déjà une date de fin. Rechargez la page.")
    if asked_on > localdate(now):
        raise AdhesionRefused("Cette date est dans le futur. Vérifiez le jour et l’année.", "asked_on")
    if asked_on < adhesion.since:
        raise AdhesionRefused(
            f"Cette date est avant l’adhésion, qui commence le {adhesion.since:%d/%m/%Y}.", "asked_on"
        )


def end_of_adhesion(*, adhesion: Adhesion, asked_on: date) -> date:
    """The first day outside if its withdrawal was received on `asked_on`. Select `operator`."""
    operator = adhesion.operator
    return withdrawal_date(asked_on, operator.withdrawal_months, operator.withdrawal_rule)


@transaction.atomic
def cancel_withdrawal(*, adhesion: Adhesion, by: User | None, now: datetime) -> Adhesion:
    """Takes a withdrawal back before it takes effect: the adhesion has no end again.

    Raises NoWithdrawal when there is none or it has taken effect, and AdhesionOverlaps when the
    organisation has meanwhile a new adhesion after this one.
    """
    adhesion = _locked(adhesion)
    if adhesion.withdrawal_on is None or adhesion.until is None:
        raise NoWithdrawal("Aucun retrait n’est enregistré pour cette adhésion.")
    if adhesion.until <= localdate(now):
        raise NoWithdrawal(
            "Le retrait a déjà pris effet : il ne s’annule plus. Enregistrez une nouvelle adhésion."
        )
    changes = {name: [after, None] for name, (_, after) in _withdrawal_changes(adhesion).items()}
    adhesion.until, adhesion.withdrawal_on, adhesion.withdrawal_number = None, None, ""
    try:
        with transaction.atomic():
            adhesion.save(update_fields=["until", "withdrawal_on", "withdrawal_number"])
    except IntegrityError as error:
        if violated(error) not in OVERLAP:
            raise
        raise AdhesionOverlaps(
            "Une nouvelle adhésion est déjà enregistrée après ce retrait : il ne s’annule plus."
        ) from None
    _record(
        adhesion,
        by=by,
        now=now,
        what="adhesion.withdrawal_cancelled",
        sentence=f"{{actor}} a annulé le retrait de {adhesion.organisation.name} de "
        f"{adhesion.operator.short_name}.",
        changes=changes,
    )
    return adhesion


def _check(
    operator: Operator, organisation: Organisation, *, college: College | None, covers_communes: bool
) -> None:
    if college is not None and college.operator_id != operator.pk:
        raise ForeignCollege("Choisissez un collège de la liste.")
    if covers_communes and (organisation.kind != OrganisationKind.EPCI or organisation.territory_id is None):
        raise CoversNoCommune("Seule l’adhésion d’une intercommunalité peut valoir pour ses communes.")


def _kept(college: College | None) -> College | None:
    """The college, nobody removing it until the commit. Raises ForeignCollege when it is gone: the foreign
    key would say so at the commit only, when no page can tell it any more."""
    if college is None:
        return None
    found = College.objects.select_for_update(no_key=True).filter(pk=college.pk).first()
    if found is None:
        raise ForeignCollege("Ce collège vient d’être retiré. Choisissez-en un autre dans la liste.")
    return found


def _locked(adhesion: Adhesion) -> Adhesion:
    """The row as it is now, nobody else changing it until the commit."""
    return (
        Adhesion.objects.select_for_update(of=("self",), no_key=True)
        .select_related("operator__organisation", "organisation", "college")
        .get(pk=adhesion.pk)
    )


def facts_of(adhesion: Adhesion) -> dict[str, object]:
    """What the log says of an adhesion, JSON-safe."""
    return {
        "college": adhesion.college.name if adhesion.college else None,
        "since": adhesion.since.isoformat(),
        "deliberation_number": adhesion.deliberation_number,
        "deliberation_date": adhesion.deliberation_date and adhesion.deliberation_date.isoformat(),
        "covers_communes": adhesion.covers_communes,
    }


def _withdrawal_changes(adhesion: Adhesion) -> dict[str, list]:
    return {
        "until": [None, adhesion.until and adhesion.until.isoformat()],
        "withdrawal_on": [None, adhesion.withdrawal_on and adhesion.withdrawal_on.isoformat()],
        "withdrawal_number": [None, adhesion.withdrawal_number],
    }


def _record(
    adhesion: Adhesion, *, by: User | None, now: datetime, what: str, sentence: str, changes: dict
) -> None:
    # Once when an operator is a member of itself.
    for tenant in dict.fromkeys([adhesion.organisation, adhesion.operator.organisation]):
        audit.record(
            tenant=tenant,
            actor=by,
            what=what,
            sentence=sentence,
            subject_id=adhesion.pk,
            now=now,
            changes=changes,
        )
