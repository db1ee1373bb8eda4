"""The demo's PBX: brief calls, webhooks that get lost on purpose, and its books at the end."""

from collections.abc import Mapping
from urllib.parse import quote

from bridge.cli.demo.tally import Books, Delivery
from bridge.events.catalogue import EventName
from bridge.simulator import AccountOptions, Fault, RetryPolicy, Simulator, SimulatorOptions

API_KEY = "demo-key"
BREVITY = 60.0
# A call of two minutes takes two seconds, so a demo of 20 s sees all ten events.
REPEATS = 16
# A minute and more of repeats at the PBX: longer than any outage that somebody makes to watch.
CALLS_A_MINUTE = 600
# Six times the vendor's quota, since in a demo of seconds lists are asked for every few seconds.
DROPPED = 0.05
# Of all webhooks.


def make_pbx(calls_per_second: float) -> Simulator:
    """Make a PBX that plays in real time, with calls of seconds."""
    return Simulator(
        SimulatorOptions(
            brevity=BREVITY,
            calls_per_second=calls_per_second,
            keys={API_KEY: AccountOptions(limit=CALLS_A_MINUTE)},
            retry=RetryPolicy(repeats=REPEATS),
            kept_log=1_000_000,  # the table needs every answer
        )
    )


def lose_webhooks(pbx: Simulator) -> None:
    """Let the PBX forget where to send CallRecorded, and drop some of all the others."""
    pbx.faults.set("hook_forgotten", Fault(times=1, on=frozenset({"CallRecorded"})))
    pbx.faults.set("webhook_dropped", Fault(probability=DROPPED))


def registered(pbx: Simulator) -> int:
    """Return how many webhooks are registered."""
    return len(pbx.accounts[API_KEY].hooks.registered)


def books_of(pbx: Simulator) -> Books:
    """Return what has happened, and what cannot be missing: all that the PBX's lists show."""
    account = pbx.accounts[API_KEY]
    subjects: Mapping[EventName, frozenset[str]] = {
        EventName.CALL_COMPLETED: frozenset(f"call/{row.call_id}" for row in account.ledger.calls.newest_first()),
        EventName.CALL_RECORDED: frozenset(
            f"recording/{row.recording_id}" for row in account.ledger.recordings.newest_first()
        ),
        EventName.VOICEMAIL_CREATED: frozenset(
            f"voicemail/{row.voicemail_id}" for row in account.books.voicemails.newest_first()
        ),
        EventName.LOST_CALLER_ADDED: frozenset(
            f"lost-caller/{quote(spell.row.caller_id, safe='')}/{quote(spell.row.destination, safe='')}"
            for spell in account.ledger.lost_callers.newest_first()
            # Who has called again is known by that, and nobody says `added` afterwards.
            if spell.removed is None and spell.row.attempts == 1
        ),
    }
    return Books(
        {event: counts.facts for event, counts in pbx.log.counts.items()},
        [
            Delivery(row.event, next((attempt.answer for attempt in row.attempts if attempt.accepted), None))
            for row in pbx.log.rows
        ],
        subjects,
    )
