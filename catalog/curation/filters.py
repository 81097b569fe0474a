"""Filters of the queue that a curator keeps under a name. Read and written in her operator's scope."""

from django.db import IntegrityError, transaction

from catalog.models import CurationFilter
from tenants.constraints import violated
from tenants.models import Operator, User
from tenants.refusals import Refused

MAX_KEPT = 20


class FilterRefused(Refused):
    """The name is taken, or there are too many."""

    field = "name"


def filters_of(*, operator: Operator, user: User) -> list[CurationFilter]:
    """Her own, by name."""
    return list(CurationFilter.objects.filter(tenant=operator.organisation, user=user).order_by("name", "pk"))


@transaction.atomic
def keep_filter(*, operator: Operator, user: User, name: str, query: str) -> CurationFilter:
    """Keeps the query string of the queue under a name. Raises FilterRefused."""
    if CurationFilter.objects.filter(tenant=operator.organisation, user=user).count() >= MAX_KEPT:
        raise FilterRefused(f"Vous gardez déjà {MAX_KEPT} filtres : retirez-en un.")
    try:
        with transaction.atomic():
            return CurationFilter.objects.create(
                tenant=operator.organisation, user=user, name=name.strip(), query=query
            )
    except IntegrityError as error:
        if violated(error) != "curation_filter_name_unique":
            raise
        raise FilterRefused(f"Un de vos filtres s’appelle déjà « {name} ».") from None


def forget_filter(*, operator: Operator, user: User, pk: int) -> bool:
    """Removes one of her own; whether there was one."""
    mine = CurationFilter.objects.filter(tenant=operator.organisation, user=user, pk=pk)
    return mine.delete()[0] > 0
