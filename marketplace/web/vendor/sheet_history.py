"""The versions of a sheet: which there are, what differs between two of them, and taking an old one again."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from catalog.models import ServiceSheet
from catalog.revisions import differences
from catalog.sheets.drafts import restore as restore_version
from catalog.sheets.publishing import planned_for
from catalog.sheets.queries import Version
from catalog.sheets.queries import history as history_of
from marketplace.web.access import vendor_view
from marketplace.web.formats import day, moment
from marketplace.web.vendor.services import sheet_or_404
from marketplace.web.vendor.words import SUBMISSIONS, crumbs, with_query

BY_HALLE = "Halle"


@vendor_view()
@require_safe
def history(request, vendor, slug):
    """The versions, the newest first, with what became of each."""
    sheet = sheet_or_404(vendor, slug)
    page, versions = history_of(sheet=sheet, page=request.GET.get("page"))
    planned = planned_for(sheet)
    siren = vendor.organisation.siren
    compare_url = reverse("vendor_service_compare", args=[siren, slug])
    context = {
        "vendor": vendor,
        "crumbs": _crumbs(vendor, sheet, ("Historique", "")),
        "sheet": sheet,
        "page": page,
        "compare_url": compare_url,
        "versions": [
            {
                "id": version.revision.pk,
                "at": moment(version.revision.created_at),
                "by": _by(version),
                "badges": list(_badges(sheet, version, planned)),
                "is_latest": version.revision.pk == sheet.latest_revision_id,
                "restore_url": reverse("vendor_service_restore", args=[siren, slug, version.revision.pk]),
                "compare_url": with_query(
                    compare_url, avant=version.revision.pk, apres=sheet.latest_revision_id
                ),
            }
            for version in versions
        ],
    }
    return render(request, "vendor/service_history.html", context)


@vendor_view()
@require_safe
def compare(request, vendor, slug):
    """Two versions, field by field, the older one first; the last two when none is chosen."""
    sheet = sheet_or_404(vendor, slug)
    wanted = [_number(request.GET.get(name)) for name in ("avant", "apres")]
    if not any(wanted):
        newest = sheet.revisions.order_by("-created_at", "-pk").values_list("pk", flat=True)[:2]
        wanted = list(newest)
    found = {revision.pk: revision for revision in sheet.revisions.filter(pk__in=wanted)}
    if not wanted or any(pk not in found for pk in wanted):
        raise Http404
    versions = sorted((found[pk] for pk in wanted), key=lambda one: (one.created_at, one.pk))
    before, after = versions[0], versions[-1]
    context = {
        "vendor": vendor,
        "crumbs": _crumbs(
            vendor,
            sheet,
            ("Historique", reverse("vendor_service_history", args=[vendor.organisation.siren, slug])),
            ("Comparer", ""),
        ),
        "sheet": sheet,
        "before": moment(before.created_at),
        "after": moment(after.created_at),
        "differences": differences(before.content, after.content),
    }
    return render(request, "vendor/service_compare.html", context)


@vendor_view()
@require_POST
def restore(request, vendor, slug, revision):
    """An old version becomes the draft; the ones after it are kept."""
    sheet = sheet_or_404(vendor, slug)
    found = sheet.revisions.filter(pk=revision).first()
    if found is None:
        raise Http404
    saved = restore_version(sheet=sheet, revision=found, by=request.user, now=timezone.now())
    if saved.changed:
        messages.success(
            request,
            f"La version du {moment(found.created_at)} est votre nouveau brouillon. Rien n’est perdu.",
        )
    else:
        messages.info(request, "Cette version est déjà celle du brouillon.")
    return redirect("vendor_service", siren=vendor.organisation.siren, slug=slug)


def _crumbs(vendor, sheet: ServiceSheet, *items: tuple[str, str]) -> list[dict]:
    url = reverse("vendor_service", args=[vendor.organisation.siren, sheet.slug])
    return crumbs(vendor, (sheet.name, url), *items)


def _by(version: Version) -> str:
    """Who, by the roles held here: a person's name is nobody's business in a history."""
    if version.revision.user_id is None:
        return BY_HALLE
    text = ", ".join(version.roles) or "personne qui n’est plus de l’équipe"
    return text[:1].upper() + text[1:]


def _badges(sheet: ServiceSheet, version: Version, planned):
    pk = version.revision.pk
    if pk == sheet.live_revision_id:
        yield {"badge": "success", "label": "Publiée", "by": ""}
    elif pk == sheet.latest_revision_id:
        yield {"badge": "neutral", "label": "Brouillon", "by": ""}
    if planned and planned.revision_id == pk:
        yield {"badge": "info", "label": "Prévue", "by": f"le {day(planned.at)}"}
    if version.approved_by:
        yield {"badge": "success", "label": "Acceptée", "by": ", ".join(version.approved_by)}
    for submission in version.submissions:
        if submission.state in SUBMISSIONS:
            badge, label = SUBMISSIONS[submission.state]
            yield {"badge": badge, "label": label, "by": submission.listing.operator.short_name}


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 15 else 0
