"""The pages of a request for many; `BulkDoor` says who asks and where the addresses begin."""

import uuid
from dataclasses import dataclass

from django.contrib import messages
from django.core.paginator import Paginator
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.timezone import localdate

from catalog.models import Listing, ListingState
from marketplace.web.bulk.forms import FOR_ALL, BulkForm
from marketplace.web.commune.forms import ApproveForm, ask_files_again
from marketplace.web.csv import csv_response, plain_euros
from marketplace.web.doors import Door
from marketplace.web.formats import day, format_number, moment, net
from marketplace.web.operator.lists import counted
from subscriptions import bulk
from subscriptions.acts import Act
from subscriptions.bulk import Wanted
from subscriptions.bulk_queries import bulks_of, counts_of, holders, lines_of, yearly_total
from subscriptions.bulk_reading import read_list
from subscriptions.exceptions import DecisionInvalid, SubscriptionRefused
from subscriptions.models import BulkRequest, BulkState, LineState, Subscription
from subscriptions.models.bulk import AT_WORK
from tenants.models import Organisation
from tenants.spreadsheets.reading import CsvProblem
from tenants.spreadsheets.writing import csv_bytes, safe_cell

PAGE_SIZE = 50
TITLE = "Demandes groupées"
BADGES = {
    BulkState.DRAFT: ("warning", "À confirmer"),
    BulkState.RUNNING: ("info", "Demandes en cours"),
    BulkState.MADE: ("success", "Demandes faites"),
    BulkState.APPROVING: ("info", "Approbation en cours"),
    BulkState.DONE: ("success", "Approuvées"),
}
LINE_BADGES = {
    LineState.WAITING: ("neutral", "À faire"),
    LineState.MADE: ("success", "Demandé"),
    LineState.THERE: ("info", "Déjà demandé"),
    LineState.REFUSED: ("warning", "Refusé"),
    LineState.APPROVED: ("success", "Approuvé"),
    LineState.NOT_APPROVED: ("warning", "Non approuvé"),
}
CSV_COLUMNS = ("Collectivité", "SIREN", "Code INSEE", "Ligne du fichier", "{price}", "Résultat", "Motif")


@dataclass(frozen=True, kw_only=True)
class BulkDoor(Door):
    """Who asks; whether this person asks for many, and decides for all; `services_url` is where services to
    ask for are found."""

    organisation: Organisation
    asks: bool
    decides: bool
    services_url: str


def list_page(request, door: BulkDoor):
    """Every list, newest first."""
    page = Paginator(bulks_of(initiator=door.organisation), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "crumbs": door.trail((TITLE, "")),
        "page": page,
        "services_url": door.services_url,
        "rows": [
            {
                "url": door.url("bulk", row.public_id),
                "name": row.listing.shown.name,
                "by": str(row.requested_by),
                "at": moment(row.requested_at),
                "badge": _badge(BADGES, row.state),
            }
            for row in page
        ],
    }
    return render(request, "bulk/list.html", context)


def new_page(request, door: BulkDoor, listing: Listing):
    """Who, and who decides; then the list is kept, to be read before anything is asked."""
    now = timezone.now()
    among = list(
        bulk.reachable(initiator=door.organisation, operator=listing.operator, on=localdate(now))
        .select_related("territory")
        .order_by("plain_name", "pk")
    )
    if request.method == "POST":
        form = BulkForm(request.POST, request.FILES, organisations=among)
        if form.is_valid():
            try:
                return redirect(
                    door.url("bulk", _prepared(request, door, listing, form, among, now).public_id)
                )
            except DecisionInvalid as refusal:
                form.add_error("convention" if refusal.field == "file" else refusal.field, str(refusal))
            except CsvProblem as problem:
                form.add_error("file", str(problem))
            except SubscriptionRefused as refusal:
                form.add_error(None, str(refusal))
        ask_files_again(form)
    else:
        form = BulkForm(initial={"request_key": uuid.uuid4()}, organisations=among)
    context = {
        "crumbs": door.trail((TITLE, door.url("bulks")), ("Nouvelle", "")),
        "service": listing.shown.name,
        "form": form,
        "has_errors": bool(form.errors),
        "nobody": not among,
        "count": format_number(len(among)),
    }
    return render(request, "bulk/new.html", context)


def _prepared(request, door: BulkDoor, listing: Listing, form: BulkForm, among, now) -> BulkRequest:
    typed = form.cleaned_data
    if typed["file"]:
        wanted = read_list(typed["file"].read(), among=among)
    else:
        chosen = set(typed["chosen"])
        wanted = [Wanted("", one) for one in among if typed["everybody"] or str(one.pk) in chosen]
    convention = None
    if typed["decision"] == FOR_ALL:
        convention = Act(typed["number"], typed["date"], typed["convention"])
    return bulk.prepare_bulk(
        initiator=door.organisation,
        listing=listing,
        wanted=wanted,
        convention=convention,
        by=request.user,
        request_key=typed["request_key"],
        now=now,
    )


def detail_page(request, door: BulkDoor, public_id, *, form: ApproveForm | None = None):
    """The list to confirm, its progress, or its report; and the act that decides for all."""
    found = _found(door, public_id)
    counts = counts_of(found)
    page = Paginator(lines_of(found), PAGE_SIZE).get_page(request.GET.get("page"))
    waits = found.state == BulkState.MADE and found.decides_for_all and counts[LineState.MADE] > 0
    own = door.decides and found.vehicle.separate_approver and found.requested_by_id == request.user.pk
    lines, taxed = list(page), _is_taxed(found)
    having = holders(found, lines) if found.state == BulkState.DRAFT else {}
    context = {
        "crumbs": door.trail((TITLE, door.url("bulks")), (found.listing.shown.name, "")),
        "name": found.listing.shown.name,
        "badge": _badge(BADGES, found.state),
        "draft": found.state == BulkState.DRAFT,
        "asks": door.asks,
        "confirm_url": door.url("bulk_confirm", found.public_id),
        "discard_url": door.url("bulk_discard", found.public_id),
        "csv_url": door.url("bulk_csv", found.public_id),
        "again_url": door.url("bulk_new", found.listing_id)
        if door.asks and found.listing.state == ListingState.LISTED
        else "",
        "approve_url": door.url("bulk_approve", found.public_id),
        "approve_form": (form or ApproveForm(deliberation=False))
        if waits and door.decides and not own
        else None,
        "has_errors": bool(form and form.errors),
        "own": waits and own,
        "waits_for_act": waits and not door.decides,
        "facts": _facts(found, counts, taxed=taxed),
        "page": page,
        "rows": [_row(line, having.get(line.organisation_id), taxed=taxed) for line in lines],
        "total": counted(page.paginator.count, "ligne"),
        **_progress(door, found),
    }
    return render(request, "bulk/detail.html", context)


def progress_part(request, door: BulkDoor, public_id):
    """How far the job is; asked for again until it is over."""
    return render(request, "bulk/_progress.html", _progress(door, _found(door, public_id)))


def confirm(request, door: BulkDoor, public_id):
    """Has the requests made."""
    found = _found(door, public_id)
    _tried(request, lambda: bulk.confirm_bulk(bulk=found, by=request.user, now=timezone.now()))
    return redirect(door.url("bulk", public_id))


def discard(request, door: BulkDoor, public_id):
    """Throws the list away."""
    found = _found(door, public_id)
    if _tried(request, lambda: bulk.discard_bulk(bulk=found, by=request.user, now=timezone.now())):
        messages.success(request, "La liste est abandonnée : rien n’a été demandé.")
        return redirect(door.url("bulks"))
    return redirect(door.url("bulk", public_id))


def approve(request, door: BulkDoor, public_id):
    """One act decides for all."""
    found = _found(door, public_id)
    form = ApproveForm(request.POST, request.FILES, deliberation=False)
    if not form.is_valid():
        ask_files_again(form)
        return detail_page(request, door, public_id, form=form)
    act = Act(form.cleaned_data["number"], form.cleaned_data["date"], form.cleaned_data["file"])
    try:
        bulk.approve_bulk(bulk=found, act=act, by=request.user, now=timezone.now())
    except DecisionInvalid as refusal:
        form.add_error(refusal.field, str(refusal))
        ask_files_again(form)
        return detail_page(request, door, public_id, form=form)
    except SubscriptionRefused as refusal:
        messages.error(request, str(refusal))
    return redirect(door.url("bulk", public_id))


def report(door: BulkDoor, public_id):
    """The report, a line each."""
    found = _found(door, public_id)
    rows = (
        (
            safe_cell(line.organisation.name if line.organisation else ""),
            line.organisation.siren if line.organisation else "",
            _insee(line.organisation),
            safe_cell(line.typed),
            plain_euros(line.yearly_cents),
            LineState(line.state).label,
            safe_cell(line.reason),
        )
        for line in lines_of(found)
    )
    # « HT » would announce a tax where there is none.
    price = "Prix (EUR HT par an)" if _is_taxed(found) else "Prix (EUR par an)"
    return csv_response(
        content=csv_bytes([name.format(price=price) for name in CSV_COLUMNS], rows),
        filename=f"demande-groupee-{localdate(found.requested_at)}.csv",
    )


def _found(door: BulkDoor, public_id) -> BulkRequest:
    return get_object_or_404(bulks_of(initiator=door.organisation), public_id=public_id)


def _tried(request, verb) -> bool:
    try:
        verb()
    except SubscriptionRefused as refusal:
        messages.error(request, str(refusal))
        return False
    return True


def _progress(door: BulkDoor, found: BulkRequest) -> dict:
    doing = "Approbation des demandes" if found.state == BulkState.APPROVING else "Envoi des demandes"
    return {
        "running": found.state in AT_WORK,
        "progress_url": door.url("bulk_progress", found.public_id),
        "url": door.url("bulk", found.public_id),
        "progress_label": doing,
        "done": found.done,
        "of": found.total,
        "progress_text": f"{format_number(found.done)} sur {format_number(found.total)}",
    }


def _is_taxed(found: BulkRequest) -> bool:
    """By the tariff of the day it was prepared."""
    grid = found.listing.grid_on(localdate(found.requested_at))
    return grid is None or grid.vat_category == "S"


def _facts(found: BulkRequest, counts: dict[str, int], *, taxed: bool) -> list[dict]:
    facts = [
        {"label": "Opérateur", "value": found.listing.operator.short_name},
        {"label": "Cadre d’achat", "value": found.vehicle.name},
        {"label": "Total par an", "value": net(yearly_total(found), taxed=taxed)},
    ]
    facts += [
        {"label": LINE_BADGES[LineState(state)][1], "value": format_number(count)}
        for state, count in counts.items()
        if count
    ]
    if found.decides_for_all:
        facts.append(
            {"label": "Convention", "value": f"n° {found.convention_number} du {day(found.convention_date)}"}
        )
    if found.act_number:
        facts.append(
            {
                "label": "Acte",
                "value": f"n° {found.act_number} du {day(found.act_date)}",
                "note": f"Approuvé par {found.approved_by} le {moment(found.approved_at)}",
            }
        )
    return facts


def _row(line, has: Subscription | None, *, taxed: bool) -> dict:
    """A line; of one that is only prepared, what it `has` already of the same service."""
    there = f"A déjà ce service, ou l’a demandé : {has.get_state_display()}." if has else ""
    return {
        "name": line.organisation.name if line.organisation else line.typed or "—",
        "insee": _insee(line.organisation),
        "price": "—" if line.yearly_cents is None else net(line.yearly_cents, taxed=taxed),
        "badge": _badge(LINE_BADGES, line.state),
        "reason": line.reason or there,
    }


def _insee(organisation: Organisation | None) -> str:
    return organisation.territory.code if organisation and organisation.territory else ""


def _badge(badges: dict, state: str) -> dict:
    kind, label = badges[state]
    return {"state": kind, "label": label}
