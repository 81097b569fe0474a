"""What a member spent, as she reads it."""

from datetime import date
from decimal import Decimal
from io import BytesIO

from freezegun import freeze_time
from pypdf import PdfReader

from billing.models import SpendingNorm
from tests.factories import issued_invoice
from tests.tools.queries import snapshot_queries


@freeze_time("2026-12-01 10:00")
def test_each_year_is_told_beside_communes_of_the_same_size(client, at, commune, secretary, snapshot):
    invoice = issued_invoice(tenant=commune)
    SpendingNorm.objects.create(
        year=2026,
        stratum="500-999",
        communes=1_204,
        median_cents=Decimal("42.50"),
        median_services=3,
        counted_on=date(2026, 12, 1),
    )
    client.force_login(secretary)
    with snapshot_queries(snapshot):
        page = client.get(at("member_spending"))
    (year,) = page.context["years"]
    assert (year["year"], year["gross"]) == (2026, "309,60\u00a0€")
    assert [service["bar"] for service in year["services"]] == [10]
    assert invoice.gross_cents == 30_960
    _, each, alike = page.context["figures"]
    assert each["value"] == "0,36\u00a0€"
    assert alike["value"] == "0,43\u00a0€"
    assert "1\u202f204 communes de 500 à 999 habitants, 3 services" in alike["note"]

    file = client.get(at("member_spending_report"))
    assert file["Content-Disposition"].endswith(f'"depenses-{commune.siren}-2026-12-01.pdf"')
    (sheet,) = PdfReader(BytesIO(file.content)).pages
    told = sheet.extract_text().replace("\n", " ")
    assert commune.name in told
    assert "Communes de notre taille" in told
    assert "309,60\u00a0€ 0,36\u00a0€" in told


def test_nothing_invoiced_is_said_and_nothing_to_download(client, at, secretary):
    client.force_login(secretary)
    assert client.get(at("member_spending_report")).status_code == 404
    assert "Aucune dépense pour le moment" in client.get(at("member_spending")).content.decode()
