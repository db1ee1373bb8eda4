"""Counting what the vendor changed in its payloads."""

from structlog.testing import capture_logs

from bridge.ops.field_drift import FieldDrift
from bridge.ops.metrics import Metrics


def counted(metrics: Metrics, kind: str, event: str, field: str) -> float | None:
    return metrics.registry.get_sample_value(f"bridge_vendor_fields_{kind}_total", {"event": event, "field": field})


def test_each_kind_is_counted_by_name() -> None:
    """Unknown, mistyped and missing fields, by event."""
    metrics = Metrics()
    drift = FieldDrift(metrics)
    for _ in range(3):
        drift.count("call.started", ["queue"], ["status"], ["direction"])
    assert counted(metrics, "unknown", "call.started", "queue") == 3
    assert counted(metrics, "mistyped", "call.started", "status") == 3
    assert counted(metrics, "missing", "call.started", "direction") == 3


def test_names_are_bounded_and_numbers_are_none() -> None:
    """A payload of countless names, or of telephone numbers as names, makes no more than 65 time series."""
    metrics = Metrics()
    drift = FieldDrift(metrics)
    drift.count("call.started", [f"f{number}" for number in range(100)] + ["+37060012345", "members.role"], [], [])
    drift.count("call.started", ["f0", "f99"], [], [])
    assert counted(metrics, "unknown", "call.started", "f0") == 2
    assert counted(metrics, "unknown", "call.started", "f63") == 1
    assert counted(metrics, "unknown", "call.started", "f64") is None
    assert counted(metrics, "unknown", "call.started", "+37060012345") is None
    assert counted(metrics, "unknown", "call.started", "(other)") == 39


def test_each_is_logged_once() -> None:
    """The first time, with event and field; a flood of the same is a number in the metrics."""
    drift = FieldDrift(Metrics())
    with capture_logs() as logs:
        for _ in range(5):
            drift.count("call.started", ["queue", "+37060012345"], ["status"], ["direction"])
        drift.count("call.completed", ["queue"], [], [])
    assert [(line["of"], line["field"]) for line in logs] == [
        ("call.started", "queue"),
        ("call.started", "(other)"),
        ("call.started", "status"),
        ("call.started", "direction"),
        ("call.completed", "queue"),
    ]
    assert {line["log_level"] for line in logs} == {"warning"}
