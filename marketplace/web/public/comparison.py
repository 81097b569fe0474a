"""Up to four services of a hall side by side."""

from collections.abc import Callable, Sequence
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_not_required
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_safe

from catalog.finding.comparison import MOST, Compared, compared
from catalog.finding.phrases import rating_words
from catalog.models import ClaimTopic, Connector, Family
from catalog.prices import ListingPrice, territory_facts
from catalog.sheets.eligibility import whom
from marketplace.web.commune.choices.frame import SEARCH, SERVICE
from marketplace.web.formats import format_cents, format_percent
from marketplace.web.price_views import price_card
from marketplace.web.public.commune_choice import chosen_commune
from marketplace.web.public.keeping import prepare_url
from marketplace.web.public.shelf_words import (
    CONNECTORS,
    LEVEL_BADGES,
    TOPICS,
)
from marketplace.web.public.views import operator_or_404
from tenants.models import Territory

Cell = dict  # text, and maybe note (small, below), badge, or quiet
UNKNOWN = {"text": "Non précisé", "quiet": True}


@login_not_required
@require_safe
def compare(request, operator):
    """The table; which services are in the address, so that it may be kept or sent to somebody."""
    operator = operator_or_404(request, operator)
    today = localdate(timezone.now())
    choice = chosen_commune(request, on=today, keep=(SERVICE, SEARCH))
    if choice.redirect_to:
        return redirect(choice.redirect_to)
    asked = [slug.replace("\0", "")[:140] for slug in dict.fromkeys(request.GET.getlist(SERVICE))]
    facts = None
    if choice.commune:
        facts = territory_facts(territories=[choice.commune], on=today)[choice.commune.pk]
    found = compared(operator=operator, slugs=asked[:MOST], facts=facts, on=today)
    suffix = [("insee", choice.commune.code)] if choice.commune else []
    search = [(SEARCH, request.GET[SEARCH])] if request.GET.get(SEARCH) else []
    shelf_url = reverse("storefront", args=[operator.slug])
    shelf_url += f"?{urlencode(suffix)}" if suffix else ""
    slugs = [one.sheet.slug for one in found]
    context = {
        "operator": operator,
        "choice": choice,
        "crumbs": [{"label": operator.short_name, "url": shelf_url}, {"label": "Comparer", "url": ""}],
        "shelf_url": shelf_url,
        "too_many": len(asked) > MOST,
        "most": MOST,
        "heads": [
            {
                "name": one.sheet.name,
                "url": reverse("service", args=[operator.slug, one.sheet.slug])
                + (f"?{urlencode(suffix)}" if suffix else ""),
                "drop_url": _address(
                    request, [slug for slug in slugs if slug != one.sheet.slug], search + suffix
                ),
            }
            for one in found
        ],
        "rows": rows(found, choice.commune),
        "prepare_url": prepare_url(request, operator, slugs, commune=choice.commune),
        "simulate_url": reverse("simulation", args=[operator.slug])
        + f"?{urlencode([*(('service', slug) for slug in slugs), *suffix])}",
        "hidden": [
            {"name": name, "value": value} for name, value in [*((SERVICE, slug) for slug in slugs), *search]
        ],
    }
    return render(request, "public/compare.html", context)


def rows(found: Sequence[Compared], commune: Territory | None) -> list[dict]:
    """A line a criterion: those on which no service says anything are left out."""
    lines: list[tuple[str, Callable[[Compared], Cell]]] = [
        ("Prix par an", lambda one: _price(one.price, commune)),
        ("Prix par habitant et par an", lambda one: _per_inhabitant(one.price, commune)),
        ("Prix public de l’éditeur", _list_price),
        ("Famille", lambda one: {"text": Family(one.sheet.family).label}),
        ("Éditeur", lambda one: {"text": one.vendor_name}),
        ("Hébergement", lambda one: {"text": one.sheet.hosting}),
        ("Licence", lambda one: {"text": one.sheet.licence, "note": one.sheet.licence_spdx}),
        ("Ouverture du service", lambda one: {"text": CONNECTORS[Connector(one.sheet.connector)]}),
        ("Pour qui", _eligibility),
        ("Prérequis", lambda one: {"text": _prerequisites(one)}),
        ("Satisfaction", lambda one: {"text": rating_words(one.rating_sum, one.rating_count)}),
        *((f"Preuve : {TOPICS[topic]}", lambda one, topic=topic: _claim(one, topic)) for topic in ClaimTopic),
    ]
    table = [(label, [cell(one) for one in found]) for label, cell in lines]
    return [
        {"label": label, "cells": [cell if cell["text"] else UNKNOWN for cell in cells]}
        for label, cells in table
        if any(cell["text"] for cell in cells)
    ]


def _price(price: ListingPrice | None, commune: Territory | None) -> Cell:
    if price is None:
        return {"text": ""}
    card = price_card(price=price, commune=commune, choose_url="")
    if card["state"] == "unpriced":
        return {"text": "Pas de prix", "note": card["reason"]}
    if "ht" in card:
        cell = {"text": f"{card['ttc']} TTC", "note": f"{card['ht']} HT"}
    else:
        cell = {"text": card["ttc"], "note": card["vat_note"]}
    if "first_year" in card:
        cell["note"] += f". {card['first_year']}"
    return cell


def _per_inhabitant(price: ListingPrice | None, commune: Territory | None) -> Cell:
    if price is None or price.quote is None:
        return {"text": ""}
    return {"text": price_card(price=price, commune=commune, choose_url="").get("per_inhabitant", "")}


def _list_price(one: Compared) -> Cell:
    if one.list_price is None or one.list_price.quote is None:
        return {"text": ""}
    listed, pooled = one.list_price.gross_cents, one.price.gross_cents if one.price.quote else None
    cell = {"text": f"{format_cents(listed)} TTC" if one.list_price.vat_cents else format_cents(listed)}
    if pooled is not None and listed > pooled:
        share = format_percent((listed - pooled) * 100 // listed)
        cell["note"] = f"{format_cents(listed - pooled)} de moins ensemble ({share})"
    return cell


def _eligibility(one: Compared) -> Cell:
    sheet = one.sheet
    words = whom(body_types=sheet.body_types, least=sheet.population_min, most=sheet.population_max)
    return {"text": words[:1].upper() + words[1:] or "Toutes les collectivités"}


def _prerequisites(one: Compared) -> str:
    return ", ".join(item["text"] for item in one.sheet.prerequisites if item.get("text"))


def _claim(one: Compared, topic: str) -> Cell:
    claim = one.claims.get(topic)
    if claim is None:
        return {"text": ""}
    state, word = LEVEL_BADGES[claim.level]
    return {"text": claim.text, "badge": {"state": state, "label": word}}


def _address(request, slugs: list[str], suffix: list[tuple[str, str]]) -> str:
    return f"{request.path}?{urlencode([*((SERVICE, slug) for slug in slugs), *suffix])}"
