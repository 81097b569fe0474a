"""An operator's shelf: searched, filtered, sorted, priced for the commune the visitor names."""

from dataclasses import fields, replace
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.timezone import localdate
from django.views.decorators.http import require_safe

from catalog.finding.addresses import PARAMETERS, ShelfQuery, parameters, shelf_query
from catalog.finding.asked import PAGE, Asked, Visitor, visitor_of
from catalog.finding.cards import CardTexts, card_texts, why_unpriced
from catalog.finding.find import Found, Standing, find
from catalog.finding.phrases import rating_words
from catalog.models import ClaimLevel, Family
from catalog.sheets.eligibility import whom
from marketplace.pages.queries import words_of
from marketplace.web.formats import format_number
from marketplace.web.moulds import Fixed
from marketplace.web.price_views import price_card
from marketplace.web.public.about import statutes_in_words
from marketplace.web.public.commune_choice import CommuneChoice, chosen_commune
from marketplace.web.public.keeping import keep_on_shelf
from marketplace.web.public.shelf_filters import empty_state, groups, reading_notes
from marketplace.web.public.shelf_words import (
    LEVEL_BADGES,
    SORTS,
    TOPICS,
    chosen_words,
    used_words,
)
from marketplace.web.public.views import operator_or_404
from subscriptions.pooling import joining
from tenants.models import Operator

NO_FILTER = {
    field.name: field.default for field in fields(Asked) if field.name not in ("words", "exact", "sort")
}
PART = "rayon"  # the part of the page that htmx replaces
MOST_BADGES = 3
FAMILY_NAMES = dict(Family.choices)
LEVELS = tuple(ClaimLevel.values)
# Whoever searches, filters or turns pages has read it.
NOTHING_AROUND = {"page": None, "news": [], "has_help": False, "statutes": []}


@login_not_required
@require_safe
def storefront(request: HttpRequest, operator: str) -> HttpResponse:
    """The whole page, or only the shelf for htmx: the same address says the same either way."""
    operator = operator_or_404(request, operator)
    today = localdate(timezone.now())
    choice = chosen_commune(request, on=today, keep=PARAMETERS)
    if choice.redirect_to:
        return redirect(choice.redirect_to)
    query = shelf_query(request.GET)
    query = ShelfQuery(query.asked, choice.commune.code if choice.commune else "", query.page)
    visitor = visitor_of(choice.commune, on=today) if choice.commune else None
    found = find(operator_id=operator.pk, asked=query.asked, visitor=visitor, on=today, page=query.page)
    context = shelf_context(request, operator, query=query, choice=choice, visitor=visitor, found=found)
    keep_on_shelf(request, operator, context, commune=choice.commune, query=query)
    partial = request.htmx and request.htmx.target == PART and not request.htmx.history_restore_request
    if not partial:
        context |= around_the_shelf(request, operator, today) if context["is_home"] else NOTHING_AROUND
    answer = render(request, "public/_shelf.html" if partial else "public/storefront.html", context)
    patch_vary_headers(answer, ["HX-Request", "HX-Target"])
    return answer


def around_the_shelf(request: HttpRequest, operator: Operator, today) -> dict:
    """What the operator says of itself above and below the shelf of its home page."""
    words = words_of(operator)
    request.conformity = words.conformity
    return {
        "page": words.page,
        "news": words.news,
        "has_help": words.has_help,
        "statutes": statutes_in_words(operator, on=today),
    }


def shelf_context(
    request: HttpRequest,
    operator: Operator,
    *,
    query: ShelfQuery,
    choice: CommuneChoice,
    visitor: Visitor | None,
    found: Found,
) -> dict:
    """Everything of public/_shelf.html."""
    path, asked = request.path, query.asked
    # What waits for a commune is kept in every address, and told once it counts.
    counted = asked if visitor else asked.without_commune()
    chosen = chosen_words(counted)
    filtered = replace(counted, **NO_FILTER) != counted
    pages = max(1, -(-found.total // PAGE))
    number = min(query.page, pages)
    family = Family(next(iter(asked.families))) if len(asked.families) == 1 else None
    return {
        "operator": operator,
        "choice": choice,
        "asked": asked,
        "action": path,
        "cards": _cards(operator, query, choice, visitor, found),
        "family": family,
        "families": [
            {
                "label": Family(name).label,
                "icon": name,
                "url": query.address(path, families=frozenset({name})) + "#rayon",
                "count": services(count),
            }
            for name, count in found.families.items()
            if count
        ],
        "is_home": asked == Asked() and number == 1,
        "total": services(found.total),
        "whole": found.whole,
        "announce": announce(found, number, pages),
        "groups": groups(query, visitor, found),
        "chips": [{"label": label, "url": query.address(path, **without)} for label, without in chosen],
        "reset_url": path + (f"?{urlencode({'insee': query.insee})}" if query.insee else ""),
        "sorts": [
            {"label": label, "url": query.address(path, sort=sort), "active": counted.sort == sort}
            for sort, label in SORTS.items()
            if sort != "prix" or visitor
        ],
        "notes": reading_notes(query, path, found),
        "empty": None if found.page else empty_state(query, path, found),
        "pages": pages_of(query, path, number, pages),
        "compare_url": reverse("compare", args=[operator.slug]),
        # Each form keeps what the others ask.
        "hidden": _fields(parameters(asked)),
        "search_hidden": _fields(parameters(replace(asked, words=""), insee=query.insee)),
        "filters_hidden": _fields(
            parameters(Asked(words=asked.words, exact=asked.exact, sort=asked.sort), insee=query.insee)
        ),
        "filters_reset": query.address(path, **NO_FILTER) if filtered else "",
    }


def services(count: int) -> str:
    """ "12 services"."""
    return f"{format_number(count)} service{'s' if count > 1 else ''}"


def announce(found: Found, number: int, pages: int) -> str:
    """What a screen reader says when the shelf has changed."""
    if not found.total:
        return "Aucun service ne correspond."
    place = f", page {number} sur {pages}" if pages > 1 else ""
    return f"{services(found.total)}{place}."


def pages_of(query: ShelfQuery, path: str, number: int, pages: int) -> dict:
    """Addresses of the pages before and after."""
    base = query.address(path)
    sign = "&" if "?" in base else "?"
    return {
        "number": format_number(number),
        "count": format_number(pages),
        "several": pages > 1,
        "before": "" if number <= 1 else f"{base}{sign}page={number - 1}" if number > 2 else base,
        "after": f"{base}{sign}page={number + 1}" if number < pages else "",
    }


def _fields(pairs: list[tuple[str, str]]) -> list[dict]:
    return [{"name": name, "value": value} for name, value in pairs]


def _cards(
    operator: Operator, query: ShelfQuery, choice: CommuneChoice, visitor: Visitor | None, found: Found
) -> list[dict]:
    standing = {one.listing: one for one in found.page}
    texts = card_texts(listings=list(standing))
    prices = {one.listing: one.price for one in found.page}
    if visitor:
        unpriced = [listing for listing, price in prices.items() if price is None]
        prices |= why_unpriced(listings=unpriced, facts=visitor.facts, joining=joining)
    base = reverse("storefront", args=[operator.slug])
    suffix = f"?{urlencode({'insee': query.insee})}" if query.insee else ""
    return [
        {
            "listing": text.listing,
            "name": text.name,
            "slug": text.slug,
            "url": f"{base}services/{text.slug}/{suffix}",
            "vendor": text.vendor_name,
            "family": FAMILY_NAMES.get(text.family, ""),
            "family_icon": text.family,
            "summary": text.summary,
            "badges": badges(standing[text.listing].claims),
            "pick": {"name": "service", "value": text.slug, "form": "comparer"},
            "notes": notes(text, standing[text.listing], visitor),
            "price": price_card(price=prices[text.listing], commune=choice.commune, choose_url="#commune"),
        }
        for text in texts
    ]


def badges(claims: dict[str, str]) -> list[dict]:
    """For components/badge.html: the best proven claims first, three at most."""
    best = sorted(claims.items(), key=lambda item: LEVELS.index(item[1]), reverse=True)[:MOST_BADGES]
    return [
        {"state": Fixed(LEVEL_BADGES[level][0]), "label": f"{TOPICS[topic]} : {LEVEL_BADGES[level][1]}"}
        for topic, level in best
    ]


def notes(text: CardTexts, standing: Standing, visitor: Visitor | None) -> list[dict]:
    """Short lines under the summary: satisfaction, who has chosen it, whom it is not for."""
    found = []
    if rating := rating_words(standing.rating_sum, standing.rating_count):
        found.append({"icon": "star", "text": f"Satisfaction : {rating}"})
    if visitor and (used := used_words(standing.used_alike, visitor.stratum)):
        found.append({"icon": "building", "text": used})
    if not standing.suits:
        who = whom(body_types=text.body_types, least=text.population_min, most=text.population_max)
        found.append({"icon": "warning", "text": f"Seulement pour {who}"})
    return found
