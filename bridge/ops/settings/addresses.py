"""Types of network values: hosts, Kafka's brokers, URLs, networks; each with its sentence for what is not allowed."""

import re
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Final
from urllib.parse import SplitResult, urlsplit

from bridge.ops.settings.problems import unfit

Network = IPv4Network | IPv6Network

_HOST_NAME: Final = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9_]([\w-]{0,62})(\.[A-Za-z0-9_][\w-]{0,62})*\.?", re.ASCII)
_PORT: Final = re.compile(r"[1-9]\d{0,4}", re.ASCII)


def host(given: object) -> str:
    """Accept an address or host name to listen on."""
    if isinstance(given, str) and _is_host(given):
        return given
    raise unfit("an address or host name to listen on, such as 0.0.0.0")


def brokers(given: object) -> str:
    """Accept `host:port`, several with commas, or a list of them; the result has commas."""
    parts = given.split(",") if isinstance(given, str) else given
    if isinstance(parts, list) and parts:
        names = [part.strip() for part in parts if isinstance(part, str)]
        if len(names) == len(parts) and all(_is_broker(name) for name in names):
            return ",".join(names)
    raise unfit("host:port, or several with commas between, such as kafka-1:9092,kafka-2:9092")


def api_url(given: object) -> str:
    """Accept an http(s) URL with or without a path; slashes at its end are dropped."""
    url = _url(given)
    if url is None or url.query or url.fragment:
        raise unfit("an http or https URL without user, query and fragment, such as https://pbx.example.com/api/v2")
    return f"{url.scheme}://{url.netloc}{url.path.rstrip('/')}"


def token_url(given: object) -> str:
    """Accept the http(s) URL of a token endpoint, to be asked exactly as it is written."""
    url = _url(given)
    if url is None or url.query or url.fragment:
        raise unfit("an http or https URL without user, query and fragment, such as https://login.example.com/token")
    return url.geturl()


def public_origin(given: object) -> str:
    """Accept an https origin; http for this machine alone, since the vendor calls https URLs only."""
    url = _url(given)
    if url is None or url.query or url.fragment or url.path not in {"", "/"}:
        raise unfit("an https URL of scheme, host and port alone, such as https://hooks.example.com, or null")
    if url.scheme == "http" and not _is_loopback(url.hostname or ""):
        raise unfit("an https URL, since the vendor calls no other (http is for localhost alone), or null")
    return f"{url.scheme}://{url.netloc}"


def network(given: object) -> Network:
    """Accept an address or a network, of IPv4 or IPv6."""
    if isinstance(given, (IPv4Network, IPv6Network)):
        return given
    if isinstance(given, str):
        try:
            return ip_network(given.strip())
        except ValueError as error:
            if "host bits" in str(error):
                fitting = ip_network(given.strip(), strict=False)
                raise unfit(f"{fitting}, the network that it lies in, or the address alone") from None
    raise unfit("an address or network, such as 192.0.2.7 or 10.0.0.0/8")


def list_of_networks(given: object) -> object:
    """Accept a list; its items are looked at one by one."""
    if not isinstance(given, (list, tuple)):
        raise unfit('a list of addresses and networks, such as ["192.0.2.7", "10.0.0.0/8"]')
    return given


def _url(given: object) -> SplitResult | None:
    if not isinstance(given, str) or re.search(r"[\s\x00-\x1f\\]", given):
        return None
    try:
        url = urlsplit(given)
        usable = url.scheme in {"http", "https"} and _is_host(url.hostname or "") and url.port != 0
    except ValueError:
        return None
    return url._replace(netloc=url.netloc.lower()) if usable and "@" not in url.netloc else None


def _is_broker(name: str) -> bool:
    head, colon, port = name.rpartition(":")
    bare = head[1:-1] if head.startswith("[") and head.endswith("]") else head
    bracketed = bare != head
    return (
        bool(colon)
        and _PORT.fullmatch(port) is not None
        and int(port) <= 65535
        and _is_host(bare)
        and bracketed == (":" in bare)
    )


def _is_host(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        # Four numbers that are no address, such as 10.0.0.300, are no host name either.
        return _HOST_NAME.fullmatch(name) is not None and not re.fullmatch(r"[\d.]+", name)
    return True


def _is_loopback(name: str) -> bool:
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return name.rstrip(".").lower() == "localhost" or name.lower().endswith(".localhost")
