"""The yearly review of accesses: one line a role or access, kept or removed in one click."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_http_methods, require_safe

from marketplace.web.commune.agents.frame import PAGE, agents_view, changed_view, frame, number_of
from marketplace.web.csv import csv_response
from marketplace.web.formats import day, moment
from marketplace.web.operator.lists import counted, rest_of_address
from subscriptions.models import AccessReview, ReviewDecision, ReviewLine
from subscriptions.reviews.operations import decide, open_review
from subscriptions.reviews.queries import Progress, lines_of, open_one, progress_of, reviews_of, undecided
from tenants.models import Role
from tenants.people.roles import NotAllowed, PeopleRefused
from tenants.refusals import Refused
from tenants.spreadsheets.writing import csv_bytes, safe_cell

PAGE_SIZE = 50
ALL = "toutes"
CSV_COLUMNS = ("Agent", "Courriel", "Rôle ou accès", "Dernière connexion", "Décision", "Le", "Par")


@changed_view
@require_http_methods(PAGE)
def review_list(request, organisation):
    """The review under way and the past ones; one may be opened before its year is over."""
    if request.method == "POST":
        try:
            made = open_review(organisation=organisation, by=request.user, now=timezone.now())
        except Refused as refusal:
            messages.error(request, str(refusal))
            return redirect("member_access_reviews", organisation.siren)
        return redirect("member_access_review", organisation.siren, made.public_id)
    page = Paginator(reviews_of(organisation=organisation), PAGE_SIZE).get_page(request.GET.get("page"))
    progress = progress_of(page)
    context = {
        **frame(request, organisation, ("Revues des accès", ""), tab="member_access_reviews"),
        "page": page,
        "total": counted(page.paginator.count, "revue"),
        "under_way": any(one.closed_at is None for one in page),
        "rows": [
            {
                "name": f"Revue du {day(one.opened_at)}",
                "url": reverse("member_access_review", args=[organisation.siren, one.public_id]),
                "badge": _badge(one),
                "progress": _in_words(progress[one.pk]),
                "csv_url": reverse("member_access_review_csv", args=[organisation.siren, one.public_id]),
            }
            for one in page
        ],
    }
    return render(request, "commune/agents/reviews.html", context)


@changed_view
@require_http_methods(PAGE)
def review(request, organisation, public_id):
    """The lines of one review, those to decide first; each is decided by one button."""
    found = get_object_or_404(reviews_of(organisation=organisation), public_id=public_id)
    if request.method == "POST":
        return _decide(request, organisation, found)
    shows_all = found.closed_at is not None or request.GET.get("lignes") == ALL
    lines = lines_of(found)
    shown = lines if shows_all else lines.filter(pk__in=undecided(found).values("pk"))
    page = Paginator(shown, PAGE_SIZE).get_page(request.GET.get("page"))
    progress = progress_of([found])[found.pk]
    title = f"Revue du {day(found.opened_at)}"
    reviews_url = reverse("member_access_reviews", args=[organisation.siren])
    context = {
        **frame(request, organisation, ("Revues des accès", reviews_url), (title, "")),
        "title": title,
        "badge": _badge(found),
        "progress": _in_words(progress),
        "due": day(found.due_on),
        "closed": moment(found.closed_at),
        "decides": found.closed_at is None and request.administers,
        "page": page,
        "rest": rest_of_address(lignes=ALL if shows_all else ""),
        "total": counted(page.paginator.count, "ligne"),
        "filters": []
        if found.closed_at
        else [
            {"label": "À décider", "url": request.path, "active": not shows_all},
            {"label": "Toutes", "url": f"{request.path}?lignes={ALL}", "active": shows_all},
        ],
        "rows": [_row(one) for one in page],
        "csv_url": reverse("member_access_review_csv", args=[organisation.siren, found.public_id]),
    }
    return render(request, "commune/agents/review.html", context)


@agents_view
@require_safe
def review_csv(request, organisation, public_id):
    """All the lines of a review, for an audit."""
    found = get_object_or_404(reviews_of(organisation=organisation), public_id=public_id)
    rows = ([safe_cell(cell) for cell in _cells(one)] for one in lines_of(found))
    filename = f"revue-des-acces-{organisation.siren}-{localdate(found.opened_at):%Y-%m-%d}.csv"
    return csv_response(content=csv_bytes(CSV_COLUMNS, rows), filename=filename)


def review_to_do(request, organisation) -> list[dict]:
    """What the first page of the organisation tells whoever administers it (components/todo.html)."""
    if not request.roles & {Role.ORG_ADMIN, Role.SIGNATORY}:
        return []
    found = open_one(organisation=organisation)
    if found is None:
        return []
    left = undecided(found).count()
    late = found.due_on < localdate(timezone.now())
    when = "Elle devait être finie le" if late else "À finir avant le"
    return [
        {
            "label": f"Revoir les accès : {counted(left, 'ligne')} à décider",
            "detail": f"{when} {day(found.due_on)}. Garder ou retirer, un clic par ligne.",
            "url": reverse("member_access_review", args=[organisation.siren, found.public_id]),
        }
    ]


def _decide(request, organisation, found: AccessReview):
    what, _, number = request.POST.get("decide", "").partition(":")
    line = get_object_or_404(ReviewLine, tenant=organisation, review=found, pk=number_of(number))
    try:
        after = decide(line=line, decision=what, by=request.user, now=timezone.now())
    except NotAllowed:
        raise
    except (PeopleRefused, Refused) as refusal:
        messages.error(request, str(refusal))
    else:
        done = "Gardé" if what == ReviewDecision.KEPT else "Retiré"
        messages.success(request, f"{done} : {line.user}, {line.what}.")
        if after.closed_at is not None:
            messages.success(request, "La revue est terminée : tout est décidé.")
    still = request.user.memberships.in_force().filter(
        organisation=organisation, role__in=[Role.ORG_ADMIN, Role.SIGNATORY]
    )
    if not still.exists():  # she has just removed her own role
        return redirect("places")
    shown = f"?lignes={ALL}" if request.GET.get("lignes") == ALL else ""
    address = reverse("member_access_review", args=[organisation.siren, found.public_id])
    return redirect(f"{address}{shown}")


def _badge(found: AccessReview) -> dict:
    if found.closed_at is not None:
        return {"state": "success", "label": f"Terminée le {day(found.closed_at)}"}
    if found.due_on < localdate(timezone.now()):
        return {"state": "warning", "label": f"En retard depuis le {day(found.due_on)}"}
    return {"state": "info", "label": f"À finir avant le {day(found.due_on)}"}


def _in_words(progress: Progress) -> str:
    said = [f"{progress.lines - progress.to_decide} sur {counted(progress.lines, 'ligne')}"]
    if progress.kept:
        said.append(counted(progress.kept, "gardée"))
    if progress.removed:
        said.append(counted(progress.removed, "retirée"))
    if progress.ended:
        said.append(f"{counted(progress.ended, 'fermée')} entre-temps")
    return ", ".join(said)


def _row(line: ReviewLine) -> dict:
    return {
        "pk": line.pk,
        "name": str(line.user),
        "email": line.user.email if str(line.user) != line.user.email else "",
        "what": line.what,
        "seen": moment(line.seen_at) or "jamais",
        "decision": _decision(line),
        "by": f"par {line.decided_by}, le {moment(line.decided_at)}" if line.decision else "",
        "open": not line.decision and _ended(line) is None,
    }


def _ended(line: ReviewLine):
    """When what it is about ended, None while it lasts."""
    return line.access.closed_at if line.access else line.membership.ended_at


def _decision(line: ReviewLine) -> str:
    if line.decision:
        return line.get_decision_display().capitalize()
    ended = _ended(line)
    return f"Fermé entre-temps, le {moment(ended)}" if ended else ""


def _cells(line: ReviewLine) -> list[str]:
    return [
        str(line.user),
        line.user.email,
        line.what,
        moment(line.seen_at) or "jamais",
        _decision(line) or "à décider",
        moment(line.decided_at),
        str(line.decided_by or ""),
    ]
