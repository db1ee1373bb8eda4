"""The simulated vendor of the recovery's drill, with a diary: what it told when, and what its lists showed how long."""

import time
from collections import defaultdict
from collections.abc import Iterable
from urllib.parse import quote

from typing_extensions import override

from bridge.simulator import Simulator
from bridge.simulator.account import Account
from bridge.simulator.facts import EventName, Fact
from bridge.simulator.lists import LISTS, ListName, id_of
from bridge.simulator.operations import GetList
from tests.drills.recovery_judge import Item, Lost, Stay, Truth

SUBJECTS: dict[ListName, str] = {
    "audio_prompts": "audio-prompt",
    "call_history": "call",
    "call_records": "recording",
    "contacts": "contact",
    "groups": "group",
    "voicemail_boxes": "voicemail-box",
    "voicemails": "voicemail",
    "voip_endpoints": "voip-endpoint",
}
UNDATED: tuple[ListName, ...] = ("audio_prompts", "contacts", "groups", "voicemail_boxes", "voip_endpoints")
# Those that no call fills.
_ENTERS: dict[EventName, ListName] = {
    "CallCompleted": "call_history",
    "CallRecorded": "call_records",
    "VoicemailCreated": "voicemails",
}


class WatchedVendor(Simulator):
    """A simulator whose accounts belong to connections of the bridge: `connections` by key."""

    def watch_lists(self, connections: dict[str, str]) -> None:
        """Begin the diary: what is in the lists now is old."""
        self._connections = connections
        self._told: defaultdict[str, dict[Item, float]] = defaultdict(dict)
        self._entered: defaultdict[str, dict[Item, float]] = defaultdict(dict)
        self._left: dict[tuple[str, Item], float] = {}
        self.old = frozenset(
            (name, item) for account in self.accounts.values() for name in LISTS for item in self._listed(account, name)
        )

    @override
    def turn_page(self, account: Account, operation: GetList) -> None:
        """Note what a fault takes off a list between two pages."""
        before = self._listed(account, operation.name)
        super().turn_page(account, operation)
        for item in before - self._listed(account, operation.name):
            self._left[operation.name, item] = time.monotonic()

    @override
    def add_row(self, key: str, name: ListName) -> None:
        """Note what comes into a list."""
        before = self._listed(self.accounts[key], name)
        super().add_row(key, name)
        if name in UNDATED:
            self._entered[name] |= dict.fromkeys(self._listed(self.accounts[key], name) - before, time.monotonic())

    def truth(self) -> Truth:
        """Give what the drill is judged by: the ledger's calls, recordings and voicemails, and the diary."""
        happened = {event: {item: Stay(at) for item, at in told.items()} for event, told in self._told.items()}
        for event, name in _ENTERS.items():
            told = self._told[event]
            happened[name] = {item: Stay(told[item], self._left.get((name, item))) for item in self._ledger(name)}
            happened[event] = happened[name]
        removed = self._told["LostCallerRemoved"]
        happened["LostCallerAdded"] = {
            item: Stay(at, removed[item] if removed.get(item, 0.0) >= at else None)
            for item, at in self._told["LostCallerAdded"].items()
        }
        for name in UNDATED:
            happened[name] = {item: Stay(at, self._left.get((name, item))) for item, at in self._entered[name].items()}
        accepted: defaultdict[str, set[Item]] = defaultdict(set)
        for webhook in self.log.rows:
            if webhook.accepted:
                accepted[webhook.event].add(self._item(webhook.key, webhook.subject))
        return Truth(
            happened,
            {event: frozenset(items) for event, items in accepted.items()},
            [lost for account in self.accounts.values() for lost in self._lost_callers(account)],
            self.old,
        )

    @override
    def _tell(self, account: Account, facts: Iterable[Fact]) -> None:
        facts = list(facts)
        now = time.monotonic()
        for fact in facts:
            item = self._item(account.key, fact.subject)
            self._told[fact.event][item] = now
            if fact.event == "VoicemailDeleted":
                self._left["voicemails", item] = now
        super()._tell(account, facts)

    def _ledger(self, name: ListName) -> list[Item]:
        """Give what the vendor knows to have happened, whatever its lists show."""
        items: list[Item] = []
        for account in self.accounts.values():
            ledger = account.ledger
            ids = {
                "call_history": [row.call_id for row in ledger.calls.newest_first()],
                "call_records": [row.recording_id for row in ledger.recordings.newest_first()],
                "voicemails": [left.row.voicemail_id for left in ledger.voicemails.newest_first()],
            }[name]
            items += [self._item(account.key, f"{SUBJECTS[name]}/{number}") for number in ids]
        return items

    def _listed(self, account: Account, name: ListName) -> set[Item]:
        return {self._item(account.key, f"{SUBJECTS[name]}/{id_of(row)}") for row in account.rows(name).newest_first()}

    def _lost_callers(self, account: Account) -> Iterable[Lost]:
        for row in account.books.lost_callers(account.day.begin + self.simulated_now):
            item = self._item(account.key, f"lost-caller/{row.caller_id}/{row.destination}")
            contact = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(row.last_contact))
            yield Lost(item, (row.attempts, contact))

    def _item(self, key: str, subject: str) -> Item:
        return self._connections[key], "/".join(quote(part, safe="") for part in subject.split("/"))
