"""The Factur-X files of many invoices, downloaded together: those of a run, of a search, of a year."""

from django.http import Http404, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from billing import archives, review
from billing.models import BillingRun
from marketplace.web.access import member_view, operator_view
from marketplace.web.formats import format_number
from marketplace.web.operator.lists import chosen, counted, rest_of_address, typed
from marketplace.web.operator.roles import MONEY_ROLES

ARCHIVE_NOTE = (
    f"Jusqu’à {archives.PART_SIZE} factures et avoirs par archive, avec un manifeste (CSV) : numéros, "
    "montants et empreintes des fichiers."
)
LAST_PART = 1000  # far beyond what any operator issues in a year


@operator_view(*MONEY_ROLES)
@require_safe
def of_run(request, operator, public_id, part):
    """Those of a run's issued invoices, and of the credit notes on them."""
    run = get_object_or_404(BillingRun, operator=operator, public_id=public_id)
    kept = _part_of(archives.issued_of_run(run=run), part)
    return _sent(kept, f"factures-{operator.slug}-{run.period_start}-{part}.zip")


@operator_view(*MONEY_ROLES)
@require_safe
def of_search(request, operator, part):
    """Those of the list of invoices, as it is searched and filtered."""
    group = chosen(request, review.GROUPS)
    found = review.issued_matching(operator=operator, search=typed(request), group=group)
    return _sent(_part_of(found, part), f"factures-{operator.slug}-{part}.zip")


@member_view()
@require_safe
def of_year(request, organisation, year, part):
    """Those that the organisation received in a year."""
    found = archives.received_in(organisation=organisation, year=year)
    kept = _part_of(found, part, by_operator=True)
    return _sent(kept, f"factures-{organisation.siren}-{year}-{part}.zip")


def downloads_of_run(run: BillingRun, count: int) -> list[dict]:
    """For components/downloads.html: the archives of a run that has `count` invoices and credit notes."""
    address = [run.operator.slug, run.public_id]
    return _downloads(count, lambda part: reverse("operator_run_archive", args=[*address, part]))


def downloads_of_search(operator, *, search: str, group: str, count: int) -> list[dict]:
    """For components/downloads.html: the archives of what the list of invoices shows."""
    rest = rest_of_address(q=search, etat=group).removesuffix("&")
    return _downloads(
        count, lambda part: f"{reverse('operator_invoices_archive', args=[operator.slug, part])}?{rest}"
    )


def downloads_of_years(organisation) -> list[dict]:
    """For components/downloads.html: those of each year in which it received invoices."""
    return [
        {"label": f"{year} : {one['label'].lower()}", "url": one["url"]}
        for year, count in archives.years_received(organisation=organisation)
        for one in _downloads(
            count, lambda part, year=year: reverse("member_archive", args=[organisation.siren, year, part])
        )
    ]


def _downloads(count: int, address) -> list[dict]:
    """One archive for all, or one for each part of them."""
    firsts = range(1, count + 1, archives.PART_SIZE)
    if len(firsts) == 1:
        return [{"label": counted(count, "facture"), "url": address(1)}]
    return [
        {
            "label": f"Factures {format_number(first)} à "
            f"{format_number(min(first + archives.PART_SIZE - 1, count))}",
            "url": address(part),
        }
        for part, first in enumerate(firsts, start=1)
    ]


def _part_of(invoices, part: int, *, by_operator: bool = False) -> list[archives.Kept]:
    """404 where there is no such part."""
    kept = archives.part_of(invoices, part=part, by_operator=by_operator) if 0 < part <= LAST_PART else []
    if not kept:
        raise Http404
    return kept


def _sent(kept: list[archives.Kept], filename: str) -> StreamingHttpResponse:
    """A stream that reads the storage alone: what it needs of the database was read while the tenant scope
    was open."""
    headers = {
        "Content-Disposition": content_disposition_header(True, filename),
        "X-Content-Type-Options": "nosniff",
    }
    return StreamingHttpResponse(archives.written(kept), content_type="application/zip", headers=headers)
