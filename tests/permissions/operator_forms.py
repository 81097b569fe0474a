"""What is sent to change an operator's settings, and to open one."""

from datetime import timedelta
from functools import cache
from io import BytesIO
from uuid import uuid4

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from catalog.grids.operations import fingerprint
from tests.factories.subscriptions import PDF
from tests.factories.tenants import siren, siret
from tests.permissions.world import World

IDENTITY = {"short_name": "Nouveau nom", "contact_name": "", "contact_email": "aide@essai.example",
            "contact_phone": ""}  # fmt: skip
STOREFRONT = {"accent": "#8a3324", "hostname": ""}
STATUTES = {"legal_kind": "gip", "issuer_kind": "public", "population_kind": "dgf",
            "withdrawal_months": "12", "withdrawal_rule": "year_end"}  # fmt: skip
BILLING = {"payment_days": "20", "iban": "FR7630001007941234567890185", "bic": ""}
VAT_POSITION = {"regime": "exempt", "since": "2026-01-01", "source": "Courrier"}
ACCOUNTS = {
    "since": "2026-01-01",
    "journal": "VE",
    "journal_label": "Ventes",
    "customer": "411000",
    "product": "706000",
    "vat": "445710",
    "closing_month": "12",
}
TITRE_CODES = {
    "since": "2026-01-01",
    "post": "035012",
    "budget_siret": "73282932000074",
    "collectivity": "400",
    "product": "70",
    "account": "7068",
}
COLLEGE = {"name": "Communes rurales", "votes": "2"}
VEHICLE = {
    "name": "Accord-cadre refait",
    "legal_basis": "framework",
    "term_years": "1",
    "renewal": "none",
    "renewals": "0",
    "notice_days": "60",
}
LOT = {"title": "Lot refait", "ceiling": "250 000", "starts_on": "2027-01-01", "last_day": "2030-12-31",
       "renewals": "0"}  # fmt: skip
ADMINISTRATOR = {"administrator": "directrice@essai.example"}
OPERATOR = {
    **IDENTITY, **STOREFRONT, **STATUTES, **BILLING, **ADMINISTRATOR, "siret": siret(siren(4_000_000)),
    "name": "Organisme neuf", "address": "", "postcode": "", "city": "", "slug": "operateur-neuf",
    "colleges": "", "vat_regime": "", "vat_since": "", "vat_source": "",
}  # fmt: skip


VAT_DECISION = {
    "what": "regime", "regime-nature": "service", "regime-choice": "taxed", "regime-since": "2026-01-01",
    "regime-source": "Rescrit du 12/03/2025",
}  # fmt: skip
INDEX = {"index": "syntec", "month": "2026-01-15", "value": "320,1", "source": "syntec.fr"}


@cache
def png() -> bytes:
    out = BytesIO()
    Image.new("RGB", (40, 40), "#8a3324").save(out, "PNG")
    return out.getvalue()


def a_logo(world: World) -> dict:
    return {"file": SimpleUploadedFile("logo.png", png(), content_type="image/png")}


def a_lot_amendment(world: World) -> dict:
    """The lot lasts a day less."""
    amended = world.lot_amendment
    return {
        "request_key": str(uuid4()), "seen": "1", "ground": "not_substantial", "reason": "Essai",
        "effective_on": amended.effective_on.isoformat(), "ceiling": "100 000", "renewals": "0",
        "last_day": (amended.ends_on - timedelta(days=2)).isoformat(),
        "paper": SimpleUploadedFile("avenant.pdf", PDF),
    }  # fmt: skip


def a_grid(world: World) -> dict:
    """The editor, saved with a first day and a tariff on demand."""
    return {
        "action": "enregistrer", "seen": fingerprint(world.draft), "g.pattern": "not_published",
        "g.was": "not_published", "g.f.note": "sur devis", "vat_category": "S", "vat_rate": "20",
        "effective_from": world.draft.effective_from.isoformat(),
    }  # fmt: skip


def a_publication(world: World) -> dict:
    return {"seen": fingerprint(world.draft)}


MEMBER_PROVIDER = {
    "kind": "oidc",
    "name": "Annuaire",
    "issuer": "https://annuaire.mairie.example",
    "client_id": "halle",
    "secret": "a secret",
}
SENDING_ACCOUNT = {
    "login": "TECH_2",
    "password": "of the tests",
    "client_id": "piste",
    "client_secret": "of the tests",
    "since": "01/01/2026",
}
