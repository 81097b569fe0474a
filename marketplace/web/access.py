"""The first fence: every tenant page names its organisation in the URL, resolved through the person's
memberships. Anything else is 404, never 403: a stranger learns nothing.

A view decorated here runs inside its tenant scope, in the request's transaction; it receives what the URL
names instead of its identifier. Return `render(...)`, never a lazy TemplateResponse or a stream: those
would run after the scope is closed.
"""

from collections.abc import Callable
from functools import wraps

from django.http import Http404
from django.utils import timezone
from django.utils.timezone import localdate

from tenants.models import Adhesion, Operator, Organisation, Role, User
from tenants.tenancy import tenant_scope

MEMBER_ROLES = frozenset({Role.AGENT, Role.SECRETARY, Role.SIGNATORY, Role.FINANCE, Role.ORG_ADMIN})
OPERATOR_ROLES = frozenset({Role.CURATOR, Role.OPERATOR_FINANCE, Role.OPERATOR_ADMIN})
VENDOR_ROLES = frozenset({Role.VENDOR_EDITOR, Role.VENDOR_ADMIN})


def member_view(*roles: Role) -> Callable:
    """For `<siren>` in the URL: the person must hold one of `roles` there (any member role if none named).

    The view gets `organisation`; `request.roles` holds the person's roles in it.
    """
    return _guarded(frozenset(roles) or MEMBER_ROLES, _organisation, "organisation")


def vendor_view(*roles: Role) -> Callable:
    """For `<siren>` of a vendor in the URL; the view gets `vendor`."""
    return _guarded(frozenset(roles) or VENDOR_ROLES, _vendor, "vendor")


def operator_view(*roles: Role) -> Callable:
    """For `<operator>` (slug) in the URL: the scope holds the operator itself and all its members, so
    the view must still filter by operator. The view gets `operator`."""
    return _guarded(frozenset(roles) or OPERATOR_ROLES, _operator, "operator")


def _guarded(roles: frozenset[str], resolve: Callable, argument: str) -> Callable:
    def decorate(view):
        @wraps(view)
        def guarded(request, *args, **kwargs):
            found, organisation, tenant_ids = resolve(kwargs)
            held = roles_in(request.user, organisation)
            if not held & roles:
                raise Http404
            request.roles = held
            request.current_organisation = organisation
            request.current_operator = found if argument == "operator" else None
            with tenant_scope(tenant_ids):
                return view(request, *args, **{**kwargs, argument: found})

        return guarded

    return decorate


def roles_in(user: User, organisation: Organisation) -> frozenset[str]:
    """The roles this person holds now in this organisation."""
    open_memberships = user.memberships.filter(organisation=organisation, ended_at__isnull=True)
    return frozenset(open_memberships.values_list("role", flat=True))


def _organisation(kwargs: dict):
    organisation = Organisation.objects.select_related("territory").filter(siren=kwargs.pop("siren")).first()
    if organisation is None:
        raise Http404
    return organisation, organisation, [organisation.pk]


def _vendor(kwargs: dict):
    organisation = Organisation.objects.select_related("vendor").filter(siren=kwargs.pop("siren")).first()
    if organisation is None or not hasattr(organisation, "vendor"):
        raise Http404
    return organisation.vendor, organisation, [organisation.pk]


def _operator(kwargs: dict):
    operator = Operator.objects.select_related("organisation").filter(slug=kwargs.pop("operator")).first()
    if operator is None:
        raise Http404
    today = localdate(timezone.now())
    members = Adhesion.objects.filter(operator=operator, since__lte=today).values_list(
        "organisation_id", flat=True
    )
    return operator, operator.organisation, [operator.organisation_id, *members]
