"""What the editor asks for each pattern of grid, in the words of a curator.

The names are those of `catalog.pricing.grids`; a pattern that is not described here is shown, never edited.
"""

from dataclasses import dataclass

POPULATION_KINDS = (
    ("municipale", "population municipale"),
    ("totale", "population totale"),
    ("dgf", "population DGF"),
)
MEASURES = (
    ("inhabitants", "le nombre d’habitants"),
    ("agents", "le nombre d’agents"),
    ("budget", "le budget, en euros"),
    ("member_communes", "le nombre de communes membres"),
)
MEMBER_TYPES = (
    ("commune", "Communes"),
    ("epci", "Intercommunalités"),
    ("departement", "Départements"),
    ("region", "Régions"),
)


@dataclass(frozen=True)
class Ask:
    """One thing to fill in. `kind`: amount (euros), count (whole number), choice, text, bound_low or
    bound_high (whether a bound is included), stratum_amount (an amount, or no published price)."""

    name: str
    label: str
    kind: str = "amount"
    required: bool = True
    hint: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    default: str = ""


@dataclass(frozen=True)
class Rows:
    """Lines of the same kind, as many as needed."""

    name: str
    noun: str
    legend: str
    asks: tuple[Ask, ...]
    hint: str = ""


@dataclass(frozen=True)
class Child:
    """A grid inside: `allowed` patterns, none of them chosen when it may be left out."""

    name: str
    label: str
    allowed: tuple[str, ...]
    required: bool = True


@dataclass(frozen=True)
class Entries:
    """Several grids inside, each under a key (`shape` "mapping") or a name ("list")."""

    name: str
    key_label: str
    add_label: str
    allowed: tuple[str, ...]
    shape: str = "mapping"
    choices: str = ""  # "member_types", "colleges", "" for a text


@dataclass(frozen=True)
class Pattern:
    """`drawing` names the small picture of the curve, `example` is a tariff of that kind in words."""

    code: str
    label: str
    what: str
    example: str
    drawing: str = ""
    asks: tuple[Ask, ...] = ()
    rows: Rows | None = None
    children: tuple[Child, ...] = ()
    entries: Entries | None = None


SIMPLE = (
    "flat_by_stratum", "per_inhabitant", "marginal_tranches", "fixed_plus_variable", "per_unit",
    "epci_by_communes", "pooled_volume", "solidarity_key", "not_published",
)  # fmt: skip
YEARLY = (*SIMPLE, "sum_of")
BUYER = (*YEARLY, "first_year_and_following", "adhesion_and_recurring")
COVERED = (*BUYER, "covered_by_epci")
COLLEGE = (*COVERED, "by_college")
ANY = (*COLLEGE, "by_member_type")

_KIND = Ask("population_kind", "Population comptée", "choice", choices=POPULATION_KINDS)
_RATE = Ask("rate", "Prix par habitant et par an", hint="Par exemple 0,75 €")
_UP_TO = Ask("up_to", "Jusqu’à (compris)", "count", required=False)
_OTHERWISE = "Pour tous les autres"


PATTERNS = {
    pattern.code: pattern
    for pattern in (
        Pattern(
            "flat_by_stratum",
            "Forfait par strate",
            "Un montant par an selon la taille. Le prix saute d’une strate à l’autre.",
            "jusqu’à 500 habitants : 120 € ; de 501 à 2 000 : 480 €",
            "steps",
            asks=(
                Ask("measure", "Les strates comptent", "choice", choices=MEASURES, default="inhabitants"),
                Ask(
                    "population_kind",
                    "Population comptée",
                    "choice",
                    required=False,
                    choices=(("", "aucune (forfait pour tous)"), *POPULATION_KINDS),
                    hint="Pour des strates d’habitants.",
                ),
            ),
            rows=Rows(
                "strata",
                "strate",
                "Strates",
                (
                    Ask("lower_inclusive", "Depuis", "bound_low"),
                    Ask("lower", "Borne basse", "count", required=False),
                    Ask("upper_inclusive", "Jusqu’où", "bound_high"),
                    Ask("upper", "Borne haute", "count", required=False),
                    Ask("amount", "Montant par an", "stratum_amount"),
                    Ask("first_year_amount", "Première année, si différent", required=False),
                ),
                hint="Une borne basse laissée vide suit la strate d’au-dessus ; laissez vide la borne haute "
                "de la dernière. Écrivez « sur demande » à la place d’un montant que vous ne publiez pas. "
                "Une seule strate sans bornes est un forfait pour tous.",
            ),
        ),
        Pattern(
            "per_inhabitant",
            "Prix par habitant",
            "Le prix suit la population, avec un minimum et un plafond si vous le voulez.",
            "0,75 € par habitant, 150 € au moins, 9 000 € au plus",
            "line",
            asks=(
                _KIND,
                _RATE,
                Ask("minimum", "Minimum par an", required=False),
                Ask("cap", "Plafond par an", required=False),
            ),
        ),
        Pattern(
            "marginal_tranches",
            "Tranches, comme l’impôt",
            "Chaque habitant est compté au prix de sa tranche. Le prix ne saute jamais.",
            "0,80 € pour les 1 000 premiers habitants, puis 0,50 €",
            "tranches",
            asks=(_KIND,),
            rows=Rows(
                "tranches",
                "tranche",
                "Tranches",
                (_UP_TO, Ask("rate", "Prix par habitant")),
                hint="Laissez vide la borne de la dernière tranche.",
            ),
        ),
        Pattern(
            "fixed_plus_variable",
            "Part fixe et part par habitant",
            "Un socle, puis un prix pour chaque habitant au-delà de ceux qui sont compris.",
            "200 € pour 250 habitants, puis 0,40 € par habitant",
            "fixed",
            asks=(
                _KIND,
                Ask("fixed", "Part fixe par an"),
                Ask("included", "Habitants compris dans la part fixe", "count", required=False),
                _RATE,
            ),
        ),
        Pattern(
            "per_unit",
            "Prix par poste, agent ou Go",
            "On compte des postes, des agents, des gigaoctets ou autre chose, avec des paliers si besoin.",
            "12 € par poste, 10 € à partir de 50 postes",
            "bands",
            asks=(
                Ask(
                    "unit",
                    "On compte",
                    "choice",
                    choices=(
                        ("workstation", "des postes de travail"),
                        ("agent", "des agents"),
                        ("gigabyte", "des gigaoctets (Go)"),
                        ("covered_commune", "les communes qu’une intercommunalité couvre"),
                        ("covered_inhabitant", "les habitants de ces communes"),
                        ("other", "autre chose"),
                    ),
                ),
                Ask("unit_name", "Nom de l’unité", "text", required=False, hint="Pour « autre chose »."),
                Ask("unit_name_plural", "Son pluriel", "text", required=False),
                Ask("unit_price", "Prix par unité et par an", required=False),
                Ask(
                    "counting",
                    "Avec des paliers",
                    "choice",
                    required=False,
                    choices=(
                        ("", "pas de palier"),
                        ("all_units", "toutes les unités sont au prix du palier atteint"),
                        ("marginal", "chaque unité est au prix de son palier"),
                    ),
                ),
            ),
            rows=Rows(
                "bands",
                "palier",
                "Paliers",
                (
                    _UP_TO,
                    Ask("coefficient", "Coefficient", required=False),
                    Ask("unit_price", "ou prix par unité", required=False),
                ),
                hint="Pour chaque palier, un coefficient ou un prix. Laissez vide la borne du dernier.",
            ),
        ),
        Pattern(
            "epci_by_communes",
            "Intercommunalité, selon ses communes",
            "Ce que paie une intercommunalité pour ses communes membres et leurs habitants.",
            "500 €, plus 100 € par commune, plus 0,20 € par habitant",
            "line",
            asks=(
                _KIND,
                Ask("fixed", "Part fixe par an", required=False),
                Ask("per_commune", "Par commune membre"),
                _RATE,
            ),
        ),
        Pattern(
            "pooled_volume",
            "Volume de tout le groupe",
            "Plus le groupe compte d’habitants, plus le prix par habitant de chacun baisse.",
            "0,60 € jusqu’à 50 000 habitants dans le groupe, 0,45 € au-delà",
            "bands",
            asks=(_KIND,),
            rows=Rows(
                "tiers",
                "palier",
                "Paliers du groupe",
                (_UP_TO, Ask("rate", "Prix par habitant")),
                hint="Les bornes sont des habitants de tout le groupe. Laissez vide la dernière.",
            ),
        ),
        Pattern(
            "solidarity_key",
            "Clé de solidarité",
            "Un total à partager selon la population et un coefficient propre à chaque membre.",
            "60 000 € partagés entre tous les membres",
            "line",
            asks=(
                _KIND,
                Ask("total", "Total à partager par an"),
                Ask("points", "Somme des points", hint="Population × coefficient, tous membres ajoutés."),
            ),
        ),
        Pattern(
            "not_published",
            "Prix non publié",
            "Aucun montant n’est publié : les adhérents le demandent.",
            "sur devis",
            "none",
            asks=(Ask("note", "Précision", "text", required=False, hint="De quoi le prix dépend."),),
        ),
        Pattern(
            "sum_of",
            "Somme de plusieurs barèmes",
            "Plusieurs parties nommées, qui s’ajoutent.",
            "socle 200 € + 0,30 € par habitant",
            "sum",
            entries=Entries("parts", "Nom de la partie", "Ajouter une partie", SIMPLE, shape="list"),
        ),
        Pattern(
            "first_year_and_following",
            "Première année, puis les suivantes",
            "Deux barèmes : l’un la première année, l’autre ensuite.",
            "la première année 500 €, puis 300 €",
            "sum",
            children=(
                Child("first_year", "La première année", YEARLY),
                Child("following", "Les années suivantes", YEARLY),
            ),
        ),
        Pattern(
            "adhesion_and_recurring",
            "Adhésion, puis prix annuel",
            "Une adhésion payée une seule fois, et un prix chaque année, la première comprise.",
            "adhésion 250 €, puis 0,40 € par habitant chaque année",
            "sum",
            children=(
                Child("adhesion", "L’adhésion, payée une fois", SIMPLE),
                Child("recurring", "Chaque année", YEARLY),
            ),
        ),
        Pattern(
            "covered_by_epci",
            "Gratuit si l’intercommunalité a souscrit",
            "La commune ne paie rien quand son intercommunalité est abonnée ; sinon, le barème ci-dessous.",
            "0 € si l’EPCI est abonné, sinon 0,50 € par habitant",
            "none",
            children=(Child("grid", "Sinon", BUYER),),
        ),
        Pattern(
            "by_college",
            "Selon le collège",
            "Un barème par collège de vos statuts.",
            "collège des communes : 0,50 € par habitant ; collège des EPCI : 2 000 €",
            "sum",
            entries=Entries("colleges", "Collège", "Ajouter un collège", COVERED, choices="colleges"),
            children=(Child("otherwise", _OTHERWISE, COVERED, required=False),),
        ),
        Pattern(
            "by_member_type",
            "Selon le type d’adhérent",
            "Un barème pour les communes, un autre pour les intercommunalités…",
            "communes : 0,75 € par habitant ; intercommunalités : 5 000 €",
            "sum",
            entries=Entries(
                "grids", "Type d’adhérent", "Ajouter un type d’adhérent", COLLEGE, choices="member_types"
            ),
            children=(Child("otherwise", _OTHERWISE, COLLEGE, required=False),),
        ),
    )
}
