"""A body asks to become a vendor; the platform decides. Nothing of it exists in between but the request."""

from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.timezone import localdate
from oscar.core.loading import get_model

from catalog.models import APPLICATION_MOVES, ApplicationState, TermsAgreement, Vendor, VendorApplication
from catalog.vendors.terms import TermsChanged, terms_in_force
from tenants import audit, letters, organisations
from tenants.constraints import violated
from tenants.identifiers import BadIdentifier, clean_siren, grouped
from tenants.models import Membership, Organisation, Role, User
from tenants.models.organisation import OrganisationKind
from tenants.refusals import Refused
from tenants.tenancy import tenant_scope

# What a vendor may be: whoever sells or shares software. Communes come in by the register.
KINDS = (
    OrganisationKind.COMPANY,
    OrganisationKind.ASSOCIATION,
    OrganisationKind.PUBLIC_COMPANY,
    OrganisationKind.GIP,
    OrganisationKind.SYNDICAT,
    OrganisationKind.CDG,
    OrganisationKind.DEPARTEMENT,
    OrganisationKind.REGION,
    OrganisationKind.EPCI,
    OrganisationKind.OTHER,
)
MAX_PENDING = 3  # of one person


class ApplicationRefused(Refused):
    """What was sent cannot be taken."""


class Decided(Refused):
    """Somebody was faster, or it was withdrawn."""

    def __init__(self, state: str):
        super().__init__(f"Cette demande est déjà {ApplicationState(state).label}. Rechargez la page.")


@dataclass(frozen=True)
class Statement:
    """What the applicant says of the body, each text as it was typed."""

    siren: str
    name: str
    kind: str
    address: str
    postcode: str
    city: str
    contact_email: str
    presentation: str
    contact_phone: str = ""
    website: str = ""


@transaction.atomic
def apply(*, applicant: User, statement: Statement, terms_version: str, now: datetime) -> VendorApplication:
    """Asks the platform. `terms_version` is the version that was shown and agreed to.

    Raises ApplicationRefused (field "siren" or "kind") and TermsChanged.
    """
    try:
        siren = clean_siren(statement.siren)
    except BadIdentifier as bad:
        raise ApplicationRefused(str(bad), "siren") from None
    if statement.kind not in KINDS:
        raise ApplicationRefused("Choisissez la nature de l’organisme.", "kind")
    terms = terms_in_force(on=localdate(now))
    if terms.version != terms_version:
        raise TermsChanged(terms)
    known = Organisation.objects.select_related("vendor").filter(siren=siren).first()
    if known is not None and hasattr(known, "vendor"):
        raise ApplicationRefused(
            f"{known.name} est déjà éditeur ici. Demandez à la personne qui l’administre de vous inviter.",
            "siren",
        )
    if known is not None and known.is_closed(on=localdate(now)):
        raise ApplicationRefused(f"{known.name} n’existe plus. Donnez le SIREN de son successeur.", "siren")
    pending = VendorApplication.objects.filter(applicant=applicant, state=ApplicationState.PENDING)
    if pending.count() >= MAX_PENDING:
        raise ApplicationRefused(
            f"Vous avez déjà {MAX_PENDING} demandes en attente. Attendez une réponse, ou retirez-en une."
        )
    try:
        with transaction.atomic():
            return VendorApplication.objects.create(
                applicant=applicant,
                terms=terms,
                sent_at=now,
                **{**vars(statement), "siren": siren, "name": known.name if known else statement.name},
            )
    except IntegrityError as error:
        if violated(error) != "vendor_application_one_pending":
            raise
        raise ApplicationRefused(
            f"Une demande pour le SIREN {grouped(siren)} est déjà en attente d’une réponse.", "siren"
        ) from None


@transaction.atomic
def accept(*, application: VendorApplication, by: User, now: datetime) -> Vendor:
    """The body becomes a vendor and the applicant its administrator; she is told by letter.

    Raises Decided, or ApplicationRefused when the body became a vendor or was closed meanwhile.
    """
    application = _decided(application, ApplicationState.ACCEPTED, by=by, now=now)
    organisation = _organisation(application, by, now)
    partner = get_model("partner", "Partner").objects.create(name=organisation.name)
    vendor = Vendor.objects.create(
        organisation=organisation,
        partner=partner,
        presentation=application.presentation,
        website=application.website,
        contact_email=application.contact_email,
        contact_phone=application.contact_phone,
    )
    TermsAgreement.objects.create(
        vendor=vendor,
        terms=application.terms,
        agreed_by=application.applicant,
        agreed_at=application.sent_at,
    )
    Membership.objects.get_or_create(
        user=application.applicant,
        organisation=organisation,
        role=Role.VENDOR_ADMIN,
        ended_at=None,
        defaults={"given_by": by},
    )
    with tenant_scope([organisation.pk]):
        audit.record(
            tenant=organisation,
            actor=by,
            person=application.applicant,
            what="vendor.accepted",
            sentence=f"{{actor}} a accepté {organisation.name} comme éditeur, administré par {{person}}.",
            subject_id=vendor.pk,
            now=now,
            details={"terms": application.terms.version},
        )
        _tell(
            application,
            organisation,
            subject=f"{organisation.name} est éditeur sur Halle",
            body=(
                "Bonjour,\n\n"
                f"La plateforme a accepté {organisation.name}. Connectez-vous pour décrire vos services "
                "et les proposer aux opérateurs.\n\nL’équipe de Halle\n"
            ),
            now=now,
        )
    return vendor


@transaction.atomic
def refuse(*, application: VendorApplication, message: str, by: User, now: datetime) -> None:
    """Refuses, with a message to the applicant. Raises ApplicationRefused ("message") and Decided."""
    message = message.strip()
    if not message:
        raise ApplicationRefused("Dites pourquoi : la personne reçoit ce message.", "message")
    application = _decided(application, ApplicationState.REFUSED, by=by, now=now, message=message)
    # A letter belongs to an organisation's log; a body that Halle does not know has none: its page tells.
    organisation = Organisation.objects.filter(siren=application.siren).first()
    if organisation is not None:
        with tenant_scope([organisation.pk]):
            _tell(
                application,
                organisation,
                subject="Votre demande d’inscription comme éditeur",
                body=(
                    f"Bonjour,\n\nLa plateforme n’a pas retenu la demande de {application.name}.\n\n"
                    f"{message}\n\nL’équipe de Halle\n"
                ),
                now=now,
            )


@transaction.atomic
def cancel(*, application: VendorApplication, by: User, now: datetime) -> None:
    """The applicant takes her request back. Raises Decided."""
    _decided(application, ApplicationState.CANCELLED, by=by, now=now)


def _decided(
    application: VendorApplication, to: ApplicationState, *, by: User, now: datetime, message: str = ""
) -> VendorApplication:
    assert (ApplicationState.PENDING, to) in APPLICATION_MOVES  # noqa: S101 one table of moves
    changed = VendorApplication.objects.filter(pk=application.pk, state=ApplicationState.PENDING).update(
        state=to, decided_by=by, decided_at=now, message=message
    )
    application = VendorApplication.objects.select_related("applicant", "terms").get(pk=application.pk)
    if changed != 1:
        raise Decided(application.state)
    return application


def _organisation(application: VendorApplication, by: User, now: datetime) -> Organisation:
    found = Organisation.objects.select_for_update(no_key=True).filter(siren=application.siren).first()
    if found is None:
        return organisations.register_organisation(
            siren=application.siren,
            name=application.name,
            kind=application.kind,
            address=application.address,
            postcode=application.postcode,
            city=application.city,
            by=by,
            now=now,
        )
    if Vendor.objects.filter(organisation=found).exists():
        raise ApplicationRefused(f"{found.name} est devenu éditeur entre-temps : refusez cette demande.")
    if found.is_closed(on=localdate(now)):
        raise ApplicationRefused(f"{found.name} n’existe plus : refusez cette demande.")
    return found


def _tell(application, organisation, *, subject: str, body: str, now: datetime) -> None:
    letters.write(
        tenant=organisation,
        key=f"vendor-application:{application.public_id}",
        to=application.contact_email,
        subject=subject,
        body=body,
        now=now,
    )
