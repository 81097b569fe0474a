"""The part of PES V2 Recette that Halle writes, as a schema: names, order, how often, types and sizes.

Written from the DGFiP's schemas that `billing.collecting.pes` names, for what is used of them; a file that is
refused here would be refused by the public accountant's door too. The types are those of Simple_Type.xsd.
"""

from lxml import etree

from billing.collecting.pes import PES, RECETTE

XS = "http://www.w3.org/2001/XMLSchema"
# Facets of each simple type, as XSD writes them.
TYPES = {
    **{f"Num{n}": ("decimal", {"totalDigits": n, "fractionDigits": 0, "minExclusive": 0})
       for n in (2, 4, 5, 6, 7, 8, 12, 13)},
    **{f"Texte{n}": ("string", {"minLength": 1, "maxLength": n, "pattern": ".*[^0]+.*"})
       for n in (32, 38, 100, 160)},
    **{f"Alphanum{n}": ("string", {"minLength": 1, "maxLength": n, "pattern": "[0-9a-zA-Z]*"})
       for n in (3, 4)},
    "Codique": ("string", {"pattern": "(02[A-B][0-9]{3,4}|[0-9]{6,7})"}),
    "Siret": ("string", {"maxLength": 14, "pattern": "[0-9]*"}),
    "Budget": ("string", {"maxLength": 2, "pattern": "[0-9a-zA-Z]*"}),
    "Fonction": ("string", {"maxLength": 10, "pattern": "[0-9]*"}),
    "IdTiers": ("string", {"minLength": 9, "maxLength": 18}),
    "CP": ("string", {"length": 5}),
    "Ligne": ("string", {"minLength": 1, "maxLength": 6, "pattern": "[0-9]*"}),
    "Montant": ("decimal", {"totalDigits": 14, "fractionDigits": 2, "minExclusive": 0}),
    "Taux": ("decimal", {"totalDigits": 5, "fractionDigits": 2, "minExclusive": 0}),
    "Date": ("date", {}),
    "Annee": ("gYear", {}),
    "Booleen": ("boolean", {}),
    "TypBord": ("string", {"enumeration": "01 02 03 06"}),
    "TypPce": ("string", {"enumeration": "01 02 03 04 05 06 07 09 10 11 12 14 15"}),
    "NatPce": ("string", {"enumeration": "01 02 03 04 05 06 07 08 09 10 11 18"}),
    "NatPceOrig": ("string", {"enumeration": "01 02 03 05"}),
    "NatIdTiers": ("string", {"enumeration": "01 02 03 04 05 06 07 08 09"}),
    "CatTiers": ("string", {"enumeration": "01 20 21 22 23 24 25 26 27 28 29 50 60 61 62 63 64 65 70"}),
    "NatJur": ("string", {"enumeration": "01 02 03 04 05 06 07 08 09 10 11"}),
    "TypTiers": ("string", {"enumeration": "01 02 03 04 05 06 07 10 11 12 13 14 15"}),
    "TypAdr": ("string", {"enumeration": "0 1 2"}),
}  # fmt: skip
# Name, "?" for one at most, "+" for one or more; then its type, or its children in their order.
STRUCTURE = [
    ("Enveloppe", [
        ("Parametres", [("Version", "Num2"), ("TypFic", "Texte32"), ("NomFic", "Texte100")]),
        ("Emetteur?", [("Sigle?", "Texte32"), ("Adresse?", "Texte38")]),
    ]),
    ("EnTetePES", [("DteStr", "Date"), ("IdPost", "Codique"), ("IdColl", "Siret"), ("CodCol", "Alphanum3"),
                   ("CodBud?", "Budget")]),
    ("PES_RecetteAller", [
        ("EnTeteRecette", [("IdVer", "Num2"), ("InfoDematerialisee?", "Booleen")]),
        ("Bordereau+", [
            ("BlocBordereau", [("Exer", "Num4"), ("IdBord", "Num7"), ("DteBordEm", "Date"),
                               ("TypBord", "TypBord"), ("NbrPce", "Num5"), ("MtBordHt", "Montant"),
                               ("MtBordTVA?", "Montant")]),
            ("Piece+", [
                ("BlocPiece", [("IdPce", "Num8"), ("TypPce", "TypPce"), ("NatPce", "NatPce"),
                               ("ObjPce?", "Texte160")]),
                ("LigneDePiece+", [
                    ("BlocLignePiece", [
                        ("InfoLignePiece", [
                            ("IdLigne", "Num6"), ("ObjLignePce?", "Texte160"), ("CodProdLoc", "Alphanum4"),
                            ("Nature", "Num12"), ("Fonction?", "Fonction"), ("TxTva?", "Taux"),
                            ("Majo", "Booleen"), ("TvaIntraCom", "Booleen"), ("MtHT", "Montant"),
                            ("MtTVA?", "Montant"),
                        ]),
                        ("RattachPiece?", [("NatPceOrig", "NatPceOrig"), ("ExerRat", "Annee"),
                                           ("IdPceOrig", "Num13"), ("IdLigneOrig?", "Ligne")]),
                    ]),
                    ("Tiers?", [
                        ("InfoTiers", [("IdTiers?", "IdTiers"), ("NatIdTiers?", "NatIdTiers"),
                                       ("CatTiers", "CatTiers"), ("NatJur", "NatJur"),
                                       ("TypTiers", "TypTiers"),
                                       ("Nom", "Texte38"), ("ComplNom?", "Texte38")]),
                        ("Adresse", [("TypAdr", "TypAdr"), ("Adr2", "Texte38"), ("Adr3?", "Texte38"),
                                     ("CP", "CP"), ("Ville", "Texte38"), ("CodRes", "Booleen")]),
                    ]),
                ]),
            ]),
        ]),
    ]),
]  # fmt: skip
OCCURS = {"?": {"minOccurs": "0"}, "+": {"maxOccurs": "unbounded"}}


def schema() -> etree.XMLSchema:
    """The schema of a whole file."""
    root = etree.Element(f"{{{XS}}}schema", nsmap={"xs": XS, "t": PES, "reca": RECETTE}, targetNamespace=PES)
    for name, (base, facets) in TYPES.items():
        simple = etree.SubElement(root, f"{{{XS}}}simpleType", name=name)
        restriction = etree.SubElement(simple, f"{{{XS}}}restriction", base=f"xs:{base}")
        for facet, value in facets.items():
            for one in value.split() if facet == "enumeration" else [value]:
                etree.SubElement(restriction, f"{{{XS}}}{facet}", value=str(one))
    _element(root, ("PES_Aller", STRUCTURE))
    return etree.XMLSchema(root)


def _element(parent, described: tuple) -> None:
    name, content = described
    element = etree.SubElement(parent, f"{{{XS}}}element", name=name.rstrip("?+"), **OCCURS.get(name[-1], {}))
    kind = etree.SubElement(element, f"{{{XS}}}complexType")
    if isinstance(content, str):
        etree.SubElement(kind, f"{{{XS}}}attribute", name="V", type=f"t:{content}", use="required")
        return
    sequence = etree.SubElement(kind, f"{{{XS}}}sequence")
    for child in content:
        _element(sequence, child)
