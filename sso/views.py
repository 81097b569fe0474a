"""To the identity provider and back, with errors a person understands."""

import hmac
import json
import logging
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import SuspiciousOperation
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.generic import View
from mozilla_django_oidc.views import (
    OIDCAuthenticationCallbackView,
    OIDCAuthenticationRequestView,
    get_next_url,
)

from sso import assurance
from sso.asking import ProviderDown
from sso.assurance import Level
from sso.provider import provider
from sso.sessions import note_sign_in
from sso.stepping_up import LEVEL
from tenants.models import Operator
from tenants.people import joining

logger = logging.getLogger(__name__)

SIRET = "oidc_siret"  # in the session: of the organisation that the account names
# Contacts of so many operators at most: on her own operator's address a person sees that one.
MAX_CONTACTS = 10


class Start(OIDCAuthenticationRequestView):
    """Leads to the provider, with state, nonce and the challenge of PKCE."""

    def __init__(self, **kwargs):
        View.__init__(self, **kwargs)
        self.OIDC_RP_CLIENT_ID = settings.OIDC_RP_CLIENT_ID

    def get(self, request):
        """As the library does, at the address that the provider gives; a page when it gives none."""
        try:
            self.OIDC_OP_AUTH_ENDPOINT = provider().authorization_endpoint
        except ProviderDown as error:
            return unavailable(request, error)
        request.session[LEVEL] = self._level(request) or ""
        answer = super().get(request)
        if "?" in self.OIDC_OP_AUTH_ENDPOINT:  # it may have a query of its own (RFC 6749, 3.1)
            answer["Location"] = answer["Location"].replace(
                f"{self.OIDC_OP_AUTH_ENDPOINT}?", f"{self.OIDC_OP_AUTH_ENDPOINT}&", 1
            )
        return answer

    def get_extra_params(self, request):
        """Asks how sure it must be: if it can, at first; without fail, and of the person herself once more,
        when what she does needs it."""
        level = self._level(request)
        asked = assurance.request_of(level or Level.MULTI_FACTOR, essential=level is not None)
        extra = {"claims": json.dumps(asked)} if asked else {}
        # ProConnect does not take `max_age`.
        return extra | ({"prompt": "login"} if level == Level.STRONG else {})

    @staticmethod
    def _level(request) -> Level | None:
        name = request.GET.get(LEVEL)
        return Level(name) if name in list(Level) else None


class Callback(OIDCAuthenticationCallbackView):
    """Back from the identity provider."""

    def get(self, request):
        """Signs the person in. Who is signed in already stays so, whatever comes back: anybody can make her
        browser open this address."""
        try:
            self._check_issuer(request)
            if request.GET.get("error"):
                request.session.get("oidc_states", {}).pop(request.GET.get("state"), None)
                request.session.modified = True
                return self.login_failure()
            return super().get(request)
        except ProviderDown as error:
            return unavailable(request, error)
        except SuspiciousOperation as error:
            logger.warning("sign-in refused: %s", error)
            return render(request, "sso/refused.html", _again(request), status=400)

    def login_success(self):
        """The session gets a new key, whoever had it before; what the provider said is kept in it."""
        known = self.request.user.is_authenticated and self.request.user == self.user
        answer = super().login_success()
        if known:  # the library goes on with the session as it was
            self.request.session.cycle_key()
        session, claims = self.request.session, self.request.sign_in.claims
        assurance.keep(session, claims)
        session["oidc_id_token"] = self.request.sign_in.id_token
        session[SIRET] = self.request.sign_in.siret
        session.save()  # it has its key now, if it had none
        now = timezone.now()
        joining.note_sign_in(person=self.user, now=now)
        note_sign_in(
            session_key=session.session_key,
            user=self.user,
            issuer=claims["iss"],
            sub=claims["sub"],
            sid=claims["sid"] if isinstance(claims.get("sid"), str) else "",
            now=now,
        )
        if not self.user.email:
            messages.warning(
                self.request,
                "Votre fournisseur d’identité n’a pas confirmé votre courriel : une invitation ne peut pas "
                "vous reconnaître. Faites confirmer votre adresse chez lui, puis reconnectez-vous.",
            )
        level = session.pop(LEVEL, "")
        if level and not assurance.reached(session, Level(level)):
            context = {**_again(self.request, level), "strong": level == Level.STRONG}
            return render(self.request, "sso/not_sure_enough.html", context, status=403)
        return answer

    def login_failure(self):
        """Cancelled there, or refused here: say so, on the page one came from."""
        messages.error(
            self.request,
            "La connexion n’a pas abouti. Réessayez ; si cela recommence, contactez votre opérateur.",
        )
        return super().login_failure()

    def _check_issuer(self, request) -> None:
        """An answer says of which provider it is, if ours promises to (RFC 9207): else a code of ours could
        be sent to another one."""
        said = request.GET.get("iss")
        if said is None and not ({"code", "error"} & set(request.GET) and provider().says_issuer):
            return
        if said is None or not hmac.compare_digest(said.encode(), settings.OIDC_ISSUER.encode()):
            raise SuspiciousOperation("an answer of another provider")


def unavailable(request, error: ProviderDown):
    """The provider does not answer: what to do, and whom to ask. Sessions that are open go on."""
    logger.warning("the identity provider does not answer at sign-in: %s", error)
    answer = render(request, "sso/unavailable.html", _again(request), status=503)
    answer["Retry-After"] = "60"
    return answer


def _again(request, level: str = "") -> dict:
    """The address that starts again, towards the page that was asked for, and whom to ask."""
    towards = get_next_url(request, "next") or request.session.get("oidc_login_next")
    level = level or request.session.get(LEVEL, "")
    asked = {name: value for name, value in (("next", towards), (LEVEL, level)) if value}
    query = f"?{urlencode(asked)}" if asked else ""
    return {"again_url": f"{reverse('oidc_authentication_init')}{query}", "contacts": contacts(request)}


def contacts(request) -> list[Operator]:
    """Whom somebody who cannot sign in may ask: the operator of this address, or each of them."""
    operators = Operator.objects.order_by("short_name")
    here = operators.filter(hostname=request.get_host().split(":")[0]).exclude(hostname="").first()
    return [here] if here else list(operators[:MAX_CONTACTS])
