"""Whose request or subscription it is, for those who see to it: an operator, a vendor."""

from django.db.models import Q

from catalog.models import Vendor
from tenants.models import Operator


def owned_by(owner: Operator | Vendor, *, through: str = "") -> Q:
    """The subscriptions of an operator's members, or those that a vendor may read; `through` is the road to
    them ("subscription__")."""
    if isinstance(owner, Operator):
        return Q(**{f"{through}operator": owner})
    return Q(**{f"{through}vendor_access__tenant": owner.organisation_id})
