"""Opening an operator, and changing what its statutes and settings say. Each verb is one audited transaction.

What a person gave wrong comes back as one SettingsInvalid that names the fields.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from tenants import audit, organisations
from tenants.identifiers import SIREN_DIGITS, BadIdentifier, clean_siret, grouped
from tenants.models import Operator, Organisation, Role, User
from tenants.models.operator import LegalKind
from tenants.models.organisation import OrganisationKind
from tenants.operators import colleges, signals
from tenants.operators.hostnames import BadAddress, clean_slug
from tenants.operators.settings import (
    SettingsInvalid,
    changes_between,
    check_issuer,
    clean_email,
    clean_settings,
    telling_what_is_taken,
)
from tenants.operators.vat_positions import VatStatement, set_vat_position
from tenants.people import invitations, mandates
from tenants.people.roles import PeopleRefused
from tenants.tenancy import tenant_scope

KINDS = {
    LegalKind.GIP: OrganisationKind.GIP,
    LegalKind.SYNDICAT_MIXTE: OrganisationKind.SYNDICAT,
    LegalKind.CDG: OrganisationKind.CDG,
    LegalKind.AGENCE: OrganisationKind.OTHER,
    LegalKind.EPCI: OrganisationKind.EPCI,
    LegalKind.SPL: OrganisationKind.PUBLIC_COMPANY,
    LegalKind.ASSOCIATION: OrganisationKind.ASSOCIATION,
}
# What the database refuses as taken: constraint → (field, words). They name nobody.
TAKEN = {
    "tenants_operator_slug_key": ("slug", "Cette adresse est déjà prise. Choisissez-en une autre."),
    "operator_hostname_unique": (
        "hostname",
        "Ce nom de domaine est déjà utilisé sur la plateforme. Vérifiez-le, ou choisissez-en un autre.",
    ),
    "tenants_operator_organisation_id_key": ("siret", "Cet organisme est déjà opérateur."),
}


@dataclass(frozen=True)
class Body:
    """The organisation behind an operator: found by the SIREN in its head office's SIRET, or created."""

    siret: str
    name: str = ""  # needed, like the rest, only when Halle does not know it yet
    address: str = ""
    postcode: str = ""
    city: str = ""


def open_operator(
    *,
    body: Body,
    slug: str,
    settings: dict,
    vat: VatStatement | None,
    college_names: Iterable[str],
    administrator: str,
    by: User,
    now: datetime,
) -> Operator:
    """Opens an operator: its organisation, settings, VAT position and colleges, all or nothing, and invites
    its first administrator at the address `administrator`.

    `settings` holds settings of tenants.operators.settings; an IBAN may come later. Raises SettingsInvalid
    with fields of `settings`, "slug", "siret", "name", "administrator", "colleges" or those of VatStatement.
    """
    with telling_what_is_taken(TAKEN):
        errors = {}
        slug = _collect(errors, "slug", clean_slug, slug)
        siret = _collect(errors, "siret", clean_siret, body.siret)
        administrator = _collect(errors, "administrator", clean_email, administrator)
        try:
            settings = clean_settings(settings)
            check_issuer(legal_kind=settings["legal_kind"], issuer_kind=settings["issuer_kind"])
        except SettingsInvalid as invalid:
            errors |= invalid.errors
        if errors:
            raise SettingsInvalid(errors)
        organisation = _organisation(siret, body, settings["legal_kind"], by, now)
        operator = Operator.objects.create(organisation=organisation, slug=slug, **settings)
        with tenant_scope([organisation.pk]):
            audit.record(
                tenant=organisation,
                actor=by,
                what="operator.opened",
                sentence=f"{{actor}} a ouvert l’opérateur {operator.short_name}.",
                subject_id=operator.pk,
                now=now,
                details={"slug": slug},
            )
            if vat is not None:
                set_vat_position(operator=operator, statement=vat, by=by, now=now)
            for name in college_names:
                _add_first_college(operator, name, by, now)
            with _refusals_on("administrator"):
                _invite(organisation, administrator, by, now)
            signals.operator_opened.send(Operator, operator=operator, now=now)
    return operator


def change_settings(*, operator: Operator, changes: dict, by: User, now: datetime) -> Operator:
    """Changes these settings and tells the log what they were; nothing is written when nothing differs.

    An IBAN once given is replaced, never taken away: invoices need it. Raises SettingsInvalid.
    """
    with telling_what_is_taken(TAKEN):
        operator = Operator.objects.select_for_update(no_key=True).get(pk=operator.pk)
        clean = clean_settings(changes)
        check_issuer(
            legal_kind=clean.get("legal_kind", operator.legal_kind),
            issuer_kind=clean.get("issuer_kind", operator.issuer_kind),
        )
        if operator.iban and clean.get("iban") == "":
            raise SettingsInvalid(
                {"iban": "Vos factures portent cet IBAN : remplacez-le par un autre, ou laissez-le."}
            )
        changed = changes_between(operator, clean)
        if not changed:
            return operator
        for name in changed:
            setattr(operator, name, clean[name])
        operator.save(update_fields=list(changed))
        labels = ", ".join(Operator._meta.get_field(name).verbose_name for name in changed)
        audit.record(
            tenant=operator.organisation,
            actor=by,
            what="operator.settings_changed",
            sentence=f"{{actor}} a modifié les réglages de {operator.short_name} : {labels}.",
            subject_id=operator.pk,
            now=now,
            changes=changed,
        )
        signals.operator_settings_changed.send(Operator, operator=operator, now=now)
    return operator


def invite_administrator(*, operator: Operator, email: str, by: User, now: datetime) -> None:
    """Invites somebody to administer an operator that has nobody yet (an invitation was lost or expired).

    Raises SettingsInvalid (administrator).
    """
    errors: dict[str, str] = {}
    email = _collect(errors, "administrator", clean_email, email)
    if errors:
        raise SettingsInvalid(errors)
    with transaction.atomic(), tenant_scope([operator.organisation_id]), _refusals_on("administrator"):
        _invite(operator.organisation, email, by, now)


def _organisation(siret: str, body: Body, legal_kind: str, by: User, now: datetime) -> Organisation:
    siren = siret[:SIREN_DIGITS]
    organisation = Organisation.objects.filter(siren=siren).first()
    if organisation is None:
        return _registered(siret, body, legal_kind, by, now)
    if hasattr(organisation, "operator"):
        raise SettingsInvalid({"siret": f"{organisation.name} est déjà opérateur."})
    if organisation.closed_on is not None:
        raise SettingsInvalid(
            {"siret": f"{organisation.name} n’existe plus. Donnez le SIRET de son successeur."}
        )
    seat = organisation.seat
    if seat is not None and seat.siret != siret:
        raise SettingsInvalid(
            {
                "siret": f"Le siège connu de {organisation.name} a le SIRET {grouped(seat.siret)}. Donnez "
                "celui-là ; si le siège a déménagé, l’organisation enregistre d’abord son nouveau SIRET."
            }
        )
    if seat is None:
        with tenant_scope([organisation.pk]):
            organisations.set_establishment(
                organisation=organisation, siret=siret, name="", is_seat=True, by=by, now=now
            )
    return organisation


def _registered(siret: str, body: Body, legal_kind: str, by: User, now: datetime) -> Organisation:
    siren, name = siret[:SIREN_DIGITS], " ".join(body.name.split())
    if not name:
        raise SettingsInvalid(
            {"name": f"Halle ne connaît pas encore le SIREN {grouped(siren)} : donnez le nom officiel."}
        )
    try:
        return organisations.register_organisation(
            siren=siren,
            name=name,
            kind=KINDS[LegalKind(legal_kind)],
            siret=siret,
            address=body.address,
            postcode=body.postcode,
            city=body.city,
            by=by,
            now=now,
        )
    except organisations.AlreadyRegistered:
        raise SettingsInvalid(
            {"siret": "Quelqu’un vient d’enregistrer cet organisme. Envoyez de nouveau le formulaire."}
        ) from None


def _add_first_college(operator: Operator, name: str, by: User, now: datetime) -> None:
    try:
        colleges.add_college(operator=operator, name=name, votes=1, by=by, now=now)
    except SettingsInvalid as invalid:
        raise SettingsInvalid({"colleges": f"« {name} » : {' '.join(invalid.errors.values())}"}) from None


def _invite(organisation: Organisation, email: str, by: User, now: datetime) -> None:
    """Invites an administrator; somebody who has mandates there already gets the role at once."""
    try:
        invitations.invite(
            organisation=organisation, email=email, roles=[Role.OPERATOR_ADMIN], invited_by=by, now=now
        )
    except invitations.AlreadyHere as here:
        held = here.person.memberships.open().filter(organisation=organisation)
        mandates.change_roles(
            organisation=organisation,
            person=here.person,
            roles={*held.values_list("role", flat=True), Role.OPERATOR_ADMIN},
            by=by,
            now=now,
        )


@contextmanager
def _refusals_on(field: str) -> Iterator[None]:
    """What is refused about a person is a mistake of this field."""
    try:
        yield
    except PeopleRefused as refusal:
        raise SettingsInvalid({field: str(refusal)}) from None


def _collect(errors: dict[str, str], field: str, clean, value: str) -> str:
    """The cleaned value; what is wrong goes to `errors` instead of stopping there."""
    try:
        return clean(value)
    except (BadAddress, BadIdentifier, ValueError) as error:
        errors[field] = str(error)
        return value
