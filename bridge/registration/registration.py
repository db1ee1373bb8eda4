"""Registration as a worker has it: a registrar for each connection of its shards, and a desk for the command line."""

from collections import Counter
from collections.abc import Mapping

from bridge.calls.journal_format import Kept, Remembered
from bridge.calls.journal_values import Hook
from bridge.calls.shard_owner import OwnedShard
from bridge.events.catalogue import WEBHOOK_EVENTS
from bridge.ops.metrics import Metrics
from bridge.pbx.hook_keys import HookName
from bridge.registration.admin_desk import AdminDesk
from bridge.registration.evidence import HookEvidence
from bridge.registration.hook_options import HookOptions
from bridge.registration.hook_records import HookRecords
from bridge.registration.plan import Standing
from bridge.registration.registrar import MISSING, Registrar

_STATES = (*(standing.value for standing in Standing), MISSING)


class Registration:
    """One for a process. `options` are of all configured connections; `evidence` is told what comes, and what lacks."""

    def __init__(
        self, options: Mapping[str, HookOptions], evidence: HookEvidence, desk: AdminDesk, metrics: Metrics
    ) -> None:
        self._options = options
        self._evidence = evidence
        self._desk = desk
        self._registrars: dict[str, Registrar] = {}
        metrics.read_gauge("bridge_hooks", self._hooks)
        metrics.read_gauge("bridge_hooks_stopped", self._stopped)

    def start(self) -> None:
        """Begin to listen to the command line; returns at once."""
        self._desk.start()

    async def stop(self) -> None:
        """Listen no more; the shards have been handed over before. Never raises."""
        await self._desk.stop()

    def settle(self, owned: OwnedShard, remembered: Remembered) -> None:
        """Begin to look after the connections of a shard, until its tasks are cancelled."""
        found: dict[str, dict[HookName, Kept[Hook]]] = {}
        for key, kept in remembered.hooks.items():
            if key.event in WEBHOOK_EVENTS:
                found.setdefault(key.connection, {})[HookName(key.event, key.generation)] = kept
        for connection in owned.connections:
            records = HookRecords(connection, found.get(connection, {}), owned.means.writer, self._evidence)
            registrar = Registrar(connection, self._options[connection], records, owned)
            owned.tasks.background(self._look_after(registrar, owned))

    async def _look_after(self, registrar: Registrar, owned: OwnedShard) -> None:
        self._registrars[registrar.connection] = registrar
        self._desk.open(registrar, owned)
        try:
            await registrar.run()
        finally:
            self._desk.close(registrar)
            if self._registrars.get(registrar.connection) is registrar:
                del self._registrars[registrar.connection]

    def _hooks(self) -> dict[tuple[str, ...], float]:
        counts: dict[tuple[str, ...], float] = {}
        for connection, registrar in self._registrars.items():
            standings = Counter(registrar.standings())
            counts |= {(connection, state): float(standings[state]) for state in _STATES}
        return counts

    def _stopped(self) -> dict[tuple[str, ...], float]:
        return {
            (connection,): float(registrar.trouble is not None and registrar.trouble.final)
            for connection, registrar in self._registrars.items()
        }
