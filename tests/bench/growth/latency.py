"""How long a command needs through an idle bridge: from its append to the arrival of the request at the vendor."""

import asyncio
import time
from collections.abc import Sequence
from random import Random

from tests.bench.commands import DIAL, GET_CONTACT, Client, Command, Kind
from tests.bench.growth.ground import PLENTY, Ground, quota
from tests.bench.installation import names
from tests.bench.vendor import Arrived, Seen, key_of
from tests.bench.verdicts import Row, share

TIMES = 200
TARGET_MS = 60.0
MOST_REST_S = 0.3
# Between two commands, at random: else they could keep step with something that turns.
ANSWERED_WITHIN_S = 10.0
OPERATIONS = {GET_CONTACT: "GetContactsByID", DIAL: "Dial"}


async def commands(ground: Ground) -> Sequence[Command]:
    """Send dials and reads of a contact in turn, each alone; the vendor's log has the rest."""
    installation = ground.installation(names(1), quota(PLENTY))
    worker = await ground.worker(installation)
    contact_id, random = ground.vendor.contacts[key_of(0)], Random(1)
    sent: list[Command] = []
    answered = asyncio.Event()
    async with Client(installation.bootstrap, installation.prefix, lambda _: answered.set()) as client:
        for number in range(2 * TIMES):
            kind: Kind = DIAL if number % 2 else GET_CONTACT
            data = {"id": contact_id} if kind == GET_CONTACT else _dial(contact_id, number)
            answered.clear()
            sent.append(await client.send(installation.connections[0], kind, data))
            async with asyncio.timeout(ANSWERED_WITHIN_S):
                await answered.wait()
            await asyncio.sleep(random.random() * MOST_REST_S)
    worker.stop()
    if any(command.status != "ok" for command in sent):
        raise SystemExit(f"commands to an idle bridge: {client.statuses(GET_CONTACT)}, {client.statuses(DIAL)}")
    return sent


def rows(sent: Sequence[Command], seen: Seen) -> list[Row]:
    """Compare appends and arrivals, which are in the same order; all other requests came before them."""
    made = []
    epoch_s = time.time() - time.monotonic()  # noqa: TID251 - the brokers tell the time of day
    for kind, operation in OPERATIONS.items():
        appended = [one.appended_ms for one in sent if one.kind == kind]
        arrived: Sequence[Arrived] = [row for row in seen.arrived if row.operation == operation][-len(appended) :]
        waits = sorted((row.at + epoch_s) * 1000 - ms for row, ms in zip(arrived, appended, strict=True))
        made += [
            Row.at_most(f"idle {kind} to its request, p50 of {TIMES}", share(waits, 0.5), TARGET_MS, " ms"),
            Row(f"idle {kind} to its request, p99 and longest", f"{share(waits, 0.99):.0f} and {waits[-1]:.0f} ms"),
        ]
    return made


def _dial(contact_id: int, number: int) -> dict[str, object]:
    return {"contact_id": contact_id, "destination": f"3706{number:07d}"}
