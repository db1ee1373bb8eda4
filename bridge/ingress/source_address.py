"""Where a request comes from, and whether it may. Pure."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


def parse_address(text: str) -> Address | None:
    """Read an address as a peer or a proxy writes it: with a port, in brackets, or IPv4 mapped into IPv6."""
    candidate = text.strip()
    if candidate.startswith("["):
        inside, bracket, _port = candidate[1:].partition("]")
        candidate = inside if bracket else ""
    elif candidate.count(":") == 1:
        candidate = candidate.partition(":")[0]
    try:
        address = ip_address(candidate)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def source_address(
    peer: str | None, forwarded_for: Sequence[str], trusted_proxies: Sequence[Network]
) -> Address | None:
    """Return the address that the request really comes from, None when it cannot be told.

    `forwarded_for` are the values of all X-Forwarded-For headers in their order. Only what a trusted proxy wrote
    counts: from the right, each trusted address vouches for the entry before it.
    """
    address = parse_address(peer) if peer is not None else None
    hops = [hop for value in forwarded_for for hop in value.split(",")]
    while hops and address is not None and is_within(address, trusted_proxies):
        address = parse_address(hops.pop())
    return address


def is_within(address: Address, networks: Sequence[Network]) -> bool:
    """Tell whether one of the networks holds the address."""
    return any(address.version == network.version and address in network for network in networks)
