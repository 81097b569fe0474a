"""What the Brumelle keeps of what it bills for vendors, and what it owes each of them: a quarter that is
paid, and one that waits for the vendors."""

from datetime import date
from decimal import Decimal

from django.db.models import QuerySet

from billing.models import VendorStatement
from billing.periods import Period
from billing.vendors import answers, drawing, terms
from billing.vendors.terms import Proposal
from catalog.models import Listing, ListingState, Vendor
from demo.seed.bills import SECOND_QUARTER, THIRD_QUARTER, jobs_forgotten
from demo.seed.letters import send_later
from demo.seed.moments import YEAR_START, at
from demo.seed.people import holders
from tenants.models import Operator, Role, User

PROPOSED, AGREED = date(2026, 1, 12), date(2026, 1, 19)
DRAWN, ACCEPTED, PAID = date(2026, 7, 8), date(2026, 7, 15), date(2026, 7, 31)
DRAWN_AGAIN = date(2026, 10, 6)
NEXT_TERMS, PROPOSED_AGAIN = date(2027, 1, 1), date(2026, 11, 17)
PERCENT, NEXT_PERCENT, PER_LINE = Decimal("6"), Decimal("5.5"), 150
BY_LINE = "fabrique-mirabeline"
NEVER_AGREED = "cartolune"  # nothing can be drawn up for it
ASKED_AGAIN = "tablee-douce"  # its demo person has terms to agree to
NO_VAT = "TVA non applicable, article 293 B du CGI"
LETTERS = ("commission", "commission-agreed", "statement", "statement-agreed", "statement-paid")


def make_statements(*, operators: dict[str, Operator]) -> None:
    """By the verbs of both: terms, statements, agreements, transfers."""
    operator = operators["brumelle"]
    by = holders(Role.OPERATOR_FINANCE)[operator.organisation_id]
    vendors = holders(Role.VENDOR_ADMIN)
    with jobs_forgotten():
        for vendor in _listed(operator):
            _agree_on_terms(operator, vendor, by, vendors)
        for statement in _draw(operator, SECOND_QUARTER, DRAWN, by):
            _settle(statement, by, vendors[statement.tenant_id])
        _draw(operator, THIRD_QUARTER, DRAWN_AGAIN, by)
        vendor = _listed(operator).get(partner__code=ASKED_AGAIN)
        less = _proposal(vendor, since=NEXT_TERMS, percent=NEXT_PERCENT)
        terms.propose(operator=operator, vendor=vendor, proposal=less, by=by, now=at(PROPOSED_AGAIN, 10))
    for kind in LETTERS:
        send_later(kind=kind)


def _listed(operator: Operator) -> QuerySet[Vendor]:
    """Who has a service on its shelf."""
    listings = Listing.objects.filter(operator=operator, state=ListingState.LISTED)
    return (
        Vendor.objects.filter(pk__in=listings.values("offer__product__sheet__vendor"))
        .select_related("organisation", "partner")
        .order_by("pk")
    )


def _agree_on_terms(operator: Operator, vendor: Vendor, by: User, vendors: dict[int, User]) -> None:
    slug = vendor.partner.code
    proposal = _proposal(vendor, since=YEAR_START, percent=None if slug == BY_LINE else PERCENT)
    found = terms.propose(operator=operator, vendor=vendor, proposal=proposal, by=by, now=at(PROPOSED, 10))
    if slug != NEVER_AGREED:
        terms.agree(terms=found, by=vendors[vendor.organisation_id], now=at(AGREED, 11))


def _proposal(vendor: Vendor, *, since: date, percent: Decimal | None) -> Proposal:
    taxed = bool(vendor.organisation.vat_number)
    return Proposal(
        since=since,
        percent=percent,
        per_line_cents=PER_LINE if percent is None else None,
        vat_rate=Decimal(20) if taxed else None,
        vat_reason="" if taxed else NO_VAT,
    )


def _draw(operator: Operator, period: Period, day: date, by: User) -> list[VendorStatement]:
    run = drawing.ask(operator=operator, period=period, by=by, now=at(day, 9))
    drawing.draw(run_id=run.pk, now=at(day, 9, 1))
    return list(run.statements.select_related("vendor__organisation", "operator__organisation"))


def _settle(statement: VendorStatement, by: User, vendor_admin: User) -> None:
    """Agreed to and paid, where something is owed."""
    answers.agree(statement=statement, by=vendor_admin, now=at(ACCEPTED, 14))
    if cents := answers.left_to_pay(statement):
        answers.pay(
            statement=statement, cents=cents, paid_on=PAID, reference=f"VIR {PAID:%Y-%m}", by=by,
            now=at(PAID, 15),
        )  # fmt: skip
