"""Editing a draft: the grid, the vendor's list price beside it, the curve and its warnings."""

from copy import deepcopy
from dataclasses import dataclass
from decimal import Decimal

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from catalog.grids import operations
from catalog.grids.queries import grids_of
from catalog.grids.refusals import DraftChanged, NotADraft, TermsInvalid
from catalog.grids.simulations import replaced_grid
from catalog.grids.terms import GridTerms
from catalog.models import GridState, PriceGrid
from catalog.pricing import Grid
from marketplace.web.access import operator_view
from marketplace.web.operator.grids.charts import charts
from marketplace.web.operator.grids.forms import TermsForm, drawn, mistakes
from marketplace.web.operator.grids.nodes import (
    SPARE_ROWS,
    Node,
    add_entry,
    choose,
    drop_entry,
    new_node,
    node_of,
    node_of_post,
)
from marketplace.web.operator.grids.reading import read_node
from marketplace.web.operator.grids.rhythms import with_rhythm
from marketplace.web.operator.grids.usages import with_usage
from marketplace.web.operator.grids.versions import version_crumbs, version_page
from marketplace.web.operator.grids.words import EDITORS, parsed, period

SAVE, CHECK, WITH_LIST, WITHOUT_LIST = "enregistrer", "verifier", "prix-public", "sans-prix-public"


@dataclass
class _Typed:
    """The two grids as typed: the negotiated one, and the vendor's list price when there is one."""

    pooled: Node
    listed: Node | None


@operator_view(*EDITORS, with_members=False)
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request, operator, grid):
    """The editor. Each button is a plain POST: the ones that add a line or a grid save nothing."""
    found = get_object_or_404(grids_of(operator=operator), pk=grid)
    if request.reads_only:
        return version_page(request, operator, found)
    if found.state != GridState.DRAFT:
        messages.info(request, "Ce tarif n’est plus un brouillon : il ne se modifie plus.")
        return redirect("operator_grid", operator.slug, found.pk)
    if request.method != "POST":
        return _page(request, operator, found, _saved(found), TermsForm.of(found))
    typed, form = _posted(request, found, operator), TermsForm(request.POST, option=found.option)
    action = request.POST.get("action", CHECK)
    if _reshape(typed, action, operator):
        form = TermsForm(option=found.option, initial=request.POST.dict())
        return _page(request, operator, found, typed, form)
    if action != SAVE:
        return _checked_page(request, operator, found, typed, form)
    return _save(request, operator, found, typed, form)


@operator_view(*EDITORS, with_members=False)
@require_POST
def preview(request, operator, grid):
    """The curve and the warnings of what is being typed; saves nothing."""
    found = get_object_or_404(grids_of(operator=operator), pk=grid)
    typed = _posted(request, found, operator)
    _, read = read_node(typed.pooled)
    return render(request, "operator/grids/_preview.html", _preview(operator, found, read))


def _save(request, operator, found: PriceGrid, typed: _Typed, form: TermsForm):
    definition, _ = read_node(typed.pooled)
    listed, _ = read_node(typed.listed) if typed.listed else (None, None)
    seen = request.POST.get("seen", "")
    if form.is_valid() and definition and (listed or not typed.listed):
        cleaned = form.cleaned_data | {"vat_rate": Decimal(form.cleaned_data["vat_rate"])}
        definition = with_usage(with_rhythm(definition, cleaned), found.definition, cleaned)
        try:
            operations.edit_draft(
                grid=found,
                terms=GridTerms(definition=definition, list_definition=listed, **cleaned),
                by=request.user,
                now=timezone.now(),
                seen=seen,
            )
        except TermsInvalid as invalid:
            for name, sentence in invalid.errors.items():
                form.add_error(name, sentence)
        except DraftChanged as refusal:
            messages.warning(request, str(refusal))
            found.refresh_from_db()
            seen = operations.fingerprint(found)
        except NotADraft as refusal:
            messages.error(request, str(refusal))
            return redirect("operator_listing_grids", operator.slug, found.listing_id)
        else:
            messages.success(request, "Le brouillon est enregistré.")
            return redirect("operator_grid", operator.slug, found.pk)
    return _page(request, operator, found, typed, form, seen=seen)


def _saved(found: PriceGrid) -> _Typed:
    listed = node_of(found.list_definition, "l") if found.list_definition else None
    return _Typed(node_of(found.definition, "g"), listed)


def _posted(request, found: PriceGrid, operator) -> _Typed:
    saved = _saved(found)
    listed = None
    if "l.pattern" in request.POST:
        listed = node_of_post(request.POST, "l", saved.listed)
        _follow_choice(listed, request, operator)
    pooled = node_of_post(request.POST, "g", saved.pooled)
    _follow_choice(pooled, request, operator)
    return _Typed(pooled, listed)


def _follow_choice(root: Node, request, operator) -> None:
    """A pattern chosen otherwise than the one whose fields were shown: its own fields are asked."""
    for node in list(root.walk()):
        if node.pattern and request.POST.get(f"{node.prefix}.was", node.pattern) != node.pattern:
            choose(node, node.pattern, population_kind=operator.population_kind)


def _reshape(typed: _Typed, action: str, operator) -> bool:
    """What a button other than save and check does to the form; False when it is none of those."""
    if action == WITH_LIST:
        typed.listed = typed.listed or new_node(
            "l", typed.pooled.pattern, population_kind=operator.population_kind
        )
        return True
    if action == WITHOUT_LIST:
        typed.listed = None
        return True
    verb, _, address = action.partition(":")
    parent, _, number = address.rpartition(".e.")
    if verb == "lignes" and (node := _at(typed, address)):
        node.rows += [{} for _ in range(SPARE_ROWS)]
    elif verb == "ajouter" and (node := _at(typed, address)):
        add_entry(node)
    elif verb == "retirer" and number.isdigit() and (node := _at(typed, parent)):
        drop_entry(node, int(number[:3]))
    return verb in ("modele", "lignes", "ajouter", "retirer")


def _at(typed: _Typed, address: str) -> Node | None:
    listed = typed.listed.at(address) if typed.listed else None
    return listed or typed.pooled.at(address)


def _checked_page(request, operator, found, typed: _Typed, form: TermsForm):
    read_node(typed.pooled)
    if typed.listed:
        read_node(typed.listed)
    form.is_valid()
    return _page(request, operator, found, typed, form, seen=request.POST.get("seen", ""))


def _page(request, operator, found: PriceGrid, typed: _Typed, form: TermsForm, *, seen: str = ""):
    colleges = list(operator.colleges.order_by("name").values_list("name", flat=True))
    told = mistakes(typed.pooled)
    if typed.listed:
        told += mistakes(typed.listed, "Tarif public")
    told += [
        {"id": form[name].auto_id, "text": f"{form[name].label} : {text}"}
        for name, texts in form.errors.items()
        for text in texts
    ]
    _, read = read_node(_fresh(typed.pooled)) if typed.pooled.pattern else (None, None)
    context = {
        "operator": operator,
        "grid": found,
        "crumbs": version_crumbs(operator, found, "Modifier"),
        "service": found.listing.sheet.name,
        "form": form,
        "mistakes": told,
        "pooled": drawn(typed.pooled, colleges=colleges, legend="Le barème du groupe"),
        "listed": drawn(typed.listed, colleges=colleges, legend="Tarif public de l’éditeur")
        if typed.listed
        else None,
        "seen": seen or operations.fingerprint(found),
        "preview_url": reverse("operator_grid_preview", args=[operator.slug, found.pk]),
        "back_url": reverse("operator_grid", args=[operator.slug, found.pk]),
        **_preview(operator, found, read),
    }
    return render(request, "operator/grids/edit.html", context)


def _fresh(node: Node) -> Node:
    """For reading it without telling mistakes that the person has not asked about yet."""
    copy = deepcopy(node)
    for inner in copy.walk():
        inner.errors = {}
    return copy


def _preview(operator, found: PriceGrid, read: Grid | None) -> dict:
    replaced = replaced_grid(found)
    before = parsed(replaced.definition) if replaced else None
    return {
        "preview_url": reverse("operator_grid_preview", args=[operator.slug, found.pk]),
        "charts": charts(read, before=before) if read is not None else [],
        "readable": read is not None,
        "before_words": f"en vigueur {period(replaced)}" if replaced and before else "",
    }
