"""What a service lets the client library write while it has told by itself why Kafka keeps it out."""

import asyncio
import logging

import pytest

from bridge.app.process import Process
from bridge.kafka import access_watch
from bridge.kafka.access_watch import AccessWatch
from bridge.kafka.client_options import ClientOptions
from bridge.kafka.log_filter import OneOfAKind
from bridge.ops.settings import Role
from tests.ingress.conftest import settings_for

LIBRARY = logging.getLogger("aiokafka.producer.sender")


@pytest.mark.asyncio
async def test_the_library_is_silent_only_while_nothing_works(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """One broker of several may keep us out for days: a ready service's log still shows what befalls its clients."""

    async def denied(_options: ClientOptions, _now_ms: int) -> str:
        return "Kafka at kafka-1:9093 shows a certificate that has expired: renew it there"

    monkeypatch.setattr(access_watch, "find_denial", denied)
    level = logging.getLogger("aiokafka").level
    process = Process(settings_for("a:1"), Role.INGRESS)
    watch = process.kafka.options().watch
    assert isinstance(watch, AccessWatch)
    works = False
    process.health.require("kafka", lambda: None if works else "away")
    try:
        watch.doubt()
        while watch.denial is None:  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0)
        LIBRARY.error("Unable to send to node %s", 1)
        works = True
        LIBRARY.error("Got error produce response: %s", "refused")
        assert [record.getMessage() for record in caplog.records] == ["Got error produce response: refused"]
    finally:
        await watch.stop()
        logging.getLogger("aiokafka").setLevel(level)
        for name in logging.root.manager.loggerDict:
            logger = logging.getLogger(name)
            for installed in [one for one in logger.filters if isinstance(one, OneOfAKind)]:
                logger.removeFilter(installed)
