"""The first fence: every tenant page names its organisation in the URL, resolved through the person's
mandates. Anything else is 404, never 403: a stranger learns nothing.

A view decorated here runs inside its tenant scope, in the request's transaction; it receives what the URL
names instead of its identifier. Return `render(...)`, never a lazy TemplateResponse or a stream that reads
the database: those would run after the scope is closed.
"""

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import wraps

from django.db.models import QuerySet
from django.http import Http404
from django.utils import timezone
from django.utils.timezone import localdate

from billing.vendors.queries import vendors_of
from sso.assurance import Level, reached
from sso.stepping_up import ask, proven
from subscriptions.approval_queries import subscribers_of
from tenants import audit
from tenants.assistance.operations import ASSISTANT_ROLES
from tenants.assistance.queries import assistances_in_force
from tenants.members.adhesions import ever_members
from tenants.models import Membership, Operator, Organisation, Role, Territory, User
from tenants.people.roles import MEMBER_ROLES, OPERATOR_ROLES, VENDOR_ROLES
from tenants.tenancy import tenant_scope

# What an operator's agent may do at a commune that asks for help.
ASSISTED_ROLES = frozenset({Role.SECRETARY})
READING = ("GET", "HEAD")
# Whoever holds one of these has proved who she is by two factors (OIDC_ASSURANCE).
PROVEN_ROLES = OPERATOR_ROLES | {Role.AUDITOR, Role.FINANCE, Role.ORG_ADMIN, Role.VENDOR_ADMIN}


@dataclass(frozen=True)
class Door:
    """What an address names, whose it is, the roles held there, and which tenants may be seen."""

    found: object
    organisation: Organisation
    roles: frozenset[str]
    tenant_ids: Iterable[int]
    acting_for: Operator | None = None


def member_view(*roles: Role) -> Callable:
    """For `<siren>` in the URL: the person must hold one of `roles` there (any member role if none named).

    The view gets `organisation`; `request.roles` holds the person's roles in it. An operator's agent enters
    as a secretary while the organisation has asked for her help: `request.acting_for` is then her operator.
    """
    return _guarded(frozenset(roles) or MEMBER_ROLES, _member, "organisation")


def organisation_view(*roles: Role) -> Callable:
    """For `<siren>` of any organisation, whatever the role held there (or one of `roles`): its people, its
    establishments, its audit log. The view gets `organisation`."""
    return _guarded(frozenset(roles) or frozenset(Role.values), _organisation, "organisation")


def vendor_view(*roles: Role, with_subscribers: bool = False) -> Callable:
    """For `<siren>` of a vendor in the URL; the view gets `vendor`.

    The scope holds the vendor alone; with `with_subscribers`, whoever asked for its services as well, so the
    view must still filter by vendor.
    """
    return _guarded(
        frozenset(roles) or VENDOR_ROLES, _vendor_with_subscribers if with_subscribers else _vendor, "vendor"
    )


def operator_view(*roles: Role, with_members: bool = True, with_vendors: bool = False) -> Callable:
    """For `<operator>` (slug) in the URL; the view gets `operator`. An auditor reads every page
    and sends nothing.

    The scope holds the operator itself and all its members, so the view must still filter by operator; the
    operator alone for a page that says `with_members=False`, its vendors instead of its members for one that
    says `with_vendors=True`.
    """
    door = _operator_with_vendors if with_vendors else _operator_with_members if with_members else _operator
    return _guarded(frozenset(roles) or OPERATOR_ROLES, door, "operator")


def platform_view(view: Callable) -> Callable:
    """For platform staff only."""

    @wraps(view)
    def guarded(request, *args, **kwargs):
        if not request.user.is_staff:
            raise Http404
        return proven(view)(request, *args, **kwargs)

    return guarded


def _guarded(roles: frozenset[str], resolve: Callable[..., Door], argument: str) -> Callable:
    def decorate(view):
        @wraps(view)
        def guarded(request, *args, **kwargs):
            door = resolve(request.user, kwargs)
            reads_all = argument == "operator" and Role.AUDITOR in door.roles and request.method in READING
            if not door.roles & roles and not reads_all:
                raise Http404
            if (door.roles & PROVEN_ROLES or door.acting_for) and not reached(
                request.session, Level.MULTI_FACTOR
            ):
                return ask(request, Level.MULTI_FACTOR)
            request.roles = door.roles
            request.reads_only = not door.roles & roles
            request.current_organisation = door.organisation
            request.current_operator = door.found if argument == "operator" else None
            request.acting_for = door.acting_for
            with ExitStack() as stack:
                stack.enter_context(tenant_scope(door.tenant_ids))
                stack.enter_context(audit.acting_for(door.acting_for))
                # Read here, for the banner: an error page is drawn outside the scope.
                if argument == "organisation" and door.roles & MEMBER_ROLES:
                    request.assistances = assistances_in_force(
                        organisation=door.organisation, now=timezone.now()
                    )
                return view(request, *args, **{**kwargs, argument: door.found})

        return guarded

    return decorate


def mandates(user: User) -> list[Membership]:
    """The person's mandates in force, by name of organisation: asked once a request, for rights and menu."""
    if not hasattr(user, "mandates_in_force"):
        user.mandates_in_force = list(
            user.memberships.in_force()
            .select_related("organisation__operator", "organisation__vendor", "organisation__territory")
            .order_by("organisation__plain_name", "organisation__siren", "role")
        )
    return user.mandates_in_force


def _held(user: User, matches: Callable[[Organisation], bool]) -> tuple[Organisation, frozenset[str]]:
    """The organisation that matches among those where the person has a mandate, and her roles there."""
    held = [mandate for mandate in mandates(user) if matches(mandate.organisation)]
    if not held:
        raise Http404
    return held[0].organisation, frozenset(mandate.role for mandate in held)


def _member(user: User, kwargs: dict) -> Door:
    siren = kwargs.pop("siren")
    try:
        organisation, roles = _held(user, lambda organisation: organisation.siren == siren)
    except Http404:
        return _assisted(user, siren)
    return Door(organisation, organisation, roles, [organisation.pk])


def _assisted(user: User, siren: str) -> Door:
    found = _assisted_here(user, Organisation.objects.filter(siren=siren))
    if found is None:
        raise Http404
    organisation, operator = found
    return Door(organisation, organisation, ASSISTED_ROLES, [organisation.pk], acting_for=operator)


def assisted_in(user: User, commune: Territory) -> Organisation | None:
    """The organisation of that territory for which this person may act now as an operator's agent."""
    found = _assisted_here(user, Organisation.objects.filter(territory=commune))
    return found[0] if found else None


def _assisted_here(user: User, places: QuerySet[Organisation]) -> tuple[Organisation, Operator] | None:
    """The first of these that asked an operator of this person for help. `places` are few."""
    operators = {
        mandate.organisation.operator.pk
        for mandate in mandates(user)
        if mandate.role in ASSISTANT_ROLES and hasattr(mandate.organisation, "operator")
    }
    for organisation in places.select_related("territory").order_by("pk") if operators else ():
        with tenant_scope([organisation.pk]):
            for assistance in assistances_in_force(organisation=organisation, now=timezone.now()):
                if assistance.operator_id in operators:
                    return organisation, assistance.operator
    return None


def _organisation(user: User, kwargs: dict) -> Door:
    siren = kwargs.pop("siren")
    organisation, roles = _held(user, lambda organisation: organisation.siren == siren)
    return Door(organisation, organisation, roles, [organisation.pk])


def _vendor(user: User, kwargs: dict) -> Door:
    siren = kwargs.pop("siren")
    organisation, roles = _held(
        user, lambda organisation: organisation.siren == siren and hasattr(organisation, "vendor")
    )
    return Door(organisation.vendor, organisation, roles, [organisation.pk])


def _vendor_with_subscribers(user: User, kwargs: dict) -> Door:
    door = _vendor(user, kwargs)
    with tenant_scope(door.tenant_ids):
        subscribers = subscribers_of(vendor=door.found)
    return Door(door.found, door.organisation, door.roles, [door.organisation.pk, *subscribers])


def _operator(user: User, kwargs: dict) -> Door:
    slug = kwargs.pop("operator")
    organisation, roles = _held(
        user, lambda organisation: hasattr(organisation, "operator") and organisation.operator.slug == slug
    )
    return Door(organisation.operator, organisation, roles, [organisation.pk])


def _operator_with_members(user: User, kwargs: dict) -> Door:
    door = _operator(user, kwargs)
    members = ever_members(operator=door.found, on=localdate(timezone.now())).values_list("pk", flat=True)
    return Door(door.found, door.organisation, door.roles, [door.organisation.pk, *members])


def _operator_with_vendors(user: User, kwargs: dict) -> Door:
    door = _operator(user, kwargs)
    with tenant_scope(door.tenant_ids):
        vendors = list(vendors_of(operator=door.found).values_list("organisation_id", flat=True))
    return Door(door.found, door.organisation, door.roles, [door.organisation.pk, *vendors])
