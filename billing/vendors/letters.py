"""What a vendor and an operator's finance write to each other about terms and statements."""

from datetime import datetime

from billing.models import CommissionTerms, VendorStatement
from billing.periods import Period
from catalog.pricing import format_cents
from tenants import letters
from tenants.models import Operator, Organisation, Role
from tenants.people.telling import people_to_tell

TO_VENDOR = (Role.VENDOR_ADMIN,)
TO_OPERATOR = (Role.OPERATOR_FINANCE,)
WHERE_VENDOR = "Tout est dans Halle, à la page « Relevés »."
WHERE_OPERATOR = "Tout est dans Halle, à la page « Relevés des éditeurs »."


def terms_proposed(*, terms: CommissionTerms, now: datetime) -> None:
    """To the vendor."""
    operator = terms.operator.short_name
    said = f"{operator} vous propose des conditions de commission à partir du {terms.since:%d/%m/%Y}."
    _to_vendor(terms.vendor, f"commission:{terms.pk}", f"Conditions proposées par {operator}", said, now)


def terms_agreed(*, terms: CommissionTerms, now: datetime) -> None:
    """To the operator's finance."""
    vendor = terms.vendor.organisation.name
    said = f"{vendor} accepte vos conditions de commission à partir du {terms.since:%d/%m/%Y}."
    key = f"commission-agreed:{terms.pk}"
    _to_operator(terms.operator, terms.vendor, key, f"Conditions acceptées par {vendor}", said, now)


def drawn(*, statement: VendorStatement, now: datetime) -> None:
    """To the vendor, in the transaction that draws it up."""
    operator = statement.operator.short_name
    said = (
        f"{operator} a établi votre relevé ({_label(statement)}) : "
        f"{format_cents(statement.to_pay_cents)} TTC à vous payer.\n"
        "Lisez-le, puis acceptez-le, ou contestez-le en disant pourquoi."
    )
    _to_vendor(statement.vendor, f"statement:{statement.pk}", f"Votre relevé – {operator}", said, now)


def answered(*, statement: VendorStatement, answer: str, move: int, now: datetime) -> None:
    """To the vendor that contested; `move` is the row that says it."""
    operator = statement.operator.short_name
    said = f"{operator} répond à votre contestation du relevé ({_label(statement)}) :\n\n{answer}"
    subject = f"Réponse à votre contestation – {operator}"
    _to_vendor(statement.vendor, f"statement-answered:{move}", subject, said, now)


def paid(*, statement: VendorStatement, cents: int, payment: int, now: datetime) -> None:
    """To the vendor: `cents` were paid, says the row `payment`."""
    operator = statement.operator.short_name
    said = f"{operator} indique vous avoir payé {format_cents(cents)} du relevé ({_label(statement)})."
    _to_vendor(statement.vendor, f"statement-paid:{payment}", f"Paiement de {operator}", said, now)


def agreed(*, statement: VendorStatement, move: int, now: datetime) -> None:
    """To the operator's finance: it may pay."""
    vendor = statement.vendor.organisation.name
    said = (
        f"{vendor} accepte son relevé ({_label(statement)}) : "
        f"{format_cents(statement.to_pay_cents)} TTC à payer."
    )
    key = f"statement-agreed:{move}"
    _to_operator(statement.operator, statement.vendor, key, f"Relevé accepté – {vendor}", said, now)


def contested(*, statement: VendorStatement, reason: str, move: int, now: datetime) -> None:
    """To the operator's finance: it must answer."""
    vendor = statement.vendor.organisation.name
    said = f"{vendor} conteste son relevé ({_label(statement)}) :\n\n{reason}"
    key = f"statement-contested:{move}"
    _to_operator(statement.operator, statement.vendor, key, f"Relevé contesté – {vendor}", said, now)


def _label(statement: VendorStatement) -> str:
    return Period(statement.period_start, statement.period_end).label


def _to_vendor(vendor, key: str, subject: str, said: str, now: datetime) -> None:
    mandates = people_to_tell(organisations=[vendor.organisation_id], roles=TO_VENDOR)
    to = {str(mandate.user_id): mandate.user.email for mandate in mandates}
    if not to and vendor.contact_email:
        to = {"contact": vendor.contact_email}
    _send(vendor.organisation, to, key, subject, f"{said}\n\n{WHERE_VENDOR}", now)


def _to_operator(operator: Operator, vendor, key: str, subject: str, said: str, now: datetime) -> None:
    """On behalf of the vendor, whose people act."""
    mandates = people_to_tell(organisations=[operator.organisation_id], roles=TO_OPERATOR)
    to = {str(mandate.user_id): mandate.user.email for mandate in mandates}
    if not to and operator.contact_email:
        to = {"contact": operator.contact_email}
    _send(vendor.organisation, to, key, subject, f"{said}\n\n{WHERE_OPERATOR}", now)


def _send(tenant: Organisation, to: dict[str, str], key: str, subject: str, said: str, now: datetime) -> None:
    for whom, address in sorted(to.items()):
        letters.write(
            tenant=tenant,
            key=f"{key}:{whom}",
            to=address,
            subject=subject,
            body=f"Bonjour,\n\n{said}\n",
            now=now,
        )
