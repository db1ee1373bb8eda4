"""What the configuration says of each list that is polled. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Literal

from bridge.ops.settings.connections import ConnectionSettings
from bridge.ops.settings.pollers import CallPoller, GroupPoller, PlainPoller, PollersSettings, VoicemailPoller
from bridge.pbx.requests import FILTERS, Collection, Filters

DATED: Mapping[Collection, bool] = MappingProxyType(
    {collection: "date_from" in FILTERS[collection] for collection in Collection}
)
"""Whether a list can be asked for a stretch of time."""


@dataclass(frozen=True, slots=True)
class PollerOptions:
    """One list of one connection. `start` is where the first poll begins: an id, or one end of the list.

    `rescan_s`: how far back, in seconds, rows are looked for that appear late; None for a list without dates.
    """

    collection: Collection
    interval_s: float
    start: Literal["newest", "oldest"] | int
    filters: Filters
    rescan_s: float | None


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of time in whole seconds since 1970, both ends included; without an end it goes on for ever."""

    from_s: int
    to_s: int | None = None


def poller_options(connection: ConnectionSettings) -> tuple[PollerOptions, ...]:
    """Give the lists that are to be polled."""
    rescan_s = connection.reconcile.rescan.total_seconds()
    return tuple(
        PollerOptions(
            collection,
            poller.interval / timedelta(seconds=1),
            poller.start,
            _filters(poller),
            rescan_s if DATED[collection] else None,
        )
        for collection in Collection
        if (poller := _poller(connection.pollers, collection)).enabled
    )


def narrowed(filters: Filters, stretch: Stretch | None) -> Filters | None:
    """Narrow filters to a stretch of time; None when nothing can be in both."""
    if stretch is None:
        return filters
    begin, end = _moment(stretch.from_s), None if stretch.to_s is None else _moment(stretch.to_s)
    if filters.date_from is not None:
        begin = max(begin, filters.date_from)
    if filters.date_to is not None:
        end = filters.date_to if end is None else min(end, filters.date_to)
    return None if end is not None and end < begin else replace(filters, date_from=begin, date_to=end)


def _moment(epoch_s: int) -> datetime:
    return datetime.fromtimestamp(epoch_s, UTC)


_Poller = PlainPoller | CallPoller | GroupPoller | VoicemailPoller


def _poller(pollers: PollersSettings, collection: Collection) -> _Poller:
    poller = getattr(pollers, collection)
    assert isinstance(poller, _Poller)
    return poller


def _filters(poller: _Poller) -> Filters:
    return Filters(**{name: getattr(poller.filters, name) for name in type(poller.filters).model_fields})
