"""Fetching from strangers: what passes, and all that does not, over real connections."""

import datetime
import gzip
import socket
import time
import zlib

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from catalog import fetching
from catalog.fetching import (
    AddressRefused,
    BadAnswer,
    TooLarge,
    TooManyRedirections,
    TooSlow,
    Unreachable,
    checked_address,
    fetch,
)
from tests.tools.stranger import say, stranger

PUBLIC = "93.184.216.34"


def test_a_document():
    with stranger(
        lambda h, path: say(h, b"name: a", content_type="text/YAML; charset=utf-8", etag='"1"')
    ) as site:
        found = fetch(site.url("/publiccode.yml#top"))
        ((path, headers),) = site.asked
    assert (found.body, found.content_type, found.etag) == (b"name: a", "text/yaml", '"1"')
    assert found.url == site.url("/publiccode.yml")
    assert not found.not_modified
    assert path == "/publiccode.yml"
    assert headers["Host"] == f"127.0.0.1:{site.port}"
    assert not {"Cookie", "Authorization", "Referer"} & set(headers)


def test_an_unchanged_document_is_not_sent_again():
    def answer(handler, path):
        unchanged = handler.headers.get("If-None-Match") == '"1"'
        say(handler, b"" if unchanged else b"new", status=304 if unchanged else 200, etag='"1"')

    with stranger(answer) as site:
        assert fetch(site.url(), etag='"0"').body == b"new"
        again = fetch(site.url(), etag='"1"', last_modified="Thu, 26 Nov 2026 10:00:00 GMT")
        assert site.asked[-1][1]["If-Modified-Since"] == "Thu, 26 Nov 2026 10:00:00 GMT"
    assert again.not_modified
    assert again.body == b""


def test_redirections_are_followed_three_times():
    def answer(handler, path):
        left = int(path[1:])
        if not left:
            return say(handler, b"arrived")
        return say(handler, status=302, location=f"/{left - 1}")

    with stranger(answer) as site:
        assert fetch(site.url("/3")).body == b"arrived"
        with pytest.raises(TooManyRedirections):
            fetch(site.url("/4"))
        assert len(site.asked) == 8


@pytest.mark.parametrize(
    "location",
    [
        "file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1:70/", "//user:secret@127.0.0.1/",
        "https://", "http://[::",
    ],
)  # fmt: skip
def test_a_redirection_is_checked_as_the_address_was(location):
    with (
        stranger(lambda h, path: say(h, status=301, location=location)) as site,
        pytest.raises(AddressRefused),
    ):
        fetch(site.url())


def test_a_redirection_to_nowhere():
    with stranger(lambda h, path: say(h, status=301)) as site, pytest.raises(BadAnswer):
        fetch(site.url())


@pytest.mark.parametrize(
    ("status", "passing"), [(404, False), (410, False), (401, False), (204, False), (500, True), (429, True)]
)
def test_an_error_of_the_server(status, passing):
    with stranger(lambda h, path: say(h, status=status)) as site, pytest.raises(BadAnswer) as refused:
        fetch(site.url())
    assert (refused.value.status, refused.value.passing) == (status, passing)
    assert str(refused.value).endswith(".")


def test_a_document_that_is_too_large_is_left_in_the_middle():
    sent = []

    def endless(handler, path):
        handler.send_response(200)
        handler.end_headers()
        while len(sent) < 2_000:
            handler.wfile.write(b"x" * 65_536)
            sent.append(1)

    with stranger(endless) as site, pytest.raises(TooLarge, match="64"):
        fetch(site.url(), max_bytes=65_536)
    assert len(sent) < 200


def test_exactly_the_limit_passes():
    with stranger(lambda h, path: say(h, b"x" * 1000)) as site:
        assert len(fetch(site.url(), max_bytes=1000).body) == 1000
        with pytest.raises(TooLarge):
            fetch(site.url(), max_bytes=999)


def test_compression_is_undone():
    with stranger(lambda h, path: say(h, gzip.compress(b"name: a"), content_encoding="gzip")) as site:
        assert fetch(site.url()).body == b"name: a"


def test_a_bomb_unfolds_no_further_than_the_limit():
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    bomb = b"".join([packer.compress(bytes(1024 * 1024)) for _ in range(200)] + [packer.flush()])
    assert len(bomb) < 300_000
    with stranger(lambda h, path: say(h, bomb, content_encoding="gzip")) as site, pytest.raises(TooLarge):
        fetch(site.url())


@pytest.mark.parametrize(
    ("body", "encoding"),
    [(b"not gzip", "gzip"), (gzip.compress(b"x" * 5000)[:-9], "gzip"), (b"x", "br"), (b"x", "gzip, gzip")],
    ids=["not gzip", "cut short", "another", "twice"],  # gzip dates what it packs: no two processes alike
)
def test_a_compression_that_cannot_be_undone(body, encoding):
    with stranger(lambda h, path: say(h, body, content_encoding=encoding)) as site, pytest.raises(BadAnswer):
        fetch(site.url())


def test_a_silent_server(monkeypatch):
    monkeypatch.setattr(fetching, "_TIMEOUTS", dict.fromkeys(fetching._TIMEOUTS, 0.2))
    with stranger(lambda h, path: time.sleep(1)) as site, pytest.raises(TooSlow):
        fetch(site.url())


@pytest.mark.parametrize("part", ["headers", "body"])
def test_a_server_that_trickles(part):
    """A byte now and then keeps each wait short: only the whole deadline ends it."""

    def trickle(handler, path):
        if part == "body":
            handler.send_response(200)
            handler.end_headers()
        else:
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
        for _ in range(60):
            handler.wfile.write(b"x")
            time.sleep(0.05)

    begun = time.monotonic()
    with stranger(trickle) as site, pytest.raises(TooSlow):
        fetch(site.url(), seconds=0.5)
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize(
    "said",
    [b"", b"\x00\xff\xfe", b"SSH-2.0-OpenSSH_9\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort"],
)  # fmt: skip
def test_a_server_that_does_not_speak_http(said):
    with stranger(lambda h, path: h.wfile.write(said)) as site, pytest.raises(Unreachable):
        fetch(site.url())


def test_nobody_there():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(Unreachable):
        fetch(f"http://127.0.0.1:{port}/")


@pytest.mark.parametrize(
    "url",
    [
        "", "publiccode.yml", "https://", "http://code.example/", "ftp://code.example/", "file:///etc/passwd",
        "https://code.example:22/", "https://code.example:8443/", "https://code.example:99999/",
        "https://user@code.example/", "https://user:secret@code.example/", "https://code.example/\x00",
        "https://code.example/" + "a" * 3000, "https://[::1/", "javascript:alert(1)", "https://a b.example/",
    ],
)  # fmt: skip
def test_addresses_refused_by_their_writing(settings, url):
    settings.ALLOW_PRIVATE_ADDRESSES = False
    with pytest.raises(AddressRefused) as refused:
        fetch(url)
    assert str(refused.value).endswith(".")


def test_spaces_around_and_the_usual_port_pass(settings):
    settings.ALLOW_PRIVATE_ADDRESSES = False
    assert str(checked_address("  https://Code.Example:443/a?b=é ")) == "https://code.example/a?b=%C3%A9"


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "10.0.0.8", "169.254.169.254", "[::1]", "[::ffff:127.0.0.1]"]
)  # fmt: skip
def test_private_addresses_are_refused_before_any_connection(settings, host):
    with stranger(lambda h, path: say(h, b"secret")) as site:
        settings.ALLOW_PRIVATE_ADDRESSES = False
        with pytest.raises(AddressRefused, match="réseau privé"):
            fetch(f"https://{host}/")
        assert not site.asked


# The public Internet, on one machine: names lead to a public address, and that address to a local server.


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A PEM file for code.example and moved.example, and the authority that signed it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "code.example")])
    names = [x509.DNSName("code.example"), x509.DNSName("moved.example")]
    today = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(today - datetime.timedelta(days=1))
        .not_valid_after(today + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    file = tmp_path_factory.mktemp("certificate") / "site.pem"
    file.write_bytes(
        signed.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return str(file)


@pytest.fixture
def internet(monkeypatch, settings, certificate):
    """`internet.names[name]`: its answers, one a look-up (the last stays); `internet.site` serves."""
    settings.ALLOW_PRIVATE_ADDRESSES = False
    monkeypatch.setenv("SSL_CERT_FILE", certificate)

    class Internet:
        names: dict[str, list[str]]
        looked_up: list[str]
        connected: list[str]
        answer = staticmethod(lambda h, path: say(h, b"public"))

    world = Internet()
    world.names, world.looked_up, world.connected = {"code.example": [PUBLIC]}, [], []
    real_resolve, real_connect = socket.getaddrinfo, socket.create_connection

    def resolve(host, *args, **kwargs):
        if host not in world.names:
            return real_resolve(host, *args, **kwargs)
        world.looked_up.append(host)
        answers = world.names[host]
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, 443)) for ip in found.split()]

    def connect(address, *args, **kwargs):
        world.connected.append(address[0])
        target = ("127.0.0.1", world.site.port) if address == (PUBLIC, 443) else address
        return real_connect(target, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(socket, "create_connection", connect)
    with stranger(lambda h, path: world.answer(h, path), certificate=certificate) as site:
        world.site = site
        yield world


def test_a_public_name_over_tls(internet):
    assert fetch("https://code.example/publiccode.yml").body == b"public"
    ((_, headers),) = internet.site.asked
    assert headers["Host"] == "code.example"
    assert internet.connected == [PUBLIC]


def test_the_certificate_is_judged_by_the_name(internet):
    internet.names["other.example"] = [PUBLIC]
    with pytest.raises(Unreachable, match="pas sûre"):
        fetch("https://other.example/")
    assert not internet.site.asked


def test_a_name_that_changes_its_answer_in_between_gains_nothing(internet):
    internet.names["code.example"] = [PUBLIC, "127.0.0.1"]
    assert fetch("https://code.example/").body == b"public"
    assert internet.looked_up == ["code.example"]
    assert internet.connected == [PUBLIC]


def test_one_private_answer_among_public_ones_refuses_the_name(internet):
    internet.names["code.example"] = [f"{PUBLIC} 10.0.0.8"]
    with pytest.raises(AddressRefused):
        fetch("https://code.example/")
    assert not internet.connected


def test_a_public_site_that_redirects_inside(internet):
    internet.names["inside.example"] = ["127.0.0.1"]
    for target in ("https://127.0.0.1/", "https://inside.example/", "http://code.example/", "https://[::1]/"):
        internet.answer = lambda h, path, target=target: say(h, status=302, location=target)
        with pytest.raises(AddressRefused):
            fetch("https://code.example/")
    assert set(internet.connected) == {PUBLIC}


def test_a_redirection_is_looked_up_afresh(internet):
    internet.names["moved.example"] = [PUBLIC]
    internet.answer = lambda h, path: (
        say(h, b"here") if h.headers["Host"] == "moved.example" else say(h, status=301, location="https://moved.example/x")
    )  # fmt: skip
    found = fetch("https://code.example/")
    assert (found.body, found.url) == (b"here", "https://moved.example/x")
    assert internet.looked_up == ["code.example", "moved.example"]


def test_a_name_that_leads_nowhere(settings):
    settings.ALLOW_PRIVATE_ADDRESSES = False
    with pytest.raises(Unreachable, match="introuvable"):
        fetch("https://no-such-site.invalid/")
