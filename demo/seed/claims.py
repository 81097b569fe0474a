"""What thirty services claim: at the three levels, some ending soon, some ended, one contested."""

from dataclasses import dataclass
from datetime import date, timedelta

from catalog.claims import operations
from catalog.models import Claim, Family, Listing, ListingState, ServiceSheet
from demo.seed.moments import at
from demo.seed.people import holders
from demo.seed.shelves import services
from tenants.models import Operator, Role, User

SERVICES_A_FAMILY = 3
MADE = date(2026, 2, 3)
CHECKED_AFTER = timedelta(days=41)
# Of the audit: valid for long, soon at its end, ended since October.
AUDITS = (date(2026, 1, 14), date(2024, 6, 3), date(2023, 12, 20), date(2023, 10, 5))
RATES = ("72", "88,4", "100", "61", "54,7")
SPDX = {"AGPL-3.0": "AGPL-3.0-or-later", "EUPL-1.2": "EUPL-1.2", "GPL-3.0": "GPL-3.0-or-later", "MIT": "MIT"}
PROVIDERS = ("Nuage du Pré", "Racines Hébergement", "Coopérative Lhébergerie")
NOTES = {
    "rgaa": "Déclaration lue en entier et trois pages essayées au clavier.",
    "licence": "Dépôt public, licence à la racine du code.",
    "hosting": "Contrat d’hébergement lu, certificats retrouvés sur le site de l’organisme.",
    "rgpd": "Contrat de sous-traitance lu, il dit bien ce qui est affirmé.",
}
CONTESTED_RANKS = (5, 21)
CONTESTED = "La déclaration publiée annonce un taux plus bas que celui-ci."


@dataclass(frozen=True)
class Statement:
    """What is said on one topic, and how far it was taken: 0 declared, 1 documented, 2 verified."""

    topic: str
    data: dict
    level: int


def make_claims() -> None:
    """After the people and the shelves: the real verbs, by each vendor's administrator, then by curators."""
    administrators, curators = holders(Role.VENDOR_ADMIN), holders(Role.CURATOR)
    rank = 0
    for family in Family:
        for text in services(family)[:SERVICES_A_FAMILY]:
            sheet = ServiceSheet.objects.select_related("vendor__organisation").get(slug=text["slug"])
            by = administrators[sheet.vendor.organisation_id]
            operator = _operator_of(sheet)
            for place, statement in enumerate(_statements(sheet, rank)):
                claim = _make(sheet, statement, by, MADE + timedelta(days=rank + place))
                if statement.level == 2 and operator is not None:
                    _check(claim, operator, curators[operator.organisation_id], rank)
            rank += 1


def _make(sheet: ServiceSheet, statement: Statement, by: User, day: date) -> Claim:
    proof = f"https://{sheet.slug}.example/preuves/{statement.topic.replace('_', '-')}"
    return operations.make_claim(
        sheet=sheet,
        topic=statement.topic,
        data=statement.data,
        evidence_url=proof if statement.level else "",
        by=by,
        now=at(day, 11),
    )


def _check(claim: Claim, operator: Operator, curator: User, rank: int) -> None:
    now = at(claim.made_at.date() + CHECKED_AFTER, 15)
    if rank in CONTESTED_RANKS and claim.topic == "rgaa":
        operations.contest_claim(
            claim=claim, level="documented", reason=CONTESTED, operator=operator, by=curator, now=now
        )
        return
    operations.verify_claim(claim=claim, note=NOTES[claim.topic], operator=operator, by=curator, now=now)


def _operator_of(sheet: ServiceSheet) -> Operator | None:
    listing = (
        Listing.objects.filter(offer__product=sheet.product, state=ListingState.LISTED)
        .select_related("operator")
        .order_by("pk")
        .first()
    )
    return listing.operator if listing else None


def _statements(sheet: ServiceSheet, rank: int) -> list[Statement]:
    """Four to seven topics; which ones, and how far, turns with the rank."""
    said = [
        Statement("rgpd", _rgpd(rank), rank % 3),
        Statement("hosting", _hosting(rank), (rank + 1) % 3),
        Statement("rgaa", _rgaa(rank), 2 if rank % 2 else 1),
    ]
    if rank % 2 == 0:
        said.append(Statement("data_act", _data_act(rank), rank // 2 % 2))
    found = next((spdx for word, spdx in SPDX.items() if word in sheet.licence), None)
    if found:
        data = {"spdx_id": found, "repository_url": f"https://code.example/{sheet.slug}"}
        said.append(Statement("licence", data, 2))
    if rank % 3 == 0:
        sla = {"availability_percent": "99,5", "support_hours": "9 h – 18 h, jours ouvrés", "gti_hours": "4"}
        said.append(Statement("sla", sla, 0))
    if rank % 3 == 1:
        said.append(Statement("sign_in", {"proconnect": "oui", "franceconnect": rank % 2 == 0}, 1))
    if rank % 4 == 2:
        said.append(Statement("homologation", _homologation(rank), 1))
    if rank % 5 == 0:
        data = {"export_formats": "CSV\nXML", "export_self_service": "oui", "notice_days": "30"}
        said.append(Statement("reversibility", data, 1))
    if rank % 6 == 4:
        said.append(Statement("rgesn", {"score_percent": "58", "hosting_pue": "1,25"}, 0))
        said.append(Statement("environment", {"commitments": "Pages légères, pas de vidéo imposée."}, 0))
    if rank % 7 == 3:
        data = {"api_doc_url": f"https://{sheet.slug}.example/api", "pes_v2": "oui"}
        said.append(Statement("interoperability", data, 1))
    return said


def _rgpd(rank: int) -> dict:
    return {
        "role": "processor",
        "dpa_signed": "oui",
        "dpa_version": "2026-1",
        "subprocessors": [
            {"name": PROVIDERS[rank % 3], "country": "France", "purpose": "hébergement"},
            {"name": "Messagerie Plume", "country": "Belgique", "purpose": "envoi des courriels"},
        ][: 1 + rank % 2],
        "data_categories": "identité\ncoordonnées\nvie scolaire",
        "retention": "Deux ans après le dernier usage.",
        "transfer_outside_eu": "non",
        "breach_notice_hours": "48",
        "dpo_contact": "dpo@exemple.example",
        "end_of_contract": "return",
    }


def _hosting(rank: int) -> dict:
    data = {"hosting_provider": PROVIDERS[rank % 3], "datacentre_country": "France"}
    data |= {"operator_law_country": "France", "service_layer": "saas"}
    if rank % 5 == 1:
        data |= {"secnumcloud": "qualified", "secnumcloud_scope": "IaaS", "secnumcloud_until": "2027-11-30"}
    if rank % 4 == 3:
        data |= {"iso27001": "oui", "iso27001_until": "2026-12-31" if rank % 8 == 3 else "2028-05-31"}
    return data


def _rgaa(rank: int) -> dict:
    rate = RATES[rank % len(RATES)]
    return {
        "rgaa_version": "4.1.2",
        "status": "total" if rate == "100" else "partial",
        "rate_percent": rate,
        "audit_date": AUDITS[rank % len(AUDITS)].isoformat(),
        "auditor": "Atelier Accès",
        "declaration_url": "https://exemple.example/accessibilite",
    }


def _data_act(rank: int) -> dict:
    return {
        "exit_notice_days": "60" if rank % 3 else "30",
        "transition_days": "30",
        "retrieval_days": "30" if rank % 3 else "90",
        "switching_fee": "at_cost" if rank % 4 == 0 else "none",
    }


def _homologation(rank: int) -> dict:
    until = date(2026, 10, 31) if rank % 8 == 2 else date(2028, 6, 30)
    return {
        "decision_date": (until - timedelta(days=1000)).isoformat(),
        "valid_until": until.isoformat(),
        "authority_name": "Commune pilote",
        "authority_role": "Directeur général des services",
        "scope": "Téléservice et interface des agents.",
    }
