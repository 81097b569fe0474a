"""The amendment by which a contract passes to another holder (CCP R2194-6), prefilled and not kept."""

from collections.abc import Sequence
from datetime import date

from catalog.models import Listing
from subscriptions.models import ContractTransfer, FrameworkLot, TransferBasis
from subscriptions.papers.matter import DRAFT, OPEN
from tenants.days import in_words
from tenants.documents.paper import Articles, Blanks, Block, Bullets, Heading, Paper, Paragraph, Table
from tenants.identifiers import grouped
from tenants.models import Organisation

GROUNDS = {
    TransferBasis.RESTRUCTURING: "le 2° de l’article R2194-6 du code de la commande publique : la cession "
    "suit une opération de restructuration du titulaire initial, n’entraîne pas d’autre modification "
    "substantielle et n’a pas pour but de soustraire le contrat aux obligations de publicité et de mise en "
    "concurrence ; le nouveau titulaire remplit les conditions de participation fixées à l’origine",
    TransferBasis.CLAUSE: "le 1° de l’article R2194-6 du code de la commande publique : une clause de "
    f"réexamen du contrat prévoit ce remplacement (article {OPEN} du contrat)",
}


def amendment(*, transfer: ContractTransfer, listings: Sequence[Listing]) -> Paper:
    """`listings`: what passes, each with `running`, its open subscriptions (queries.services_of)."""
    operator = transfer.operator.organisation
    old, new = transfer.from_vendor.organisation, transfer.to_vendor.organisation
    lots = list(
        FrameworkLot.objects.filter(vehicle__operator=transfer.operator, listings__in=listings)
        .select_related("vehicle")
        .distinct()
        .order_by("vehicle__name", "number")
    )
    blocks: list[Block] = [
        Blanks(("Avenant n°", "Date"), abreast=True),
        Heading("Entre"),
        Bullets(
            (
                f"{_named(operator, transfer.effective_on)}, représenté par {OPEN}, ci-après "
                "« l’acheteur » ;",
                f"{_named(old, transfer.effective_on)}, représenté par {OPEN}, ci-après « le titulaire "
                "sortant » ;",
                f"{_named(new, transfer.effective_on)}, représenté par {OPEN}, ci-après « le nouveau "
                "titulaire ».",
            )
        ),
        Heading("Ce qui passe au nouveau titulaire"),
        Table(
            "Services, et abonnements en cours à la date où ce projet est préparé",
            ("Service", "Abonnements"),
            tuple((listing.sheet.name, str(listing.running)) for listing in listings),
        ),
    ]
    if lots:
        blocks += [
            Paragraph("Accords-cadres concernés :"),
            Bullets(tuple(_lot(lot) for lot in lots)),
        ]
    blocks += [
        Heading("Il est convenu"),
        Articles(tuple(_articles(transfer, old, new))),
        Heading("Signatures"),
        *(
            Blanks((f"Pour {party.name}, fait à", "Le", "Nom, qualité et signature"))
            for party in (operator, old, new)
        ),
    ]
    return Paper(
        title=f"Avenant de transfert – {old.name}",
        kind="Projet d’avenant de transfert",
        body=operator.name,
        siren=grouped(operator.siren),
        subject=f"Transfert des contrats de {old.name} à {new.name}",
        blocks=tuple(blocks),
        footer=DRAFT,
    )


def _articles(transfer: ContractTransfer, old: Organisation, new: Organisation) -> list[str]:
    return [
        f"Objet. {new.name} se substitue à {old.name} pour l’exécution des contrats désignés ci-dessus. "
        f"Motif : {transfer.reason}. Le transfert se fonde sur {GROUNDS[TransferBasis(transfer.basis)]}.",
        f"Date d’effet. Le transfert prend effet le {in_words(transfer.effective_on)}, ou le jour où tous "
        "les acheteurs des mêmes services ont signé leur avenant, s’il est plus tardif.",
        "Droits et obligations. Le nouveau titulaire reprend tous les droits et obligations nés des contrats "
        "à compter de la date d’effet. Le titulaire sortant reste tenu de ce qui a été exécuté avant.",
        "Prix et durée. Les prix, la durée, les quantités et les maximums ne changent pas.",
        "Continuité. Les services restent ouverts, sans interruption ni nouvelle ouverture. Le raccordement "
        "ne change qu’à la demande de l’acheteur.",
        "Données personnelles. Le nouveau titulaire reprend les engagements du sous-traitant (règlement (UE) "
        "2016/679, article 28). Le titulaire sortant ne garde aucune copie des données, hors ce que la loi "
        "lui impose de conserver.",
        "Paiements. Ce qui est exécuté avant la date d’effet est dû au titulaire sortant, ce qui l’est après "
        f"au nouveau titulaire. Coordonnées bancaires du nouveau titulaire : {OPEN}",
        "Pièces jointes. Le justificatif de l’opération, l’extrait d’immatriculation du nouveau titulaire, "
        "ses attestations fiscales et sociales.",
    ]


def _named(organisation: Organisation, on: date) -> str:
    seat = organisation.seat_on(on)
    number = f"SIRET {grouped(seat.siret)}" if seat else f"SIREN {grouped(organisation.siren)}"
    place = " ".join(filter(None, (organisation.postcode, organisation.city)))
    address = ", ".join(filter(None, (organisation.address, place)))
    return f"{organisation.name} ({number}{f', {address}' if address else ''})"


def _lot(lot: FrameworkLot) -> str:
    notice = f", avis {lot.notice_reference}" if lot.notice_reference else ""
    return f"« {lot.vehicle.name} », {lot}{notice}"
