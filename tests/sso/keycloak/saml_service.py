"""A service that speaks SAML 2.0 (saml-core-2.0-os, saml-bindings-2.0-os), as its maker would write it: it
asks, it believes only what Keycloak has signed, and it is told when somebody leaves. It runs in a thread of
the tests, and has no line of Halle in it."""

import base64
import datetime
import hashlib
import http.server
import threading
import uuid
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlencode

import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID
from lxml import etree

NAMES = {
    "md": "urn:oasis:names:tc:SAML:2.0:metadata",
    "samlp": "urn:oasis:names:tc:SAML:2.0:protocol",
    "saml": "urn:oasis:names:tc:SAML:2.0:assertion",
    "ds": "http://www.w3.org/2000/09/xmldsig#",
}
POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"


@dataclass(frozen=True)
class Key:
    """By which a service signs what it asks; its certificate is what its vendor pastes at Halle."""

    private: rsa.RSAPrivateKey
    certificate: str  # PEM


def make_key(*, bits: int = 2048, days: int = 365) -> Key:
    """A new one; it is over already with less than 0 days."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "service.example")])
    end = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=days)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(end - datetime.timedelta(days=1000))
        .not_valid_after(end)
        .sign(private, hashes.SHA256())
    )
    return Key(private, made.public_bytes(serialization.Encoding.PEM).decode())


@dataclass(frozen=True)
class Assertion:
    """What Keycloak says of a person, to a service."""

    name_id: str
    session: str
    audience: str
    said: dict[str, list[str]] = field(default_factory=dict)


class SamlService(http.server.ThreadingHTTPServer):
    """What came in at its two addresses: `assertions` and `signed_out`, the sessions to be ended."""

    def __init__(self, *, metadata: str = "", key: Key | None = None):
        super().__init__(("127.0.0.1", 0), _Pages)
        self.metadata, self.key = metadata, key
        self.assertions: list[Assertion] = []
        self.signed_out: list[str] = []

    @property
    def home(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def acs(self) -> str:
        """Where its answers come."""
        return f"{self.home}/acs"

    @property
    def end(self) -> str:
        """Where it is told of a sign-out."""
        return f"{self.home}/fin"

    def provider(self) -> etree._Element:
        """Keycloak, as it describes itself."""
        return etree.fromstring(requests.get(self.metadata, timeout=60).content)

    def ask(self, entity_id: str, *, back: str = "") -> str:
        """Where a browser is sent to sign in, so that it comes back at `back`."""
        how = f'AssertionConsumerServiceURL="{back or self.acs}" ProtocolBinding="{POST}"'
        return self._sent("SingleSignOnService", "AuthnRequest", entity_id, how)

    def leave(self, assertion: Assertion) -> str:
        """Where the browser of that person is sent, so that she is signed out everywhere."""
        said = (
            f'<saml:NameID Format="{PERSISTENT}">{assertion.name_id}</saml:NameID>'
            f"<samlp:SessionIndex>{assertion.session}</samlp:SessionIndex>"
        )
        return self._sent("SingleLogoutService", "LogoutRequest", assertion.audience, "", said)

    def _sent(self, to: str, what: str, entity_id: str, how: str, said: str = "") -> str:
        """The address that says it to Keycloak, signed if the service has a key."""
        [place] = self.provider().xpath(f"//md:{to}[@Binding='{REDIRECT}']/@Location", namespaces=NAMES)
        now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        text = (
            f'<samlp:{what} xmlns:samlp="{NAMES["samlp"]}" xmlns:saml="{NAMES["saml"]}" '
            f'ID="_{uuid.uuid4().hex}" Version="2.0" IssueInstant="{now}" Destination="{place}" {how}>'
            f"<saml:Issuer>{entity_id}</saml:Issuer>{said}</samlp:{what}>"
        )
        deflated = zlib.compress(text.encode(), wbits=-15)
        query = urlencode({"SAMLRequest": base64.b64encode(deflated), "RelayState": "agenda"})
        if self.key is not None:
            query += "&" + urlencode({"SigAlg": RSA_SHA256})
            signature = self.key.private.sign(query.encode(), padding.PKCS1v15(), hashes.SHA256())
            query += "&" + urlencode({"Signature": base64.b64encode(signature)})
        return f"{place}?{query}"

    def believe(self, response: bytes) -> Assertion:
        """What the one assertion of an answer says, once its signature is checked by the certificate of
        Keycloak's metadata. Raises `AssertionError` or cryptography's `InvalidSignature`."""
        [assertion] = etree.fromstring(response).xpath("saml:Assertion", namespaces=NAMES)
        provider = self.provider()
        certificates = provider.xpath("//ds:X509Certificate/text()", namespaces=NAMES)
        _check_signature(assertion, x509.load_der_x509_certificate(base64.b64decode(certificates[0])))
        [issuer] = assertion.xpath("saml:Issuer/text()", namespaces=NAMES)
        assert issuer == provider.get("entityID")

        def one(path: str) -> str:
            [found] = assertion.xpath(path, namespaces=NAMES)
            return found

        return Assertion(
            name_id=one("saml:Subject/saml:NameID/text()"),
            session=one("saml:AuthnStatement/@SessionIndex"),
            audience=one(".//saml:Audience/text()"),
            said={
                told.get("Name"): told.xpath("saml:AttributeValue/text()", namespaces=NAMES)
                for told in assertion.iterfind(".//saml:Attribute", NAMES)
            },
        )


def _check_signature(signed: etree._Element, certificate: x509.Certificate) -> None:
    """Of an element, within it (xmldsig-core1, enveloped, exclusive canonicalisation, SHA-256)."""
    [signature] = signed.xpath("ds:Signature", namespaces=NAMES)
    [reference] = signature.xpath("ds:SignedInfo/ds:Reference/@URI", namespaces=NAMES)
    assert reference == f"#{signed.get('ID')}"
    [digest] = signature.xpath(".//ds:DigestValue/text()", namespaces=NAMES)
    info = _canonical(signature.find("ds:SignedInfo", NAMES))
    [value] = signature.xpath("ds:SignatureValue/text()", namespaces=NAMES)
    alone = etree.fromstring(_canonical(signed))
    alone.remove(alone.find("ds:Signature", NAMES))
    assert base64.b64encode(hashlib.sha256(_canonical(alone)).digest()).decode() == digest
    key = certificate.public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    key.verify(base64.b64decode(value), info, padding.PKCS1v15(), hashes.SHA256())


def _canonical(element: etree._Element) -> bytes:
    return etree.tostring(element, method="c14n", exclusive=True, with_comments=False)


class _Pages(http.server.BaseHTTPRequestHandler):
    server: SamlService

    def do_POST(self):
        told = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        if self.path == "/acs":
            assertion = self.server.believe(base64.b64decode(told["SAMLResponse"][0]))
            self.server.assertions.append(assertion)
            page = "Bienvenue" if assertion.said.get("service_roles") else "Accès refusé"
            self._say(page)
        elif self.path == "/fin" and "SAMLResponse" in told:
            self._say("Au revoir")
        elif self.path == "/fin":
            asked = etree.fromstring(base64.b64decode(told["SAMLRequest"][0]))
            self.server.signed_out += asked.xpath("samlp:SessionIndex/text()", namespaces=NAMES)
            self._say("")
        else:
            self.send_error(404)

    def _say(self, text: str) -> None:
        body = text.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


@contextmanager
def saml_service(*, metadata: str = "", key: Key | None = None) -> Iterator[SamlService]:
    """One that runs."""
    service = SamlService(metadata=metadata, key=key)
    thread = threading.Thread(target=service.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield service
    finally:
        service.shutdown()
        thread.join()
        service.server_close()
