"""Publishing sample records to a broker, from tests of any kind."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from bridge.events.records import Record

WITHIN_S = 15.0
# A broker of a test that has just started takes some seconds to create its first topic.


def publish(bootstrap_servers: str, *records: Record) -> None:
    """Publish records in their order to a broker without TLS and passwords, and wait until they are acknowledged.

    A topic that is missing is created, with one partition and the brokers' clock. Blocks, so it may be called from any
    test, one in an event loop, too. Needs the extra `service`. Raises what `bridge.kafka` raises where it fails.
    """
    with ThreadPoolExecutor(1, "publishing samples") as thread:
        thread.submit(lambda: asyncio.run(_publish(bootstrap_servers, records))).result()


async def _publish(bootstrap_servers: str, records: tuple[Record, ...]) -> None:
    # Only here: the samples are for consumers without the extra `service`, too.
    from bridge.kafka.client_options import ClientOptions  # noqa: PLC0415 - see above
    from bridge.kafka.single_publish import publish_once  # noqa: PLC0415 - see above
    from bridge.kafka.topic_admin import TopicAdmin  # noqa: PLC0415 - see above
    from bridge.kafka.topic_table import Topic  # noqa: PLC0415 - see above
    from bridge.kafka.topic_timestamps import SETTING  # noqa: PLC0415 - see above

    options = ClientOptions(bootstrap_servers, client_id="bridge-testing")
    names = {record.topic for record in records}
    async with asyncio.timeout(WITHIN_S), TopicAdmin.connect(options) as admin:
        missing = names - (await admin.read(names)).keys()
        await admin.create(Topic(name, 1, 1, {SETTING: "LogAppendTime"}) for name in sorted(missing))
        while missing - (await admin.read(missing)).keys():  # noqa: ASYNC110 - the broker tells nobody by itself
            await asyncio.sleep(0.05)
    for record in records:
        await publish_once(options, record, WITHIN_S)
