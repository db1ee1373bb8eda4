"""Keys in webhook URLs."""

import hmac
from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.events.catalogue import WEBHOOK_EVENTS
from bridge.pbx.hook_keys import HookName, hook_key, hook_url, verified_hook

SECRET = b"a secret of the connection"
OTHER = b"another secret altogether"
STARTED = HookName("CallStarted", 0)


def test_a_key_is_an_hmac_over_connection_event_and_generation() -> None:
    """The format that must never change: URLs at the vendor live for years."""
    mac = hmac.new(SECRET, b"bridge hook v1\nacme\nCallStarted.0", "sha256").digest()
    key = "CallStarted.0." + urlsafe_b64encode(mac).rstrip(b"=").decode()
    assert hook_key(SECRET, "acme", STARTED) == key
    assert hook_url("https://hooks.example.com", "acme", key) == f"https://hooks.example.com/hooks/acme/{key}"


@given(st.sampled_from(sorted(WEBHOOK_EVENTS)), st.integers(0, 10**6))
def test_a_key_tells_what_it_was_made_for(event: str, generation: int) -> None:
    """Any replica reads the hook's name from the key, with the current secret and with the previous one."""
    hook = HookName(event, generation)
    key = hook_key(SECRET, "acme", hook)
    assert verified_hook(key, "acme", (SECRET, OTHER)) == f"{event}.{generation}"
    assert verified_hook(key, "acme", (OTHER, SECRET)) == f"{event}.{generation}"


GOOD = hook_key(SECRET, "acme", STARTED)


@pytest.mark.parametrize(
    "key",
    [
        "",
        ".",
        "CallStarted.0",
        "CallStarted.0.",
        GOOD[:-1],
        GOOD + "A",
        GOOD + "=",
        GOOD.replace("CallStarted", "CallCompleted"),
        GOOD.replace(".0.", ".1."),
        GOOD.replace(".0.", ".00."),
        GOOD.swapcase(),
        hook_key(SECRET, "other", STARTED),
        hook_key(OTHER, "acme", STARTED),
        "CallStarted.0.ž",
        "CallStarted.0.\udcff",
    ],
)
def test_any_other_key_is_no_key(key: str) -> None:
    """Another event, generation, connection or secret, and anything cut, padded or not even ASCII."""
    assert verified_hook(key, "acme", (SECRET, SECRET)) is None


@given(st.text(), st.text())
def test_no_key_makes_the_check_fail(key: str, connection: str) -> None:
    """Whatever a stranger sends is an answer, not an error."""
    assert verified_hook(key, connection, (SECRET, SECRET)) is None
