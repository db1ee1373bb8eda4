"""Which clock stamps the records of a topic: the brokers' (`LogAppendTime`) or that of whoever sends them."""

import asyncio
from typing import Final

from aiokafka.errors import KafkaError

from bridge.kafka.client_options import ClientOptions
from bridge.kafka.topic_admin import TopicAdmin, TopicsNotManaged

SETTING: Final = "message.timestamp.type"
BY_THE_BROKERS: Final = "LogAppendTime"
_LOOK_WITHIN_S: Final = 15.0
# A busy cluster answers within seconds, and whoever looks looks again.


class SettingUnknown(Exception):
    """The setting could not be read; the text says why."""


async def timestamp_type(options: ClientOptions, topic: str) -> str | None:
    """Return the topic's `message.timestamp.type`; None where there is no such topic. Raises SettingUnknown.

    Asking does not create the topic, on clusters that would do so by themselves either.
    """
    try:
        async with asyncio.timeout(_LOOK_WITHIN_S), TopicAdmin.connect(options) as admin:
            there = (await admin.read([topic])).get(topic)
    except TimeoutError as error:
        raise SettingUnknown("no answer in time") from error
    except (KafkaError, OSError, TopicsNotManaged, ValueError) as error:
        raise SettingUnknown(str(error) or type(error).__name__) from error
    return None if there is None else there.settings.get(SETTING, "")
