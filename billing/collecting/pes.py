"""PES V2 Recette: bordereaux of titres and of reductions of titres, as XML for a public accountant's Hélios.
Pure.

Names, order and sizes of elements are those of the DGFiP's schemas, as published in the repository
libriciel/s2low: `Rev0/PES_Aller.xsd` (4.7.1), `NS_Recette/r0/PES_RecetteAller.xsd` and
`Class_LigneTitreAller.xsd` (4.9.1), `Class_BordereauRecetteAller.xsd`, `Class_TitreAller.xsd`,
`Class_TiersRecette.xsd`, `CommunRecette.xsd`, `CommunPES.xsd`, `Class_Enveloppe.xsd` and `Simple_Type.xsd`
(4.7.1 to 5.3). Every value is in an attribute `V`. Their notes give the rules followed here:

- an ordinary titre is the triplet TypBord 01, TypPce 01, NatPce 01; a reduction 02, 02, 06, with a complete
  RattachPiece whose ExerRat is the exercice of the bordereau: one of a closed exercice is a mandat, not a
  titre;
- MtBordTVA and MtTVA are above zero or absent; MtHT and MtBordHt are never zero;
- InfoDematerialisee is 0 without an electronic signature: whoever transmits the file signs it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from lxml import etree

from billing.latin import latin, parts_of
from catalog.pricing.money import from_cents

PES = "http://www.minefi.gouv.fr/cp/helios/pes_v2/Rev0/aller"
RECETTE = "http://www.minefi.gouv.fr/cp/helios/pes_v2/recette/r0/aller"
COMMON = "http://www.minefi.gouv.fr/cp/helios/pes_v2/commun"
ENCODING = "ISO-8859-15"
TITRES = ("01", "01", "01")  # TypBord, TypPce, NatPce
REDUCTIONS = ("02", "02", "06")
SIRET, MAIN_DEBTOR, MAIN_ADDRESS, ORIGIN_TITRE = "01", "01", "1", "01"


@dataclass(frozen=True, kw_only=True)
class Header:
    """Whose budget, at which public accountant's: EnTetePES."""

    file_name: str
    sender: str
    post: str
    siret: str
    collectivity: str
    budget: str
    on: date


@dataclass(frozen=True, kw_only=True)
class Debtor:
    """Who owes. `category` and `legal_nature` are CatTiers and NatJur."""

    siret: str
    name: str
    category: str
    legal_nature: str
    address: str
    postcode: str
    city: str


@dataclass(frozen=True, kw_only=True)
class Line:
    """One imputation and VAT rate. Amounts in cents, above zero but for the VAT."""

    product: str
    account: str
    function: str
    rate: Decimal
    net_cents: int
    vat_cents: int
    of_line: int = 0  # the line of the titre that it reduces


@dataclass(frozen=True, kw_only=True)
class Piece:
    """One titre, or one reduction of the titre `of_number` of the same exercice."""

    number: int
    purpose: str
    debtor: Debtor
    lines: Sequence[Line]
    of_number: int = 0


@dataclass(frozen=True, kw_only=True)
class Bordereau:
    """Its pieces, all titres or all reductions."""

    exercice: int
    number: int
    reduces: bool
    pieces: Sequence[Piece]


def render_pes(*, header: Header, bordereaux: Iterable[Bordereau]) -> bytes:
    """The file, ISO-8859-15. The same input gives the same bytes."""
    root = etree.Element(f"{{{PES}}}PES_Aller", nsmap={"n": PES, "reca": RECETTE, "cm": COMMON})
    envelope = etree.SubElement(root, "Enveloppe")
    _values(
        etree.SubElement(envelope, "Parametres"),
        Version="2",
        TypFic="PESALR1",
        NomFic=latin(header.file_name, 100),
    )
    _values(etree.SubElement(envelope, "Emetteur"), Sigle=latin(header.sender, 32))
    _values(
        etree.SubElement(root, "EnTetePES"),
        DteStr=header.on.isoformat(),
        IdPost=header.post,
        IdColl=header.siret,
        CodCol=header.collectivity,
        CodBud=header.budget,
    )
    recette = etree.SubElement(root, "PES_RecetteAller")
    _values(etree.SubElement(recette, "EnTeteRecette"), IdVer="2", InfoDematerialisee="0")
    for bordereau in bordereaux:
        _bordereau(etree.SubElement(recette, "Bordereau"), bordereau, header.on)
    return etree.tostring(root, encoding=ENCODING, xml_declaration=True, pretty_print=True)


def _bordereau(parent, bordereau: Bordereau, on: date) -> None:
    kind, _, _ = REDUCTIONS if bordereau.reduces else TITRES
    lines = [line for piece in bordereau.pieces for line in piece.lines]
    _values(
        etree.SubElement(parent, "BlocBordereau"),
        Exer=str(bordereau.exercice),
        IdBord=str(bordereau.number),
        DteBordEm=on.isoformat(),
        TypBord=kind,
        NbrPce=str(len(bordereau.pieces)),
        MtBordHt=_amount(sum(line.net_cents for line in lines)),
        MtBordTVA=_amount(sum(line.vat_cents for line in lines)),
    )
    for piece in bordereau.pieces:
        _piece(etree.SubElement(parent, "Piece"), piece, bordereau)


def _piece(parent, piece: Piece, bordereau: Bordereau) -> None:
    _, kind, nature = REDUCTIONS if bordereau.reduces else TITRES
    purpose = latin(piece.purpose, 160)
    _values(
        etree.SubElement(parent, "BlocPiece"),
        IdPce=str(piece.number),
        TypPce=kind,
        NatPce=nature,
        ObjPce=purpose,
    )
    for place, line in enumerate(piece.lines, start=1):
        part = etree.SubElement(parent, "LigneDePiece")
        block = etree.SubElement(part, "BlocLignePiece")
        _values(
            etree.SubElement(block, "InfoLignePiece"),
            IdLigne=str(place),
            ObjLignePce=purpose,
            CodProdLoc=line.product,
            Nature=line.account,
            Fonction=line.function,
            TxTva=f"{line.rate:.2f}" if line.vat_cents else "",
            Majo="0",
            TvaIntraCom="0",
            MtHT=_amount(line.net_cents),
            MtTVA=_amount(line.vat_cents),
        )
        if bordereau.reduces:
            _values(
                etree.SubElement(block, "RattachPiece"),
                NatPceOrig=ORIGIN_TITRE,
                ExerRat=str(bordereau.exercice),
                IdPceOrig=str(piece.of_number),
                IdLigneOrig=str(line.of_line),
            )
        _debtor(etree.SubElement(part, "Tiers"), piece.debtor)


def _debtor(parent, debtor: Debtor) -> None:
    name, more = parts_of(debtor.name, 38)
    street, place = parts_of(debtor.address, 38)
    _values(
        etree.SubElement(parent, "InfoTiers"),
        IdTiers=debtor.siret,
        NatIdTiers=SIRET,
        CatTiers=debtor.category,
        NatJur=debtor.legal_nature,
        TypTiers=MAIN_DEBTOR,
        Nom=name,
        ComplNom=more,
    )
    _values(
        etree.SubElement(parent, "Adresse"),
        TypAdr=MAIN_ADDRESS,
        Adr2=street,
        Adr3=place,
        CP=debtor.postcode,
        Ville=latin(debtor.city, 38),
        CodRes="0",
    )


def _values(parent, **values: str) -> None:
    """An element for each value that is not empty, in this order."""
    for name, value in values.items():
        if value:
            etree.SubElement(parent, name, V=value)


def _amount(cents: int) -> str:
    """ "1234.50"; "" for nothing at all, which the schemas refuse."""
    return f"{from_cents(cents):.2f}" if cents else ""
