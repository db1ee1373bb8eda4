"""One connection of our own to find out why Kafka does not let us in: the client library hides the cause.

Nothing is asked for but the brokers' addresses. Everything ends within seconds, and every connection is closed.
"""

import asyncio
import ssl
from collections.abc import Collection
from dataclasses import replace

from aiokafka.conn import AIOKafkaConnection, create_conn
from aiokafka.errors import UnsupportedSaslMechanismError
from aiokafka.protocol.admin import SaslHandShakeRequest
from aiokafka.protocol.metadata import MetadataRequest

from bridge.kafka.access_errors import Failure, Spoken, denial, is_mute, security_protocol, worst
from bridge.kafka.client_options import ClientOptions, client_arguments

_WITHIN_S = 5.0
# Per server: TCP, TLS and SASL take milliseconds; a broker delays each refusal of a password on purpose, by 0.3 s.
_CLOSE_WITHIN_S = 0.5
# A TLS peer may keep its last word to itself; the connection is of no use to anybody by then.
_NO_MECHANISM = "NONE"
# What no broker offers; it answers with those that it does.


async def find_denial(options: ClientOptions, now_ms: int) -> str | None:
    """Say why the brokers do not let us in; None where they do, though one of several may be down. ValueError."""
    client_arguments(options)  # what is missing there is no failure of a server
    failures: list[Failure] = []
    for server in options.bootstrap_servers.split(","):
        found = await _look(options, server.strip())
        if not isinstance(found, Failure):
            failures = await _refusing(options, found)
            break
        failures.append(found)
    if not failures:
        return None
    return denial(worst(failures), options, now_ms)


async def _refusing(options: ClientOptions, advertised: Collection[str]) -> list[Failure]:
    """Look at the brokers by the names that they give themselves: one that is down is for the others to replace."""
    found = await asyncio.gather(*(_look(options, server) for server in advertised))
    failures = [replace(one, advertised=True) for one in found if isinstance(one, Failure)]
    all_of_them = len(failures) == len(advertised)
    return [one for one in failures if one.telling or all_of_them]


async def _look(options: ClientOptions, server: str) -> Failure | frozenset[str]:
    """Connect as a client would; give what the brokers call themselves, or what it failed with."""
    try:
        async with asyncio.timeout(_WITHIN_S):
            connection = await _connect(options, server)
            try:
                metadata = await connection.send(MetadataRequest([]))
            finally:
                await _close(connection)
    except Exception as error:  # noqa: BLE001 - where no Kafka is at all, the library fails in any way
        return Failure(server, error, await _spoken(options, server, error))
    return frozenset(f"{host}:{port}" for _, host, port, *_ in metadata.brokers)


async def _connect(options: ClientOptions, server: str) -> AIOKafkaConnection:
    host, _, port = server.rpartition(":")
    arguments = {**client_arguments(options)}
    del arguments["bootstrap_servers"]
    return await create_conn(host.strip("[]"), int(port), request_timeout_ms=int(_WITHIN_S * 1000), **arguments)


async def _spoken(options: ClientOptions, server: str, error: Exception) -> Spoken | None:
    """Find out what the port speaks, where the failure does not say: TLS or not, SASL or not."""
    with_tls = options.security_protocol.endswith("SSL")
    if isinstance(error, UnsupportedSaslMechanismError):
        return await _greet(options, server, tls=with_tls)
    if not is_mute(error):
        return None
    return await _greet(options, server, tls=with_tls) or await _greet(options, server, tls=not with_tls)


async def _greet(options: ClientOptions, server: str, *, tls: bool) -> Spoken | None:
    """Ask which mechanisms it offers, in this way of speaking; None where it does not speak so."""
    asking = replace(
        options,
        security_protocol=security_protocol(tls=tls, sasl=False),
        ssl_context=_trusting_anybody() if tls else None,
    )
    try:
        async with asyncio.timeout(_WITHIN_S):
            connection = await _connect(asking, server)
            try:
                answer = await connection.send(SaslHandShakeRequest(_NO_MECHANISM))
            finally:
                await _close(connection)
    except ssl.SSLError as error:
        # It has spoken TLS, and wants a certificate that is not shown here.
        return Spoken(tls=True) if tls and error.reason and "ALERT" in error.reason else None
    except Exception as error:  # noqa: BLE001 - see above
        return Spoken(tls=True) if tls and isinstance(error.__cause__, ssl.SSLError) else None
    return Spoken(tls=tls, mechanisms=frozenset(answer.enabled_mechanisms))


def _trusting_anybody() -> ssl.SSLContext:
    # No secret is sent: it only matters whether somebody speaks TLS at all. The system's authorities are not read,
    # which would hold up the event loop for 40 ms at each look.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


async def _close(connection: AIOKafkaConnection) -> None:
    closed: asyncio.Future[None] = connection.close()
    await asyncio.wait({closed}, timeout=_CLOSE_WITHIN_S)
