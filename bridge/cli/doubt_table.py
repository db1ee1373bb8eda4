"""Results and resolutions to a list of doubts, and the list as a table. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from pydantic import ValidationError

from bridge.cli.durations import duration_text
from bridge.cli.printable import printable
from bridge.events.cloudevents import ReceivedEvent
from bridge.events.command_catalogue import RESOLVED_TYPE, RESULT_TYPE
from bridge.events.result_models import CommandResolved, CommandResult, Resolution, Status
from bridge.events.times import receipt_text

ENDS_WITHIN_MS = 300_000
# The contract's five minutes. What is open for longer waits for a worker.


@dataclass(frozen=True, slots=True)
class Doubt:
    """A dial in doubt: since when, by the brokers' clock in epoch milliseconds, and how it ended; None while open."""

    connection: str
    source: str
    command_id: str
    correlation_id: str | None
    code: str | None
    since_ms: int
    outcome: Resolution | None = None
    call_id: int | None = None
    ended_ms: int | None = None

    def as_json(self) -> dict[str, str | int | None]:
        """Return it for machines."""
        return {
            "connection": self.connection,
            "source": self.source,
            "command_id": self.command_id,
            "correlation_id": self.correlation_id,
            "code": self.code,
            "in_doubt_since": receipt_text(self.since_ms),
            "outcome": self.outcome,
            "call_id": self.call_id,
            "ended": None if self.ended_ms is None else receipt_text(self.ended_ms),
        }


class Gathering:
    """Takes what lies in the results topic, in any order."""

    def __init__(self) -> None:
        self._doubts: dict[tuple[str, str, str], Doubt] = {}
        self._endings: dict[tuple[str, str, str], tuple[CommandResolved, int]] = {}

    def add(self, event: ReceivedEvent, appended_ms: int) -> None:
        """Take one event, if it is the result of a dial in doubt, or says how one ended."""
        attributes = event.attributes
        try:
            key = (attributes["connection"], attributes["commandsource"], attributes["commandid"])
            if event.type == RESULT_TYPE:
                result = CommandResult.model_validate_json(event.data)
                if result.status is Status.IN_DOUBT:
                    self._doubts[key] = Doubt(*key, attributes.get("correlationid"), result.code, appended_ms)
            elif event.type == RESOLVED_TYPE:
                self._endings[key] = (CommandResolved.model_validate_json(event.data), appended_ms)
        except (KeyError, ValidationError):
            return  # no worker wrote this

    def doubts(self) -> Sequence[Doubt]:
        """Return all, the oldest first. What ends a doubt that was not seen is left out."""
        return sorted((self._ended(key) for key in self._doubts), key=lambda doubt: doubt.since_ms)

    def _ended(self, key: tuple[str, str, str]) -> Doubt:
        doubt = self._doubts[key]
        if key not in self._endings:
            return doubt
        resolved, ended_ms = self._endings[key]
        return replace(doubt, outcome=resolved.outcome, call_id=resolved.call_id, ended_ms=ended_ms)


def table(doubts: Sequence[Doubt], now_ms: int) -> list[str]:
    """Return the lines of a table, with a hint below it where a doubt has been open for too long."""
    rows = [("in doubt since", "connection", "command", "ended"), *(_row(doubt, now_ms) for doubt in doubts)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    if any(doubt.outcome is None and now_ms - doubt.since_ms > ENDS_WITHIN_MS for doubt in doubts):
        lines.append("A doubt ends within 5 minutes while a worker runs: see that one does.")
    return lines


def _row(doubt: Doubt, now_ms: int) -> tuple[str, str, str, str]:
    since = receipt_text(doubt.since_ms).replace("T", " ").removesuffix("Z")
    return since, printable(doubt.connection), printable(doubt.command_id), _ending(doubt, now_ms)


def _ending(doubt: Doubt, now_ms: int) -> str:
    if doubt.outcome is None:
        # This machine's clock against the brokers'.
        return f"open for {duration_text(timedelta(milliseconds=max(0, now_ms - doubt.since_ms)))}"
    return doubt.outcome if doubt.call_id is None else f"{doubt.outcome}: call {doubt.call_id}"
