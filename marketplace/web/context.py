"""What base.html needs on every page: for whom one acts, where one may go."""

from django.urls import reverse

from marketplace.web.access import MEMBER_ROLES, OPERATOR_ROLES, VENDOR_ROLES, mandates
from marketplace.web.acting import acting_notes
from marketplace.web.operator.roles import MONEY_ROLES, TASK_ROLES
from marketplace.web.organisation.roles import LOG_READERS, PEOPLE_READERS
from tenants.assistance.operations import ASSISTANT_ROLES
from tenants.identifiers import phone
from tenants.models import Organisation, Role
from tenants.models.organisation import OrganisationKind
from tenants.operators.logos import logo_version
from tenants.people.roles import SPEAKING_ROLES

# More than these, and the switcher leads to the page of all of them.
MAX_CHOICES = 8


def navigation(request) -> dict:
    """One query for a signed-in person (her mandates, which the page's guard has mostly asked for already),
    none for a visitor."""
    operator = getattr(request, "current_operator", None)
    organisation = getattr(request, "current_organisation", None)
    context = {
        "current_organisation": organisation,
        "current_operator": _operator(operator) if operator else None,
        "acting_for": getattr(request, "acting_for", None),
        "acting_notes": acting_notes(request),
        "reads_only": getattr(request, "reads_only", False),
        "home_url": reverse("home"),
        "sign_in_url": reverse("oidc_authentication_init"),
        "nav_items": [],
        "organisation_choices": [],
        "footer_links": _footer_links(operator, getattr(request, "conformity", "")),
    }
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return context
    context["sign_out_url"] = reverse("oidc_logout")
    context["account_links"] = [
        {"label": "Mes applications", "url": reverse("my_applications")},
        {"label": "Mes données", "url": reverse("my_data")},
    ]
    if user.is_staff:
        context["account_links"].insert(0, {"label": "Plateforme", "url": reverse("platform_home")})
    context["organisation_choices"] = _choices(request, places_of(user))
    if organisation is not None:
        context["nav_items"] = _sections(request, organisation)
    return context


def _footer_links(operator, conformity: str) -> list[dict]:
    """Inside a hall, the operator's own pages. `conformity`: what a storefront's home page must say."""
    found = [
        {"label": "Trouver une commune", "url": reverse("territory_search")},
        {"label": "Données ouvertes", "url": reverse("open_data")},
        {"label": "Vous éditez un service ?", "url": reverse("vendors_door")},
    ]
    label = f"Accessibilité : {conformity}" if conformity else "Accessibilité"
    if operator is None:
        return [*found, {"label": label, "url": reverse("accessibility")}]
    return [
        *found,
        {"label": "Mentions légales", "url": reverse("hall_legal", args=[operator.slug])},
        {"label": label, "url": reverse("hall_accessibility", args=[operator.slug])},
    ]


def _operator(operator) -> dict:
    return {
        "name": operator.short_name,
        "contact_name": operator.contact_name,
        "contact_email": operator.contact_email,
        "contact_phone": phone(operator.contact_phone),
        # Their versions: a browser keeps both for long, and must show a new one at once.
        "stylesheet_url": f"{reverse('operator_stylesheet', args=[operator.slug])}?v={operator.accent[1:]}",
        "logo_url": f"{reverse('operator_logo', args=[operator.slug])}?v={logo_version(operator)}"
        if operator.logo
        else "",
    }


def _choices(request, places: list[dict]) -> list[dict]:
    """For the switcher in the header: each place with the roles held there, or beyond MAX_CHOICES the present
    one and the page of all; first, the organisation for which an operator's agent acts."""
    organisation = getattr(request, "current_organisation", None)
    face = _face(request, getattr(request, "roles", frozenset())) if organisation else ""
    choices = [
        {
            "label": place["label"],
            "url": place["url"],
            "roles": ", ".join(place["roles"]),
            "active": organisation == place["organisation"] and face == place["face"],
        }
        for place in places
    ]
    if len(places) > MAX_CHOICES:
        more = {"label": f"Toutes vos organisations ({len(places)})", "url": reverse("places")}
        choices = [choice for choice in choices if choice["active"]]
        choices.append({**more, "roles": "", "active": False})
    if getattr(request, "acting_for", None):
        url = reverse("member_home", args=[organisation.siren])
        choices.insert(0, {"label": organisation.name, "url": url, "roles": "à sa demande", "active": True})
    return choices


def places_of(user) -> list[dict]:
    """Where this person has a role, each once per door (member, operator, vendor), with her `roles` there."""
    places: dict[str, dict] = {}
    for mandate in mandates(user):
        place = place_of(mandate.organisation, mandate.role)
        places.setdefault(place["url"], {**place, "roles": []})["roles"].append(mandate.get_role_display())
    return list(places.values())


def place_of(organisation: Organisation, role: str) -> dict:
    """The door a role opens: its address, its name, and which face of the organisation it shows."""
    if role in OPERATOR_ROLES or role == Role.AUDITOR:
        url = reverse("operator_home", args=[organisation.operator.slug])
        label, face = f"{organisation.operator.short_name} (opérateur)", "operator"
    elif role in VENDOR_ROLES:
        url, label = reverse("vendor_home", args=[organisation.siren]), f"{organisation.name} (éditeur)"
        face = "vendor"
    else:
        assert role in MEMBER_ROLES, role  # noqa: S101 a new role needs its door
        url, label = reverse("member_home", args=[organisation.siren]), organisation.name
        face = "member"
    return {"url": url, "label": label, "face": face, "organisation": organisation}


def _sections(request, organisation) -> list[dict]:
    """The menu: one entry a group of pages, leading to the first page of it that the person may open; the
    group where she is has its pages in `children`."""
    roles = getattr(request, "roles", frozenset())
    face = _face(request, roles)
    door = organisation.operator.slug if face == "operator" else organisation.siren
    groups = []
    for label, sections in SECTIONS[face]:
        pages = [
            {"label": page, "url": reverse(name, args=[organisation.siren if _of_all(name) else door])}
            for name, page, openers in sections
            if (roles & openers or (face == "operator" and Role.AUDITOR in roles))
            # Whoever acts for an organisation does not open what it is and who its people are, and has
            # nothing of her own there.
            and not (getattr(request, "acting_for", None) and (_of_all(name) or name in HER_OWN))
            and (name not in FOR_ITS_COMMUNES or organisation.kind == OrganisationKind.EPCI)
        ]
        if pages:
            groups.append((label, pages))
    addresses = [page["url"] for _, pages in groups for page in pages]
    here = max((url for url in addresses if request.path.startswith(url)), key=len, default="")
    return [_group(label, pages, here) for label, pages in groups]


def _group(label: str, pages: list[dict], here: str) -> dict:
    within = any(page["url"] == here for page in pages)
    alone = len(pages) == 1
    return {
        # A group of one page is that page.
        "label": pages[0]["label"] if alone else label,
        "url": pages[0]["url"],
        "active": ("page" if alone else "true") if within else "",
        "children": [{**page, "active": page["url"] == here} for page in pages]
        if within and not alone
        else [],
    }


def _of_all(name: str) -> bool:
    """Whether the page is about the organisation itself, whatever its face."""
    return name.startswith("organisation_")


def _face(request, roles) -> str:
    """Which of its faces an organisation shows: that of the page, or for a page about the organisation
    itself, the first one where the person has a role."""
    match = getattr(request, "resolver_match", None)
    of_page = (match.url_name or "").split("_")[0] if match else ""
    if of_page in SECTIONS:
        return of_page
    if roles & (OPERATOR_ROLES | {Role.AUDITOR}):
        return "operator"
    return "vendor" if roles & VENDOR_ROLES else "member"


HER_OWN = {"member_searches"}
FOR_ITS_COMMUNES = {"member_bulks"}
OURSELVES = ("organisation_home", "Mon organisation", frozenset(Role.values))
PEOPLE = ("organisation_people", "Personnes et rôles", PEOPLE_READERS)
AGENTS = ("member_agents", "Agents et accès", frozenset({Role.ORG_ADMIN, Role.SIGNATORY}))
LOG = ("organisation_audit", "Journal", LOG_READERS)
# Face → groups of pages: (group, [(address, page, who opens it)]).
SECTIONS = {
    "member": [
        (
            "Mes services",
            [("member_home", "Mes services", MEMBER_ROLES), ("member_socle", "Mon socle", MEMBER_ROLES)],
        ),
        (
            "Abonnements",
            [
                ("member_subscriptions", "Abonnements", MEMBER_ROLES),
                ("member_bulks", "Demandes groupées", MEMBER_ROLES),
                ("member_envelopes", "Enveloppes", MEMBER_ROLES),
                ("member_values", "Dossiers de valeur", MEMBER_ROLES),
                ("member_financed", "Ce que nous finançons", MEMBER_ROLES),
            ],
        ),
        (
            "Factures",
            [
                ("member_invoices", "Factures", MEMBER_ROLES),
                ("member_spending", "Dépenses", MEMBER_ROLES),
                ("member_budget", "Budget à venir", MEMBER_ROLES),
            ],
        ),
        (
            "Mes choix",
            [
                ("member_favourites", "Favoris", MEMBER_ROLES),
                ("member_searches", "Recherches", MEMBER_ROLES),
                ("member_shortlists", "Présélections", MEMBER_ROLES),
            ],
        ),
        ("Besoins", [("member_needs", "Besoins", SPEAKING_ROLES)]),
        ("Mon organisation", [OURSELVES, PEOPLE, AGENTS, LOG]),
    ],
    "operator": [
        ("Tableau de bord", [("operator_home", "Tableau de bord", OPERATOR_ROLES)]),
        (
            "Adhérents",
            [
                ("operator_members", "Adhérents", OPERATOR_ROLES),
                ("operator_assistances", "Aide aux adhérents", ASSISTANT_ROLES),
                ("operator_mergers", "Fusions de communes", TASK_ROLES),
            ],
        ),
        (
            "Catalogue",
            [
                ("operator_submissions", "Fiches et rayon", TASK_ROLES),
                ("operator_grids", "Tarifs", OPERATOR_ROLES),
                ("operator_claims", "Engagements à vérifier", TASK_ROLES),
                ("operator_opinions", "Avis", TASK_ROLES),
                ("operator_needs", "Besoins", TASK_ROLES),
                ("operator_feeds", "Sources", TASK_ROLES),
            ],
        ),
        (
            "Abonnements",
            [
                ("operator_subscriptions", "Abonnements", OPERATOR_ROLES),
                ("operator_terms", "Échéances", OPERATOR_ROLES),
                ("operator_payers", "Qui paie pour d’autres", OPERATOR_ROLES),
                ("operator_requests", "Demandes à approuver", OPERATOR_ROLES),
                ("operator_bulks", "Demandes groupées", TASK_ROLES),
                ("operator_exits", "Départs", OPERATOR_ROLES),
                ("operator_coverage", "Couverture", OPERATOR_ROLES),
                ("operator_tasks", "Ouvertures et fermetures", TASK_ROLES),
                ("operator_messages", "Messages envoyés", TASK_ROLES),
                ("operator_vehicles", "Cadres d’achat", OPERATOR_ROLES),
                ("operator_transfers", "Transferts de contrat", TASK_ROLES),
            ],
        ),
        (
            "Facturation",
            [
                ("operator_runs", "Périodes", MONEY_ROLES),
                ("operator_invoices", "Factures", MONEY_ROLES),
                ("operator_sendings", "Envois à Chorus Pro", MONEY_ROLES),
                ("operator_adjustments", "Régularisations à venir", MONEY_ROLES),
                ("operator_credit_notes", "Avoirs à émettre", MONEY_ROLES),
                ("operator_contests", "Contestations", MONEY_ROLES),
                ("operator_late_payments", "Retards de paiement", MONEY_ROLES),
                ("operator_titres", "Titres de recettes", MONEY_ROLES),
                ("operator_statements", "Relevés des éditeurs", MONEY_ROLES),
                ("operator_revenue", "Recettes", MONEY_ROLES),
                ("operator_accounting", "Comptabilité", MONEY_ROLES),
                ("operator_budgets", "Budgets à venir", MONEY_ROLES),
            ],
        ),
        ("Pages de la vitrine", [("operator_editorial", "Pages de la vitrine", OPERATOR_ROLES)]),
        (
            "Mon organisation",
            [
                OURSELVES,
                PEOPLE,
                LOG,
                ("operator_settings", "Réglages", frozenset({Role.OPERATOR_ADMIN})),
            ],
        ),
    ],
    "vendor": [
        (
            "Mes services",
            [
                ("vendor_home", "Mes services", VENDOR_ROLES),
                ("vendor_requests", "Demandes à approuver", VENDOR_ROLES),
                ("vendor_exits", "Départs", VENDOR_ROLES),
                ("vendor_queue", "Ouvertures et fermetures", VENDOR_ROLES),
                ("vendor_messages", "Messages envoyés", VENDOR_ROLES),
                ("vendor_transfers", "Contrats transférés", VENDOR_ROLES),
                ("vendor_statements", "Relevés", VENDOR_ROLES),
                ("vendor_feeds", "publiccode.yml", VENDOR_ROLES),
            ],
        ),
        (
            "Avis et besoins",
            [
                ("vendor_opinions", "Avis", VENDOR_ROLES),
                ("vendor_needs", "Besoins des collectivités", VENDOR_ROLES),
            ],
        ),
        (
            "Mes engagements",
            [
                ("vendor_papers", "Conditions et déclaration", VENDOR_ROLES),
                ("vendor_profile", "Présentation", frozenset({Role.VENDOR_ADMIN})),
            ],
        ),
        ("Mon organisation", [OURSELVES, PEOPLE, LOG]),
    ],
}
