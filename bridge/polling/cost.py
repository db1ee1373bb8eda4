"""How many calls a minute a connection spends on looking after itself while nothing happens. Pure."""

from bridge.ops.settings.connections import ConnectionSettings
from bridge.polling.options import poller_options
from bridge.polling.rescans import DEEP_EVERY_S, EVERY_S
from bridge.polling.schedule import EARLIER_BY

_RECONCILED_LISTS = 4
# Calls, recordings, voicemails and lost callers, each compared once an interval.


def idle_calls_per_minute(connection: ConnectionSettings) -> float:
    """Give the calls that polling and reconciliation make of a connection's quota, at most, when there is nothing new.

    A list without anything new costs one call each time it is looked at.
    """
    each_s = [options.interval_s for options in poller_options(connection)]
    each_s += [
        every_s for one in poller_options(connection) if one.rescan_s is not None for every_s in (EVERY_S, DEEP_EVERY_S)
    ]
    # What is done a little earlier than its interval says is done as much more often.
    polls = sum(60 / ((1 - EARLIER_BY) * every_s) for every_s in each_s)
    reconcile = connection.reconcile
    return polls + (60 * _RECONCILED_LISTS / reconcile.interval.total_seconds() if reconcile.enabled else 0)
