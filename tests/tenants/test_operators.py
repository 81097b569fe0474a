"""Opening an operator and changing its settings."""

from datetime import date
from functools import partial

import pytest

from tenants.models import (
    AuditEvent,
    Invitation,
    Letter,
    Membership,
    Operator,
    Organisation,
    Role,
)
from tenants.models.operator import IssuerKind, LegalKind, VatRegime, WithdrawalRule
from tenants.models.organisation import OrganisationKind
from tenants.operators import operations
from tenants.operators.operations import Body
from tenants.operators.settings import SettingsInvalid
from tenants.operators.vat_positions import VatStatement, set_vat_position
from tenants.tenancy import tenant_scope
from tests.factories import (
    MembershipFactory,
    OperatorFactory,
    OrganisationFactory,
    UserFactory,
)
from tests.factories.base import NOW
from tests.factories.tenants import siren, siret
from tests.tools.database import as_worker
from tests.tools.threads import at_once

pytestmark = pytest.mark.django_db

SIREN = siren(4_000_000)
SETTINGS = {
    "short_name": "Syndicat d’Essai",
    "legal_kind": LegalKind.SYNDICAT_MIXTE,
    "issuer_kind": IssuerKind.PUBLIC,
    "population_kind": "totale",
    "withdrawal_months": 6,
    "withdrawal_rule": WithdrawalRule.YEAR_END,
    "hostname": "",
    "accent": "#1f5a4c",
    "contact_name": "Le secrétariat",
    "contact_email": "aide@essai.example",
    "contact_phone": "02 99 00 00 00",
    "iban": "",
    "bic": "",
    "payment_days": 30,
}


@pytest.fixture
def staff():
    return UserFactory(is_staff=True)


def open_one(staff, *, settings=None, **changes) -> Operator:
    arguments = {
        "body": Body(
            siret=siret(SIREN),
            name="Syndicat mixte d’Essai",
            address="1 rue",
            postcode="35000",
            city="Rennes",
        ),
        "slug": "syndicat-essai",
        "settings": SETTINGS | (settings or {}),
        "vat": None,
        "college_names": [],
        "administrator": "Directrice@essai.example",
        "by": staff,
        "now": NOW,
    }
    return operations.open_operator(**arguments | changes)


def refused(staff, **changes) -> dict[str, str]:
    with pytest.raises(SettingsInvalid) as refusal:
        open_one(staff, **changes)
    assert not Operator.objects.filter(slug="syndicat-essai").exists()
    return refusal.value.errors


def events(organisation) -> list[AuditEvent]:
    with as_worker():
        return list(AuditEvent.objects.filter(tenant=organisation).order_by("pk"))


def test_everything_is_made_at_once(staff):
    vat = VatStatement(regime=VatRegime.OUT_OF_SCOPE, since=date(2024, 1, 1), source="Courrier du 12/03/2024")
    operator = open_one(staff, vat=vat, college_names=["Communes", "Intercommunalités"])
    organisation = Organisation.objects.get(siren=SIREN)
    assert operator.organisation == organisation
    assert (organisation.kind, organisation.siret) == (OrganisationKind.SYNDICAT, siret(SIREN))
    assert operator.contact_phone == "0299000000"
    assert operator.vat_on(date(2026, 1, 1)).regime == VatRegime.OUT_OF_SCOPE
    assert operator.vat_on(date(2023, 12, 31)) is None
    assert [college.name for college in operator.colleges.order_by("name")] == [
        "Communes",
        "Intercommunalités",
    ]
    with as_worker():
        invitation = Invitation.objects.get(tenant=organisation)
        assert Letter.objects.filter(tenant=organisation).count() == 1
    assert (invitation.email.lower(), invitation.roles) == ("directrice@essai.example", [Role.OPERATOR_ADMIN])
    told = [event.what for event in events(organisation)]
    assert "operator.opened" in told
    assert "operator.vat_position_added" in told
    assert told.count("operator.college_added") == 2


def test_its_storefront_is_there(staff):
    operator = open_one(staff, settings={"hostname": "Services.Essai.Example"})
    page = operator.storefront_page
    assert page.live
    assert (page.title, page.slug) == ("Syndicat d’Essai", "syndicat-essai")
    assert page.sites_rooted_here.get().hostname == "services.essai.example"


def test_an_organisation_halle_knows_is_found_by_its_siren(staff):
    known = OrganisationFactory(siren=SIREN, name="Nom connu", kind=OrganisationKind.SYNDICAT, territory=None)
    operator = open_one(staff, body=Body(siret=siret(SIREN)))
    assert operator.organisation == known
    assert operator.organisation.name == "Nom connu"


def test_an_organisation_without_a_seat_gets_it(staff):
    known = OrganisationFactory(siren=SIREN, seat=False, territory=None, kind=OrganisationKind.GIP)
    open_one(staff)
    assert Organisation.objects.get(pk=known.pk).siret == siret(SIREN)


def test_another_seat_is_never_replaced_in_passing(staff):
    OrganisationFactory(siren=SIREN, territory=None, kind=OrganisationKind.GIP, seat__siret=f"{SIREN}00026")
    assert "Le siège connu" in refused(staff)["siret"]


def test_an_unknown_organisation_needs_its_name(staff):
    assert "donnez le nom officiel" in refused(staff, body=Body(siret=siret(SIREN)))["name"]
    assert not Organisation.objects.filter(siren=SIREN).exists()


def test_an_operator_is_opened_once(staff):
    open_one(staff)
    with pytest.raises(SettingsInvalid) as refusal:
        open_one(staff, slug="autre")
    assert refusal.value.errors == {"siret": "Syndicat mixte d’Essai est déjà opérateur."}


def test_a_closed_organisation_opens_nothing(staff):
    OrganisationFactory(siren=SIREN, territory=None, closed_on=date(2025, 1, 1))
    assert "n’existe plus" in refused(staff)["siret"]


def test_every_mistake_is_told_at_once(staff):
    errors = refused(
        staff,
        slug="admin",
        body=Body(siret="123"),
        administrator="personne",
        settings={"accent": "#ffff00", "hostname": "https://x.fr", "iban": "FR76", "payment_days": 45},
    )
    assert set(errors) == {"slug", "siret", "administrator", "accent", "hostname", "iban", "payment_days"}


def test_one_wrong_college_leaves_nothing_behind(staff):
    errors = refused(staff, college_names=["Communes", "Communes"])
    assert errors == {"colleges": "« Communes » : Un collège porte déjà ce nom."}
    assert not Organisation.objects.filter(siren=SIREN).exists()


def test_a_vat_position_is_whole_or_absent(staff):
    assert set(refused(staff, vat=VatStatement(regime="", since=None, source=""))) == {
        "regime", "since", "source",
    }  # fmt: skip


@pytest.mark.parametrize("field", ["slug", "hostname"])
def test_what_is_taken_is_told_without_saying_by_whom(field, staff):
    other = OperatorFactory(slug="syndicat-essai-2", hostname="pris.example", short_name="Concurrent secret")
    errors = (
        refused(staff, slug=other.slug)
        if field == "slug"
        else refused(staff, settings={"hostname": "pris.example"})
    )
    assert list(errors) == [field]
    assert "déjà" in errors[field]
    assert other.short_name not in errors[field]


def test_somebody_who_works_there_already_gets_the_role_at_once(staff):
    known = OrganisationFactory(siren=SIREN, territory=None, kind=OrganisationKind.SYNDICAT)
    person = MembershipFactory(
        organisation=known, role=Role.SECRETARY, user__email="directrice@essai.example"
    ).user
    open_one(staff)
    held = Membership.objects.in_force().filter(user=person, organisation=known)
    assert set(held.values_list("role", flat=True)) == {Role.SECRETARY, Role.OPERATOR_ADMIN}
    with as_worker():
        assert not Invitation.objects.filter(tenant=known).exists()


def test_only_an_association_collects_itself(staff):
    errors = refused(staff, settings={"issuer_kind": IssuerKind.PRIVATE})
    assert "Seule une association" in errors["issuer_kind"]
    operator = open_one(
        staff, settings={"issuer_kind": IssuerKind.PRIVATE, "legal_kind": LegalKind.ASSOCIATION}
    )
    assert operator.organisation.kind == OrganisationKind.ASSOCIATION


def change(operator, by, **changes) -> Operator:
    with tenant_scope([operator.organisation_id]):
        return operations.change_settings(operator=operator, changes=changes, by=by, now=NOW)


def not_changed(operator, by, **changes) -> dict[str, str]:
    with pytest.raises(SettingsInvalid) as refusal:
        change(operator, by, **changes)
    return refusal.value.errors


def test_a_change_is_told_with_before_and_after(staff):
    operator = OperatorFactory()
    change(operator, staff, accent="#8A3324", payment_days=20, short_name=operator.short_name)
    fresh = Operator.objects.get(pk=operator.pk)
    assert (fresh.accent, fresh.payment_days) == ("#8a3324", 20)
    (event,) = events(operator.organisation)
    assert event.changes == {"accent": ["#1f5a4c", "#8a3324"], "payment_days": [30, 20]}
    assert event.actor == staff
    assert str(event).endswith("couleur, délai de paiement (jours).")


def test_the_log_never_holds_a_contact(staff):
    operator = OperatorFactory(contact_name="")
    change(operator, staff, contact_name="Jeanne Essai", contact_email="jeanne@essai.example")
    (event,) = events(operator.organisation)
    assert event.changes == {"contact_name": ["", "•••"], "contact_email": ["•••", "•••"]}
    assert "eanne" not in event.sentence


def test_the_same_settings_again_write_nothing(staff):
    operator = OperatorFactory()
    change(operator, staff, accent=operator.accent, iban=operator.iban)
    assert events(operator.organisation) == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("short_name", "  "), ("short_name", "a" * 61), ("contact_email", "x@"),
        ("contact_phone", "0299 poste 12"),
        ("iban", "FR7630001007941234567890186"), ("iban", ""), ("bic", "BDF"), ("payment_days", 0),
        ("payment_days", 31), ("withdrawal_months", 61), ("withdrawal_months", -1), ("accent", "#ffffff"),
        ("legal_kind", "royaume"), ("population_kind", ""), ("hostname", "localhost"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_refused_on_its_field(field, value, staff):
    operator = OperatorFactory()
    assert list(not_changed(operator, staff, **{field: value})) == [field]
    assert events(operator.organisation) == []


def test_numbers_are_read_as_people_write_them(staff):
    operator = OperatorFactory()
    change(
        operator, staff,
        iban="fr76 3000 1007 9412 3456 7890 185", bic="bdfefrppcct", contact_phone="+33 (0)2.99-00 00 01",
    )  # fmt: skip
    fresh = Operator.objects.get(pk=operator.pk)
    assert (fresh.iban, fresh.bic, fresh.contact_phone) == (
        "FR7630001007941234567890185", "BDFEFRPPCCT", "+33299000001",
    )  # fmt: skip


def test_an_association_that_becomes_a_syndicat_no_longer_collects_itself(staff):
    operator = OperatorFactory(private=True)
    assert list(not_changed(operator, staff, legal_kind=LegalKind.GIP)) == ["issuer_kind"]
    change(operator, staff, legal_kind=LegalKind.GIP, issuer_kind=IssuerKind.PUBLIC)


def test_the_wagtail_site_follows_the_hostname(staff):
    operator = open_one(staff)
    page = operator.storefront_page
    for hostname in ("un.example", "deux.example", ""):
        change(operator, staff, hostname=hostname)
        assert [site.hostname for site in page.sites_rooted_here.all()] == ([hostname] if hostname else [])


def test_a_vat_position_is_added_even_in_the_past(staff):
    operator = OperatorFactory()
    with tenant_scope([operator.organisation_id]):
        for since, regime in (
            (date(2025, 1, 1), VatRegime.FRANCHISE),
            (date(2024, 1, 1), VatRegime.STANDARD),
        ):
            statement = VatStatement(regime=regime, since=since, source="Courrier")
            set_vat_position(operator=operator, statement=statement, by=staff, now=NOW)
    assert operator.vat_on(date(2024, 6, 1)).regime == VatRegime.STANDARD
    assert operator.vat_on(date(2025, 6, 1)).regime == VatRegime.FRANCHISE
    assert [event.changes for event in events(operator.organisation)] == [
        {"regime": [None, "franchise"]},
        {"regime": [None, "standard"]},
    ]


@pytest.mark.parametrize("since", [date(2025, 1, 1), date(25, 1, 1), date(2206, 1, 1)])
def test_a_vat_position_of_the_same_day_or_another_age_is_refused(since, staff):
    operator = OperatorFactory()
    first = VatStatement(regime=VatRegime.EXEMPT, since=date(2025, 1, 1), source="Courrier")
    again = VatStatement(regime=VatRegime.STANDARD, since=since, source="Autre")
    with tenant_scope([operator.organisation_id]):
        set_vat_position(operator=operator, statement=first, by=staff, now=NOW)
        with pytest.raises(SettingsInvalid) as refusal:
            set_vat_position(operator=operator, statement=again, by=staff, now=NOW)
    assert list(refusal.value.errors) == ["since"]
    assert [position.regime for position in operator.vat_positions.all()] == [VatRegime.EXEMPT]


@pytest.mark.django_db(transaction=True)
def test_two_people_open_the_same_operator_at_once():
    staff = UserFactory(is_staff=True)
    outcomes = at_once(*(partial(open_one, staff, slug=slug) for slug in ("syndicat-un", "syndicat-deux")))
    (refusal,) = [outcome for outcome in outcomes if isinstance(outcome, SettingsInvalid)]
    assert list(refusal.errors) == ["siret"]
    assert Operator.objects.count() == 1
