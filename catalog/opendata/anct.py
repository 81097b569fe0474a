"""The catalogue in the columns of the ANCT's own data sets, so that both can be read with one program."""

from collections.abc import Callable, Iterable

from catalog.models import Family
from catalog.opendata.services import PublicService
from tenants.models import Operator

SERVICES = [
    "id",
    "nom",
    "description",
    "url",
    "type",
    "nom_instance",
    "maturite",
    "date_lancement",
    "logo_url",
]
OPERATORS = ["id", "nom", "nom_avec_article", "url", "siret", "statut", "services", "departements"]

# The first word of an operator's name, and its article. Any other name is taken for a proper name.
_ARTICLES = {
    "agence": "l’",
    "association": "l’",
    "centre": "le ",
    "communauté": "la ",
    "gip": "le ",
    "groupement": "le ",
    "métropole": "la ",
    "société": "la ",
    "spl": "la ",
    "syndicat": "le ",
}


def service_rows(
    services: Iterable[PublicService], *, url: Callable[[PublicService], str]
) -> Iterable[list[str]]:
    """One row a service, in the order of SERVICES. `nom_instance` is the vendor's name; what we do not know
    (maturity, logo) is left empty rather than guessed."""
    for service in services:
        yield [
            service.id,
            service.name,
            service.summary,
            url(service),
            Family(service.family).label,
            service.vendor_name,
            "",
            service.listed_on.isoformat() if service.listed_on else "",
            "",
        ]


def operator_rows(
    operators: Iterable[Operator],
    *,
    families: dict[str, list[str]],
    url: Callable[[Operator], str],
    departement: Callable[[Operator], str | None],
) -> Iterable[list[str]]:
    """One row an operator, in the order of OPERATORS. `services` are the families on its shelf, and
    `departements` that of its seat: who its members are is not published."""
    for operator in operators:
        name = operator.organisation.name
        yield [
            operator.slug,
            name,
            with_article(name),
            url(operator),
            operator.organisation.siret,
            operator.get_legal_kind_display(),
            ",".join(Family(family).label for family in families.get(operator.slug, [])),
            departement(operator) or "",
        ]


def with_article(name: str) -> str:
    """ "le Syndicat mixte des Rives": to be put in the middle of a sentence."""
    first = name.split(" ")[0].lower()
    return f"{_ARTICLES.get(first, '')}{name}"
