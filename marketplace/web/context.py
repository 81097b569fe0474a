"""What base.html needs on every page: for whom one acts, where one may go."""

from django.urls import reverse

from marketplace.web.access import MEMBER_ROLES, OPERATOR_ROLES, VENDOR_ROLES, mandates
from marketplace.web.operator.roles import MONEY_ROLES, TASK_ROLES
from tenants.models import Organisation, Role


def navigation(request) -> dict:
    """One query for a signed-in person (her mandates, which the page's guard has mostly asked for already),
    none for a visitor."""
    operator = getattr(request, "current_operator", None)
    organisation = getattr(request, "current_organisation", None)
    context = {
        "current_organisation": organisation,
        "current_operator": _operator(operator) if operator else None,
        "acting_for": getattr(request, "acting_for", None),
        "reads_only": getattr(request, "reads_only", False),
        "home_url": reverse("home"),
        "sign_in_url": reverse("oidc_authentication_init"),
        "nav_items": [],
        "organisation_choices": [],
        "footer_links": [
            {"label": "Trouver une commune", "url": reverse("territory_search")},
            {"label": "Accessibilité", "url": reverse("accessibility")},
        ],
    }
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return context
    places = _places(user)
    context["sign_out_url"] = reverse("oidc_logout")
    context["organisation_choices"] = [
        {"label": place["label"], "url": place["url"], "active": organisation == place["organisation"]}
        for place in places
    ]
    if organisation is not None:
        context["nav_items"] = _sections(request, organisation, operator)
    return context


def _operator(operator) -> dict:
    return {
        "name": operator.short_name,
        "contact_name": operator.contact_name,
        "contact_email": operator.contact_email,
        "contact_phone": operator.contact_phone,
        "stylesheet_url": reverse("operator_stylesheet", args=[operator.slug]),
    }


def _places(user) -> list[dict]:
    """Where this person has a role, each once per door (member, operator, vendor)."""
    places: dict[str, dict] = {}
    for mandate in mandates(user):
        place = place_of(mandate.organisation, mandate.role)
        places.setdefault(place["url"], place)
    return list(places.values())


def place_of(organisation: Organisation, role: str) -> dict:
    """The door a role opens: its address and name."""
    if role in OPERATOR_ROLES or role == Role.AUDITOR:
        url = reverse("operator_home", args=[organisation.operator.slug])
        label = f"{organisation.operator.short_name} (opérateur)"
    elif role in VENDOR_ROLES:
        url, label = reverse("vendor_home", args=[organisation.siren]), f"{organisation.name} (éditeur)"
    else:
        assert role in MEMBER_ROLES, role  # noqa: S101 a new role needs its door
        url, label = reverse("member_home", args=[organisation.siren]), organisation.name
    return {"url": url, "label": label, "organisation": organisation}


def _sections(request, organisation, operator) -> list[dict]:
    roles = getattr(request, "roles", frozenset())
    if operator is not None and roles & (OPERATOR_ROLES | {Role.AUDITOR}):
        names = [
            (name, label)
            for name, label, openers in OPERATOR_SECTIONS
            if roles & openers or Role.AUDITOR in roles
        ]
        args = [operator.slug]
    elif roles & VENDOR_ROLES:
        names, args = VENDOR_SECTIONS, [organisation.siren]
    else:
        names, args = MEMBER_SECTIONS, [organisation.siren]
    sections = [{"label": label, "url": reverse(name, args=args)} for name, label in names]
    best = max(
        (section["url"] for section in sections if request.path.startswith(section["url"])),
        key=len,
        default="",
    )
    return [{**section, "active": section["url"] == best} for section in sections]


MEMBER_SECTIONS = [
    ("member_home", "Mes services"),
    ("member_subscriptions", "Abonnements"),
    ("member_invoices", "Factures"),
]
OPERATOR_SECTIONS = [
    ("operator_home", "Tableau de bord", OPERATOR_ROLES),
    ("operator_subscriptions", "Abonnements", OPERATOR_ROLES),
    ("operator_tasks", "Ouvertures à faire", TASK_ROLES),
    ("operator_runs", "Facturation", MONEY_ROLES),
    ("operator_invoices", "Factures", MONEY_ROLES),
    ("operator_titres", "Titres de recettes", MONEY_ROLES),
]
VENDOR_SECTIONS = [("vendor_home", "Mes services")]
