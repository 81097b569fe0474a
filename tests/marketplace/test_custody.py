"""The chain of custody of an invoice's file, told to both sides, and checked again when either asks."""

import hashlib

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.urls import reverse
from freezegun import freeze_time

from tenants.models import AuditEvent, Role
from tests.factories import InvoiceFileFactory, MembershipFactory, issued_invoice
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db
CONTENT = b"%PDF facture"


@pytest.fixture
def invoice():
    return issued_invoice()


@pytest.fixture
def file(invoice):
    path = default_storage.save(f"invoices/{invoice.public_id}.pdf", ContentFile(CONTENT))
    digest = hashlib.sha256(CONTENT).hexdigest()
    return InvoiceFileFactory(invoice=invoice, path=path, sha256=digest, size=12345)


def of_operator(invoice, client, name="operator_invoice"):
    organisation = invoice.operator.organisation
    client.force_login(MembershipFactory(organisation=organisation, role=Role.OPERATOR_FINANCE).user)
    return reverse(name, args=[invoice.operator.slug, invoice.public_id])


def of_member(invoice, client, name="member_invoice"):
    client.force_login(MembershipFactory(organisation=invoice.tenant, role=Role.FINANCE).user)
    return reverse(name, args=[invoice.tenant.siren, invoice.public_id])


SIDES = pytest.mark.parametrize(
    ("side", "check"),
    [(of_operator, "operator_invoice_check"), (of_member, "member_invoice_check")],
    ids=["operator", "member"],
)


def checks(invoice):
    with as_worker():
        return list(
            AuditEvent.objects.filter(what="invoice.file_checked", tenant=invoice.tenant).order_by("pk")
        )


def text_of(page):
    return page.content.decode().replace("\u00a0", " ").replace("\u202f", " ")


@SIDES
def test_both_sides_read_what_is_recorded_of_the_file(invoice, file, client, side, check):
    text = text_of(client.get(side(invoice, client)))
    for words in (
        file.sha256,
        "12 345 octets",
        "Fichier fait le",
        "la base de données refuse qu’elle change",
        "aucune à ce jour",
        "Vérifier le fichier",
    ):
        assert words in text, words
    assert "verrou" not in text


@SIDES
@freeze_time("2026-11-28 13:32")
def test_a_sound_file_is_said_so_with_the_time_and_the_log_keeps_it(invoice, file, client, side, check):
    address = side(invoice, client, check)
    text = text_of(client.post(address, follow=True))
    assert "Fichier relu le 28 novembre 2026 à 14 h 32 : il correspond à son empreinte" in text
    assert "aucune à ce jour" not in text
    (event,) = checks(invoice)
    assert event.actor_id is not None
    said = f"{{actor}} a vérifié le fichier de {invoice.number}. Le fichier correspond à son empreinte."
    assert event.sentence == said
    assert event.details == {"sha256": file.sha256, "problem": "", "locked_until": None}


@SIDES
def test_a_file_tampered_with_is_said_then_and_after(invoice, file, client, side, check, caplog):
    with default_storage.open(file.path, "wb") as stored:
        stored.write(b"%PDF autre  ")
    text = text_of(client.post(side(invoice, client, check), follow=True))
    assert text.count("Le fichier conservé ne correspond plus à son empreinte.") == 2
    assert [event.details["problem"] != "" for event in checks(invoice)] == [True]
    assert file.path in caplog.text
    default_storage.delete(file.path)
    text = text_of(client.post(side(invoice, client, check), follow=True))
    assert text.count("Le fichier n’a pas pu être lu dans le stockage.") == 2
    assert "ne correspond plus" not in text


@SIDES
def test_nothing_is_checked_before_the_file_is_made(invoice, client, side, check):
    address = side(invoice, client, check)
    assert "rien à vérifier" in text_of(client.post(address, follow=True))
    assert checks(invoice) == []
    assert client.get(address).status_code == 405


def test_an_auditor_reads_and_checks_nothing(invoice, file, client):
    organisation = invoice.operator.organisation
    client.force_login(MembershipFactory(organisation=organisation, role=Role.AUDITOR).user)
    page = client.get(reverse("operator_invoice", args=[invoice.operator.slug, invoice.public_id]))
    assert file.sha256 in page.content.decode()
    assert "Vérifier le fichier" not in page.content.decode()
