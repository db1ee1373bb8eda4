"""Authority, certificates and password are renewed under a running bridge, as Strimzi and Kubernetes do it."""

import asyncio
from collections import Counter
from collections.abc import Callable, MutableMapping
from pathlib import Path

import aiohttp
import pytest
from structlog.testing import capture_logs

from bridge.kafka.access_watch import LOOK_EVERY_S
from bridge.ops.settings import Role
from bridge.ops.settings.certificate_dates import expiry_ms
from tests.kafka.oauth_bridge import whole_bridge
from tests.kafka.secured_certificates import Authority, Certificate
from tests.kafka.secured_credentials import set_scram_passwords
from tests.kafka.secured_kafka import start_secured_kafka

TOLD_WITHIN_S = 30.0
# Of a broker that has begun anew: some seconds until the clients doubt, and one look every two.
MENDED_WITHIN_S = 10.0
# From the last mended file to a bridge that is ready again, its shards taken over; it takes two on an idle machine.

AGAIN = "connections to Kafka are made again"

Lines = list[MutableMapping[str, object]]


class Mounted:
    """The files of a client as Kubernetes mounts them: all are swapped at once, by a link to their folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._data = folder / "..data"
        self._versions = 0

    def put(self, authority: Authority, certificate: Certificate, password: str) -> None:
        self._versions += 1
        version = self._folder / f"..{self._versions}"
        version.mkdir(parents=True)
        (version / "ca.crt").write_bytes(authority.cert.read_bytes())
        (version / "user.crt").write_bytes(certificate.cert.read_bytes())
        (version / "user.key").write_bytes(certificate.key.read_bytes())
        (version / "password").write_text(password)
        link = self._folder / "..new"
        link.symlink_to(version)
        link.rename(self._data)

    def section(self) -> dict[str, str]:
        return {
            "ssl_ca_file": str(self._data / "ca.crt"),
            "ssl_cert_file": str(self._data / "user.crt"),
            "ssl_key_file": str(self._data / "user.key"),
            "sasl_password_file": str(self._data / "password"),
        }


async def until(true: Callable[[], bool], within_s: float) -> None:
    async with asyncio.timeout(within_s):
        while not true():  # noqa: ASYNC110 - what is waited for tells nobody
            await asyncio.sleep(0.02)


def events(lines: Lines) -> list[object]:
    return [line["event"] for line in lines]


def reasons(lines: Lines) -> list[str]:
    """Give why there was no connection, in order; that a broker was just down is left out."""
    found = [str(line["reason"]) for line in lines if line["event"] == "no connection to Kafka"]
    return [reason for reason in found if "cannot be reached" not in reason]


@pytest.mark.asyncio
async def test_renewed_credentials_are_taken_up_without_a_restart(tmp_path: Path) -> None:
    """A wrong password at the start, then another authority and password of a Kafka that was restarted.

    The files come late each time, as a kubelet brings them: meanwhile every client is refused, and goes on trying. Each
    mended file counts at once, and what was wrong is said once.
    """
    files = Mounted(tmp_path / "mounted")
    async with start_secured_kafka() as kafka:
        old, section = kafka.passwords["super"], kafka.section("SASL_TLS_CLIENT") | files.section()
        files.put(kafka.authority, kafka.certificates["super"], "not the password")
        with capture_logs() as lines:
            async with (
                whole_bridge(section, kafka.bootstrap, tmp_path, [Role.ALL]) as bridge,
                aiohttp.ClientSession() as session,
            ):
                await until(lambda: len(reasons(lines)) == 1, TOLD_WITHIN_S)
                await asyncio.sleep(LOOK_EVERY_S)
                # The library for retries has a line for each one, which `bridge run` does not show.
                told = Counter(event for event in events(lines) if event != "stamina.retry_scheduled")
                assert told.pop("Kafka is away") <= 2  # the publishers of both roles
                assert set(told.values()) == {1}
                files.put(kafka.authority, kafka.certificates["super"], old)
                await bridge.ready()
                # Its next look may come later than that, and must not fall into what follows.
                await until(lambda: events(lines).count(AGAIN) == 1, MENDED_WITHIN_S)
                await bridge.hook(session, 1)
                authority = Authority.make(kafka.folder, "authority")
                authority.issue("broker", subject="broker")
                renewed = authority.issue("super", subject="super")
                await kafka.broker.restart()
                # Not before it is restarted: a client that connected anew just then would be refused for its password.
                await set_scram_passwords(kafka.bootstrap, {"super": "another password"})

                await until(lambda: len(reasons(lines)) == 2, TOLD_WITHIN_S)
                files.put(authority, renewed, old)
                await until(lambda: len(reasons(lines)) == 3, TOLD_WITHIN_S)
                files.put(authority, renewed, "another password")
                await bridge.ready(MENDED_WITHIN_S)
                await until(lambda: events(lines).count(AGAIN) == 2, MENDED_WITHIN_S)

                await bridge.hook(session, 2)
                await bridge.dial("61000001")
                assert list((await bridge.results()).values()) == [1]
                assert list((await bridge.read_back()).values()) == [1, 1]
                assert (bridge.refused, bridge.posts()) == ([], {"61000001": 1})
                expiry_s = bridge.count("bridge_kafka_certificate_expiry_timestamp_seconds")
                assert expiry_s * 1000 == expiry_ms(renewed.cert.read_text())
    server = f"Kafka at {kafka.at('SASL_TLS_CLIENT')}"
    at_start, untrusted, refused = reasons(lines)
    assert at_start.startswith(f"{server} refuses the user super or the password")
    assert untrusted.startswith(f"{server} shows a certificate of an authority that we do not trust")
    assert refused == at_start
    assert events(lines).count(AGAIN) == 2
    assert not any(secret in str(line) for line in lines for secret in (old, "not the password", "another password"))
