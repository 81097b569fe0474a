"""The file of a choice: what it says, what it declares itself to be, made once and kept."""

import hashlib
import io

import pytest
from django.core.files.storage import default_storage
from lxml import etree
from pypdf import PdfReader

from catalog.models import Shortlist
from catalog.shortlists import choice_file, deciding, preparing
from catalog.shortlists.choice_page import page
from tests.catalog.shortlists.market import REASONS
from tests.factories import ListingFactory
from tests.factories.base import NOW
from tests.tools import jobs
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db
HOSTILE = "#let x = [*gras*] $ <b>é</b> \\ 🙂 " + "m" * 80


def text_of(pdf: bytes) -> str:
    """The words of all pages, every kind of space made one."""
    return " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages).split())


def xmp_of(pdf: bytes) -> dict[str, str]:
    packet = PdfReader(io.BytesIO(pdf)).trailer["/Root"]["/Metadata"].get_object().get_data()
    tree = etree.fromstring(packet[packet.index(b"?>") + 2 : packet.rindex(b"<?xpacket")])
    return {etree.QName(node).namespace + etree.QName(node).localname: node.text for node in tree.iter()}


def stored(shortlist) -> bytes:
    with default_storage.open(Shortlist.objects.get(pk=shortlist.pk).file.name) as file:
        return file.read()


def test_a_worker_makes_it_once_and_it_is_kept_with_its_hash(market):
    shortlist = market.decided()
    assert jobs.run_jobs() == ["catalog.tasks.make_choice_file"]
    kept = Shortlist.objects.get()
    assert kept.file.name == f"choices/{market.commune.pk}/{shortlist.public_id}.pdf"
    content = stored(shortlist)
    assert hashlib.sha256(content).hexdigest() == kept.sha256
    with as_worker():
        default_storage.delete(kept.file.name)
        choice_file.make_file(shortlist_id=shortlist.pk)  # done twice, it is done once
        assert not default_storage.exists(kept.file.name)


def test_a_worker_killed_after_the_storage_writes_the_same_file_again(market):
    shortlist = market.decided()
    with as_worker():
        half = choice_file.render(Shortlist.objects.get())
        default_storage.save(f"choices/{market.commune.pk}/{shortlist.public_id}.pdf", io.BytesIO(half))
        jobs.forget()
        choice_file.sweep(now=NOW)
        assert jobs.waiting() == []  # its job may still be on its way
        choice_file.sweep(now=NOW + 2 * choice_file.PATIENCE)
        choice_file.sweep(now=NOW + 2 * choice_file.PATIENCE)
    assert jobs.run_jobs() == ["catalog.tasks.make_choice_file"]
    assert stored(shortlist) == half


def test_what_the_council_looks_for_is_on_it(market):
    shortlist = market.decided(search="« cantine », Hébergement : au moins documenté")
    with as_worker():
        text = text_of(choice_file.render(shortlist))
    for expected in (
        market.commune.name,
        "Présélection et choix motivé",
        "Un logiciel de cantine",
        "Inscrire 60 enfants.",
        "Services proposés par Mutualisation",
        "860 habitants (population municipale 2022)",
        "« cantine », Hébergement : au moins documenté",
        "Cantine Une",
        "Service retenu",
        "309,60 € TTC",
        "258,00 € HT",
        "Licence : EUPL-1.2, documenté",
        "valable jusqu’au 31 décembre 2030",
        "la réponse au besoin",
        REASONS,
        "860 habitants",
        "Groupement de moyens, article 261 B du CGI",
        "Signature",
        "Ce document aide au choix ; il ne vaut pas décision d’attribution.",
        "Page 1 /",
    ):
        assert expected in text, expected
    assert "renouvelable" not in text  # an expired claim
    assert str(market.mayor) not in text  # names nobody


def test_it_is_an_archivable_and_accessible_pdf(market):
    with as_worker():
        pdf = choice_file.render(market.decided())
    xmp, reader = xmp_of(pdf), PdfReader(io.BytesIO(pdf))
    assert xmp["http://www.aiim.org/pdfa/ns/id/part"] == "3"
    assert xmp["http://www.aiim.org/pdfa/ns/id/conformance"] == "A"
    assert xmp["http://www.aiim.org/pdfua/ns/id/part"] == "1"
    assert reader.trailer["/Root"]["/Lang"].startswith("fr")
    assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"]
    assert reader.metadata.title == "Choix motivé\u00a0: Un logiciel de cantine"


def test_whatever_was_typed_is_only_text(market):
    shortlist = market.shortlist(title="Cantine #1 *", need=HOSTILE)
    preparing.note_item(
        shortlist=shortlist, listing=market.listings[0], note=HOSTILE, **market.by_secretary()
    )
    deciding.freeze(shortlist=shortlist, **market.by_secretary())
    deciding.decide(
        shortlist=shortlist,
        chosen=market.listings[1],
        criteria=["fit", "data"],
        reasons=HOSTILE + "\n\n" + HOSTILE,
        **market.by_secretary(),
    )
    with as_worker():
        text = text_of(choice_file.render(shortlist))
    assert "#let x = [*gras*] $ <b>é</b> \\" in text
    assert "L’environnement ne figure pas parmi les critères" in text


def test_ten_services_are_shown_four_at_most_side_by_side(market):
    shortlist = market.shortlist()
    more = [ListingFactory(operator=market.operator) for _ in range(7)]
    preparing.add_items(shortlist=shortlist, listings=more, **market.by_secretary())
    deciding.freeze(shortlist=shortlist, **market.by_secretary())
    decided = deciding.decide(
        shortlist=shortlist, chosen=None, criteria=["fit"], reasons=REASONS, **market.by_secretary()
    )
    with as_worker():
        tables = page(decided, list(decided.items.order_by("added_at", "pk")))["tables"]
        text = text_of(choice_file.render(decided))
    assert [len(table["heads"]) for table in tables] == [4, 3, 3]
    assert "Aucun service n’est retenu." in text
