"""What an operator asks of its own shelf, and what its curators look at."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from catalog.curation import rules
from catalog.curation.errors import ChecklistInvalid
from catalog.curation.visas import rules_of
from marketplace.web.operator.catalogue import frame
from marketplace.web.operator.curation_forms import PointForm, RulesForm
from marketplace.web.operator.submissions import curators


@curators
@require_http_methods(["GET", "HEAD", "POST"])
def shelf_rules(request, operator):
    """The rules and the checklist; a POST keeps the rules."""
    form = RulesForm(request.POST if request.method == "POST" else None, initial=_initial(operator))
    if request.method == "POST" and form.is_valid():
        rules.set_rules(operator=operator, by=request.user, now=timezone.now(), **form.cleaned_data)
        messages.success(request, "Les règles sont enregistrées.")
        return redirect("operator_shelf_rules", operator=operator.slug)
    return _page(request, operator, form=form)


@curators
@require_POST
def add_point(request, operator):
    """One more point of the checklist."""
    form = PointForm(request.POST)
    if form.is_valid():
        try:
            rules.add_point(operator=operator, by=request.user, now=timezone.now(), **form.cleaned_data)
        except ChecklistInvalid as refusal:
            form.add_error(refusal.field, str(refusal))
        else:
            messages.success(request, "Le point de contrôle est ajouté.")
            return redirect("operator_shelf_rules", operator=operator.slug)
    return _page(request, operator, point_form=form)


@curators
@require_POST
def remove_point(request, operator, point):
    """Takes a point off the checklist."""
    found = get_object_or_404(operator.checklist.select_related("operator__organisation"), pk=point)
    rules.remove_point(point=found, by=request.user, now=timezone.now())
    messages.success(request, f"Le point « {found.label} » est retiré.")
    return redirect("operator_shelf_rules", operator=operator.slug)


def _initial(operator) -> dict:
    kept = rules_of(operator)
    return {"visa_required": kept.visa_required, "grids_from_january": kept.grids_from_january}


def _page(request, operator, *, form=None, point_form=None):
    groups: dict[str, list] = {}
    for point in rules.points_of(operator):
        groups.setdefault(point.get_family_display() if point.family else "Toutes les familles", []).append(
            point
        )
    initial = _initial(operator)
    context = frame(
        request,
        operator,
        "operator_shelf_rules",
        form=form or RulesForm(initial=initial),
        point_form=point_form or PointForm(),
        rules=[
            {"label": field.label, "value": "oui" if initial[field.name] else "non"} for field in RulesForm()
        ],
        groups=[{"family": family, "points": points} for family, points in groups.items()],
    )
    return render(request, "operator/shelf_rules.html", context)
