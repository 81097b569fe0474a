"""The needs board of a hall: what its members look for, and who answered."""

from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from catalog.experience.queries import needs, with_answers
from catalog.models import Family, NeedState
from marketplace.web.access import mandates
from marketplace.web.operator.lists import rest_of_address
from marketplace.web.opinion_views import need_page, need_row
from marketplace.web.public.views import operator_or_404
from tenants.people.roles import SPEAKING_ROLES

PAGE = 20
# Whoever asks for services may ask for those that do not exist.


@login_not_required
@require_safe
def need_list(request, operator):
    """Open needs, most wanted first; the closed ones on demand."""
    operator = operator_or_404(request, operator)
    family, closed = request.GET.get("famille", ""), request.GET.get("etat", "") == "clos"
    family = family if family in Family.values else ""
    found = needs(operator=operator, family=family, state=NeedState.CLOSED if closed else "")
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    context = {
        "operator": operator,
        "crumbs": _crumbs(operator, ("Besoins", "")),
        "page": page,
        "rest": rest_of_address(famille=family, etat="clos" if closed else ""),
        "family": family,
        "closed": closed,
        "families": [{"value": value, "label": label} for value, label in Family.choices],
        "rows": [
            need_row(need, url=reverse("hall_need", args=[operator.slug, need.public_id])) for need in page
        ],
        "places": _places(request),
    }
    return render(request, "public/needs.html", context)


@login_not_required
@require_safe
def need(request, operator, public_id):
    """One need, who has it, and the answers."""
    operator = operator_or_404(request, operator)
    rows = needs(operator=operator) | needs(operator=operator, state=NeedState.CLOSED)
    found = with_answers(rows).filter(public_id=public_id).first()
    if found is None:
        raise Http404
    board = reverse("hall_needs", args=[operator.slug])
    context = {
        "operator": operator,
        "crumbs": _crumbs(operator, ("Besoins", board), (found.title, "")),
        "need": need_page(found),
        "places": _places(request),
    }
    return render(request, "public/need.html", context)


def _places(request) -> list[dict]:
    """The doors through which a signed-in person may say that her organisation has a need too."""
    if not request.user.is_authenticated:
        return []
    held = {m.organisation for m in mandates(request.user) if m.role in SPEAKING_ROLES}
    return [
        {"label": organisation.name, "url": reverse("member_needs", args=[organisation.siren])}
        for organisation in sorted(held, key=lambda o: o.plain_name)
    ]


def _crumbs(operator, *items: tuple[str, str]) -> list[dict]:
    return [
        {"label": "Accueil", "url": reverse("home")},
        {"label": operator.short_name, "url": reverse("storefront", args=[operator.slug])},
        *({"label": label, "url": url} for label, url in items),
    ]
