"""A value file as a paper: to hand over to a council, or to change."""

from decimal import Decimal

from catalog.pricing import format_cents, format_number, format_percent
from subscriptions.models import ValueFile
from subscriptions.value.assumptions import Assumptions, Every, Whom
from subscriptions.value.figures import Figures, amount, cumulated
from tenants.documents.paper import Block, Heading, Paper, Paragraph, Table
from tenants.identifiers import grouped
from tenants.models import Organisation

METHOD = (
    "À la manière de MAREVA, méthode d’analyse de la valeur des projets numériques de l’État. Montants TTC. "
    "Ce dossier éclaire une décision : il n’en est pas une."
)
EVERY = {Every.ONCE: "une fois", Every.YEAR: "par an"}
WHOM = {Whom.AGENTS: "agents", Whom.USERS: "habitants"}


def grade(value: Decimal | int | None) -> str:
    """ "3,5 sur 5", "non noté"."""
    return "non noté" if value is None else f"{format_number(Decimal(value).normalize())} sur 5"


def months(count: int | None) -> str:
    """ "9 mois", "2 ans et 3 mois", "jamais"."""
    if count is None:
        return "jamais"
    years, rest = divmod(count, 12)
    said = [f"{years} an{'s' if years > 1 else ''}"] if years else []
    if rest:
        said.append(f"{rest} mois")
    return " et ".join(said)


def value_paper(
    *, file: ValueFile, organisation: Organisation, supposed: Assumptions, found: Figures
) -> Paper:
    """All that the page of the file shows."""
    return Paper(
        title=f"Dossier de valeur – {file.service_name}",
        kind="Dossier de valeur",
        body=organisation.name,
        siren=grouped(organisation.siren),
        subject=f"« {file.service_name} », sur {supposed.years} an{'s' if supposed.years > 1 else ''}",
        blocks=(*_summary(supposed, found), *_detail(supposed), *_reviews(file)),
        footer=METHOD,
    )


def _summary(supposed: Assumptions, found: Figures) -> list[Block]:
    sums = (
        ("Coût total", format_cents(found.total_cost_cents)),
        ("Gains attendus", format_cents(found.total_gain_cents)),
        (
            "Gains moins coûts, ramenés à aujourd’hui (valeur actuelle nette), à "
            f"{format_percent(supposed.rate)} l’an",
            format_cents(found.net_present_cents),
        ),
        ("Délai de retour", months(found.payback_months)),
    )
    balances = cumulated(found.years)
    years = tuple(
        (
            f"Année {year.number}",
            format_cents(year.price_cents),
            format_cents(year.costs_cents),
            format_cents(year.gains_cents),
            format_cents(balance),
        )
        for year, balance in zip(found.years, balances, strict=True)
    )
    axes = tuple((axis.name, axis.how, grade(axis.grade)) for axis in found.axes)
    return [
        Table("En bref", ("", "Sur toute la durée"), sums),
        Table(
            "Année par année", ("Année", "Prix", "Autres coûts", "Gains", "Solde cumulé"), years, figures=4
        ),
        Table("Les cinq axes", ("Axe", "Comment il est noté", "Note"), axes),
        *([Paragraph(f"Nécessité : {supposed.necessity_reason}")] if supposed.necessity_reason else []),
    ]


def _detail(supposed: Assumptions) -> list[Block]:
    blocks: list[Block] = []
    if supposed.costs:
        rows = tuple((one.label, EVERY[one.every], format_cents(amount(one))) for one in supposed.costs)
        blocks.append(Table("Les autres coûts", ("Coût", "Quand", "Montant"), rows))
    if supposed.gains:
        rows2 = tuple((one.label, format_cents(amount(one))) for one in supposed.gains)
        blocks.append(Table("Les gains attendus, par an", ("Gain", "Montant"), rows2))
    if supposed.qualities:
        rows = tuple((one.label, WHOM[one.whom], grade(one.grade)) for one in supposed.qualities)
        blocks.append(Table("Ce qui va mieux", ("Gain", "Pour les", "Note"), rows))
    if supposed.risks:
        risks = tuple(
            (
                one.label,
                one.mitigation or "—",
                one.in_words,
            )
            for one in supposed.risks
        )
        columns = ("Risque", "Ce qui est prévu", "Probabilité × gravité")
        blocks.append(Table("Les risques", columns, risks))
    return [Heading("Ce que le dossier suppose"), *blocks] if blocks else []


def _reviews(file: ValueFile) -> list[Block]:
    blocks: list[Block] = []
    for review in file.reviews.order_by("year"):
        rows = tuple(
            (name, format_cents(expected), format_cents(real), format_cents(real - expected))
            for name, expected, real in compared(review)
        )
        columns = ("", "Attendu", "Constaté", "Écart")
        blocks += [Table(f"Année {review.year}", columns, rows, figures=3), Paragraph(review.note)]
    return [Heading("Ce qui s’est passé"), *blocks] if blocks else []


def compared(review) -> list[tuple[str, int, int]]:
    """(what, expected, real) of one year, in cents."""
    price = "Prix facturé" if review.invoiced else "Prix souscrit"
    return [
        (price, review.expected_price_cents, review.price_cents),
        ("Autres coûts", review.expected_costs_cents, review.costs_cents),
        ("Gains", review.expected_gains_cents, review.gains_cents),
        (
            "Solde",
            review.expected_gains_cents - review.expected_price_cents - review.expected_costs_cents,
            review.gains_cents - review.price_cents - review.costs_cents,
        ),
    ]
