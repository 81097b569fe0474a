"""Invented content of the style guide. Prices and communes here are examples, not a computation."""

# ruff: noqa: E501 — sample sentences stay whole

from marketplace.web.moulds import Fixed

N = "\u202f"  # narrow no-break space

COMMUNES = [
    {
        "insee": "14654",
        "name": "Saint-Pierre-en-Auge",
        "department": "Calvados",
        "department_code": "14",
        "population": f"7{N}211",
    },
    {
        "insee": "14711",
        "name": "Trévières",
        "department": "Calvados",
        "department_code": "14",
        "population": "860",
    },
    {
        "insee": "50546",
        "name": "Saint-Pierre-Église",
        "department": "Manche",
        "department_code": "50",
        "population": f"1{N}703",
    },
    {
        "insee": "97502",
        "name": "Saint-Pierre",
        "department": "Saint-Pierre-et-Miquelon",
        "department_code": "975",
        "population": "",
    },
]


def _priced(ttc: str, ht: str, per_inhabitant: str) -> dict:
    return {
        "state": "priced",
        "ttc": f"{ttc}{N}€",
        "ht": f"{ht}{N}€",
        "per_inhabitant": f"{per_inhabitant}{N}€",
        "commune": "Trévières",
        "population": "860",
    }


CARDS = [
    {
        "name": "Cantine & garderie",
        "url": "#1",
        "vendor": "Tablée",
        "family": "Cantine scolaire",
        "family_icon": "canteen",
        "summary": "Les familles réservent et paient les repas en ligne ; la liste du jour s’imprime à 9 heures.",
        "price": _priced("774,00", "645,00", "0,90"),
        "state": "success",
        "state_label": "Déjà souscrit",
    },
    {
        "name": "Rendez-vous état civil",
        "url": "#2",
        "vendor": "Registre clair",
        "family": "État civil",
        "family_icon": "civil-registry",
        "summary": "Cartes d’identité et passeports : créneaux en ligne, rappel la veille, liste des pièces à apporter.",
        "price": _priced("412,80", "344,00", "0,48"),
    },
    {
        "name": "Parapheur et signature",
        "url": "#3",
        "vendor": "Syndicat Numérique des Vallées",
        "family": "Signature électronique",
        "family_icon": "signature",
        "summary": "Le maire signe bordereaux et arrêtés depuis son téléphone, avec un certificat qualifié.",
        "price": {
            "state": "priced",
            "ttc": f"390,00{N}€",
            "vat_note": "Hors champ de la TVA",
            "per_inhabitant": f"0,45{N}€",
            "commune": "Trévières",
            "population": "860",
        },
    },
    {
        "name": "Plan du cimetière",
        "url": "#4",
        "vendor": "Mémoire & Terrain",
        "family": "Cimetière",
        "family_icon": "cemetery",
        "summary": "Concessions, échéances et plan cliquable ; les courriers de relance sont prêts à imprimer.",
        "price": {
            "state": "unpriced",
            "commune": "Trévières",
            "url": "#devis",
            "url_label": "Demander un devis",
            "reason": "Ce service est vendu selon le nombre de concessions, que nous ne connaissons pas.",
        },
    },
    {
        "name": "Atlas communal",
        "url": "#5",
        "vendor": "Géo Bocage",
        "family": "Cartographie",
        "family_icon": "gis",
        "summary": "Cadastre, réseaux et plan local d’urbanisme sur une seule carte, mise à jour chaque trimestre.",
        "price": {"state": "choose", "url": "#commune"},
    },
    {
        "name": "Boîtes aux lettres des élus",
        "url": "#6",
        "vendor": "Courrier Public",
        "family": "Messagerie",
        "family_icon": "email",
        "summary": "Une adresse au nom de la commune pour chaque élu et chaque agent, hébergée en France.",
        "price": _priced("309,60", "258,00", "0,36"),
    },
]

FAMILIES = [
    {"label": label, "icon": icon, "url": f"#{icon}", "count": count}
    for label, icon, count in [
        ("Cantine scolaire", "canteen", "8 services"),
        ("État civil", "civil-registry", "6 services"),
        ("Marchés publics", "procurement", "5 services"),
        ("Signature électronique", "signature", "4 services"),
        ("Messagerie", "email", "7 services"),
        ("Cartographie", "gis", "6 services"),
        ("Archives", "archives", "5 services"),
        ("Cimetière", "cemetery", "4 services"),
        ("Demandes des habitants", "requests", "8 services"),
        ("Site internet", "website", "7 services"),
    ]
]

_CALCULATION = (
    f"860 habitants (population totale 2023, en vigueur au 1er janvier 2026) × 0,75{N}€ = 645,00{N}€"
)

BREAKDOWN = {
    "lines": [
        {"label": "Abonnement annuel", "steps": [_CALCULATION], "amount": f"645,00{N}€"},
        {
            "label": "Mise en service",
            "steps": [
                "Forfait de la strate « 500 à 999 habitants »",
                "Payé une seule fois, la première année",
            ],
            "amount": f"120,00{N}€",
        },
    ],
    "total_ht": f"765,00{N}€",
    "vat_lines": [{"label": f"TVA 20{N}% sur 765,00{N}€", "amount": f"153,00{N}€"}],
    "total_ttc": f"918,00{N}€",
}

STEPS = [
    {
        "label": "Demande envoyée",
        "state": "done",
        "when": "le 3 mars 2026",
        "detail": "Par Claire Aubry. Le prix est gelé jusqu’au 3 juin.",
    },
    {
        "label": "Délibération du conseil municipal",
        "state": "done",
        "when": "le 17 mars 2026",
        "detail": "Délibération n° 2026-014, approuvée par le maire.",
    },
    {
        "label": "Ouverture du service chez l’éditeur",
        "state": "current",
        "when": "depuis le 17 mars à 10 h 42",
        "detail": "Cela prend en général moins de dix minutes. Vous pouvez fermer cette page.",
    },
    {"label": "Première facture", "state": "todo", "when": "en juin 2026"},
]

DRAFTS = [
    {
        "member": "Trévières",
        "siren": "211 407 119",
        "lines": 3,
        "why": _CALCULATION,
        "ht": "645,00",
        "vat": "129,00",
        "ttc": "774,00",
        "state": "success",
        "state_label": "Prête",
        "row": "",
    },
    {
        "member": "Saint-Pierre-en-Auge",
        "siren": "200 069 581",
        "lines": 5,
        "why": f"Tranche 1 : 2{N}000 hab. × 0,60{N}€ + tranche 2 : 5{N}211 hab. × 0,42{N}€ = 3{N}388,62{N}€",
        "ht": f"3{N}388,62",
        "vat": "677,72",
        "ttc": f"4{N}066,34",
        "state": "warning",
        "state_label": "À regarder",
        "row": "is-odd",
        "note": f"+ 38{N}% par rapport à 2025 : la population est passée de 5{N}190 à 7{N}211 habitants (commune nouvelle).",
    },
    {
        "member": "Le Mesnil-Rouxelin",
        "siren": "215 003 252",
        "lines": 1,
        "why": "Population inconnue pour 2026 : aucun montant calculé.",
        "ht": "—",
        "vat": "—",
        "ttc": "—",
        "state": "danger",
        "state_label": "Bloquée",
        "row": "is-blocked",
        "note": "Saisissez la population et sa source, ou retirez la ligne.",
    },
    {
        "member": "CC Isigny-Omaha Intercom",
        "siren": "200 066 827",
        "lines": 12,
        "why": f"27{N}104 hab. × 0,31{N}€ = 8{N}402,24{N}€, plafonné à 8{N}000,00{N}€",
        "ht": f"8{N}000,00",
        "vat": f"1{N}600,00",
        "ttc": f"9{N}600,00",
        "state": "success",
        "state_label": "Prête",
        "row": "",
    },
    {
        "member": "Formigny La Bataille",
        "siren": "200 057 479",
        "lines": 2,
        "why": f"1{N}290 hab. × 0,75{N}€ = 967,50{N}€",
        "ht": "967,50",
        "vat": "193,50",
        "ttc": f"1{N}161,00",
        "state": "success",
        "state_label": "Prête",
        "row": "",
    },
]

TABLE = {
    "columns": [
        {"label": "Facture", "numeric": False},
        {"label": "Période", "numeric": False},
        {"label": "État", "numeric": False},
        {"label": "Montant TTC", "numeric": True},
    ],
    "rows": [
        [
            {"text": "SMN-2026-00041", "url": "#f"},
            {"text": "1er semestre 2026", "note": "du 1er janvier au 30 juin"},
            {"text": "Payée", "state": "success"},
            {"text": f"1{N}161,00{N}€", "numeric": True},
        ],
        [
            {"text": "SMN-2026-00087", "url": "#f"},
            {"text": "2e semestre 2026"},
            {"text": "Transmise à Chorus Pro", "state": "info"},
            {"text": f"774,00{N}€", "numeric": True},
        ],
    ],
    "total": [{"text": "Total", "span": 3}, {"text": f"1{N}935,00{N}€", "numeric": True}],
}

CONTENT = {
    "current_operator": {
        "name": "Syndicat Numérique du Bocage",
        "contact_email": "contact@numerique-bocage.example",
        "contact_phone": "02 00 00 00 00",
        "contact_address": "12 place de la Halle, 14000 Caen",
    },
    "current_organisation": {"name": "Commune de Trévières"},
    "organisation_choices": [
        {"label": "Commune de Trévières", "url": "#o1", "active": True},
        {"label": "SIVOM des Trois Rivières", "url": "#o2", "active": False},
    ],
    "user": {"display_name": "Claire Aubry"},
    "account_links": [{"label": "Mes informations", "url": "#moi"}],
    "sign_out_url": "#sortie",
    "nav_items": [
        {"label": "Services", "url": "#s", "active": "", "children": []},
        {
            "label": "Mes abonnements",
            "url": "#a",
            "active": "true",
            "children": [
                {"label": "En cours", "url": "#a", "active": True},
                {"label": "Terminés", "url": "#t", "active": False},
            ],
        },
        {"label": "Factures", "url": "#f", "active": "", "children": []},
    ],
    "footer_links": [
        {"label": "Mentions légales", "url": "#ml"},
        {"label": "Données personnelles", "url": "#dp"},
    ],
    "crumbs": [
        {"label": "Accueil", "url": "#0"},
        {"label": "Cantine scolaire", "url": "#1"},
        {"label": "Cantine & garderie", "url": ""},
    ],
    "title_actions": [
        {"label": "Télécharger la grille", "url": "#g", "icon": "download"},
        {"label": "Souscrire", "url": "#s", "style": "primary"},
    ],
    "cards": CARDS,
    "families": FAMILIES,
    "breakdown": BREAKDOWN,
    "steps": STEPS,
    "drafts": DRAFTS,
    "table": TABLE,
    "communes": [{**c, "url": f"#{c['insee']}"} for c in COMMUNES],
    "failed_steps": [
        {"label": "Demande envoyée", "state": "done", "when": "le 3 mars 2026"},
        {
            "label": "Ouverture du service",
            "state": "failed",
            "when": "depuis hier",
            "detail": "L’éditeur ne répond pas. Votre syndicat est prévenu ; vous n’avez rien à faire.",
        },
    ],
    "refused_steps": [
        {"label": "Demande envoyée", "state": "done", "when": "le 3 mars 2026"},
        {
            "label": "Approbation",
            "state": "stopped",
            "word": "Demande refusée",
            "when": "le 17 mars 2026",
            "detail": "Par Hervé Le Goff. Motif : reporté au budget 2027.",
        },
    ],
    "figures": [
        {"label": "Factures en brouillon", "value": "412", "note": f"1{N}604 lignes"},
        {"label": "Total HT", "value": f"286{N}412,07{N}€", "note": f"+ 4,1{N}% par rapport à 2025"},
        {"label": "À regarder", "value": "9", "note": "écart de plus de 20 %"},
        {"label": "Bloquées", "value": "2", "note": "empêchent l’émission"},
    ],
    "facts": [
        {"label": "Éditeur", "value": "Tablée", "url": "#e", "note": "SIREN 000 000 000, Rennes"},
        {"label": "Hébergement", "value": "France, qualification SecNumCloud en cours"},
        {"label": "Ouverture", "value": "Automatique, en moins de dix minutes"},
        {"label": "Engagement", "value": "Un an, renouvelable", "note": "Préavis de trois mois"},
    ],
    "tabs": [
        {"label": "Toutes", "url": "#t", "active": True, "count": "412"},
        {"label": "À regarder", "url": "#r", "active": False, "count": "9"},
        {"label": "Bloquées", "url": "#b", "active": False, "count": "2"},
    ],
    "filter_groups": [
        {
            "legend": "Famille",
            "name": "famille",
            "kind": "checkbox",
            "options": [
                {
                    "value": Fixed(f["icon"]),
                    "label": f["label"],
                    "checked": f["icon"] == "canteen",
                    "count": f["count"].split()[0],
                }
                for f in FAMILIES[:5]
            ],
        },
        {
            "legend": "Ouverture",
            "name": "ouverture",
            "kind": "radio",
            "options": [
                {"value": "", "label": "Peu importe", "checked": True},
                {"value": Fixed("auto"), "label": "Automatique", "checked": False},
            ],
        },
    ],
    "consequences": [
        "412 factures recevront leur numéro définitif.",
        "Une facture émise ne se modifie plus : une erreur se corrige par un avoir.",
    ],
}
