"""The vendor's published bodies, and those derived from its contract, as whole records, byte for byte.

A body per file in `samples/webhooks`, the record it becomes in `samples/records`.
"""

import json
from pathlib import Path

import pytest

from bridge.events.records import Record
from bridge.ingress.intake import Intake
from bridge.pbx.numbers import e164_reader

SAMPLES = Path(__file__).parents[1] / "samples"
BODIES = sorted((SAMPLES / "webhooks").glob("*.json"))
RECEIVED_MS = 1508189220250


def record_of(body: bytes, event_name: str) -> Record:
    intake = Intake("acme", to_e164=e164_reader("LT"), topic_prefix="pbx", public_url=None, randomness=bytes)
    return intake.take(body, RECEIVED_MS, f"{event_name}.0").record


@pytest.mark.parametrize("path", BODIES, ids=lambda path: path.stem)
def test_a_sample_becomes_its_record(path: Path, pytestconfig: pytest.Config) -> None:
    """Topic, key, headers in their order, and the value."""
    body = path.read_bytes()
    record = record_of(body, json.loads(body)["eventType"])
    text = {
        "topic": record.topic,
        "key": record.key.decode(),
        "headers": [[name, value.decode()] for name, value in record.headers],
        "value": record.value.decode(),
    }
    expected = SAMPLES / "records" / path.name
    if pytestconfig.getoption("--rewrite-samples"):
        expected.write_text(json.dumps(text, indent=2, ensure_ascii=False) + "\n")
    assert text == json.loads(expected.read_text())


def test_every_webhook_has_a_sample() -> None:
    """Ten bodies, ten events."""
    assert len({json.loads(path.read_bytes())["eventType"] for path in BODIES}) == 10
