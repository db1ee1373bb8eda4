"""A real Prometheus that scrapes a busy bridge in this process: what its HTTP API says."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import aiohttp
import yaml

from bridge.app import KafkaAccess, Service, topic_options
from bridge.cli.demo.dialling import RESULT_WITHIN, dial_once
from bridge.cli.demo.vendor import API_KEY, CALLS_A_MINUTE, lose_webhooks, make_pbx, registered
from bridge.cli.send.exchange import Exchange
from bridge.cli.send.request import make_request
from bridge.events.catalogue import WEBHOOK_EVENTS
from bridge.events.command_catalogue import CommandName
from bridge.events.records import Record
from bridge.events.topics import commands_topic, results_topic
from bridge.kafka.local.ports import free_ports
from bridge.kafka.probe import apply_topics
from bridge.kafka.single_publish import publish_once
from bridge.ops.settings import Role, Settings, load_settings
from bridge.pbx.hook_keys import HookName, hook_key
from bridge.simulator import Simulator

HERE: Final = {"namespace": "pbx", "job": "bridge", "pod": "bridge-worker-1", "component": "worker"}
"""What the chart's monitor labels a pod with."""
CONNECTION: Final = "acme"
WEBHOOK_SECRET: Final = "a secret of a test, for nothing else"
CALLS_PER_SECOND: Final = 4.0
READY_WITHIN_S: Final = 60
"""As the demo's: some 25 topics are created on a busy machine."""
SEEN_WITHIN_S: Final = 40
"""Until what was provoked has been scraped: some seconds, of which the first comparisons take most."""
LOOK_EVERY_S: Final = 0.25
LAST_TO_COME: Final = (
    "bridge_webhook_loss_ratio",
    'bridge_events_published_total{origin="reconcile"}',
    'bridge_events_published_total{origin="poll"}',
    'bridge_commands_finished_total{command="dial"}',
    'bridge_commands_finished_total{command="get-contact"}',
    "bridge_commands_refused_total",
    'bridge_quarantined_total{kind="webhook"}',
    'bridge_ingress_requests_total{outcome="not_found"}',
)
"""What a busy bridge shows at last: when each has been scraped twice, all the rest has been."""

Labels = dict[str, str]


@dataclass(frozen=True)
class Scraped:
    """`answers` are the labels of the series by query, `errors` what was said instead of an answer.

    `rule_health` is by alert, `firing` the alerts that fire; `series` are the labels of all series by metric.
    """

    answers: Mapping[str, list[Labels]]
    errors: Mapping[str, str]
    rule_health: Mapping[str, str]
    firing: frozenset[str]
    series: Mapping[str, frozenset[str]]


async def scraped_bridge(bootstrap: str, folder: Path, questions: Sequence[str]) -> Scraped:
    """Play calls, lose some webhooks, send commands and what is none; then ask Prometheus all questions.

    `folder` has the rules in `rules.yaml`.
    """
    async with AsyncExitStack() as stack:
        pbx = make_pbx(CALLS_PER_SECOND)
        await pbx.start()
        stack.push_async_callback(pbx.stop)
        settings = _settings(bootstrap, pbx.base_url)
        await apply_topics(KafkaAccess(settings.kafka).options(), topic_options(settings))
        service = Service(settings, Role.ALL)
        ports = await service.start()
        stack.push_async_callback(service.stop, unready_for=timedelta(0))
        prometheus = await stack.enter_async_context(_prometheus(folder, ports.admin))
        await _until_ready(service, pbx)
        lose_webhooks(pbx)
        pbx.start_playing()
        await _provoke(settings, pbx, ports.ingress)
        await prometheus.until_seen(LAST_TO_COME)
        await pbx.stop_playing(finish=False)
        return await prometheus.tell(questions)


class _Prometheus:
    """Its HTTP API, at `base`."""

    def __init__(self, base: str, session: aiohttp.ClientSession) -> None:
        self._base = base
        self._session = session

    async def get(self, path: str, **query: str) -> dict[str, Any]:
        async with self._session.get(f"{self._base}{path}", params=query) as answer:
            said: dict[str, Any] = await answer.json()
            return said

    async def until_ready(self) -> None:
        async with asyncio.timeout(READY_WITHIN_S):
            while True:
                try:
                    async with self._session.get(f"{self._base}/-/ready") as answer:
                        if answer.status == 200:
                            return
                except aiohttp.ClientConnectionError:
                    pass  # it does not listen yet
                await asyncio.sleep(LOOK_EVERY_S)

    async def until_seen(self, series: Sequence[str]) -> None:
        """Return when each has been scraped twice."""
        missing = list(series)
        try:
            async with asyncio.timeout(SEEN_WITHIN_S):
                while missing:
                    answer = await self.get("/api/v1/query", query=f"count_over_time({missing[0]}[20s]) > 1")
                    if answer["data"]["result"]:
                        del missing[0]
                    else:
                        await asyncio.sleep(LOOK_EVERY_S)
        except TimeoutError as error:
            raise AssertionError(f"not scraped within {SEEN_WITHIN_S} s: {missing}") from error

    async def tell(self, questions: Sequence[str]) -> Scraped:
        answers: dict[str, list[Labels]] = {}
        errors: dict[str, str] = {}
        for question in questions:
            said = await self.get("/api/v1/query", query=question)
            answers[question] = [one["metric"] for one in said.get("data", {}).get("result", [])]
            if said["status"] != "success" or said.get("warnings"):
                errors[question] = str(said.get("error") or said["warnings"])
        groups = (await self.get("/api/v1/rules"))["data"]["groups"]
        rules = [rule for group in groups for rule in group["rules"]]
        series: dict[str, frozenset[str]] = {}
        for labels in (await self.get("/api/v1/series", **{"match[]": '{job="bridge"}'}))["data"]:
            name = labels.pop("__name__")
            series[name] = series.get(name, frozenset()) | labels.keys()
        return Scraped(
            answers,
            errors,
            {rule["name"]: rule.get("lastError") or rule["health"] for rule in rules},
            frozenset(rule["name"] for rule in rules if rule["state"] == "firing"),
            series,
        )


@asynccontextmanager
async def _prometheus(folder: Path, admin_port: int) -> AsyncIterator[_Prometheus]:
    program = shutil.which("prometheus")
    assert program, "prometheus is missing: run `make chart`, which puts .venv-chart/bin before PATH"
    (port,) = free_ports(1)
    target = {"targets": [f"127.0.0.1:{admin_port}"], "labels": HERE}
    config = {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "rule_files": ["rules.yaml"],
        "scrape_configs": [{"job_name": "bridge", "static_configs": [target]}],
    }
    (folder / "prometheus.yaml").write_text(yaml.safe_dump(config))
    options = [
        f"--config.file={folder / 'prometheus.yaml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with (folder / "prometheus.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(program, *options, stdout=log, stderr=log)
    try:
        async with aiohttp.ClientSession() as session:
            prometheus = _Prometheus(f"http://127.0.0.1:{port}", session)
            await prometheus.until_ready()
            yield prometheus
    finally:
        process.terminate()
        await process.wait()


def _settings(bootstrap: str, base_url: str) -> Settings:
    (port,) = free_ports(1)
    connection = {
        "BASE_URL": base_url,
        "API_KEY": API_KEY,
        "WEBHOOK_SECRET": WEBHOOK_SECRET,
        "DEFAULT_REGION": "LT",
        "RATE_LIMIT__CALLS": str(CALLS_A_MINUTE),
        "POLLERS__DEFAULTS__INTERVAL": "2s",
        "RECONCILE__INTERVAL": "1s",
        "RECONCILE__GRACE": "1s",
    }
    variables = {
        "KAFKA__BOOTSTRAP_SERVERS": bootstrap,
        "TOPICS__PREFIX": f"scraped-{uuid4().hex[:8]}",
        "TOPICS__REPLICATION_FACTOR": "1",
        "INGRESS__HOST": "127.0.0.1",
        "INGRESS__PORT": str(port),
        "INGRESS__PUBLIC_URL": f"http://127.0.0.1:{port}",
        "ADMIN__HOST": "127.0.0.1",
        "ADMIN__PORT": "0",
        **{f"CONNECTIONS__{CONNECTION.upper()}__{key}": value for key, value in connection.items()},
    }
    return load_settings(None, {f"BRIDGE_{key}": value for key, value in variables.items()}, Role.ALL)


async def _until_ready(service: Service, pbx: Simulator) -> None:
    async with asyncio.timeout(READY_WITHIN_S):
        while service.health.problems() or registered(pbx) < len(WEBHOOK_EVENTS):  # noqa: ASYNC110 - looked at, as a probe does
            await asyncio.sleep(LOOK_EVERY_S)


async def _provoke(settings: Settings, pbx: Simulator, port: int) -> None:
    """Send commands, a record that is none, a webhook with a wrong key and one that is no JSON."""
    kafka, prefix = KafkaAccess(settings.kafka).options(), settings.topics.prefix
    contact = pbx.accounts[API_KEY].directory.staff[0].contact_id
    wanted = make_request(
        CommandName.GET_CONTACT,
        CONNECTION,
        {"id": contact},
        id_=uuid4().hex,
        source="/chart",
        correlation_id=None,
        topic_prefix=prefix,
        options={},
    )
    nonsense = Record(commands_topic(prefix), b"nobody", b"no command", [])
    key = hook_key(WEBHOOK_SECRET.encode(), CONNECTION, HookName("CallStarted", 0))
    hooks = f"http://127.0.0.1:{port}/hooks/{CONNECTION}"
    async with aiohttp.ClientSession() as session:
        for path, status in ((key, 202), ("CallStarted.0.wrong", 404)):
            async with session.post(f"{hooks}/{path}", data=b"no JSON") as refusal:
                assert refusal.status == status
    await publish_once(kafka, nonsense, RESULT_WITHIN.total_seconds())
    dial, answer = await asyncio.gather(
        dial_once(settings, CONNECTION, pbx, API_KEY), Exchange(kafka, wanted).ask(results_topic(prefix), RESULT_WITHIN)
    )
    assert (dial.status, answer and answer.result.status.value) == ("ok", "ok")
