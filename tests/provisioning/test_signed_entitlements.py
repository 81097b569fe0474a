"""The answer that a service keeps: signed, dated, verified with what Halle publishes, over real HTTP."""

import json
from datetime import UTC, datetime, timedelta
from io import StringIO

import jwt
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import ec
from django.core.checks import run_checks
from django.core.management import call_command
from django.utils import timezone
from django.utils.timezone import localdate

from provisioning.entitlements import signing
from subscriptions.models import State
from tenants.models import Role
from tests.factories import (
    ListingFactory,
    MembershipFactory,
    OrganisationFactory,
    ServiceKeyFactory,
    SubscriptionFactory,
    TrialFactory,
)

SECRET = "halle_a-secret-of-the-tests"
ISSUER = "http://127.0.0.1:8000"


def new_key() -> dict:
    return jwt.algorithms.ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()), as_dict=True)


def jwks(*keys: dict) -> str:
    return json.dumps({"keys": keys})


class Vendor:
    """A service as its vendor writes it: our documentation is all it knows."""

    def __init__(self, server: str, service_id: str):
        self.server, self.service_id = server, service_id
        # Asked again at once for a key it does not know: by default, half a minute after the last time.
        self.keys = jwt.PyJWKClient(f"{server}/.well-known/jwks.json", cooldown_duration=0)

    def ask(self, siret: str, **more) -> requests.Response:
        return requests.get(
            f"{self.server}/api/v1.0/entitlements/signed/",
            params={"service_id": self.service_id, "siret": siret, **more},
            headers={"X-Service-Auth": f"Bearer {SECRET}"},
            timeout=10,
        )

    def read(self, token: str) -> dict:
        """Raises jwt.PyJWTError for whatever must not be believed."""
        return jwt.decode(
            token,
            self.keys.get_signing_key_from_jwt(token),
            algorithms=["ES256"],
            issuer=ISSUER,
            audience=self.service_id,
            leeway=60,
            options={"require": ["iss", "aud", "sub", "iat", "nbf", "exp"]},
        )


@pytest.fixture
def listing():
    listing = ListingFactory()
    ServiceKeyFactory(sheet=listing.sheet)
    return listing


@pytest.fixture
def commune(listing):
    return SubscriptionFactory(listing=listing, state=State.ACTIVE).tenant


@pytest.fixture
def vendor(live_server, listing):
    return Vendor(live_server.url, listing.sheet.slug)


@pytest.mark.django_db(transaction=True)
class TestOverHttp:
    def test_is_verified_with_the_published_keys(self, vendor, commune):
        agent = MembershipFactory(organisation=commune, role=Role.ORG_ADMIN).user
        answer = vendor.ask(commune.siret, account_type="user", account_email=agent.email)
        assert answer.headers["Content-Type"] == "application/jwt"
        claims = vendor.read(answer.text)
        assert claims["sub"] == commune.siren
        assert claims["siret"] == commune.siret
        assert claims["account"] == {"email": agent.email}
        assert claims["entitlements"]["can_access"] is True
        assert claims["entitlements"]["is_admin"] is True
        assert claims["exp"] - claims["iat"] == 7 * 86_400
        assert claims["nbf"] == claims["iat"]
        assert answer.headers["Cache-Control"] == "private, max-age=300, stale-if-error=604500"

    def test_holds_for_all_agents_without_an_account(self, vendor, commune):
        claims = vendor.read(vendor.ask(commune.siret).text)
        assert claims["account"] == {}
        assert claims["entitlements"]["can_access"] is True
        assert claims["entitlements"]["is_member"] is False

    def test_a_new_key_in_front_is_found_by_its_number(self, vendor, commune, settings):
        old, new = new_key(), new_key()
        settings.ENTITLEMENT_KEYS = jwks(old)
        kept = vendor.ask(commune.siret).text
        vendor.read(kept)
        settings.ENTITLEMENT_KEYS = jwks(new, old)
        fresh = vendor.ask(commune.siret).text
        assert jwt.get_unverified_header(fresh)["kid"] != jwt.get_unverified_header(kept)["kid"]
        vendor.read(fresh)
        vendor.read(kept)

    def test_a_key_that_is_no_longer_published_proves_nothing(self, vendor, commune, settings):
        settings.ENTITLEMENT_KEYS = jwks(new_key())
        kept = vendor.ask(commune.siret).text
        settings.ENTITLEMENT_KEYS = jwks(new_key())
        with pytest.raises(jwt.PyJWKClientError):
            vendor.read(kept)

    def test_what_another_service_was_told_is_refused(self, vendor, commune, live_server):
        other = Vendor(live_server.url, "un-autre-service")
        with pytest.raises(jwt.InvalidAudienceError):
            other.read(vendor.ask(commune.siret).text)

    def test_what_was_changed_on_the_way_is_refused(self, vendor, commune):
        header, payload, signature = vendor.ask(commune.siret).text.split(".")
        claims = json.loads(jwt.utils.base64url_decode(payload))
        claims["entitlements"]["is_admin"] = True
        forged = jwt.utils.base64url_encode(json.dumps(claims).encode()).decode()
        with pytest.raises(jwt.InvalidSignatureError):
            vendor.read(".".join([header, forged, signature]))

    def test_what_somebody_else_signed_is_refused(self, vendor, commune):
        token = vendor.ask(commune.siret).text
        kid = jwt.get_unverified_header(token)["kid"]
        claims = jwt.decode(token, options={"verify_signature": False})
        theirs = jwt.PyJWK(new_key(), algorithm="ES256")
        with pytest.raises(jwt.InvalidSignatureError):
            vendor.read(jwt.encode(claims, theirs, algorithm="ES256", headers={"kid": kid}))
        unsigned = jwt.encode(claims, None, algorithm="none", headers={"kid": kid})
        with pytest.raises(jwt.InvalidAlgorithmError):
            vendor.read(unsigned)

    def test_what_is_over_is_refused_beyond_the_tolerance(self, vendor, commune, settings):
        now = timezone.now()
        for seconds, valid in ((30, True), (90, False)):
            settings.ENTITLEMENT_VALID_DAYS = 1
            issued = now - timedelta(days=1, seconds=seconds)
            claims = {"aud": vendor.service_id, "sub": commune.siren}
            token, _ = signing.signed(claims, until=None, access=True, now=issued)
            if valid:
                vendor.read(token)
            else:
                with pytest.raises(jwt.ExpiredSignatureError):
                    vendor.read(token)

    def test_the_key_of_another_service_opens_nothing(self, vendor, commune):
        vendor.service_id = "un-autre-service"
        assert vendor.ask(commune.siret).status_code == 403

    def test_the_published_keys_are_public_and_hold_no_secret(self, live_server):
        answer = requests.get(f"{live_server.url}/.well-known/jwks.json", timeout=10)
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert answer.headers["Cache-Control"] == "public, max-age=300"
        assert answer.headers["Content-Type"] == "application/jwk-set+json"
        [key] = answer.json()["keys"]
        assert set(key) == {"kty", "crv", "x", "y", "kid", "use", "alg"}
        again = requests.get(
            f"{live_server.url}/.well-known/jwks.json",
            headers={"If-None-Match": answer.headers["ETag"]},
            timeout=10,
        )
        assert again.status_code == 304


@pytest.mark.django_db
class TestHowLongItLasts:
    @pytest.fixture
    def claims(self, client, listing):
        def read(siret):
            answer = client.get(
                "/api/v1.0/entitlements/signed/",
                {"service_id": listing.sheet.slug, "siret": siret},
                headers={"X-Service-Auth": f"Bearer {SECRET}"},
            )
            return jwt.decode(answer.content.decode(), options={"verify_signature": False})

        return read

    def test_a_refusal_is_soon_asked_again(self, claims):
        found = claims(OrganisationFactory().siret)
        assert found["entitlements"]["can_access"] is False
        assert found["exp"] - found["iat"] == 300

    def test_never_beyond_the_end_of_the_access(self, claims, listing):
        last = localdate(timezone.now()) + timedelta(days=3)
        trial = TrialFactory(listing=listing, active_from=last - timedelta(days=30), trial_until=last)
        found = claims(trial.tenant.siret)
        midnight = datetime.combine(last, datetime.min.time()).replace(tzinfo=UTC)
        assert timedelta(0) <= midnight - datetime.fromtimestamp(found["exp"], UTC) <= timedelta(hours=2)

    def test_as_long_as_the_settings_say(self, claims, commune, settings):
        settings.ENTITLEMENT_VALID_DAYS = 2
        found = claims(commune.siret)
        assert found["exp"] - found["iat"] == 2 * 86_400

    def test_an_unknown_organisation_is_nobody(self, claims):
        found = claims("12345678200028")
        assert (found["sub"], found["organization"]) == ("", None)


class TestTheKeys:
    def test_the_development_key_is_refused_in_production(self):
        found = run_checks(tags=["security"], include_deployment_checks=True)
        assert "provisioning.E002" in {problem.id for problem in found}

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "{}",
            '{"keys": []}',
            "[" * 2_000,
            jwks({name: value for name, value in new_key().items() if name != "d"}),
            jwks({"kty": "oct", "k": "c2VjcmV0", "d": "1", "crv": "P-256", "x": "", "y": ""}),
            jwks(new_key() | {"x": "AAAA"}),
        ],
        ids=["empty", "no keys", "none", "nested", "public", "symmetric", "false"],
    )
    def test_what_is_no_set_of_private_keys_is_refused_without_being_shown(self, settings, text):
        settings.ENTITLEMENT_KEYS = text
        problems = [one for one in run_checks(tags=["security"]) if one.id == "provisioning.E001"]
        assert [one.msg for one in problems] == ["ENTITLEMENT_KEYS is no JWK Set of private P-256 keys"]

    def test_a_key_of_their_own_passes(self, settings):
        settings.ENTITLEMENT_KEYS = jwks(new_key())
        found = run_checks(tags=["security"], include_deployment_checks=True)
        assert not {"provisioning.E001", "provisioning.E002"} & {problem.id for problem in found}

    def test_a_key_is_named_by_its_thumbprint(self):
        """The example of RFC 7638 is an RSA key: this one is computed by another library's own function."""
        from joserfc.jwk import ECKey

        key = new_key()
        assert signing._thumbprint(key) == ECKey.import_key(key).thumbprint()

    def test_the_command_puts_a_new_key_in_front(self, settings):
        before = signing.key_ids()
        out = StringIO()
        call_command("new_entitlement_key", stdout=out)
        settings.ENTITLEMENT_KEYS = out.getvalue()
        assert signing.key_ids()[1:] == before
        out = StringIO()
        call_command("new_entitlement_key", "--behind", stdout=out)
        settings.ENTITLEMENT_KEYS, before = out.getvalue(), signing.key_ids()
        assert signing.key_ids()[0] == before[0]
        assert signing.key_ids()[2:] == before[1:]
        out = StringIO()
        call_command("new_entitlement_key", "--alone", stdout=out)
        settings.ENTITLEMENT_KEYS = out.getvalue()
        assert len(signing.key_ids()) == 1
