"""Where a request comes from."""

from ipaddress import ip_address, ip_network

import pytest

from bridge.ingress.source_address import is_within, parse_address, source_address

PROXIES = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("192.0.2.7", "192.0.2.7"),
        (" 192.0.2.7 ", "192.0.2.7"),
        ("192.0.2.7:4711", "192.0.2.7"),
        ("2001:db8::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:4711", "2001:db8::1"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
    ],
)
def test_an_address_is_read_as_proxies_write_it(text: str, address: str) -> None:
    """With a port, in brackets, or mapped into IPv6."""
    assert parse_address(text) == ip_address(address)


@pytest.mark.parametrize("text", ["", "unknown", "_hidden", "192.0.2", "192.0.2.7, 192.0.2.8", "[::1"])
def test_what_is_no_address_is_none(text: str) -> None:
    """RFC 7239 knows words as well; a guess would open the door."""
    assert parse_address(text) is None


@pytest.mark.parametrize(
    ("peer", "forwarded", "source"),
    [
        ("192.0.2.7", [], "192.0.2.7"),
        ("192.0.2.7", ["198.51.100.1"], "192.0.2.7"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["198.51.100.1, 10.0.0.2"], "198.51.100.1"),
        ("10.0.0.1", ["198.51.100.1", "10.0.0.2"], "198.51.100.1"),
        ("10.0.0.1", ["203.0.113.5, 198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        ("::ffff:10.0.0.1", ["198.51.100.1:99"], "198.51.100.1"),
        ("fd00::1", ["[2001:db8::1]:99"], "2001:db8::1"),
        ("10.0.0.1", ["unknown"], None),
        ("10.0.0.1", ["198.51.100.1, unknown, 10.0.0.2"], None),
        ("10.0.0.1", [""], None),
        (None, ["198.51.100.1"], None),
        ("@", [], None),
    ],
)
def test_only_what_a_trusted_proxy_wrote_counts(peer: str | None, forwarded: list[str], source: str | None) -> None:
    """From the right: each trusted hop vouches for the one before it; a stranger's header is worth nothing."""
    expected = None if source is None else ip_address(source)
    assert source_address(peer, forwarded, PROXIES) == expected


def test_an_address_is_within_a_network_of_its_own_version() -> None:
    """IPv4 and IPv6 do not mix."""
    assert is_within(ip_address("10.1.2.3"), PROXIES)
    assert is_within(ip_address("fd12::1"), PROXIES)
    assert not is_within(ip_address("192.0.2.1"), PROXIES)
    assert not is_within(ip_address("::a00:1"), (ip_network("0.0.0.0/0"),))
