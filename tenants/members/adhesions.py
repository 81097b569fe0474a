"""Who adheres to whom on a day: by its own adhesion, or covered by that of its intercommunality."""

from datetime import date

from django.db.models import Q, QuerySet

from tenants.models import Adhesion, Operator, Organisation

# `in_force` and `reaching`, for statements written by hand: whether an adhesion `a` makes an organisation a
# member on a day.
MAKES_A_MEMBER = """
    a.since <= %(today)s AND (a.until IS NULL OR a.until > %(today)s)
    AND (a.organisation_id = %(member)s OR a.covers_communes AND a.organisation_id IN (
        SELECT epci.id
        FROM tenants_organisation me
            JOIN tenants_territory t ON t.id = me.territory_id
            JOIN tenants_organisation epci ON epci.territory_id = t.epci_id
        WHERE me.id = %(member)s
    ))
"""


def members_of(*, operator: Operator, on: date) -> QuerySet[Organisation]:
    """The organisations that may use this operator's services on that day, communes covered included."""
    return Organisation.objects.filter(_holds(Adhesion.objects.in_force(on=on).filter(operator=operator)))


def adheres(*, organisation: Organisation, operator: Operator, on: date) -> bool:
    """Whether it may use this operator's services on that day."""
    return members_of(operator=operator, on=on).filter(pk=organisation.pk).exists()


def operators_of(*, organisation: Organisation, on: date) -> QuerySet[Operator]:
    """The operators whose services it may use on that day."""
    adhesions = Adhesion.objects.in_force(on=on).filter(reaching(organisation))
    return Operator.objects.filter(pk__in=adhesions.values("operator"))


def ever_members(*, operator: Operator, on: date) -> QuerySet[Organisation]:
    """Members of that day or earlier: an operator still bills those that left, and reads what they did."""
    return Organisation.objects.filter(_holds(Adhesion.objects.filter(operator=operator, since__lte=on)))


def covered_by(adhesions: QuerySet[Adhesion]) -> QuerySet[Organisation]:
    """The communes of the intercommunalities that have these adhesions."""
    return Organisation.objects.filter(territory__epci__in=adhesions.values("organisation__territory"))


def _holds(adhesions: QuerySet[Adhesion]) -> Q:
    covering = adhesions.filter(covers_communes=True)
    return Q(pk__in=adhesions.values("organisation")) | Q(
        territory__epci__in=covering.values("organisation__territory")
    )


def reaching(organisation: Organisation) -> Q:
    """Adhesions that make it a member: its own, and those of its intercommunality that cover it."""
    own = Q(organisation=organisation)
    if organisation.territory is None or organisation.territory.epci_id is None:
        return own
    return own | Q(covers_communes=True, organisation__territory=organisation.territory.epci_id)
