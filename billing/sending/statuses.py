"""What a status means: Chorus Pro's own code, the reform's number (200 to 213), and words for people.

The numbers are those of the life cycle of domain §4.5. A code that is not here is kept and shown as it is.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Meaning:
    """`told` is what the member reads; `to_do` what the issuer has to do, "" when nothing; `ends` when
    nothing more comes."""

    label: str
    told: str
    badge: str = "info"
    to_do: str = ""
    ends: bool = False


LIFECYCLE = {
    200: Meaning("Déposée", "déposée sur Chorus Pro"),
    201: Meaning("Émise", "envoyée par le portail"),
    202: Meaning("Reçue", "reçue"),
    203: Meaning("Mise à disposition", "reçue"),
    204: Meaning("Prise en charge", "prise en charge"),
    205: Meaning("Approuvée", "approuvée"),
    206: Meaning(
        "Approuvée partiellement",
        "approuvée en partie",
        badge="warning",
        to_do="Demandez à l’adhérent ce qu’il n’approuve pas, puis faites un avoir de cette part.",
    ),
    207: Meaning(
        "En litige",
        "contestée",
        badge="warning",
        to_do="Répondez à l’adhérent : le délai de paiement peut être suspendu.",
    ),
    208: Meaning(
        "Suspendue",
        "suspendue : une pièce manque",
        badge="warning",
        to_do="Complétez la facture sur Chorus Pro avec la pièce demandée : le délai de paiement attend.",
    ),
    209: Meaning("Complétée", "complétée"),
    210: Meaning(
        "Refusée",
        "refusée",
        badge="danger",
        to_do="Réglez le motif avec l’adhérent. Une facture émise ne change plus : faites un avoir, puis une "
        "nouvelle facture.",
        ends=True,
    ),
    211: Meaning("Paiement transmis", "mise en paiement", badge="success", ends=True),
    212: Meaning("Encaissée", "payée", badge="success", ends=True),
    213: Meaning(
        "Rejetée",
        "rejetée par le portail",
        badge="danger",
        to_do="L’adhérent ne l’a pas reçue. Réglez le motif, puis déposez-la de nouveau ; si la facture "
        "elle-même est en cause, faites un avoir et une nouvelle facture.",
        ends=True,
    ),
}
# Chorus Pro's words, as its API writes them.
CHORUS = {
    "DEPOSEE": 200,
    "EN_COURS_ACHEMINEMENT": 201,
    "MISE_A_DISPOSITION": 203,
    "PRISE_EN_COMPTE_DESTINATAIRE": 204,
    "SERVICE_FAIT": 205,
    "MANDATEE": 205,
    "MISE_A_DISPOSITION_COMPTABLE": 205,
    "COMPTABILISEE": 205,
    "SUSPENDUE": 208,
    "A_COMPLETER": 208,
    "COMPLETEE": 209,
    "REJETEE": 210,
    "MISE_EN_PAIEMENT": 211,
}
# What the reform has no number for.
OF_CHORUS = {
    "A_RECYCLER": Meaning(
        "À recycler",
        "renvoyée à l’émetteur : le destinataire est à corriger",
        badge="warning",
        to_do="Corrigez sur Chorus Pro le destinataire (SIRET, service ou engagement) : la même facture y "
        "repart. Corrigez-le aussi dans la fiche de l’adhérent, pour les prochaines.",
    ),
}
NOT_TAKEN = "REJETEE_AU_DEPOT"  # ours: what the report of the flow refuses bears no status of its own
LIFECYCLE_OF = CHORUS | {NOT_TAKEN: 213}
ENDS = frozenset(number for number, meaning in LIFECYCLE.items() if meaning.ends)


def lifecycle_of(code: str) -> int | None:
    """The reform's number of a code; None for one that we do not know."""
    return LIFECYCLE_OF.get(code)


def meaning_of(code: str, lifecycle: int | None) -> Meaning:
    """In words; an unknown code as it is said."""
    if code in OF_CHORUS:
        return OF_CHORUS[code]
    if lifecycle is None:
        said = f"« {code} »" if code else "déposée"
        return Meaning(said, said, badge="neutral" if code else "info")
    return LIFECYCLE[lifecycle]
