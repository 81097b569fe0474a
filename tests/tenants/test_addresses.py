"""Which machines are of the public Internet."""

import pytest

from tenants.addresses import NameUnknown, PrivateAddress, is_public, resolve


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "1.1.1.1", "2606:4700::1111", "::ffff:93.184.216.34", "2001:4860:4860::8888"]
)
def test_public(address):
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.8.8", "10.1.2.3", "172.16.0.1", "192.168.0.1", "169.254.169.254",
        "100.64.0.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "239.255.255.250", "240.0.0.1",
        "255.255.255.255", "::", "::1", "::127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254",
        "64:ff9b::7f00:1", "2002:7f00:1::", "2002:a00:1::1", "2001:0:7f00:1::", "fe80::1", "fe80::1%eth0",
        "fc00::1", "fd12::1", "ff02::1", "2001:db8::1",
    ],
)  # fmt: skip
def test_not_public(address):
    assert not is_public(address)


def test_development_may_reach_its_own_machine(settings):
    settings.ALLOW_PRIVATE_ADDRESSES = True
    assert resolve("127.0.0.1", 80) == ["127.0.0.1"]
    settings.ALLOW_PRIVATE_ADDRESSES = False
    with pytest.raises(PrivateAddress):
        resolve("127.0.0.1", 80)


@pytest.mark.parametrize("host", ["no-such-name.invalid", "a" * 64 + ".example", "..", ""])
def test_names_that_lead_nowhere(host, settings):
    settings.ALLOW_PRIVATE_ADDRESSES = False
    with pytest.raises((NameUnknown, PrivateAddress)):
        resolve(host, 443)
