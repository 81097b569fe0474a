"""Importing members: the form, each bad file, the report, the two buttons, the files to download."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from tenants.member_imports.rows import COLUMNS, read_members
from tenants.models import Adhesion, ImportState, MemberImport, Role
from tenants.spreadsheets.reading import MAX_BYTES
from tests.factories import (
    AdhesionFactory,
    CollegeFactory,
    MemberImportFactory,
    MemberImportRowFactory,
    OperatorFactory,
    OrganisationFactory,
    TerritoryFactory,
)
from tests.factories.base import NOW
from tests.factories.tenants import siret
from tests.tools import jobs
from tests.tools.database import as_worker
from tests.tools.queries import snapshot_queries

pytestmark = pytest.mark.django_db

HEADER = "SIRET;Nom;Collège;Date d’adhésion\r\n"


def url(name, operator, *args):
    return reverse(name, args=[operator.slug, *args])


@pytest.fixture
def curator(operator, sign_in):
    return sign_in(Role.CURATOR, operator)


def post(client, operator, content: str | bytes, **options):
    data = content if isinstance(content, bytes) else content.encode()
    file = SimpleUploadedFile("nos-membres.csv", data, content_type="text/csv")
    return client.post(url("operator_member_imports", operator), {"file": file}, **options)


def last() -> MemberImport:
    with as_worker():
        return MemberImport.objects.select_related("operator").latest("pk")


def text(answer) -> str:
    return answer.content.decode().replace("\u00a0", " ").replace("\u202f", " ")


def page_of(client, found: MemberImport, **query) -> str:
    return text(client.get(url("operator_member_import", found.operator, found.public_id), query))


def read_file(client, operator, content: str | bytes) -> MemberImport:
    post(client, operator, content)
    jobs.run_jobs()
    return last()


def test_from_the_file_to_the_adhesions(operator, curator):
    CollegeFactory(operator=operator, name="Communes")
    commune = TerritoryFactory(name="Le Chambon")
    known = AdhesionFactory(operator=operator)
    content = (
        f"{HEADER}{siret(commune.siren)};;communes;01/01/2026\r\n"
        f"{known.organisation.siret};;Communes;01/01/2025\r\n12;;;01/01/2026\r\n"
    )
    answer = post(curator, operator, content)
    found = last()
    assert answer.url == url("operator_member_import", operator, found.public_id)
    waiting = page_of(curator, found)
    assert "Vous pouvez quitter cette page" in waiting
    assert 'hx-trigger="every 2s"' in waiting
    assert jobs.run_jobs() == ["tenants.tasks.read_import"]
    report = page_of(curator, found)
    for words in (
        "nos-membres.csv",
        "Commune du Chambon",
        "Adhère à partir du 1er janvier 2026, collège « Communes ».",
        "Halle ne connaissait pas encore cette organisation",
        "Collège : rien",
        "Ce SIRET compte 2 chiffres",
        "UTF-8",
        "Point-virgule",
        "1 organisation devient adhérente",
        "Importer 2 lignes",
        "1 ligne écartée",
    ):
        assert words in report, words
    answer = curator.post(url("operator_member_import_confirm", operator, found.public_id), follow=True)
    assert "L’import est confirmé" in text(answer)
    assert "0 sur 2 lignes" in text(answer)
    assert jobs.run_jobs() == ["tenants.tasks.apply_import"]
    assert "L’import est terminé" in page_of(curator, found)
    assert Adhesion.objects.filter(operator=operator, college__name="Communes").count() == 2


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"PK\x03\x04 xl/workbook", "Ce fichier est un classeur Excel, pas un fichier CSV."),
        (b"\x00\x01\x02\x03", "n’est pas un fichier texte"),
        ("Ã©".encode("cp1252") + "SIRET;é".encode("cp1252"), "mélange deux codages"),
        ("Commune;Habitants\r\nParis;2\r\n", "La première ligne doit porter les noms des colonnes"),
        ("SIRET;Nom\r\n1;Paris\r\n", "Il manque la colonne « Date d’adhésion »"),
        ("Nom;Date d’adhésion\r\nParis;01/01/2026\r\n", "Il manque la colonne « SIRET » (ou « SIREN »)"),
        ("SIRET;SIRET;Date d’adhésion\r\n1;2;3\r\n", "figure 2 fois"),
        (HEADER, "aucune ligne à lire"),
        (f'{HEADER}"1;;;\r\n', "un guillemet"),
    ],
)
def test_a_whole_file_that_is_refused(operator, curator, content, words):
    found = read_file(curator, operator, content)
    assert found.state == ImportState.REFUSED
    page = page_of(curator, found)
    assert words in page
    assert "Rien n’a été enregistré" in page
    assert "Envoyer un autre fichier" in page
    assert "Fichier refusé" in text(curator.get(url("operator_member_imports", operator)))


@pytest.mark.parametrize(
    ("encoding", "separator", "words"),
    [
        ("cp1252", ",", ("Windows-1252", "Virgule")),
        ("utf-16", "\t", ("UTF-16", "Tabulation")),
        ("utf-8-sig", "|", ("UTF-8", "Barre verticale")),
    ],
)
def test_other_encodings_and_separators_are_read_and_said(operator, curator, encoding, separator, words):
    commune = TerritoryFactory(name="Évry-sur-Test")
    rows = [["SIREN", "Date d’adhésion", "Téléphone"], [commune.siren, "01/01/2026", "01"]]
    found = read_file(curator, operator, "\r\n".join(separator.join(row) for row in rows).encode(encoding))
    page = page_of(curator, found)
    for one in (*words, "Commune d’Évry-sur-Test", "Téléphone"):
        assert one in page


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("73282932000075", "la clé de contrôle ne correspond pas"),
        ("73282932000", "Ce SIRET compte 11 chiffres, il en faut 14"),
        ("7,3283E+13", "Un tableur a transformé ce SIRET en nombre arrondi"),
        ("", "Indiquez le SIRET ou le SIREN"),
        ("ABC", "ne contient que des chiffres"),
    ],
)
def test_each_bad_siret_is_rejected_with_what_to_do(operator, curator, cell, words):
    found = read_file(curator, operator, f"{HEADER}{cell};;;01/01/2026\r\n")
    page = page_of(curator, found, etat="ecartees")
    assert words in page
    assert "Rien à importer" in page
    assert ("Des numéros ont été abîmés par un tableur" in page) == ("tableur" in words)


def test_a_siret_with_spaces_is_read(operator, curator):
    commune = TerritoryFactory(name="Le Chambon")
    number = siret(commune.siren)
    spaced = f"{number[:3]} {number[3:6]}\u00a0{number[6:9]} {number[9:]}"
    found = read_file(curator, operator, f"{HEADER}{spaced};;;01/01/2026\r\n")
    assert "Commune du Chambon" in page_of(curator, found)


def test_no_file_an_empty_one_and_one_too_large(operator, curator):
    page = text(curator.post(url("operator_member_imports", operator)))
    assert "Choisissez le fichier CSV de vos adhérents." in page
    assert "<title>Erreur : " in page
    assert "Ce fichier est vide." in text(post(curator, operator, b""))
    assert "dépasse 5 Mo" in text(post(curator, operator, b"x" * (MAX_BYTES + 1)))
    with as_worker():
        assert not MemberImport.objects.exists()


def test_a_second_upload_leads_to_the_one_under_way(operator, curator):
    first = MemberImportFactory(operator=operator, state="ready", file_name="premier.csv")
    listed = text(curator.get(url("operator_member_imports", operator)))
    assert "Un import est en cours" in listed
    assert 'type="file"' not in listed
    answer = post(curator, operator, HEADER, follow=True)
    assert answer.redirect_chain == [(url("operator_member_import", operator, first.public_id), 302)]
    assert "Un import est déjà en cours." in text(answer)


def test_progress_tells_the_truth_and_stops_asking(operator, curator):
    found = MemberImportFactory(operator=operator, state="reading")
    address = url("operator_member_import_progress", operator, found.public_id)
    assert "<progress" not in text(curator.get(address))  # nothing is known yet
    with as_worker():
        MemberImport.objects.update(total_rows=3000, done_rows=1500)
    page = text(curator.get(address))
    assert "1 500 sur 3 000 lignes" in page
    assert 'value="1500" max="3000"' in page
    assert "every 2s" in page
    with as_worker():
        MemberImport.objects.update(state="ready")
    page = text(curator.get(address))
    assert "every 2s" not in page
    assert "Voir le rapport" in page


def test_abandoning(operator, curator):
    found = MemberImportFactory(operator=operator, state="ready")
    address = url("operator_member_import_abandon", operator, found.public_id)
    assert "rien n’a été enregistré" in text(curator.post(address, follow=True))
    assert "Cet import a été abandonné" in page_of(curator, last())
    assert "Impossible : cet import est « abandonné »." in text(curator.post(address, follow=True))


def test_nothing_to_confirm(operator, curator):
    found = MemberImportFactory(operator=operator, state="ready")
    answer = curator.post(url("operator_member_import_confirm", operator, found.public_id), follow=True)
    assert "Aucune ligne de ce fichier ne change quoi que ce soit." in text(answer)
    assert last().state == ImportState.READY


def test_what_a_person_of_the_house_wrote_is_shown_as_text(operator, curator):
    found = read_file(curator, operator, f"{HEADER}732829320;<script>alert(1)</script>;;01/01/2026\r\n")
    assert "<script>alert" not in page_of(curator, found)


def test_the_rejected_rows_as_a_file_that_can_be_sent_again(operator, curator):
    commune = TerritoryFactory()
    found = read_file(curator, operator, f"{HEADER}{siret(commune.siren)};=1+1;;31/06/2026\r\n")
    answer = curator.get(url("operator_member_import_rejected", operator, found.public_id))
    assert answer["Content-Disposition"].startswith('attachment; filename="lignes-ecartees-')
    content = answer.content
    assert "motif" in content.decode("utf-8-sig").splitlines()[0]
    assert "'=1+1" in content.decode("utf-8-sig")
    again = read_members(content.replace(b"31/06", b"30/06"), today=NOW.date())
    assert len(again.members) == 1


def test_the_model_file_has_every_column_and_an_example_that_is_not_read(operator, curator):
    content = curator.get(url("operator_member_import_template", operator)).content
    header, example = content.decode("utf-8-sig").splitlines()
    assert header.split(";") == [column.label for column in COLUMNS]
    assert example.startswith("# ")
    filled = content + f"{siret('732829320')};;;;;01/09/2026;;;;;\r\n".encode()
    found = read_members(filled, today=NOW.date())
    assert (len(found.members), found.rejected) == (1, ())


def test_an_auditor_reads_all_and_can_press_nothing(operator, sign_in):
    found = MemberImportFactory(operator=operator, state="ready")
    MemberImportRowFactory(
        member_import=found, verdict="rejected", problems=["Le SIRET est faux."], raw=["12"]
    )
    auditor = sign_in(Role.AUDITOR, operator)
    for page in (text(auditor.get(url("operator_member_imports", operator))), page_of(auditor, found)):
        assert f"/operateurs/{operator.slug}/adherents/import/" in page
        assert 'type="file"' not in page
        assert "Abandonner" not in page
    assert "attend l’accord de l’opérateur" in page
    with as_worker():
        MemberImport.objects.update(state="reading")
    assert "Abandonner" not in page_of(auditor, found)


def test_finance_does_not_import(operator, sign_in):
    finance = sign_in(Role.OPERATOR_FINANCE, operator)
    assert finance.get(url("operator_member_imports", operator)).status_code == 404


def test_an_import_of_another_operator_is_nobody_s(operator, curator):
    foreign = MemberImportFactory(operator=OperatorFactory(), state="ready")
    assert curator.get(url("operator_member_import", operator, foreign.public_id)).status_code == 404
    assert foreign.file_name not in text(curator.get(url("operator_member_imports", operator)))


@pytest.fixture
def large_report(operator) -> MemberImport:
    found = MemberImportFactory(operator=operator, state="ready", total_rows=130, done_rows=130)
    MemberImportRowFactory.create_batch(
        70, member_import=found, verdict="rejected", problems=["Non."], raw=["1"]
    )
    member = {"siret": "", "siren": "732829320", "since": "2026-01-01", "college": ""}
    data = {"member": member, "name": "Essai", "new_organisation": False, "changes": {}}
    MemberImportRowFactory.create_batch(60, member_import=found, verdict="new", data=data)
    return found


def test_the_report_is_leafed_through_by_verdict(large_report, curator):
    rejected = page_of(curator, large_report, etat="ecartees", page="2")
    assert "Page 2 sur 2" in rejected
    assert rejected.count("<div>Non.</div>") == 20
    assert "Écartées (70)" in rejected
    assert "Toutes (130)" in rejected
    assert "?etat=ecartees&amp;page=1" in rejected
    everything = page_of(curator, large_report, etat="autre", page="zz")
    assert "Page 1 sur 3" in everything
    assert "Aucune ligne de cette sorte" in page_of(curator, large_report, etat="deja-a-jour")


def test_queries_of_the_report(operator, large_report, curator, snapshot):
    address = url("operator_member_import", operator, large_report.public_id)
    with snapshot_queries(snapshot(name="report")):
        curator.get(address)


def test_queries_of_the_list(operator, curator, snapshot):
    for state in ("done", "refused", "abandoned"):
        MemberImportFactory(operator=operator, state=state)
    with snapshot_queries(snapshot(name="list")):
        curator.get(url("operator_member_imports", operator))


def test_the_list_of_members_leads_to_the_imports(operator, curator):
    OrganisationFactory()
    listed = text(curator.get(url("operator_members", operator)))
    assert f'href="{url("operator_member_imports", operator)}"' in listed
