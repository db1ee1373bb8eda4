"""Requests for the bench: all ten events, with numbers and ids that vary as a company's do."""

import random
from collections.abc import Sequence

import orjson

NUMBERS = 2_000
# Different callers and colleagues: what a busy company sees in a day.
REQUESTS = 20_000
# Different bodies; the load goes round them, so ids repeat, as they do for whoever receives repeats.


def bodies(seed: int, events: Sequence[str] | None = None) -> list[tuple[str, bytes]]:
    """Return pairs of the vendor's event name and a body; `events` limits them to some."""
    rng = random.Random(seed)
    numbers = [
        f"+3706{rng.randrange(10**7):07}" if rng.random() < 0.7 else f"6{rng.randrange(10**7):07}"
        for _ in range(NUMBERS)
    ]
    makers = {name: maker for name, maker in _MAKERS.items() if events is None or name in events}
    names = list(makers)
    made = []
    for index in range(REQUESTS):
        name = names[index % len(names)]
        data = makers[name](rng, numbers, 150_818_921_852 + index)
        made.append((name, orjson.dumps({"type": "Event", "eventType": name, "version": "v1", "data": data})))
    rng.shuffle(made)
    return made


def _time(rng: random.Random) -> str:
    return (
        f"2017-10-{rng.randrange(1, 29):02}T{rng.randrange(24):02}:{rng.randrange(60):02}:{rng.randrange(60):02}+0000"
    )


def _call(rng: random.Random, numbers: list[str], id_: int) -> dict[str, object]:
    return {
        "callID": id_,
        "caller": rng.choice(numbers),
        "destination": rng.choice(numbers),
        "direction": rng.choice(("in", "out")),
        "status": 1,
        "callStarted": _time(rng),
        "contactID": rng.randrange(200, 300),
    }


def _connected(rng: random.Random, numbers: list[str], id_: int) -> dict[str, object]:
    return _call(rng, numbers, id_) | {"callConnected": _time(rng)}


def _ended(rng: random.Random, numbers: list[str], id_: int) -> dict[str, object]:
    return _connected(rng, numbers, id_) | {
        "connectionTime": rng.randrange(600),
        "previous_contactID": rng.randrange(200, 300),
    }


def _recorded(rng: random.Random, numbers: list[str], id_: int) -> dict[str, object]:
    del numbers
    return {
        "recordingID": id_,
        "callID": id_ - 1,
        "callStarted": _time(rng),
        "recordingURL": f"https://pbx.example.com/files/{id_}.mp3",
        "direction": "in",
        "connectionTime": rng.randrange(600),
    }


def _lost(rng: random.Random, numbers: list[str], id_: int) -> dict[str, object]:
    del id_
    return {
        "contact_name": "Andris Berzins",
        "destination": rng.choice(numbers),
        "attempts": rng.randrange(1, 5),
        "callerid": rng.choice(numbers),
        "last_contact": _time(rng),
    }


def _lost_removed(rng: random.Random, numbers: list[str], id_: int) -> dict[str, object]:
    del id_
    return {"destination": rng.choice(numbers), "callerid": rng.choice(numbers)}


def _voicemail(rng: random.Random, numbers: list[str], id_: int) -> dict[str, object]:
    return {
        "sender": rng.choice(numbers),
        "voicemailID": id_,
        "length": rng.randrange(90),
        "callStarted": _time(rng),
        "voicemailBoxID": 223,
        "voicemailBoxName": "User voicemail box",
        "messageURL": f"https://pbx.example.com/files/{id_}.mp3",
    }


def _voicemail_deleted(rng: random.Random, numbers: list[str], id_: int) -> dict[str, object]:
    return {"sender": rng.choice(numbers), "voicemailID": id_}


_MAKERS = {
    "CallStarted": _call,
    "CallConnected": _connected,
    "CallCompleted": _ended,
    "CallTransfered": _ended,
    "CallRecorded": _recorded,
    "LostCallerAdded": _lost,
    "LostCallerUpdated": _lost,
    "LostCallerRemoved": _lost_removed,
    "VoicemailCreated": _voicemail,
    "VoicemailDeleted": _voicemail_deleted,
}
PEER_EVENTS = ("CallStarted",)
"""What is sent to the peer, and to the bridge beside it: its mapping writes one topic, and so does one event."""
