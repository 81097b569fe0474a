"""Territories, organisations, operators, people."""

from datetime import timedelta

import factory
from django.core.files.base import ContentFile
from stdnum import luhn

from tenants.models import (
    Adhesion,
    Assistance,
    AuditEvent,
    ChorusService,
    College,
    Establishment,
    Invitation,
    JoinRequest,
    KnownDomain,
    Letter,
    MemberImport,
    MemberImportRow,
    Membership,
    Operator,
    Organisation,
    Population,
    Role,
    SeatMove,
    Territory,
    User,
)
from tenants.models.operator import IssuerKind, LegalKind
from tenants.models.organisation import OrganisationKind
from tenants.models.territory import PopulationKind, TerritoryKind
from tenants.register.names import normalise
from tests.factories.base import IN_FORCE_FROM, NOW, Factory

ISSUER = "https://identity.example"


def siren(number: int) -> str:
    """A SIREN with its check digit; each `number` gives another."""
    return _checked(f"{21350000 + number}")


def siret(siren: str) -> str:
    """The SIRET of the head office."""
    return _checked(f"{siren}0001")


def second_siret(siren: str) -> str:
    """The SIRET of another establishment of the same body."""
    return _checked(f"{siren}0002")


def _checked(digits: str) -> str:
    return digits + luhn.calc_check_digit(digits)


class TerritoryFactory(Factory):
    """A commune. `population=860` gives 860 (municipale), 880 (totale) and 900 (dgf); a dictionary gives
    what it says, with None for an unknown count; `population=False` gives no row at all."""

    class Meta:
        model = Territory

    kind = TerritoryKind.COMMUNE
    siren = factory.Sequence(lambda n: siren(1_000_000 + n))
    code = factory.Sequence(lambda n: f"{35000 + n:05d}")
    name = factory.Sequence(lambda n: f"Saint-Essai-{n}")
    name_key = factory.LazyAttribute(lambda o: normalise(o.name))
    departement = "35"
    departement_name = "Ille-et-Vilaine"
    region = "53"
    postcodes = factory.LazyFunction(lambda: ["35360"])
    cog_year = 2026

    @factory.post_generation
    def population(self, create, extracted, **kwargs):
        if extracted is False:
            return
        counts = extracted if extracted is not None else 860
        if not isinstance(counts, dict):
            counts = {"municipale": counts, "totale": counts + 20, "dgf": counts + 40}
        for kind, value in counts.items():
            PopulationFactory(territory=self, kind=kind, value=value)


class PopulationFactory(Factory):
    class Meta:
        model = Population

    territory = factory.SubFactory(TerritoryFactory, population=False)
    kind = PopulationKind.MUNICIPALE
    value = 860
    reference_year = 2022
    in_force_from = IN_FORCE_FROM
    source = "INSEE"


class DelegatedCommuneFactory(TerritoryFactory):
    """A delegated commune of `current`; it has the code of its current commune, as 584 of them do."""

    kind = TerritoryKind.DELEGATED
    current = factory.SubFactory(TerritoryFactory)
    code = factory.SelfAttribute("current.code")


class EpciFactory(TerritoryFactory):
    kind = TerritoryKind.EPCI
    code = factory.Sequence(lambda n: siren(3_000_000 + n))
    siren = factory.SelfAttribute("code")
    name = factory.Sequence(lambda n: f"CC du Pays d’Essai {n}")
    nature = "CC"


class OrganisationFactory(Factory):
    """A commune with its territory; `company=True`, `epci=True` for others."""

    class Meta:
        model = Organisation

    class Params:
        company = factory.Trait(
            kind=OrganisationKind.COMPANY,
            territory=None,
            name=factory.Sequence(lambda n: f"Éditions du Test {n}"),
        )
        epci = factory.Trait(kind=OrganisationKind.EPCI, territory=factory.SubFactory(EpciFactory))

    siren = factory.Sequence(siren)
    name = factory.LazyAttribute(
        lambda o: f"Commune de {o.territory.name}" if o.territory else f"Organisme {o.siren}"
    )
    kind = OrganisationKind.COMMUNE
    territory = factory.SubFactory(TerritoryFactory)
    address = "1 place de la Mairie"
    postcode = "35360"
    city = "Saint-Essai"

    @factory.post_generation
    def seat(self, create, extracted, **kwargs):
        """Its head office, with the SIRET that follows from its SIREN; `seat=False` for none."""
        if extracted is not False:
            EstablishmentFactory(organisation=self, is_seat=True, **kwargs)


class EstablishmentFactory(Factory):
    class Meta:
        model = Establishment

    organisation = factory.SubFactory(OrganisationFactory, seat=False)
    siret = factory.LazyAttribute(lambda o: siret(o.organisation.siren))


class SeatMoveFactory(Factory):
    """A move to come; what it changes of the establishments is the business of `head_offices.declare`."""

    class Meta:
        model = SeatMove

    tenant = factory.SubFactory(OrganisationFactory)
    from_siret = factory.LazyAttribute(lambda o: siret(o.tenant.siren))
    to_siret = factory.LazyAttribute(lambda o: second_siret(o.tenant.siren))
    effective_on = factory.LazyFunction(lambda: NOW.date() + timedelta(days=30))
    reason = "Déménagement de la mairie"
    evidence = factory.LazyAttribute(lambda o: ContentFile(b"%PDF-1.7\n%%EOF", name="avis.pdf"))
    declared_by = factory.SubFactory("tests.factories.tenants.UserFactory")
    declared_at = NOW


class ChorusServiceFactory(Factory):
    class Meta:
        model = ChorusService

    establishment = factory.SubFactory(EstablishmentFactory)
    code = factory.Sequence(lambda n: f"SERVICE-{n}")


class OperatorFactory(Factory):
    """A GIP, which collects through a public accountant; `private=True` for an association."""

    class Meta:
        model = Operator

    class Params:
        private = factory.Trait(
            legal_kind=LegalKind.ASSOCIATION,
            issuer_kind=IssuerKind.PRIVATE,
            organisation__kind=OrganisationKind.ASSOCIATION,
        )

    organisation = factory.SubFactory(
        OrganisationFactory,
        kind=OrganisationKind.GIP,
        territory=None,
        name=factory.Sequence(lambda n: f"Mutualisation {n}"),
        vat_number=factory.LazyAttribute(lambda o: f"FR{(12 + 3 * (int(o.siren) % 97)) % 97:02d}{o.siren}"),
    )
    slug = factory.Sequence(lambda n: f"mutualisation-{n}")
    short_name = factory.Sequence(lambda n: f"Mutu {n}")
    legal_kind = LegalKind.GIP
    issuer_kind = IssuerKind.PUBLIC
    contact_email = "contact@mutualisation.example"
    contact_phone = "0299000000"
    iban = "FR7630001007941234567890185"
    bic = "BDFEFRPP"


class AdhesionFactory(Factory):
    class Meta:
        model = Adhesion

    operator = factory.SubFactory(OperatorFactory)
    organisation = factory.SubFactory(OrganisationFactory)
    since = IN_FORCE_FROM


class CollegeFactory(Factory):
    class Meta:
        model = College

    operator = factory.SubFactory(OperatorFactory)
    name = factory.Sequence(lambda n: f"Collège des communes {n}")


class UserFactory(Factory):
    class Meta:
        model = User

    issuer = ISSUER
    sub = factory.Sequence(lambda n: f"person-{n}")
    subject = factory.LazyAttribute(lambda o: f"{o.issuer} {o.sub}")
    email = factory.LazyAttribute(lambda o: f"{o.sub}@saint-essai.example")
    first_name = "Camille"
    last_name = factory.Sequence(lambda n: f"Essai {n}")
    password = "!"


class MembershipFactory(Factory):
    """A role of a person somewhere: `MembershipFactory(organisation=commune, role=Role.SIGNATORY).user`."""

    class Meta:
        model = Membership

    user = factory.SubFactory(UserFactory)
    organisation = factory.SubFactory(OrganisationFactory)
    role = Role.SECRETARY


class AuditEventFactory(Factory):
    class Meta:
        model = AuditEvent

    tenant = factory.SubFactory(OrganisationFactory)
    at = NOW
    what = "test.happened"
    sentence = "Quelque chose s’est passé."
    subject_id = "1"


class InvitationFactory(Factory):
    class Meta:
        model = Invitation

    tenant = factory.SubFactory(OrganisationFactory)
    email = factory.Sequence(lambda n: f"invitee-{n}@saint-essai.example")
    roles = factory.LazyFunction(lambda: [Role.SECRETARY])
    invited_by = factory.SubFactory(UserFactory)
    created_at = NOW
    expires_at = factory.LazyAttribute(lambda o: o.created_at + timedelta(days=14))


class KnownDomainFactory(Factory):
    class Meta:
        model = KnownDomain

    domain = factory.Sequence(lambda n: f"mairie-{n}.example")
    organisation = factory.SubFactory(OrganisationFactory)
    since = NOW


class JoinRequestFactory(Factory):
    """It waits, of somebody whose account gives the SIRET."""

    class Meta:
        model = JoinRequest

    tenant = factory.SubFactory(OrganisationFactory)
    person = factory.SubFactory(UserFactory)
    source = "siret"
    asked_at = NOW


class AssistanceFactory(Factory):
    class Meta:
        model = Assistance

    tenant = factory.SubFactory(OrganisationFactory)
    operator = factory.SubFactory(OperatorFactory)
    asked_by = "Le secrétariat, par téléphone"
    opened_by = factory.SubFactory(UserFactory)
    opened_at = NOW
    expires_at = factory.LazyAttribute(lambda o: o.opened_at + timedelta(days=30))


class LetterFactory(Factory):
    class Meta:
        model = Letter

    tenant = factory.SubFactory(OrganisationFactory)
    key = factory.Sequence(lambda n: f"test:{n}")
    to = "mairie@saint-essai.example"
    subject = "Un courriel"
    body = "Bonjour."
    created_at = NOW
    run_after = NOW


class MemberImportFactory(Factory):
    class Meta:
        model = MemberImport

    operator = factory.SubFactory(OperatorFactory)
    tenant = factory.SelfAttribute("operator.organisation")
    file = factory.LazyAttribute(lambda o: ContentFile(b"SIRET\n", name="membres.csv"))
    file_name = "membres.csv"
    sent_by = factory.SubFactory(UserFactory)
    sent_at = NOW


class MemberImportRowFactory(Factory):
    class Meta:
        model = MemberImportRow

    member_import = factory.SubFactory(MemberImportFactory)
    tenant = factory.SelfAttribute("member_import.tenant")
    line = factory.Sequence(lambda n: n + 2)
    raw = factory.LazyFunction(dict)
    verdict = "new"
