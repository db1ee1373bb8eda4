"""What faults do to one request, decided before it is carried out. Pure apart from the faults' own draws."""

from dataclasses import dataclass
from enum import Enum, auto
from math import ceil

from bridge.simulator.answers import Answer
from bridge.simulator.faults import Faults
from bridge.simulator.switches import Fault, FaultName

# Seconds, unless the switch says otherwise: longer than a caller waits who waits for a usual answer.
_DEFAULT_SECONDS: dict[FaultName, float] = {
    "request_late": 2.0,
    "answer_slow": 2.0,
    "answer_hanging": 300.0,  # or until the caller has gone
}

# Whether the request is carried out although its answer is bad, unless the switch says otherwise.
_PROCESSED: dict[FaultName, bool] = {
    "keepalive_closed": False,
    "reset_before": False,
    "answer_429": False,
    "answer_500": False,
    "answer_503": False,
    "answer_html": True,
    "answer_hanging": True,
    "answer_cut": True,
    "reset_after": True,
    "envelope_mismatch": True,
}

# A switch in the place of the vendor's quota answers this when it has no `seconds`.
_RETRY_AFTER = 5


class Ending(Enum):
    """How the answer leaves."""

    ANSWER = auto()
    HTML = auto()
    MISMATCH = auto()
    CUT = auto()
    HANG = auto()
    RESET = auto()


_ENDINGS: dict[FaultName, Ending] = {
    "keepalive_closed": Ending.RESET,
    "reset_before": Ending.RESET,
    "reset_after": Ending.RESET,
    "answer_429": Ending.ANSWER,
    "answer_500": Ending.ANSWER,
    "answer_503": Ending.ANSWER,
    "answer_html": Ending.HTML,
    "answer_hanging": Ending.HANG,
    "answer_cut": Ending.CUT,
    "envelope_mismatch": Ending.MISMATCH,
}


@dataclass(frozen=True, slots=True)
class Treatment:
    """What becomes of a request.

    `arrive_after` seconds pass before it counts as arrived, `answer_after` before its answer leaves, `hang` at most
    until the connection ends. `instead` is answered in place of the operation's own answer.
    """

    struck: tuple[FaultName, ...] = ()
    arrive_after: float = 0.0
    answer_after: float = 0.0
    hang: float = 0.0
    processed: bool = True
    instead: Answer | None = None
    ending: Ending = Ending.ANSWER


def treat(faults: Faults, key: str, what: str, *, reused: bool) -> Treatment:
    """Decide about a request for the operation `what`; `reused` = its connection has carried another before.

    Delays may come together with one bad ending.
    """
    late = faults.strike("request_late", key, what)
    slow = faults.strike("answer_slow", key, what)
    delays: tuple[FaultName, ...] = (*(("request_late",) if late else ()), *(("answer_slow",) if slow else ()))
    arrive_after = _seconds("request_late", late)
    answer_after = _seconds("answer_slow", slow)
    for name, ending in _ENDINGS.items():
        if name == "keepalive_closed" and not reused:
            continue
        fault = faults.strike(name, key, what)
        if fault is None:
            continue
        return Treatment(
            struck=(*delays, name),
            arrive_after=arrive_after,
            answer_after=answer_after,
            hang=_seconds(name, fault) if ending is Ending.HANG else 0.0,
            processed=_PROCESSED[name] if fault.processed is None else fault.processed,
            instead=_instead(name, fault),
            ending=ending,
        )
    return Treatment(struck=delays, arrive_after=arrive_after, answer_after=answer_after)


def _seconds(name: FaultName, fault: Fault | None) -> float:
    if fault is None:
        return 0.0
    return _DEFAULT_SECONDS[name] if fault.seconds is None else fault.seconds


def _instead(name: FaultName, fault: Fault) -> Answer | None:
    if name == "answer_429":
        return Answer(429, retry_after=_RETRY_AFTER if fault.seconds is None else ceil(fault.seconds) or None)
    if name in {"answer_500", "answer_503"}:
        return Answer(int(name.removeprefix("answer_")))
    return None
