"""`bridge check`: what these credentials may do on Kafka, compared with what the roles need."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from bridge.app import KafkaAccess, topic_options
from bridge.cli.found import Found
from bridge.cli.run import RunnableRole
from bridge.events.topics import admin_results_topic, admin_topic
from bridge.kafka.missing_rights import Looked, MissingRight
from bridge.kafka.probe import look_at_our_rights, open_producer
from bridge.kafka.rights import KafkaRole, rights
from bridge.kafka.topic_table import wanted_topics
from bridge.ops.settings import Settings

ROLES: Final = (KafkaRole.INGRESS, KafkaRole.WORKER, KafkaRole.TOOL)
# Whose credentials a configuration may hold; which of them is meant nobody says.
SHOWN: Final = 3
# Missing rights of a role that nobody has asked for.


class OurRights(NamedTuple):
    """What was found. `hidden` are topics that we may not see; `may_ask`: we may ask the workers by the admin topic."""

    found: list[Found]
    hidden: frozenset[str]
    may_ask: bool


async def look_at_rights_of(settings: Settings, role: RunnableRole | None) -> OurRights:
    """Look at the rights of a role, or of all whom the credentials may be for. Raises KafkaAway."""
    options, topics = KafkaAccess(settings.kafka).options(), topic_options(settings)
    asked = ROLES if role is None else (KafkaRole(role.value),)
    names = [topic.name for topic in wanted_topics(topics)]
    looked = {
        one: await look_at_our_rights(options, rights(one, topics.prefix, manage=settings.topics.manage), names)
        for one in {*asked, KafkaRole.TOOL}
    }
    found = rights_found(asked, looked)
    if all(item.ok for item in found):
        await open_producer(options, topics)
    admin = {admin_topic(topics.prefix), admin_results_topic(topics.prefix)}
    may_ask = admin.isdisjoint(one.target.name for one in looked[KafkaRole.TOOL].missing)
    return OurRights(found, frozenset().union(*(one.hidden for one in looked.values())), may_ask)


def rights_found(asked: Sequence[KafkaRole], looked: Mapping[KafkaRole, Looked]) -> list[Found]:
    """Give a line for all whom the rights are enough for, or one for each right that the nearest of them lacks."""
    complete = [role for role in asked if not looked[role].missing]
    if not complete:
        # Of several roles the one that they are for, most likely.
        nearest = min(asked, key=lambda role: len(looked[role].missing))
        return [*map(_missing, looked[nearest].missing), _what_to_do(nearest)]
    sentence = f"all that {' and '.join(complete)} need{'s' * (len(complete) == 1)}"
    if any(looked[role].untold for role in complete):
        sentence += ", as far as can be told before all topics exist"
    lacking = [f"{role} lacks {_shortly(looked[role].missing)}" for role in asked if role not in complete]
    return [Found("rights", ok=True, sentence="; ".join([sentence, *lacking]))]


def _missing(right: MissingRight) -> Found:
    return Found("rights", ok=False, sentence=f"{right} is missing. {right.why}")


def _what_to_do(role: KafkaRole) -> Found:
    command = f"bridge topics rights --role {role} --principal User:NAME"
    return Found("rights", ok=False, sentence=f"{command} prints the commands that give the rights of {role}")


def _shortly(missing: Sequence[MissingRight]) -> str:
    named = ", ".join(map(str, missing[:SHOWN]))
    more = len(missing) - SHOWN
    return f"{named} and {more} more" if more > 0 else named
