"""The Factur-X files of many invoices in one ZIP: of a run, of a search, of a member's year."""

import csv
import hashlib
import io
import logging
from zipfile import ZIP_STORED, ZipFile

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.urls import reverse

from billing import archives
from billing.models import BillingRun, RunState
from tenants.models import Role
from tests.factories import (
    AdhesionFactory,
    BillingRunFactory,
    InvoiceFactory,
    InvoiceFileFactory,
    MembershipFactory,
    SettlementFactory,
)
from tests.factories.base import NOW
from tests.tools.database import as_worker
from tests.tools.queries import snapshot_queries

pytestmark = pytest.mark.django_db
PARTY = {"siret": "", "service_code": "", "kind": "commune"}


def issued(run, *, sequence, name="Commune d’Essai", content=None, **fields):
    """An issued invoice of a run, its file in the storage; no file where `content` is b""."""
    parties = {"buyer": {"name": name, **PARTY}, "seller": {"name": "Syndicat", **PARTY}}
    fields = {"number": f"F2026-{sequence:05d}", **parties} | fields
    invoice = InvoiceFactory(run=run, issued=True, sequence=sequence, **fields)
    AdhesionFactory(operator=run.operator, organisation=invoice.tenant)
    SettlementFactory(invoice=invoice)
    if content != b"":
        kept(invoice, content or f"%PDF {invoice.number}".encode())
    return invoice


def stored_at(invoice) -> str:
    return f"invoices/{invoice.public_id}.pdf"


def kept(invoice, content):
    path = default_storage.save(stored_at(invoice), ContentFile(content))
    digest = hashlib.sha256(content).hexdigest()
    return InvoiceFileFactory(invoice=invoice, path=path, sha256=digest, size=len(content))


def credit_note(invoice, **fields):
    parties = {"buyer": invoice.buyer, "seller": invoice.seller}
    note = InvoiceFactory(
        run=invoice.run, tenant=invoice.tenant, issued=True, type_code="381", corrects=invoice, series="A",
        sequence=1, number="A2026-00001", **parties, **fields,
    )  # fmt: skip
    SettlementFactory(invoice=note)
    return note


@pytest.fixture
def run():
    run = BillingRunFactory()
    with as_worker():
        BillingRun.objects.filter(pk=run.pk).update(
            state=RunState.ISSUED, approved_by_id=run.started_by_id, issued_at=run.started_at
        )
    return run


@pytest.fixture
def finance(run, client):
    client.force_login(
        MembershipFactory(organisation=run.operator.organisation, role=Role.OPERATOR_FINANCE).user
    )
    return client


def of_run(run, part=1):
    return reverse("operator_run_archive", args=[run.operator.slug, run.public_id, part])


def opened(answer):
    """The archive, and the rows of its manifest."""
    assert answer.status_code == 200
    assert answer.streaming
    assert answer["Content-Type"] == "application/zip"
    archive = ZipFile(io.BytesIO(answer.getvalue()))
    assert archive.testzip() is None
    text = archive.read(archives.MANIFEST).decode("utf-8-sig")
    return archive, list(csv.DictReader(io.StringIO(text), delimiter=";"))


def test_a_runs_files_come_by_number_with_its_credit_notes_and_a_manifest(run, finance):
    second = issued(run, sequence=2, name="Arzal")
    first = issued(run, sequence=1, name="=Zuydcoote")
    note = credit_note(first)
    kept(note, b"%PDF avoir")
    InvoiceFactory(run=run)
    year_before = {"period_start": "2025-01-01", "period_end": "2026-01-01"}
    issued(BillingRunFactory(operator=run.operator, **year_before), sequence=3)
    answer = finance.get(of_run(run))
    archive, rows = opened(answer)
    assert archive.namelist() == ["F2026-00001.pdf", "F2026-00002.pdf", "A2026-00001.pdf", "manifeste.csv"]
    assert archive.read("F2026-00002.pdf") == b"%PDF F2026-00002"
    assert archive.read("A2026-00001.pdf") == b"%PDF avoir"
    assert {one.compress_type for one in archive.infolist()} == {ZIP_STORED}
    # Sizes are told at the head of each file: not every reader opens one that tells them behind.
    assert not any(one.flag_bits & 0x08 for one in archive.infolist())
    assert rows[0] == {
        "Numéro": "F2026-00001",
        "Nature": "facture",
        "Émetteur": "Syndicat",
        "Destinataire": "'=Zuydcoote",
        "Date": f"{first.issue_date:%d/%m/%Y}",
        "Montant TTC": f"{first.gross_cents / 100:.2f}".replace(".", ","),
        "Fichier": "F2026-00001.pdf",
        "SHA-256": hashlib.sha256(b"%PDF F2026-00001").hexdigest(),
        "Taille (octets)": "16",
        "Remarque": "",
    }
    assert [row["Numéro"] for row in rows] == [first.number, second.number, note.number]
    assert rows[2]["Nature"] == "avoir"
    assert rows[2]["Montant TTC"].startswith("-")
    assert answer["Content-Disposition"].startswith("attachment;")


def test_what_cannot_be_handed_over_is_told_never_left_out(run, finance, caplog):
    issued(run, sequence=1, content=b"")
    changed, lost = issued(run, sequence=2), issued(run, sequence=3)
    issued(run, sequence=4)
    with default_storage.open(stored_at(changed), "wb") as stored:
        stored.write(b"%PDF F2026-0000X")
    default_storage.delete(stored_at(lost))
    with caplog.at_level(logging.ERROR, "billing.custody"):
        archive, rows = opened(finance.get(of_run(run)))
    assert archive.namelist() == ["F2026-00004.pdf", "manifeste.csv"]
    assert [(row["Fichier"], row["Remarque"]) for row in rows] == [
        ("", "Le fichier est en préparation : téléchargez-le plus tard."),
        ("", "Le fichier conservé ne correspond plus à son empreinte."),
        ("", "Le fichier n’a pas pu être lu dans le stockage."),
        ("F2026-00004.pdf", ""),
    ]
    assert [row["SHA-256"] != "" for row in rows] == [False, True, True, True]
    assert [record.levelname for record in caplog.records] == ["ERROR", "ERROR"]
    assert "Commune d’Essai" not in caplog.text


def test_many_come_in_parts_each_once(run, finance, monkeypatch):
    monkeypatch.setattr(archives, "PART_SIZE", 2)
    for sequence in range(1, 6):
        issued(run, sequence=sequence)
    page = finance.get(reverse("operator_run", args=[run.operator.slug, run.public_id]))
    downloads = page.context["downloads"]
    assert [one["label"] for one in downloads] == ["Factures 1 à 2", "Factures 3 à 4", "Factures 5 à 5"]
    assert f'href="{downloads[0]["url"]}"' in page.content.decode()
    numbers = [row["Numéro"] for one in downloads for row in opened(finance.get(one["url"]))[1]]
    assert numbers == [f"F2026-{sequence:05d}" for sequence in range(1, 6)]
    for part in (0, 4, 10**6, 10**30):
        assert finance.get(of_run(run, part)).status_code == 404


def test_a_search_downloads_what_it_shows(run, finance):
    issued(run, sequence=1, tenant__name="Arzal")
    wanted = issued(run, sequence=2, tenant__name="Zuydcoote")
    kept(credit_note(wanted), b"%PDF avoir")
    page = finance.get(reverse("operator_invoices", args=[run.operator.slug]), {"q": "zuyd"})
    (all_of_them,) = page.context["downloads"]
    assert all_of_them["label"] == "2 factures"
    assert opened(finance.get(all_of_them["url"]))[0].namelist()[:2] == ["F2026-00002.pdf", "A2026-00001.pdf"]
    notes = finance.get(reverse("operator_invoices", args=[run.operator.slug]), {"etat": "avoirs"})
    (notes_alone,) = notes.context["downloads"]
    assert opened(finance.get(notes_alone["url"]))[0].namelist()[0] == "A2026-00001.pdf"


def test_a_member_downloads_its_year_whoever_issued_it(run, client):
    mine = issued(run, sequence=1)
    other = BillingRunFactory()
    issued(other, sequence=1, tenant=mine.tenant)
    issued(other, sequence=2)
    issued(BillingRunFactory(), sequence=1, tenant=mine.tenant, year=2025, number="F2025-00001")
    client.force_login(MembershipFactory(organisation=mine.tenant, role=Role.SECRETARY).user)
    page = client.get(reverse("member_invoices", args=[mine.tenant.siren]))
    labels = {one["label"]: one["url"] for one in page.context["downloads"]}
    assert list(labels) == ["2026 : 2 factures", "2025 : 1 facture"]
    archive, rows = opened(client.get(labels["2026 : 2 factures"]))
    assert set(archive.namelist()) == {
        f"{run.operator.slug}/F2026-00001.pdf",
        f"{other.operator.slug}/F2026-00001.pdf",
        "manifeste.csv",
    }
    assert {row["Fichier"] for row in rows} == set(archive.namelist()) - {"manifeste.csv"}
    for year in (2024, 99999, 10**30):
        assert client.get(reverse("member_archive", args=[mine.tenant.siren, year, 1])).status_code == 404


def test_nobody_downloads_the_invoices_of_others(run, finance):
    mine = issued(run, sequence=1)
    foreign = issued(BillingRunFactory(), sequence=1)
    theirs = reverse("operator_run_archive", args=[foreign.operator.slug, foreign.run.public_id, 1])
    assert finance.get(theirs).status_code == 404
    through_mine = reverse("operator_run_archive", args=[run.operator.slug, foreign.run.public_id, 1])
    assert finance.get(through_mine).status_code == 404
    assert finance.get(reverse("member_archive", args=[mine.tenant.siren, 2026, 1])).status_code == 404
    finance.force_login(MembershipFactory(organisation=foreign.tenant, role=Role.SECRETARY).user)
    assert finance.get(reverse("member_archive", args=[mine.tenant.siren, 2026, 1])).status_code == 404
    assert finance.get(of_run(run)).status_code == 404


@pytest.mark.parametrize("count", [1, 6])
def test_queries_of_an_archive(count, run, finance, snapshot):
    for sequence in range(1, count + 1):
        issued(run, sequence=sequence)
    with snapshot_queries(snapshot(name="archive")):
        assert len(opened(finance.get(of_run(run)))[1]) == count


def test_one_file_is_held_at_a_time():
    asked = []

    def all_kept():
        for number in range(3):
            path = default_storage.save("invoices/flux.pdf", ContentFile(bytes(1000)))
            asked.append(number)
            yield archives.Kept(
                f"F{number}", "facture", "", "", NOW.date(), 0, f"F{number}.pdf", path,
                hashlib.sha256(bytes(1000)).hexdigest(), 1000, NOW,
            )  # fmt: skip

    chunks = []
    for chunk in archives.written(all_kept()):
        chunks.append(chunk)
        assert len(asked) == min(len(chunks), 3)
    assert len(chunks) == 4
    assert max(map(len, chunks)) < 1500
    assert ZipFile(io.BytesIO(b"".join(chunks))).testzip() is None
