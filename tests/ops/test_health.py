"""Liveness and readiness."""

from bridge.ops.health import DEAD_AFTER_S, Health


def test_a_process_is_ready_when_nothing_is_wrong() -> None:
    """Each condition is asked anew; the problems are named."""
    problems: dict[str, str | None] = {"kafka": "away", "disk": None}
    health = Health(now=0.0)
    health.require("kafka", lambda: problems["kafka"])
    health.require("disk", lambda: problems["disk"])
    assert health.problems() == {"kafka": "away"}
    problems["kafka"] = None
    assert health.problems() == {}


def test_a_warning_does_not_make_it_unready() -> None:
    """One missing topic is no reason to send all other events away."""
    health = Health(now=0.0)
    health.warn("topics", lambda: "missing: t")
    health.warn("disk", lambda: None)
    assert (health.problems(), health.warnings()) == ({}, {"topics": "missing: t"})


def test_a_process_that_stops_is_not_ready_and_alive() -> None:
    """The balancer leaves it, and nobody kills it."""
    health = Health(now=0.0)
    health.begin_stop()
    assert health.problems() == {"process": "shutting down"}
    assert health.is_alive(1.0)


def test_a_loop_that_does_not_turn_is_dead_after_a_minute() -> None:
    """The heartbeat alone decides."""
    health = Health(now=0.0)
    health.beat(10.0)
    assert health.is_alive(10.0 + DEAD_AFTER_S - 0.1)
    assert not health.is_alive(10.0 + DEAD_AFTER_S)


def test_the_lag_is_how_late_the_last_beat_was() -> None:
    """A beat a second is on time."""
    health = Health(now=0.0)
    health.beat(1.0)
    assert health.lag_s == 0.0
    health.beat(4.5)
    assert health.lag_s == 2.5
