"""What a read_committed reader finds in the topics of all events: a plain client, which knows the contract alone."""

import json
from collections.abc import Sequence
from typing import Any

from tests.drills.committed import CommittedReader
from tests.drills.recovery_judge import EVENTS, Event


class Published(CommittedReader):
    """All events of an installation. `quarantined` counts what could not be understood."""

    def __init__(self, bootstrap: str, prefix: str, partitions: int) -> None:
        self.events: list[Event] = []
        self.quarantined = 0
        self._quarantine = f"{prefix}.quarantine.v1"
        topics = [(f"{prefix}.{event}.v1", number) for event in EVENTS for number in range(partitions)]
        super().__init__(bootstrap, [*topics, (self._quarantine, 0)], self._add)

    def _add(self, topic: str, records: Sequence[Any]) -> None:
        if topic == self._quarantine:
            self.quarantined += len(records)
        else:
            self.events += [_event(record) for record in records]


def _event(record: Any) -> Event:
    attributes = {name.removeprefix("ce_"): value.decode() for name, value in record.headers}
    data = json.loads(record.value)
    name = attributes["type"].removeprefix("pbx.").removesuffix(".v1")
    return Event(
        name,
        attributes["connection"],
        attributes["subject"],
        attributes["id"],
        attributes["origin"],
        record.timestamp,
        attributes.get("hook"),
        (data["attempts"], data["last_contact"]) if name in {"lost-caller.added", "lost-caller.updated"} else None,
    )
