"""The demo's one dial: a command like anybody's, its result, and the call that comes of it."""

import secrets
from datetime import timedelta

from bridge.app import KafkaAccess
from bridge.cli.demo.tally import DialSeen
from bridge.cli.send.exchange import Exchange
from bridge.cli.send.request import make_request
from bridge.events.command_catalogue import CommandName
from bridge.events.topics import results_topic
from bridge.events.ulid import RANDOM_BYTES, ulid
from bridge.ops.clock import epoch_ms
from bridge.ops.settings import Settings
from bridge.simulator import Simulator

SOURCE = "/demo"
NUMBER = "37060000000"
RESULT_WITHIN = timedelta(seconds=40)
# A dial's own 30 s, and some for a Kafka that is killed meanwhile.


async def dial_once(settings: Settings, connection: str, pbx: Simulator, api_key: str) -> DialSeen:
    """Let somebody of the company call a number; give what the result says, and the call's id as the PBX knows it."""
    contact = pbx.accounts[api_key].directory.staff[0]
    prefix = settings.topics.prefix
    request = make_request(
        CommandName.DIAL,
        connection,
        {"contact_id": contact.contact_id, "destination": NUMBER},
        id_=ulid(epoch_ms(), secrets.token_bytes(RANDOM_BYTES)),
        source=SOURCE,
        correlation_id=None,
        topic_prefix=prefix,
        options={},
    )
    answer = await Exchange(KafkaAccess(settings.kafka).options(), request).ask(results_topic(prefix), RESULT_WITHIN)
    call_id = next((row.call_id for row in pbx.requests.dials if row.destination == NUMBER), None)
    return DialSeen(None if answer is None else answer.result.status.value, call_id)
