"""Reads for the pages of those who pay: of a subscription, and of whoever pays a part of another's."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

from django.db.models import CharField, Q, QuerySet, Value

from subscriptions.models import BINDING, PayerAccess, PayerShare, ShareState, Subscription
from tenants.members.adhesions import members_of
from tenants.models import Organisation
from tenants.models.organisation import PlainName
from tenants.tenancy import tenant_scope


def shares_of(subscription: Subscription) -> QuerySet[PayerShare]:
    """All that was asked of others, in the order of months, then of names. One query."""
    shares = PayerShare.objects.filter(subscription=subscription).select_related("payer", "key")
    return shares.order_by("starts", "payer__plain_name", "pk")


def in_force(shares: list[PayerShare], *, on: date) -> list[PayerShare]:
    """Those that are paid that day."""
    return [one for one in shares if one.state in BINDING and one.starts <= on and not one.is_over(on=on)]


@contextmanager
def asked_of(organisation: Organisation) -> Iterator[QuerySet[PayerShare]]:
    """What an organisation is asked to pay for others, or pays: newest first, with what a page shows. Inside,
    the scope holds the subscribers too: nothing else of theirs is to be read. One query, and the caller's."""
    access = PayerAccess.objects.filter(tenant=organisation)
    subscribers = set(access.values_list("subscriber", flat=True))
    with tenant_scope({organisation.pk, *subscribers}):
        shares = PayerShare.objects.filter(payer=organisation, tenant__in=subscribers)
        yield (
            shares.exclude(state=ShareState.WITHDRAWN)
            .select_related("payer", "key", "subscription__tenant", "subscription__operator")
            .order_by("-proposed_at", "-pk")
        )


def to_answer(organisation: Organisation) -> list[PayerShare]:
    """The proposals that wait for an organisation's signatory. Two queries, each with its scope."""
    with asked_of(organisation) as shares:
        return list(shares.filter(state=ShareState.PROPOSED))


def find_payers(*, subscription: Subscription, typed: str, on: date) -> list[Organisation]:
    """The members of the operator with this SIREN, or this name whatever its accents; at most two, so that
    the caller knows whether there is one only. One query."""
    digits = "".join(typed.split())
    members = members_of(operator=subscription.operator, on=on)
    named = Q(siren=digits) | Q(plain_name=PlainName(Value(typed.strip(), output_field=CharField())))
    return list(members.filter(named).distinct().order_by("plain_name", "pk")[:2])
