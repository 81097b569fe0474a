"""The sources an operator follows: add one, have it read, and decide on the services it tells of."""

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from catalog.feeds import operations
from catalog.feeds.errors import AlreadyDecided
from catalog.feeds.queries import counts_of, items_of, operator_feeds, vendor_for
from catalog.models import Family, ImportedItem, ItemState, Vendor
from marketplace.web.access import operator_view
from marketplace.web.feeds import OperatorFeedForm, feed_in_words, item_name, values_in_words
from marketplace.web.formats import moment
from marketplace.web.operator.lists import chosen, counted, crumbs, rest_of_address, tabs
from marketplace.web.operator.roles import TASK_ROLES
from tenants.identifiers import grouped
from tenants.refusals import Refused

PAGE_SIZE = 50
TABS = {
    "a-examiner": ("À examiner", ItemState.PROPOSED),
    "mis-de-cote": ("Mis de côté", ItemState.REJECTED),
    "repris": ("Repris", ItemState.TAKEN),
    "ecartes": ("Écartés", ItemState.DISMISSED),
}


class TakeForm(forms.Form):
    """For which vendor (when the source does not say), in which family."""

    siren = forms.CharField(
        label="SIREN de l’éditeur",
        max_length=20,
        help_text="9 chiffres. L’éditeur doit être inscrit ici.",
        error_messages={
            "required": "Indiquez le SIREN de l’éditeur.",
            "max_length": "Un SIREN a 9 chiffres.",
        },
    )
    family = forms.ChoiceField(
        label="Famille",
        choices=[("", "Choisissez…"), *Family.choices],
        error_messages={"required": "Choisissez la famille.", "invalid_choice": "Choisissez la famille."},
    )

    def __init__(self, *args, item: ImportedItem, vendor: Vendor | None, **kwargs):
        super().__init__(*args, **kwargs)
        self.item, self.vendor = item, vendor
        if vendor:
            del self.fields["siren"]

    def clean_siren(self):
        siren = "".join(self.cleaned_data["siren"].split())
        self.vendor = vendor_for(item=self.item, siren=siren)
        if self.vendor is None:
            raise forms.ValidationError("Aucun éditeur inscrit ici ne porte ce SIREN.")
        return siren


@operator_view(*TASK_ROLES, with_members=False)
@require_http_methods(["GET", "HEAD", "POST"])
def feed_list(request, operator):
    """The sources, and the form that adds one."""
    form = OperatorFeedForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            feed = operations.add_operator_feed(
                operator=operator,
                kind=form.cleaned_data["kind"],
                url=form.cleaned_data["url"],
                by=request.user,
                now=timezone.now(),
            )
        except Refused as refusal:
            form.add_error(refusal.field or None, str(refusal))
        else:
            messages.success(request, "La source est ajoutée. Sa première lecture commence.")
            return redirect("operator_feed", operator=operator.slug, feed=feed.pk)
    page = Paginator(operator_feeds(operator=operator), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "operator": operator,
        "crumbs": crumbs(operator, ("Sources", "")),
        "form": form,
        "page": page,
        "feeds": [
            {
                **feed_in_words(feed),
                "page_url": reverse("operator_feed", args=[operator.slug, feed.pk]),
                "proposed": counted(feed.proposed, "service"),
                "rejected": counted(feed.rejected, "service"),
            }
            for feed in page
        ],
        "total": counted(page.paginator.count, "source"),
        "may_act": not request.reads_only,
    }
    return render(request, "operator/feeds.html", context)


@operator_view(*TASK_ROLES, with_members=False)
@require_safe
def feed(request, operator, feed):
    """One source: when it was read, and the services it tells of."""
    found = _feed(operator, feed)
    tab = chosen(request, TABS)
    counts = counts_of(feed=found)
    items = Paginator(items_of(feed=found, state=TABS[tab][1]), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "operator": operator,
        "crumbs": crumbs(operator, _sources(operator), (found.url, "")),
        "feed": feed_in_words(found),
        "tabs": tabs(
            request,
            labels={name: label for name, (label, _) in TABS.items()},
            counts={name: counts.get(state, 0) for name, (_, state) in TABS.items()},
            active=tab,
            search="",
        ),
        "page": items,
        "rest": rest_of_address(etat=tab),
        "total": counted(items.paginator.count, "service"),
        "items": [_row(operator, found, item) for item in items],
        "decided": TABS[tab][1] in (ItemState.TAKEN, ItemState.DISMISSED),
        "may_act": not request.reads_only,
        "read_url": reverse("operator_feed_read", args=[operator.slug, found.pk]),
        "remove_url": reverse("operator_feed_remove", args=[operator.slug, found.pk]),
    }
    return render(request, "operator/feed.html", context)


@operator_view(*TASK_ROLES, with_members=False)
@require_POST
def read(request, operator, feed):
    """Have it read now."""
    found = _feed(operator, feed)
    try:
        operations.ask_reading(feed=found, by=request.user, now=timezone.now())
    except Refused as refusal:
        messages.info(request, str(refusal))
    else:
        messages.success(request, "La lecture commence. Rechargez la page dans un instant.")
    return redirect("operator_feed", operator=operator.slug, feed=found.pk)


@operator_view(*TASK_ROLES, with_members=False)
@require_POST
def remove(request, operator, feed):
    """It is no longer read."""
    try:
        operations.remove(feed=_feed(operator, feed), by=request.user, now=timezone.now())
    except Refused as refusal:
        messages.info(request, str(refusal))
    else:
        messages.success(request, "La source est retirée. Ce qui en a été repris reste.")
    return redirect("operator_feeds", operator=operator.slug)


@operator_view(*TASK_ROLES, with_members=False)
@require_http_methods(["GET", "HEAD", "POST"])
def item(request, operator, feed, item):
    """What the source says of one service, and the form that makes a draft of it."""
    found = _item(operator, feed, item)
    vendor = vendor_for(item=found, siren="")
    form = TakeForm(
        request.POST if request.method == "POST" else None,
        item=found,
        vendor=vendor,
        initial={"family": found.content["values"].get("family", "")},
    )
    named = found.content.get("vendor")
    if not (named and vendor is None) and form.is_valid():
        try:
            sheet = operations.take(
                item=found,
                vendor=form.vendor,
                family=form.cleaned_data["family"],
                by=request.user,
                now=timezone.now(),
            )
        except AlreadyDecided as refusal:
            messages.info(request, str(refusal))
            return redirect("operator_feed", operator=operator.slug, feed=found.feed_id)
        except Refused as refusal:
            form.add_error(refusal.field or None, str(refusal))
        else:
            messages.success(
                request, f"{sheet.name} est repris en brouillon chez {sheet.vendor.organisation.name}."
            )
            return redirect("operator_feed", operator=operator.slug, feed=found.feed_id)
    context = {
        "operator": operator,
        "crumbs": crumbs(
            operator,
            _sources(operator),
            (found.feed.url, reverse("operator_feed", args=[operator.slug, found.feed_id])),
            (item_name(found), ""),
        ),
        "name": item_name(found),
        "source": found.feed.url,
        "facts": values_in_words(found.content["values"]),
        "problems": found.problems,
        "proposed": found.state == ItemState.PROPOSED,
        "again": found.sheet_id is not None,
        "state": found.get_state_display(),
        "vendor_missing": _missing(named) if named and vendor is None else "",
        "vendor": vendor.organisation.name if vendor else "",
        "form": form,
        "may_act": not request.reads_only,
        "may_dismiss": found.state in (ItemState.PROPOSED, ItemState.REJECTED) and not request.reads_only,
        "dismiss_url": reverse("operator_feed_item_dismiss", args=[operator.slug, found.feed_id, found.pk]),
        "back_url": reverse("operator_feed", args=[operator.slug, found.feed_id]),
    }
    return render(request, "operator/feed_item.html", context)


@operator_view(*TASK_ROLES, with_members=False)
@require_POST
def dismiss(request, operator, feed, item):
    """Not for this shelf."""
    found = _item(operator, feed, item)
    try:
        operations.dismiss(item=found, by=request.user, now=timezone.now())
    except Refused as refusal:
        messages.info(request, str(refusal))
    else:
        messages.success(request, f"{item_name(found)} est écarté. Il reviendra si la source le modifie.")
    return redirect("operator_feed", operator=operator.slug, feed=found.feed_id)


def _feed(operator, pk: int):
    return get_object_or_404(operator_feeds(operator=operator), pk=pk)


def _item(operator, feed: int, pk: int) -> ImportedItem:
    items = ImportedItem.objects.select_related("feed__operator__organisation", "sheet")
    return get_object_or_404(items, pk=pk, feed=feed, feed__operator=operator, feed__removed_at__isnull=True)


def _sources(operator) -> tuple[str, str]:
    return "Sources", reverse("operator_feeds", args=[operator.slug])


def _missing(vendor: dict) -> str:
    return (
        f"Ce service est de {vendor['name']} (SIREN {grouped(vendor['siren'])}). Invitez cet éditeur à "
        "s’inscrire : vous pourrez ensuite reprendre sa fiche."
    )


def _row(operator, feed, item: ImportedItem) -> dict:
    vendor = item.content.get("vendor")
    return {
        "name": item_name(item),
        "url": reverse("operator_feed_item", args=[operator.slug, feed.pk, item.pk]),
        "vendor": vendor["name"] if vendor else "",
        "summary": item.content["values"].get("summary", ""),
        "problems": item.problems,
        "sheet": item.sheet.name if item.sheet else "",
        "gone": moment(item.last_seen_at) if feed.read_at and item.last_seen_at < feed.read_at else "",
    }
