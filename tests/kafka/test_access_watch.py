"""Whatever the clients of a service meet, the log says once why there is no connection, and once that there is one."""

import asyncio
import ssl
from collections.abc import Iterator

import pytest
from aiokafka.client import AIOKafkaClient
from structlog.testing import capture_logs

from bridge.kafka import access_watch
from bridge.kafka.access_watch import AccessWatch
from bridge.kafka.client_options import ClientOptions

AWAY = ("no connection to Kafka", "warning")
BACK = ("connections to Kafka are made again", "info")


def told(watch: AccessWatch, found: Iterator[str | None], monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the watch find this, look by look, without a pause."""

    async def find(_options: ClientOptions, _now_ms: int) -> str | None:
        return next(found)

    monkeypatch.setattr(access_watch, "find_denial", find)
    monkeypatch.setattr(access_watch, "LOOK_EVERY_S", 0)
    for _ in range(100):
        watch.doubt()


@pytest.mark.asyncio
async def test_each_cause_is_told_once_and_the_end_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred clients that cannot begin have one watch; it tells a cause when it is another one, and the end."""
    looks: list[str | None] = ["away (1)", "away (1)", "away (2)", "refused", "refused", None]
    watch = AccessWatch(lambda: ClientOptions("a:1"))
    with capture_logs() as lines:
        told(watch, iter(looks), monkeypatch)
        assert watch.denial is None
        async with asyncio.timeout(5):
            while BACK[0] not in [line["event"] for line in lines]:  # noqa: ASYNC110 - the log tells nobody
                await asyncio.sleep(0)
    assert [(line["event"], line["log_level"], line.get("reason")) for line in lines] == [
        (*AWAY, "away (1)"),
        (*AWAY, "refused"),
        (*BACK, None),
    ]
    assert watch.denial is None
    await watch.stop()


@pytest.mark.asyncio
async def test_nothing_is_told_where_nothing_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client may fail for a moment: by the time of the look all may be well."""
    watch = AccessWatch(lambda: ClientOptions("a:1"))
    with capture_logs() as lines:
        told(watch, iter([None]), monkeypatch)
        await asyncio.sleep(0)
        await watch.stop()
    assert lines == []


@pytest.mark.asyncio
async def test_a_stop_ends_the_looking(monkeypatch: pytest.MonkeyPatch) -> None:
    """While Kafka stays away the looking has no end of its own."""
    looks = iter(lambda: "away", None)
    watch = AccessWatch(lambda: ClientOptions("a:1"))
    with capture_logs() as lines:
        told(watch, looks, monkeypatch)
        while not watch.denial:  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0)
        await watch.stop()
        await asyncio.sleep(0)
    assert [line["event"] for line in lines] == [AWAY[0]]


@pytest.mark.asyncio
async def test_living_clients_take_new_credentials_and_dead_ones_are_forgotten() -> None:
    """The library connects with what the client has just then; nobody is kept alive by being minded."""
    now = ClientOptions("a:1", sasl_password="old")
    watch = AccessWatch(lambda: now)
    living, dead = AIOKafkaClient(bootstrap_servers="a:1"), AIOKafkaClient(bootstrap_servers="a:1")
    watch.follow(living)
    watch.follow(dead)
    del dead
    assert list(watch._clients) == [living]
    assert (living._ssl_context, living._sasl_plain_password) == (None, None)
    context = ssl.create_default_context()
    now = ClientOptions("a:1", ssl_context=context, sasl_password="new")
    watch.renew()
    assert (living._ssl_context, living._sasl_plain_password) == (context, "new")
