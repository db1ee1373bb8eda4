"""The names of the switches that make the vendor nasty, and how one is set. Pure."""

from dataclasses import dataclass
from typing import Literal, get_args

from bridge.simulator.options import LONGEST

FaultName = Literal[
    # Webhooks; meant for the names of events.
    "webhook_dropped",
    "webhook_doubled",
    "webhook_late",
    "webhook_out_of_order",
    "webhook_one_hook",
    "hook_forgotten",
    "event_unknown",
    "event_alias",
    "event_type_missing",
    "data_null",
    "data_missing",
    "body_not_json",
    # Fields of webhooks and of rows; meant for the names of events and operations.
    "field_null",
    "field_missing",
    "field_empty",
    "field_retyped",
    "field_unknown",
    # What the lists say; meant for operations.
    "row_deleted",
    "row_added",
    "history_other_contact",
    "dial_without_call",
    # Requests and their answers; meant for operations.
    "request_late",
    "answer_slow",
    "answer_hanging",
    "answer_cut",
    "answer_429",
    "retry_after_date",
    "answer_500",
    "answer_503",
    "answer_html",
    "envelope_mismatch",
    "reset_before",
    "reset_after",
    "keepalive_closed",
]

FAULTS: tuple[FaultName, ...] = get_args(FaultName)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """How a switch is set.

    `times` = strikes left, None = for ever. `on` = the event names and operation ids that it is meant for, `keys` the
    accounts, `fields` the fields of data; each empty = all. `seconds` = how late, how slow, or for how long, None = the
    switch's own default. `processed` = whether the request is carried out although its answer is bad, None = the
    switch's own default.
    """

    probability: float = 1.0
    times: int | None = None
    on: frozenset[str] = frozenset()
    keys: frozenset[str] = frozenset()
    fields: frozenset[str] = frozenset()
    seconds: float | None = None
    processed: bool | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot strike."""
        if not 0.0 <= self.probability <= 1.0:
            raise ValueError("probability is 0 to 1")
        if self.times is not None and self.times < 0:
            raise ValueError("times is at least 0")
        if self.seconds is not None and not 0 <= self.seconds <= LONGEST:
            raise ValueError(f"seconds is 0 to {LONGEST:g}")
