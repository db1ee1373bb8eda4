"""What a worker says of a connection's webhooks, for people. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from bridge.cli.printable import printable
from bridge.registration.admin_messages import AdminAnswer
from bridge.registration.hook_state import HookState, StepLine
from bridge.registration.plan import Standing

_STANDINGS: Final[Mapping[Standing, str]] = MappingProxyType(
    {
        Standing.ACTIVE: "",
        Standing.OUTDATED: "has a URL of another secret or origin",
        Standing.SILENT: "should have brought events, and did not",
        Standing.UNKNOWN: "may exist: the answer to its registration was lost",
        Standing.UNWANTED: "its event is not configured any more",
    }
)


def list_lines(state: HookState) -> list[str]:
    """Give a table of the registrations, and below it what is missing, and why."""
    lines = _table(state) if state.hooks else ["no registrations are known"]
    lines += [f"missing: {printable(event)}" for event in state.missing]
    return lines + list(_remarks(state))


def plan_lines(state: HookState) -> list[str]:
    """Give the steps that are to come, and what stands in the way of others."""
    lines = [f"would {_step(step)}" for step in state.steps]
    return (lines or ["nothing is to be done"]) + list(_remarks(state))


def done_lines(answer: AdminAnswer) -> list[str]:
    """Give what was done."""
    lines = [_step(step, done=True) for step in answer.done]
    if answer.status == "ok":
        lines += [] if answer.sentence is None else [printable(answer.sentence)]
        lines = lines or ["nothing was to be done"]
    return lines + ([] if answer.hooks is None or answer.status != "ok" else list(_remarks(answer.hooks)))


def _table(state: HookState) -> list[str]:
    rows = [("hook", "id", "state", "since", "last event"), *_rows(state)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _rows(state: HookState) -> Iterator[tuple[str, str, str, str, str]]:
    for line in state.hooks:
        remark = _STANDINGS[line.standing]
        standing = f"{line.standing}: {remark}" if remark else line.standing.value
        id_ = "unknown" if line.id is None else str(line.id)
        yield printable(line.hook), id_, standing, _moment(line.since), _moment(line.last_delivery)


def _remarks(state: HookState) -> Iterator[str]:
    for sentence in dict.fromkeys(line.sentence for line in state.obstacles):
        events = ", ".join(line.event for line in state.obstacles if line.sentence == sentence)
        yield printable(f"{events}: {sentence}")
    if state.idle is not None:
        yield printable(f"The worker does nothing by itself: {state.idle}.")
    if state.trouble is not None:
        yield printable(state.trouble)


def _step(step: StepLine, *, done: bool = False) -> str:
    what = f"{step.do}{('ed' if step.do == 'register' else 'd') if done else ''} {step.hook}"
    return printable(what if step.id is None else f"{what}, id {step.id}")


def _moment(text: str | None) -> str:
    return "-" if text is None else printable(text).replace("T", " ").partition(".")[0]


def hook_arguments(texts: Sequence[str]) -> tuple[str, ...]:
    """Give the names of hooks as a worker takes them: an event alone is its registration by hand."""
    return tuple(text if "." in text else f"{text}.0" for text in texts)
