"""What the operators' editors wrote: news, help, notices, a declaration of accessibility. All invented."""

from datetime import date

from demo.seed.moments import at
from marketplace.pages.editors import add_editor
from marketplace.pages.models import (
    AccessibilityPage,
    HelpArticlePage,
    HelpPage,
    LegalPage,
    NewsItemPage,
    NewsPage,
    ServiceOnShelf,
)
from tenants.models import Operator, User

HOST = "Halle, hébergement de démonstration\n1 rue de la Maquette, 35000 Rennes\nTéléphone : 04 00 00 00 10"
NAMED_ON = at(date(2026, 1, 5))
# operator → (its editor, who named her, who directs the publication)
EDITORS = {
    "cantonade": ("solene-kerguilly", "armand-theullier", "Renée Courvandier, directrice du GIP"),
    "brumelle": ("fatou-dembrelle", "fatou-dembrelle", "Aimé Lormetoret, président du syndicat"),
    "etabli-communal": ("lucien-arbogat", "ines-valmorin", "Inès Valmorin, présidente de l’association"),
}
# (day, title, introduction, body); ("service", n) is the n-th service of the shelf.
NEWS = {
    "cantonade": [
        (
            date(2026, 11, 16),
            "Le prix de la cantine baisse au 1er janvier",
            "Quarante communes de plus ont rejoint le marché : le tarif par habitant recule pour toutes.",
            [
                ("text", "<p>Rien à faire de votre côté : la prochaine facture porte le nouveau prix.</p>"),
                ("heading", "Qui est concerné"),
                (
                    "text",
                    "<ul><li>Les communes déjà abonnées, dès janvier.</li>"
                    "<li>Celles qui s’abonnent avant la fin de l’année, dès l’ouverture.</li></ul>",
                ),
                ("service", 0),
                (
                    "callout",
                    {
                        "level": "warning",
                        "title": "Délibération",
                        "text": "Le conseil doit délibérer avant la demande. Un modèle vous est proposé.",
                    },
                ),
            ],
        ),
        (
            date(2026, 10, 5),
            "Trois après-midi pour essayer la signature électronique",
            "À Montbrison, Feurs et Boën, venez signer un vrai bordereau avec votre propre poste.",
            [
                (
                    "text",
                    "<p>Les 12, 19 et 26 octobre, de 14 h à 17 h. Les places sont libres : il suffit de "
                    "prévenir par courriel.</p>",
                ),
                (
                    "quote",
                    {
                        "text": "En une heure, notre secrétaire savait s’en servir.",
                        "source": "Le maire d’une commune de 420 habitants",
                    },
                ),
            ],
        ),
        (
            date(2026, 6, 22),
            "Cent communes membres",
            "Le GIP compte désormais plus de cent communes. Merci aux premières, qui ont essuyé les plâtres.",
            [("text", "<p>La prochaine assemblée se tiendra en septembre, à la salle des fêtes.</p>")],
        ),
    ],
    "brumelle": [
        (
            date(2026, 11, 3),
            "Les contributions de 2027 sont votées",
            "Le comité syndical a gardé le montant par habitant. Chaque commune reçoit le détail du calcul.",
            [("text", "<p>La population retenue est celle en vigueur au <b>1er janvier 2027</b>.</p>")],
        ),
    ],
    "etabli-communal": [
        (
            date(2026, 9, 14),
            "Nos ateliers du jeudi reprennent",
            "Une heure en visioconférence, un outil libre, vos questions.",
            [
                ("text", "<p>Le programme est écrit par les adhérents. Proposez le vôtre.</p>"),
                ("link", {"label": "Voir le programme", "url": "https://ateliers.etabli-communal.example/"}),
            ],
        ),
    ],
}
HELP = (
    (
        "Comment s’abonner à un service ?",
        "La secrétaire fait la demande, le maire l’approuve, le service s’ouvre seul.",
        [
            (
                "text",
                "<ol><li>Ouvrez la fiche du service et vérifiez le prix pour votre commune.</li>"
                "<li>Demandez l’abonnement : le prix ne bouge plus.</li>"
                "<li>Le maire approuve, avec le numéro et la date de la délibération.</li></ol>",
            ),
            (
                "callout",
                {
                    "level": "info",
                    "title": "Pas encore membre ?",
                    "text": "Écrivez-nous : l’adhésion se décide au conseil, nous fournissons le projet.",
                },
            ),
        ],
    ),
    (
        "Pourquoi ma facture dépend-elle de la population ?",
        "Le tarif est négocié par habitant ; la population retenue est écrite sur chaque ligne.",
        [
            (
                "text",
                "<p>Nous prenons le chiffre de l’INSEE en vigueur au début de la période. Son année et sa "
                "source figurent sur la facture.</p>",
            )
        ],
    ),
)


def make_editorial(*, operators: dict[str, Operator], people: dict[str, User]) -> None:
    """Every operator's pages, its editor, and its legal notice; the declaration for one of them only."""
    for slug, operator in operators.items():
        editor, by, director = EDITORS[slug]
        add_editor(operator=operator, person=people[editor], by=people[by], now=NAMED_ON)
        storefront = operator.storefront_page
        news, help_page = (_section(storefront, kind) for kind in (NewsPage, HelpPage))
        services = list(ServiceOnShelf.objects.filter(operator=operator).order_by("position", "pk")[:1])
        for day, title, introduction, body in reversed(NEWS[slug]):
            _publish(news, NewsItemPage, day, title, introduction, _with_services(body, services), day=day)
        for title, introduction, body in HELP:
            _publish(help_page, HelpArticlePage, date(2026, 1, 12), title, introduction, body)
        notice = _section(storefront, LegalPage).get_latest_revision_as_object()
        notice.director, notice.host = director, HOST
        notice.save_revision().publish()
        # Wagtail says today: the demo tells the same story whenever it is made.
        LegalPage.objects.filter(pk=notice.pk).update(
            first_published_at=NAMED_ON, last_published_at=NAMED_ON, latest_revision_created_at=NAMED_ON
        )
    cantonade = operators["cantonade"]
    cantonade.storefront_page.add_child(
        instance=AccessibilityPage(
            title="Déclaration d’accessibilité",
            slug="accessibilite",
            conformity="partial",
            rate="86.5",
            audited_on=date(2026, 5, 4),
            auditor="l’atelier Lisible Pour Tous",
            declared_on=date(2026, 5, 18),
            failures="<ul><li>Deux documents à télécharger ne sont pas balisés.</li>"
            "<li>Un plan d’accès n’a pas d’équivalent écrit.</li></ul>",
            contact_email=cantonade.contact_email,
            first_published_at=at(date(2026, 5, 18)),
            last_published_at=at(date(2026, 5, 18)),
        )
    )


def _section(storefront, kind: type):
    return kind.objects.child_of(storefront).get()


def _with_services(body: list, services: list[ServiceOnShelf]) -> list:
    return [(kind, services[value]) if kind == "service" else (kind, value) for kind, value in body]


def _publish(section, kind: type, on: date, title: str, introduction: str, body: list, **fields) -> None:
    moment = at(on)
    page = kind(
        title=title,
        introduction=introduction,
        body=body,
        first_published_at=moment,
        last_published_at=moment,
        **fields,
    )
    section.add_child(instance=page)
