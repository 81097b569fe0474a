"""Messages and files on a request: written by three, read by nobody else, never shown as a page."""

from io import BytesIO
from uuid import uuid4
from zipfile import ZipFile

import pytest
from bs4 import BeautifulSoup
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, transaction
from django.urls import reverse
from PIL import Image

from subscriptions import message_letters
from subscriptions.attachments import ODT
from subscriptions.models import Message, Party
from tenants.models import Letter, Role
from tenants.tenancy import tenant_scope
from tenants.uploads import MAX_BYTES
from tests.factories import MessageFactory, SubscriptionFactory
from tests.factories.base import NOW
from tests.factories.subscriptions import PDF
from tests.tools import jobs
from tests.tools.database import as_worker
from tests.tools.signing_in import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked():
    return SubscriptionFactory()


@pytest.fixture
def doors(asked):
    """By party: a browser signed in there, and what begins the addresses of its pages."""
    vendor = asked.listing.vendor.organisation
    return {
        Party.MEMBER: (signed_in(asked.tenant, Role.SECRETARY), asked.tenant.siren),
        Party.OPERATOR: (signed_in(asked.operator.organisation, Role.CURATOR), asked.operator.slug),
        Party.VENDOR: (signed_in(vendor, Role.VENDOR_EDITOR), vendor.siren),
    }


def page_name(party: Party) -> str:
    return "member_subscription" if party == Party.MEMBER else f"{party}_request"


def write(doors, party, asked, **changes):
    client, door = doors[party]
    sent = {"public_id": str(uuid4()), "text": f"Bonjour, dit {party}.", **changes}
    return client.post(reverse(f"{party}_message", args=[door, asked.public_id]), sent, follow=True)


def odt(mimetype=ODT) -> bytes:
    out = BytesIO()
    with ZipFile(out, "w") as package:
        package.writestr("mimetype", mimetype)
        package.writestr("content.xml", "<x/>")
    return out.getvalue()


def picture(kind) -> bytes:
    out = BytesIO()
    Image.new("RGB", (4, 4)).save(out, kind)
    return out.getvalue()


def test_three_parties_read_what_each_writes(doors, asked):
    for party in Party:
        assert "Votre message est envoyé" in write(doors, party, asked).content.decode()
    for party, (client, door) in doors.items():
        page = client.get(reverse(page_name(party), args=[door, asked.public_id]))
        rows = page.context["message_block"]["rows"]
        assert [row["text"] for row in rows] == [f"Bonjour, dit {one}." for one in Party]
        assert asked.tenant.name in rows[0]["who"]


def test_a_double_click_is_one_message(doors, asked):
    again = {"public_id": str(uuid4())}
    write(doors, Party.MEMBER, asked, **again)
    write(doors, Party.MEMBER, asked, **again)
    with as_worker():
        assert Message.objects.count() == 1
    assert len(jobs.waiting()) == 1


def test_the_two_others_are_told_by_letter_once(doors, asked):
    write(doors, Party.VENDOR, asked)
    with as_worker():
        message = Message.objects.get()
        for _ in range(2):
            assert message_letters.write_letters(message_id=message.pk, now=NOW) == 2
        told = {letter.tenant_id for letter in Letter.objects.filter(key__startswith="message:")}
        bodies = "".join(Letter.objects.values_list("body", flat=True))
    assert told == {asked.tenant_id, asked.operator.organisation_id}
    assert "Bonjour, dit" not in bodies  # what is said of a request stays on its page


@pytest.mark.parametrize(
    ("content", "name", "media_type", "kept_as"),
    [
        (PDF, "Compte rendu.html", "application/pdf", "Compte_rendu.pdf"),
        (odt(), "projet.odt", ODT, "projet.odt"),
        (picture("PNG"), "écran.png", "image/png", "écran.png"),
        (picture("JPEG"), "../../photo", "image/jpeg", "photo.jpg"),
    ],
)
def test_a_file_is_kept_as_what_it_is_and_only_ever_saved(doors, asked, content, name, media_type, kept_as):
    write(doors, Party.MEMBER, asked, text="", file=SimpleUploadedFile(name, content))
    with as_worker():
        message = Message.objects.get()
    assert message.file_name == kept_as
    for party, (client, door) in doors.items():
        url = reverse(f"{party}_message_file", args=[door, asked.public_id, message.public_id])
        answer = client.get(url)
        assert answer.content == content
        assert answer["Content-Type"] == media_type
        assert answer["Content-Disposition"].startswith("attachment;")
        assert answer["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (b"<html><script>alert(1)</script>", "page.pdf", "ni un PDF"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "dessin.png", "ni un PDF"),
        (odt("application/zip"), "archive.odt", "ni un PDF"),
        (b"PK\x03\x04 broken", "archive.odt", "ni un PDF"),
        (picture("PNG")[:40], "coupée.png", "ni un PDF"),
        (picture("GIF"), "anim.png", "ni un PDF"),
        (b"", "vide.pdf", "vide"),
        (b"%PDF-" + bytes(MAX_BYTES), "lourd.pdf", "10 Mo"),
    ],
)
def test_another_file_is_refused_at_its_field_and_what_was_typed_is_kept(doors, asked, content, name, words):
    page = write(doors, Party.OPERATOR, asked, text="Voici.", file=SimpleUploadedFile(name, content))
    form = page.context["message_block"]["form"]
    assert words in form.errors["file"][0]
    assert form["text"].value() == "Voici."
    assert "<title>Erreur" in page.content.decode()
    with as_worker():
        assert not Message.objects.exists()


def test_a_file_chosen_with_a_mistake_is_to_be_chosen_again(doors, asked):
    file = SimpleUploadedFile("projet.pdf", PDF)
    page = write(doors, Party.MEMBER, asked, text="x" * 2001, file=file)
    assert "de nouveau" in page.context["message_block"]["form"].errors["file"][0]
    ids = [tag["id"] for tag in BeautifulSoup(page.content, "html.parser").select("[id]")]
    assert {"message_text", "message_file"} <= set(ids)
    assert len(ids) == len(set(ids))


def test_nothing_said_is_no_message(doors, asked):
    page = write(doors, Party.MEMBER, asked, text="  \n ")
    assert "Écrivez votre message" in page.context["message_block"]["form"].errors["text"][0]


def test_a_message_is_read_through_its_own_request_only(doors, asked):
    """The same vendor, the same operator: another member's file is not behind this member's request."""
    theirs = MessageFactory(subscription=SubscriptionFactory(listing=asked.listing))
    for party, (client, door) in doors.items():
        url = reverse(f"{party}_message_file", args=[door, asked.public_id, theirs.public_id])
        assert client.get(url).status_code == 404
    client, door = doors[Party.MEMBER]
    url = reverse("member_message_file", args=[door, theirs.subscription.public_id, theirs.public_id])
    assert client.get(url).status_code == 404


def test_a_message_never_changes(asked):
    message = MessageFactory(subscription=asked)
    with tenant_scope([asked.tenant_id]), pytest.raises(DatabaseError), transaction.atomic():
        Message.objects.filter(pk=message.pk).update(text="Autre chose.")
