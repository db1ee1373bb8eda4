"""Section `connections`: one API key at one vendor host each, and what the bridge does with it."""

import re
from datetime import timedelta
from typing import Annotated, Final

from pydantic import BeforeValidator, Field

from bridge.events import catalogue
from bridge.ops.secret_files import OptionalSecretSource, SecretSource
from bridge.ops.settings.addresses import api_url
from bridge.ops.settings.pollers import PollersSettings
from bridge.ops.settings.problems import quoted, unfit
from bridge.ops.settings.secret_keys import api_key_fault, open_optional, open_required, webhook_secret_fault
from bridge.ops.settings.section import OptionalFile, OptionalSecret, Section, Switch
from bridge.ops.settings.servers import Networks
from bridge.ops.settings.values import ListOfValues, alternatives, duration, or_null, region, whole

WEBHOOK_EVENTS: Final = tuple(catalogue.WEBHOOK_EVENTS)
"""The vendor's webhooks, in the vendor's spelling, in the contract's order."""

NAME: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
"""A connection's name: a DNS label, since it names Kubernetes objects, paths and record keys."""


def _name(given: object) -> str:
    if isinstance(given, str) and NAME.fullmatch(given):
        return given
    raise unfit(
        "1 to 63 lower-case letters, digits and hyphens, a letter or digit at both ends",
        fault="is no name for a connection",
    )


def _events(given: object) -> tuple[str, ...]:
    if given == "all":
        return WEBHOOK_EVENTS
    if not isinstance(given, (list, tuple)):
        raise unfit(f"all, or a list of {alternatives(WEBHOOK_EVENTS)}")
    unknown = [name for name in given if not isinstance(name, str) or name not in WEBHOOK_EVENTS]
    if unknown:
        names = ", ".join(quoted(name) for name in unknown)
        raise unfit(f"all, or a list of {alternatives(WEBHOOK_EVENTS)}", fault=f"holds {names}")
    return tuple(name for name in WEBHOOK_EVENTS if name in given)


ConnectionName = Annotated[str, BeforeValidator(_name)]
Ttl = Annotated[timedelta, BeforeValidator(duration("1s", "120s"))]


class WebhooksSettings(Section):
    """Which of the vendor's webhooks the worker registers. `events` is in the contract's order, `all` spelt out."""

    register_: Switch = Field(default=True, alias="register")
    events: Annotated[tuple[str, ...], BeforeValidator(_events), ListOfValues()] = WEBHOOK_EVENTS


class ReconcileSettings(Section):
    """How what was published is compared with what the vendor's lists say."""

    enabled: Switch = True
    interval: Annotated[timedelta, BeforeValidator(duration("1s", "1h"))] = timedelta(seconds=60)
    grace: Annotated[timedelta, BeforeValidator(duration("0s", "1d"))] = timedelta(minutes=2)
    rescan: Annotated[timedelta, BeforeValidator(duration("1m", "48h"))] = timedelta(hours=4)


class RateLimitSettings(Section):
    """The vendor's quota: `calls` within any `window`, `guard` on top for rounding and clock rate."""

    calls: Annotated[int, BeforeValidator(whole(1, 10_000))] = 100
    window: Annotated[timedelta, BeforeValidator(duration("1s", "1h"))] = timedelta(seconds=60)
    guard: Annotated[timedelta, BeforeValidator(duration("0ms", "10s"))] = timedelta(milliseconds=250)


class CommandsSettings(Section):
    """How long commands may wait, and how many of them per lane."""

    dial_ttl: Ttl = timedelta(seconds=30)
    query_ttl: Ttl = timedelta(seconds=60)
    max_queued: Annotated[int, BeforeValidator(whole(1, 100_000))] = 100


class ConnectionSettings(Section):
    """One connection. Whether its secrets are there was looked at for the role that `load_settings` was given."""

    base_url: Annotated[str, BeforeValidator(api_url)]
    api_key: OptionalSecret = None
    api_key_file: OptionalFile = None
    webhook_secret: OptionalSecret = None
    webhook_secret_file: OptionalFile = None
    webhook_secret_previous: OptionalSecret = None
    webhook_secret_previous_file: OptionalFile = None
    allowed_ips: Networks = ()
    default_region: Annotated[str | None, BeforeValidator(or_null(region))] = None
    webhooks: WebhooksSettings = Field(default_factory=WebhooksSettings)
    pollers: PollersSettings = Field(default_factory=PollersSettings)
    reconcile: ReconcileSettings = Field(default_factory=ReconcileSettings)
    rate_limit: RateLimitSettings = Field(default_factory=RateLimitSettings)
    commands: CommandsSettings = Field(default_factory=CommandsSettings)

    def open_api_key(self) -> SecretSource:
        """Open the API key; raise SecretFileError where it is not configured or not usable."""
        return open_required(self.api_key, self.api_key_file, api_key_fault)

    def open_webhook_secret(self) -> SecretSource:
        """Open the secret that hook keys are signed with; raise SecretFileError as `open_api_key` does."""
        return open_required(self.webhook_secret, self.webhook_secret_file, webhook_secret_fault)

    def open_webhook_secret_previous(self) -> OptionalSecretSource:
        """Open the secret that is still accepted during a rotation; raise SecretFileError where it is not usable."""
        return open_optional(self.webhook_secret_previous, self.webhook_secret_previous_file, webhook_secret_fault)
