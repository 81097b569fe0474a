"""Value files: what a service costs and brings over its term, and what happened after a year."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_http_methods, require_safe

from billing.spent import invoiced_for
from catalog.models import Listing, ListingState
from catalog.pricing import format_cents, format_number, format_percent
from marketplace.web.access import member_view
from marketplace.web.commune.breakeven import drawing
from marketplace.web.commune.papers import FORMS as FILE_FORMS
from marketplace.web.commune.value_forms import ReviewForm, ValueForm
from marketplace.web.formats import day
from subscriptions.exceptions import NotAvailable
from subscriptions.models import ValueFile
from subscriptions.queries import open_subscription
from subscriptions.value import files
from subscriptions.value.assumptions import Assumptions
from subscriptions.value.figures import cumulated, figures
from subscriptions.value.paper import EVERY, METHOD, WHOM, amount, compared, grade, months, value_paper
from tenants.members.adhesions import operators_of
from tenants.models import Role

WRITERS = (Role.SECRETARY, Role.SIGNATORY)


@member_view()
@require_safe
def value_list(request, organisation):
    """The organisation's value files, by service."""
    rows = []
    for file in ValueFile.objects.filter(tenant=organisation).order_by("service_name", "pk"):
        found = figures(Assumptions.model_validate(file.assumptions))
        rows.append(
            {
                "name": file.service_name,
                "url": reverse("member_value", args=[organisation.siren, file.listing_id]),
                "years": len(found.years),
                "cost": format_cents(found.total_cost_cents),
                "value": format_cents(found.net_present_cents),
                "payback": months(found.payback_months),
                "at": day(file.written_at),
            }
        )
    return render(request, "commune/values.html", {"organisation": organisation, "rows": rows})


@member_view()
@require_safe
def value(request, organisation, listing):
    """One file: its figures, its axes, what it supposes, and its yearly reviews."""
    file = _file(organisation, listing)
    supposed = Assumptions.model_validate(file.assumptions)
    found = figures(supposed)
    writes = bool(request.roles & set(WRITERS))
    due = files.year_to_review(file, on=localdate(timezone.now())) if writes else None
    args = [organisation.siren, file.listing_id]
    context = {
        "organisation": organisation,
        "file": file,
        "written": f"Écrit le {day(file.written_at)} par {file.written_by}.",
        "method": METHOD,
        "key_figures": _key_figures(supposed, found),
        "years": [
            {
                "number": year.number,
                "price": format_cents(year.price_cents),
                "costs": format_cents(year.costs_cents),
                "gains": format_cents(year.gains_cents),
                "balance": format_cents(balance),
            }
            for year, balance in zip(found.years, cumulated(found.years), strict=True)
        ],
        "chart": drawing(found.balance, found.payback_months),
        "axes": [{"name": axis.name, "grade": grade(axis.grade), "how": axis.how} for axis in found.axes],
        "supposed": _supposed(supposed),
        "reviews": [_review(row) for row in file.reviews.select_related("written_by").order_by("year")],
        "edit_url": reverse("member_value_edit", args=args) if writes else "",
        "review_url": reverse("member_value_review", args=args) if due else "",
        "review_year": due[0] if due else None,
        "files": [
            {"label": label, "url": reverse("member_value_file", args=[*args, form])}
            for form, (label, _, _) in FILE_FORMS.items()
        ],
    }
    return render(request, "commune/value.html", context)


@member_view(*WRITERS)
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request, organisation, listing):
    """Write the file of a listing, for the first time or again."""
    listing = _listing(organisation, listing)
    now = timezone.now()
    file = ValueFile.objects.filter(tenant=organisation, listing=listing).first()
    try:
        first, later = files.price_over_term(listing=listing, organisation=organisation, on=localdate(now))
    except (NotAvailable, files.PriceUnknown) as refusal:
        context = {
            "organisation": organisation,
            "name": listing.shown.name,
            "reason": str(refusal),
            "ask_url": reverse("member_subscribe", args=[organisation.siren, listing.pk])
            if Role.SECRETARY in request.roles
            else "",
            "back_url": reverse("member_values", args=[organisation.siren]),
        }
        return render(request, "commune/value_refused.html", context)
    form = ValueForm(
        request.POST if request.method == "POST" else None, initial=_initial(file, on=localdate(now))
    )
    conflict = ""
    if request.method == "POST" and form.is_valid():
        supposed = form.assumptions(first_cents=first, later_cents=later)
        if supposed is not None:
            try:
                files.write(
                    listing=listing, organisation=organisation, assumptions=supposed,
                    revision=form.term.cleaned_data["revision"], by=request.user, now=now,
                )  # fmt: skip
            except files.WrittenMeanwhile as refusal:
                conflict = str(refusal)
                form.term.data = form.term.data.copy()
                form.term.data["revision"] = ValueFile.objects.values_list("revision", flat=True).get(
                    tenant=organisation, listing=listing
                )
            else:
                messages.success(request, "Le dossier est enregistré.")
                return redirect("member_value", siren=organisation.siren, listing=listing.pk)
    rate = files.rate_on(localdate(now))
    context = {
        "organisation": organisation,
        "name": listing.shown.name,
        "form": form.term,
        "lists": form.rows(),
        "mistakes": form.mistakes() if request.method == "POST" else [],
        "conflict": conflict,
        "price": _price_words(first, later),
        "rate": f"Taux public : {format_percent(rate.percent)}, depuis le {day(rate.in_force_from)}. "
        f"{rate.source}."
        if rate
        else "",
        "back_url": reverse("member_value", args=[organisation.siren, listing.pk])
        if file
        else reverse("member_values", args=[organisation.siren]),
    }
    return render(request, "commune/value_edit.html", context)


@member_view(*WRITERS)
@require_http_methods(["GET", "HEAD", "POST"])
def review(request, organisation, listing):
    """Write what happened in the first year that is over and not told yet."""
    file = _file(organisation, listing)
    now = timezone.now()
    due = files.year_to_review(file, on=localdate(now))
    if due is None:
        messages.info(request, "Aucune année n’est finie sans son bilan.")
        return redirect("member_value", siren=organisation.siren, listing=file.listing_id)
    year, starts, ends = due
    subscription = open_subscription(organisation=organisation, listing=file.listing)
    invoiced = invoiced_for(subscription=subscription, start=starts, end=ends)
    expected = figures(Assumptions.model_validate(file.assumptions)).years[year - 1]
    form = ReviewForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            files.review(
                file=file, year=year, invoiced_cents=invoiced, **form.cleaned_data, by=request.user, now=now
            )
        except files.NotReviewable as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, f"Le bilan de l’année {year} est enregistré.")
        return redirect("member_value", siren=organisation.siren, listing=file.listing_id)
    price = expected.price_cents if invoiced is None else invoiced
    context = {
        "organisation": organisation,
        "file": file,
        "year": year,
        "form": form,
        "facts": [
            {"label": "Prix attendu", "value": format_cents(expected.price_cents)},
            {"label": "Prix souscrit" if invoiced is None else "Prix facturé", "value": format_cents(price)},
            {"label": "Autres coûts attendus", "value": format_cents(expected.costs_cents)},
            {"label": "Gains attendus", "value": format_cents(expected.gains_cents)},
        ],
    }
    return render(request, "commune/value_review.html", context)


@member_view()
@require_safe
def file(request, organisation, listing, form):
    """The file as a PDF, or as a text to change."""
    if form not in FILE_FORMS:
        raise Http404
    found = _file(organisation, listing)
    supposed = Assumptions.model_validate(found.assumptions)
    paper = value_paper(file=found, organisation=organisation, supposed=supposed, found=figures(supposed))
    _, media_type, write = FILE_FORMS[form]
    headers = {
        "Content-Disposition": f'attachment; filename="dossier-de-valeur.{form}"',
        "X-Content-Type-Options": "nosniff",
    }
    data = write(paper, dated=localdate(found.written_at))
    return HttpResponse(data, content_type=media_type, headers=headers)


def value_link(request, organisation, listing_id: int) -> dict | None:
    """For the page of a subscription: its file, or where to write it; None for who may do neither. One "
    "query."""
    if ValueFile.objects.filter(tenant=organisation, listing=listing_id).exists():
        return {
            "label": "Lire le dossier de valeur",
            "url": reverse("member_value", args=[organisation.siren, listing_id]),
        }
    if not request.roles & set(WRITERS):
        return None
    return {
        "label": "Évaluer ce projet",
        "url": reverse("member_value_edit", args=[organisation.siren, listing_id]),
    }


def _file(organisation, listing) -> ValueFile:
    rows = ValueFile.objects.select_related(
        "tenant__territory", "written_by", "listing__offer__product__sheet__vendor__organisation"
    )
    return get_object_or_404(rows, tenant=organisation, listing=listing)


def _listing(organisation, pk) -> Listing:
    """One that the organisation has, or may ask one of its operators for."""
    found = Listing.objects.for_cards().exclude(state=ListingState.DRAFT).filter(pk=pk).first()
    if found is None:
        raise Http404
    if open_subscription(organisation=organisation, listing=found) is None:
        operators = operators_of(organisation=organisation, on=localdate(timezone.now()))
        if not operators.filter(pk=found.operator_id).exists():
            raise Http404
    return found


def _initial(file: ValueFile | None, *, on) -> dict:
    if file is None:
        rate = files.rate_on(on)
        return {
            "revision": 0,
            "years": files.DEFAULT_YEARS,
            "rate": format_number(rate.percent) if rate else "",
            "necessity": 0,
        }
    supposed = Assumptions.model_validate(file.assumptions)
    initial = supposed.model_dump()
    for name in ("costs", "gains"):
        initial[name] = [
            {**row, "quantity": format_number(row["quantity"]), "unit_cents": _typed(row["unit_cents"])}
            for row in initial[name]
        ]
    return {**initial, "rate": format_number(supposed.rate), "revision": file.revision}


def _typed(cents: int) -> str:
    return format_cents(cents).removesuffix("\u00a0€")


def _price_words(first: int, later: int) -> str:
    if first == later:
        return f"{format_cents(first)} TTC par an"
    return f"{format_cents(first)} TTC la première année, {format_cents(later)} les suivantes"


def _key_figures(supposed: Assumptions, found) -> list[dict]:
    return [
        {
            "label": "Coût total",
            "value": format_cents(found.total_cost_cents),
            "note": f"sur {supposed.years} an{'s' if supposed.years > 1 else ''}, TTC",
        },
        {"label": "Gains attendus", "value": format_cents(found.total_gain_cents)},
        {
            "label": "Ce que le projet rapporte",
            "value": format_cents(found.net_present_cents),
            "note": f"gains moins coûts, ramenés à aujourd’hui ({format_percent(supposed.rate)} par an)",
        },
        {"label": "Délai de retour", "value": months(found.payback_months)},
    ]


def _supposed(supposed: Assumptions) -> list[dict]:
    """One table a list: {id, caption, columns, rows}."""
    price = _price_words(supposed.first_cents, supposed.later_cents)
    tables = [
        ("couts", "Les coûts", ("Coût", "Quand", "Montant"),
         [("Prix du service", "par an", price)]
         + [(one.label, EVERY[one.every], format_cents(amount(one))) for one in supposed.costs]),
        ("gains", "Les gains attendus, par an", ("Gain", "Montant"),
         [(one.label, format_cents(amount(one))) for one in supposed.gains]),
        ("qualites", "Ce qui va mieux, sans prix", ("Amélioration", "Pour les", "Note"),
         [(one.label, WHOM[one.whom], grade(one.grade)) for one in supposed.qualities]),
        ("risques", "Les risques", ("Risque", "Ce qui est prévu", "Probabilité × gravité"),
         [(one.label, one.mitigation or "—", one.in_words)
          for one in supposed.risks]),
    ]  # fmt: skip
    return [
        {
            "id": f"dossier-{name}",
            "caption": caption,
            "columns": [
                {"label": label, "numeric": place == len(columns) - 1} for place, label in enumerate(columns)
            ],
            "rows": [
                [{"text": cell, "numeric": place == len(columns) - 1} for place, cell in enumerate(row)]
                for row in rows
            ],
        }
        for name, caption, columns, rows in tables
        if rows
    ]


def _review(row) -> dict:
    return {
        "year": row.year,
        "id": f"bilan-{row.year}",
        "note": row.note,
        "by": f"Écrit le {day(row.written_at)} par {row.written_by}.",
        "caption": f"Année {row.year} : attendu et constaté",
        "columns": [
            {"label": "", "numeric": False},
            *({"label": label, "numeric": True} for label in ("Attendu", "Constaté", "Écart")),
        ],
        "rows": [
            [
                {"text": name},
                *(
                    {"text": format_cents(cents), "numeric": True}
                    for cents in (expected, real, real - expected)
                ),
            ]
            for name, expected, real in compared(row)
        ],
    }
