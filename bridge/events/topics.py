"""The names of all topics; the prefix keeps two installations on one cluster apart."""

from bridge.events.catalogue import EVENT_VERSION, EventName


def event_topic(prefix: str, event: EventName) -> str:
    """Return the topic of an event, for instance `pbx.call.started.v1`."""
    return f"{prefix}.{event}.{EVENT_VERSION}"


def quarantine_topic(prefix: str) -> str:
    """Return the topic of what could not be understood."""
    return f"{prefix}.quarantine.v1"


def commands_topic(prefix: str) -> str:
    """Return the topic that commands are published to."""
    return f"{prefix}.commands.v1"


def results_topic(prefix: str) -> str:
    """Return the topic of the commands' results."""
    return f"{prefix}.results.v1"


def admin_topic(prefix: str) -> str:
    """Return the topic of requests that only the bridge's own command line makes."""
    return f"{prefix}.admin.v1"


def admin_results_topic(prefix: str) -> str:
    """Return the topic of the answers to the command line."""
    return f"{prefix}.admin-results.v1"


def work_topic(prefix: str) -> str:
    """Return the internal topic that spreads commands over shards."""
    return f"{prefix}.internal.work"


def journal_topic(prefix: str) -> str:
    """Return the internal compacted topic that holds each shard's state."""
    return f"{prefix}.internal.journal"
