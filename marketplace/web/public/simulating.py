"""What a choice of services would cost a commune, open to anyone: the address holds all of it."""

from dataclasses import replace
from datetime import date
from urllib.parse import urlencode

from django import forms
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_safe

from catalog.models import Listing
from catalog.prices import TerritoryFacts, counted_by, territory_facts
from catalog.pricing import Counted, Rhythm, rhythm_of
from catalog.pricing.usage import usage_of
from marketplace.web.counts import CountsForm, counts_in_address
from marketplace.web.formats import day, format_cents, format_number, format_percent
from marketplace.web.price_views import trial_offer
from marketplace.web.public.commune_choice import CommuneChoice, chosen_commune
from marketplace.web.public.views import operator_or_404
from subscriptions.pooling import groups_of
from subscriptions.simulation import MOST_SERVICES, Amount, SimulatedLine, Simulation, simulate
from subscriptions.simulation_file import render as render_file
from tenants.models import Territory

KEPT = ("service", "option", "debut", "plus")
MOST_OTHERS = 999
PARTIAL = "Un service au moins n’a pas de prix ici : il n’est pas compté dans les totaux."


class SimulationForm(forms.Form):
    """From when, and how many more would join."""

    debut = forms.DateField(
        label="À partir du",
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        error_messages={
            "required": "Indiquez le jour de départ.",
            "invalid": "Cette date n’existe pas. Écrivez-la ainsi : 17/03/2027.",
        },
    )
    plus = forms.IntegerField(
        label="Communes de plus dans le groupe",
        help_text="De la même taille que la vôtre. Ne change le prix que des services au volume.",
        required=False,
        min_value=0,
        max_value=MOST_OTHERS,
        error_messages={
            "invalid": "Écrivez un nombre entier, par exemple 3.",
            "min_value": "Écrivez 0 ou plus.",
            "max_value": f"Écrivez {MOST_OTHERS} au plus.",
        },
    )

    def __init__(self, *args, today, **kwargs):
        super().__init__(*args, **kwargs)
        self.today = today

    def clean_debut(self):
        starts_on = self.cleaned_data["debut"]
        if not self.today <= starts_on < self.today.replace(year=self.today.year + 3, day=1):
            raise forms.ValidationError(
                "Choisissez un jour entre aujourd’hui et trois ans : au-delà, les tarifs ne sont pas connus."
            )
        return starts_on


@login_not_required
@require_safe
def simulation(request, operator):
    """The page. It asks for nothing and keeps nothing."""
    operator = operator_or_404(request, operator)
    today = localdate(timezone.now())
    choice = chosen_commune(request, on=today, keep=_kept(request))
    if choice.redirect_to:
        return redirect(choice.redirect_to)
    return render(request, "public/simulation.html", _context(request, operator, choice, today))


@login_not_required
@require_safe
def simulation_file(request, operator):
    """The same as a PDF; whoever has nothing to compute is led back to the page."""
    operator = operator_or_404(request, operator)
    today = localdate(timezone.now())
    context = _context(request, operator, chosen_commune(request, on=today, keep=KEPT), today)
    result = context["result"]
    if result is None:
        address = reverse("simulation", args=[operator.slug])
        return redirect(f"{address}?{request.GET.urlencode()}" if request.GET else address)
    content = {
        "title": "Simuler le coût",
        "lead": result["title"],
        "operator": operator.short_name,
        "warning": "" if result["is_whole"] else PARTIAL,
        "notes": [f"{note['about']} – {note['text']}" for note in result["notes"]],
        "rows": [
            {**row, "name": f"Option : {row['name']}" if row["is_option"] else row["name"]}
            for row in result["rows"]
        ],
        **{name: result[name] for name in ("figures", "savings", "columns")},
    }
    headers = {
        "Content-Disposition": f'attachment; filename="simulation-{today:%Y-%m-%d}.pdf"',
        "X-Content-Type-Options": "nosniff",
    }
    pdf = render_file(content=content, dated=today)
    return HttpResponse(pdf, content_type="application/pdf", headers=headers)


def _kept(request) -> list[str]:
    return [*KEPT, *(name for name, _ in counts_in_address(request.GET))]


def _context(request, operator, choice: CommuneChoice, today) -> dict:
    """Everything of public/simulation.html."""
    slugs = list(dict.fromkeys(slug.replace("\0", "")[:140] for slug in request.GET.getlist("service")))
    listings = _listings(operator, slugs[:MOST_SERVICES])
    chosen = _chosen(request, listings)
    form = SimulationForm(
        {"debut": request.GET.get("debut") or today.isoformat(), "plus": request.GET.get("plus", "")},
        today=today,
    )
    facts = (
        territory_facts(territories=[choice.commune], on=today)[choice.commune.pk] if choice.commune else None
    )
    counting = CountsForm(request.GET, counted=_counted(listings, chosen, facts, today))
    found = None
    if form.is_valid() and facts and listings:
        facts = replace(facts, counts=counting.counts)
        found = _simulated(facts, listings, chosen, form.cleaned_data, today)
    insee = [("insee", choice.commune.code)] if choice.commune else []
    shelf_url = reverse("storefront", args=[operator.slug])
    return {
        "operator": operator,
        "choice": choice,
        "form": form,
        "counting": counting,
        "errors": bool(form.errors or counting.errors),
        "crumbs": [
            {"label": operator.short_name, "url": f"{shelf_url}?{urlencode(insee)}" if insee else shelf_url},
            {"label": "Simuler", "url": ""},
        ],
        "shelf_url": f"{shelf_url}?{urlencode(insee)}" if insee else shelf_url,
        "too_many": len(slugs) > MOST_SERVICES,
        "picks": [_pick(listing, chosen.get(listing.pk, ())) for listing in listings],
        "hidden": [
            {"name": name, "value": value}
            for name in _kept(request)
            for value in request.GET.getlist(name)
            if value and len(value) < 200
        ],
        "form_hidden": [{"name": name, "value": value} for name, value in insee],
        "result": _result(found, choice.commune, form.cleaned_data, today) if found else None,
        "file_url": f"{reverse('simulation_file', args=[operator.slug])}?{request.GET.urlencode()}",
        "partial": PARTIAL,
    }


def _listings(operator, slugs: list[str]) -> list[Listing]:
    rows = Listing.objects.on_shelf_of(operator).for_cards().filter(offer__product__sheet__slug__in=slugs)
    return sorted(rows, key=lambda listing: slugs.index(listing.sheet.slug))


def _chosen(request, listings: list[Listing]) -> dict[int, set[str]]:
    """Option codes by listing: the address says `option=<service>:<code>`."""
    typed = {tuple(value.split(":", 1)) for value in request.GET.getlist("option") if ":" in value}
    return {listing.pk: {code for slug, code in typed if slug == listing.sheet.slug} for listing in listings}


def _counted(listings, chosen, facts: TerritoryFacts | None, today) -> tuple[Counted, ...]:
    """What these services and options count of the commune, once each."""
    if facts is None:
        return ()
    grids = [
        grid
        for listing in listings
        for code in ("", *sorted(chosen.get(listing.pk, ())))
        if (grid := listing.grid_on(today, code))
    ]
    found = (one for grid in grids for one in counted_by(grid.definition, facts=facts))
    return tuple({one.name: one for one in found}.values())


def _simulated(facts: TerritoryFacts, listings, chosen, typed: dict, today) -> Simulation:
    own = facts.populations.get("municipale")
    return simulate(
        listings=listings,
        options=chosen,
        facts=facts,
        starts_on=typed["debut"],
        on=today,
        groups=groups_of(listings=listings, on=today),
        others=(typed["plus"] or 0) * ((own.value or 0) if own else 0),
    )


def _pick(listing: Listing, codes) -> dict:
    slug = listing.sheet.slug
    return {
        "slug": slug,
        "name": listing.shown.name,
        "vendor": listing.vendor.organisation.name,
        "options": [
            {"value": f"{slug}:{one['code']}", "name": one["name"], "checked": one["code"] in codes}
            for one in listing.shown.options
        ],
    }


def _result(found: Simulation, commune: Territory, typed: dict, today: date) -> dict:
    """For public/simulation.html: amounts as texts."""
    year = typed["debut"].year
    later = found.later != found.next_year
    by_month = found.months < 12 and not any(_rhythm(line, on=today) for line in found.lines)
    totals = [
        _figure(f"{year}, {found.months} mois" if by_month else str(year), found.this_year),
        _figure(str(year + 1), found.next_year),
    ]
    if later:
        totals.append(_figure("Ensuite, par an", found.later))
    return {
        "title": f"Pour {commune.full_name}, à partir du {day(typed['debut'])}",
        "figures": totals,
        "is_whole": found.is_whole,
        "savings": _savings(found),
        "columns": [figure["label"] for figure in totals],
        "rows": [_row(line, later=later) for line in found.lines],
        "notes": [note for line in found.lines for note in _notes(line, on=today)],
    }


def _figure(label: str, amount: Amount) -> dict:
    told = _told(amount)
    untaxed = "hors champ de la TVA ou exonéré"
    value = f"{told['gross']} TTC" if told["net"] else told["gross"]
    return {"label": label, "value": value, "note": told["net"] or untaxed}


def _told(amount: Amount) -> dict:
    """`net` is empty where there is no VAT."""
    taxed = amount.net_cents != amount.gross_cents
    return {
        "gross": format_cents(amount.gross_cents),
        "net": f"{format_cents(amount.net_cents)} HT" if taxed else "",
    }


def _savings(found: Simulation) -> str:
    """Over the services whose vendor publishes a price; empty when none does."""
    told = [line.name for line in found.lines if line.listed and line.later]
    if not told:
        return ""
    saved, listed = found.saved_cents, found.listed_cents
    public = f"{' + '.join(told)} au tarif public : {format_cents(listed)} par an"
    if saved <= 0:
        return f"{public}, pas plus cher qu’ici."
    share = format_percent(saved * 100 // listed)
    return f"{public}. Acheter ensemble vous fait économiser {format_cents(saved)} par an, soit {share}."


def _row(line: SimulatedLine, *, later: bool) -> dict:
    amounts = [line.this_year, line.next_year, *([line.later] if later else [])]
    return {
        "name": line.name,
        "is_option": bool(line.option),
        "problem": line.problem,
        "cells": [_told(amount) for amount in amounts if amount is not None],
        "steps": [step for one in line.quote.lines for step in one.steps] if line.quote else [],
    }


def _rhythm(line: SimulatedLine, *, on: date) -> Rhythm | None:
    grid = line.listing.grid_on(on)
    return rhythm_of(grid.definition) if grid else None


def _notes(line: SimulatedLine, *, on: date) -> list[dict]:
    """What may move the price: a stratum near, the group, what is used; the free trial that comes before it;
    the rhythm of its invoices."""
    found = [
        {"about": line.name, "text": f"Seuil proche : {jump.in_words()} par an."} for jump in line.thresholds
    ]
    if not line.option and (trial := trial_offer(line.listing.grid_on(on))):
        found.append({"about": line.name, "text": f"{trial} : il vient avant, et n’est pas compté ici."})
    if not line.option and (rhythm := _rhythm(line, on=on)):
        found.append(
            {"about": line.name, "text": f"{rhythm.in_words()}. Une année compte ce qui y est facturé."}
        )
    if not line.option and (grid := line.listing.grid_on(on)):
        found += [
            {"about": line.name, "text": f"{one.in_words()} : ce qui sera utilisé n’est pas compté ici."}
            for one in usage_of(grid.definition)
        ]
    if line.group and not line.option:
        people = f"{format_number(line.group.inhabitants)} habitants"
        members = f"{format_number(line.group.members)} membre{'s' if line.group.members > 1 else ''}"
        found.append(
            {"about": line.name, "text": f"Le groupe compte {members} et {people} le {day(line.group.on)}."}
        )
    return found
