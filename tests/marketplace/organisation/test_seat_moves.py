"""The pages of a head office that moves: one's own door, that of the operator."""

from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils.timezone import localdate

from tenants.models import Organisation, Role, SeatMove
from tests.factories import AdhesionFactory, OperatorFactory, OrganisationFactory, SeatMoveFactory
from tests.factories.tenants import second_siret, siren
from tests.tools.database import as_worker
from tests.tools.queries import snapshot_queries
from tests.tools.signing_in import signed_in

pytestmark = pytest.mark.django_db
PDF = b"%PDF-1.7\n%%EOF\n"


@pytest.fixture
def commune():
    return OrganisationFactory(name="Commune d’Évran")


@pytest.fixture
def operator(commune):
    operator = OperatorFactory(short_name="Brume")
    AdhesionFactory(operator=operator, organisation=commune)
    return operator


def typed(organisation, **changes) -> dict:
    return {
        "siret": second_siret(organisation.siren),
        "effective_on": localdate().isoformat(),
        "reason": "Déménagement de la mairie",
        "evidence": SimpleUploadedFile("avis.pdf", PDF),
    } | changes


def at(commune, operator, role) -> tuple:
    """The client of a person with that role, and the addresses she has: the form, where it comes back."""
    if operator is None:
        return (
            signed_in(commune, role),
            reverse("organisation_seat", args=[commune.siren]),
            reverse("organisation_home", args=[commune.siren]),
        )
    args = [operator.slug, commune.siren]
    return (
        signed_in(operator.organisation, role),
        reverse("operator_member_seat", args=args),
        reverse("operator_member", args=args),
    )


@pytest.mark.parametrize(
    ("by_operator", "role"),
    [(False, Role.SECRETARY), (False, Role.ORG_ADMIN), (True, Role.CURATOR), (True, Role.OPERATOR_ADMIN)],
)
def test_a_move_is_declared_and_told(commune, operator, by_operator, role):
    client, form, home = at(commune, operator if by_operator else None, role)
    assert form in client.get(home).content.decode()
    answer = client.post(form, typed(commune), follow=True)
    text = answer.content.decode()
    assert answer.redirect_chain[-1][0] == home
    for words in ("Les factures déjà émises ne changent pas", "ancien siège", "Déménagement de la mairie"):
        assert words in text, words
    assert Organisation.objects.get(pk=commune.pk).siret == second_siret(commune.siren)


def test_a_move_to_come_is_told_and_cancelled(commune, operator):
    client, form, _ = at(commune, operator, Role.CURATOR)
    day = localdate() + timedelta(days=20)
    text = client.post(form, typed(commune, effective_on=day.isoformat()), follow=True).content.decode()
    assert "il prendra effet" in text
    assert "siège à partir du" in text
    with as_worker():
        move = SeatMove.objects.get()
    cancel = reverse("operator_member_seat_cancel", args=[operator.slug, commune.siren, move.public_id])
    assert cancel in text
    assert "est annulé" in client.post(cancel, follow=True).content.decode()
    again = client.post(cancel, follow=True).content.decode()
    assert "Rechargez la page" in again
    assert Organisation.objects.get(pk=commune.pk).siret == commune.siret
    # Both read the history.
    own, _, own_home = at(commune, None, Role.AGENT)
    assert "Annulé" in own.get(own_home).content.decode()


def test_the_evidence_is_read_by_those_who_keep_it(commune, operator):
    move = SeatMoveFactory(tenant=commune, evidence=ContentFile(PDF, name="avis.pdf"))
    client, _, _ = at(commune, operator, Role.CURATOR)
    there = reverse("operator_member_seat_evidence", args=[operator.slug, commune.siren, move.public_id])
    answer = client.get(there)
    assert (answer.content, answer["Content-Type"]) == (PDF, "application/pdf")
    own = reverse("organisation_seat_evidence", args=[commune.siren, move.public_id])
    assert signed_in(commune, Role.SECRETARY).get(own).content == PDF
    assert signed_in(commune, Role.AGENT).get(own).status_code == 404


def test_another_s_move_and_another_s_member_are_not_found(commune, operator):
    foreign = SeatMoveFactory()
    client, _, _ = at(commune, operator, Role.CURATOR)
    for name in ("operator_member_seat_evidence", "operator_member_seat_cancel"):
        for siren_, move in ((commune.siren, foreign), (foreign.tenant.siren, foreign)):
            there = reverse(name, args=[operator.slug, siren_, move.public_id])
            assert client.get(there).status_code in (404, 405)
            assert client.post(there).status_code in (404, 405)
    stranger = reverse("operator_member_seat", args=[operator.slug, foreign.tenant.siren])
    assert client.post(stranger, typed(foreign.tenant)).status_code == 404
    with as_worker():
        assert SeatMove.objects.get().state == "planned"


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"siret": ""}, "siret", "Indiquez le nouveau SIRET"),
        ({"siret": "12345"}, "siret", "il en faut 14"),
        ({"siret": "2,17E+13"}, "siret", "tableur"),
        ({"siret": second_siret(siren(900_321))}, "siret", "transfert de contrat"),
        ({"effective_on": "31/02/2027"}, "effective_on", "n’existe pas"),
        ({"effective_on": "2062-01-01"}, "effective_on", "plus d’un an"),
        ({"effective_on": "0001-01-01"}, "effective_on", "plus d’un an"),
        ({"reason": ""}, "reason", "Indiquez le motif"),
        ({"reason": "m" * 501}, "reason", "trop long"),
        ({"reason": "un\x00deux"}, "reason", "nul"),
        ({"evidence": ""}, "evidence", "Joignez le justificatif"),
        ({"evidence": SimpleUploadedFile("a.pdf", b"")}, "evidence", "vide"),
        ({"evidence": SimpleUploadedFile("a.pdf", b"<html>")}, "evidence", "pas un PDF"),
    ],
)
def test_a_mistake_is_told_next_to_its_field_and_what_was_typed_is_kept(commune, changes, field, words):
    client, form, _ = at(commune, None, Role.SECRETARY)
    sent = typed(commune) | changes
    answer = client.post(form, sent)
    assert answer.status_code == 200
    errors = answer.context["form"].errors
    assert words in str(errors[field])
    assert set(errors) <= {field, "evidence"}  # a browser keeps no file
    for name in {"siret", "reason"} - {field}:
        assert answer.context["form"][name].value() == sent[name]
    with as_worker():
        assert not SeatMove.objects.exists()


def test_without_a_head_office_the_page_says_what_to_do():
    company = OrganisationFactory(company=True, seat=False)
    client, form, _ = at(company, None, Role.VENDOR_ADMIN)
    assert "Aucun siège connu" in client.get(form).content.decode()


def test_an_establishment_is_no_longer_made_the_head_office_in_passing(commune):
    client = signed_in(commune, Role.SECRETARY)
    there = reverse("organisation_establishment_new", args=[commune.siren])
    assert "is_seat" not in client.get(there).context["form"].fields
    client.post(there, {"siret": second_siret(commune.siren), "is_seat": "on"})
    assert Organisation.objects.get(pk=commune.pk).siret == commune.siret


def test_queries(commune, snapshot):
    for number in range(3):
        SeatMoveFactory(
            tenant=commune,
            effective_on=localdate() - timedelta(days=number),
            state="cancelled",
            settled_at="2026-10-01T09:00:00Z",
        )
    client, _, home = at(commune, None, Role.SECRETARY)
    with snapshot_queries(snapshot):
        assert client.get(home).status_code == 200
