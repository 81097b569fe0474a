"""The searches a person wants to find again, and to hear of."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from catalog.shortlists import searches
from catalog.shortlists.alerts import search_path
from catalog.shortlists.refusals import KeepingRefused
from marketplace.web.access import member_view
from marketplace.web.commune.choices.forms import SaveSearchForm
from marketplace.web.commune.choices.frame import SEARCH, crumbs, hall_of
from marketplace.web.formats import day
from marketplace.web.public.shelf_words import chosen_words


@member_view()
@require_safe
def search_list(request, organisation):
    """Her own, the last saved first: thirty at most, so that none is left out."""
    _own(request)
    found = searches.searches_of(organisation=organisation, person=request.user)
    rows = [
        {
            "pk": search.pk,
            "name": search.name,
            "url": search_path(search),
            "operator": search.operator.short_name,
            "words": words_of(search.query),
            "alert": search.alert,
            "at": day(search.created_at),
            "change_url": reverse("member_search", args=[organisation.siren, search.pk]),
        }
        for search in found
    ]
    context = {"organisation": organisation, "crumbs": crumbs(organisation, "member_searches"), "rows": rows}
    return render(request, "commune/choices/searches.html", context)


@member_view()
@require_http_methods(["GET", "HEAD", "POST"])
def save(request, organisation, hall):
    """Names a search that was asked of a shelf, and keeps it."""
    _own(request)
    sent = request.POST if request.method == "POST" else request.GET
    operator = hall_of(organisation, hall)
    query = sent.get(SEARCH, "")[: 4 * searches.LONGEST_QUERY]
    words = words_of(query)
    form = SaveSearchForm(
        request.POST if request.method == "POST" else None, initial={"name": words[:80], "alert": True}
    )
    if request.method == "POST" and form.is_valid():
        try:
            searches.save_search(
                organisation=organisation,
                operator=operator,
                query=query,
                by=request.user,
                now=timezone.now(),
                **form.cleaned_data,
            )
        except KeepingRefused as refusal:
            form.add_error(refusal.field or None, str(refusal))
        else:
            messages.success(request, "Votre recherche est enregistrée.")
            return redirect("member_searches", siren=organisation.siren)
    context = {
        "organisation": organisation,
        "crumbs": crumbs(organisation, "member_searches", "Enregistrer une recherche"),
        "form": form,
        "operator": operator,
        "words": words,
        "hidden": [{"name": SEARCH, "value": query}],
        "back_url": f"{reverse('storefront', args=[operator.slug])}{f'?{query}' if query else ''}",
    }
    return render(request, "commune/choices/search_save.html", context)


@member_view()
@require_POST
def change(request, organisation, search):
    """Turns its letters on or off, or forgets it."""
    _own(request)
    found = get_object_or_404(searches.searches_of(organisation=organisation, person=request.user), pk=search)
    doing = {"search": found, "by": request.user, "now": timezone.now()}
    match request.POST.get("action"):
        case "oublier":
            searches.forget_search(**doing)
            messages.success(request, f"La recherche « {found.name} » est supprimée.")
        case "prevenir":
            searches.set_alert(alert=True, **doing)
            messages.success(request, f"Vous serez prévenu des nouveautés de « {found.name} ».")
        case _:
            searches.set_alert(alert=False, **doing)
            messages.success(request, f"Vous ne serez plus prévenu pour « {found.name} ».")
    return redirect("member_searches", siren=organisation.siren)


def words_of(query: str) -> str:
    """What a search asks, in words: "« cantine », Hébergement : au moins documenté"."""
    words = ", ".join(label for label, _ in chosen_words(searches.asked_by(query)))
    return words or "Tous les services"


def _own(request) -> None:
    """An operator's agent who acts for the organisation keeps no search there: 404."""
    if request.acting_for:
        raise Http404
