"""The alerts: rules, thresholds, runbooks, and when they fire."""

import json
import re
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from bridge.calls.conclusions import Status
from bridge.calls.lanes import Lane
from bridge.kafka.producer_counts import FailureReason
from bridge.ops.settings import Role
from bridge.pbx.responses import LostReason, NotSentReason, UnusableReason
from bridge.registration.plan import Standing
from bridge.registration.registrar import MISSING
from tests.chart.promql import mistakes, selectors
from tests.chart.rendering import CHART, ROOT, HelmError, Values, refusal, render

Rule = dict[str, Any]
FIXTURES: Final = sorted((Path(__file__).parent / "alerts").glob("*.yaml"))
RUNBOOKS: Final = ROOT / "docs" / "runbooks.md"
METRICS_PAGE: Final = ROOT / "docs" / "metrics.md"
PARTS: Final = ["Means", "Look", "Do", "Wake somebody"]
SEVERITIES: Final = {"critical", "warning", "info"}
HERE: Final = 'namespace="pbx",job="bridge"'
"""What the fixtures' series are labelled with: the release `bridge` in the namespace `pbx`."""
ELSEWHERE: Final = ('namespace="elsewhere",job="bridge"', 'namespace="pbx",job="another"')
ON: Final[Values] = {"monitoring": {"rules": {"enabled": True}, "monitor": {"enabled": True}}}
TIME_LIMIT: Final = 60


def _promtool(*arguments: str | Path) -> str:
    program = shutil.which("promtool")
    assert program, "promtool is missing: run `make chart`, which puts .venv-chart/bin before PATH"
    done = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=TIME_LIMIT, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _spec(*values: Values) -> dict[str, Any]:
    spec: dict[str, Any] = render("minimal", ON, *values, namespace="pbx").one("PrometheusRule").body["spec"]
    return spec


def _rules(*values: Values) -> dict[str, Rule]:
    rules = [rule for group in _spec(*values)["groups"] for rule in group["rules"]]
    by_name = {rule["alert"]: rule for rule in rules}
    assert len(by_name) == len(rules)
    return by_name


@cache
def _thresholds() -> dict[str, float]:
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    thresholds: dict[str, float] = values["monitoring"]["rules"]["thresholds"]
    return thresholds


def _changed_thresholds() -> dict[str, float]:
    # Numbers that stand nowhere else; a ratio is at most 1.
    numbers = enumerate(_thresholds())
    return {name: round(n / 1000 + (0.5005 if name.endswith("Ratio") else 7000.0005), 4) for n, name in numbers}


@cache
def _tests() -> list[dict[str, Any]]:
    return [test for path in FIXTURES for test in yaml.safe_load(path.read_text())["tests"]]


def _checks() -> Iterator[tuple[str, list[Rule]]]:
    for test in _tests():
        for check in test["alert_rule_test"]:
            yield check["alertname"], check["exp_alerts"]


def _sections() -> dict[str, str]:
    parts = re.split(r"^### (.+)$", RUNBOOKS.read_text(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


ALERTS: Final = sorted(
    rule["alert"]
    for group in yaml.safe_load((CHART / "rules" / "alerts.yaml").read_text())["groups"]
    for rule in group["rules"]
)


@pytest.mark.parametrize("changed", [False, True], ids=["defaults", "all-thresholds-changed"])
def test_prometheus_accepts_the_rules(changed: bool, tmp_path: Path) -> None:
    """The rendered rules are sound, with the thresholds of the chart and with any others."""
    values: Values = {"monitoring": {"rules": {"thresholds": _changed_thresholds()}}} if changed else {}
    path = tmp_path / "rules.yaml"
    path.write_text(yaml.safe_dump(_spec(values)))
    assert f"SUCCESS: {len(ALERTS)} rules found" in _promtool("check", "rules", path)


def test_each_threshold_counts_and_is_told() -> None:
    """Every number of the values stands in an expression, and in what the person reads who is woken."""
    rules = _rules({"monitoring": {"rules": {"thresholds": _changed_thresholds()}}}).values()
    for name, value in _changed_thresholds().items():
        using = [rule for rule in rules if str(value) in rule["expr"]]
        assert using, f"monitoring.rules.thresholds.{name} is used by no alert"
        untold = [rule["alert"] for rule in using if str(value) not in rule["annotations"]["description"]]
        assert not untold, f"{untold} do not tell {name}"


def _test_rules(group: str, fixture: dict[str, Any], folder: Path) -> None:
    """Let promtool run a fixture on the rules of its group; with all rules it would take ten times as long."""
    groups = [one for one in _spec()["groups"] if one["name"] == f"bridge-{group}"]
    (folder / "rules.yaml").write_text(yaml.safe_dump({"groups": groups}))
    (folder / "fixture.yaml").write_text(yaml.safe_dump(fixture))
    _promtool("test", "rules", folder / "fixture.yaml")


@pytest.mark.parametrize("path", FIXTURES, ids=[path.stem for path in FIXTURES])
def test_alerts_fire_when_they_should(path: Path, tmp_path: Path) -> None:
    """Each fires after its time with its labels and texts, and not for what is healthy beside it."""
    _test_rules(path.stem, yaml.safe_load(path.read_text()), tmp_path)


@pytest.mark.parametrize("path", FIXTURES, ids=[path.stem for path in FIXTURES])
def test_another_installation_is_none_of_its_business(path: Path, tmp_path: Path) -> None:
    """What fires here does not when the same happens to a release of another name, or in another namespace."""
    healthy = {"series": f'bridge_ready{{{HERE},role="all"}}', "values": "1x500"}
    fixture = yaml.safe_load(path.read_text())
    for test in fixture["tests"]:
        theirs = [
            {**one, "series": one["series"].replace(HERE, other)} for one in test["input_series"] for other in ELSEWHERE
        ]
        test["input_series"] = [*theirs, healthy]
        test["alert_rule_test"] = [{**check, "exp_alerts": []} for check in test["alert_rule_test"]]
    _test_rules(path.stem, fixture, tmp_path)


def test_each_alert_is_tested_both_ways() -> None:
    """Each has a moment at which it fires, and one at which it does not."""
    ways: dict[str, set[bool]] = defaultdict(set)
    for alert, expected in _checks():
        ways[alert].add(bool(expected))
    assert {alert: {True, False} for alert in ALERTS} == ways


def test_each_alert_has_something_healthy_beside_it() -> None:
    """Where one fires there is another series that must not, or a test of its own for what is healthy."""
    without = []
    for alert in ALERTS:
        mine = [test for test in _tests() if test["alert_rule_test"][0]["alertname"] == alert]
        quiet = any(not any(check["exp_alerts"] for check in test["alert_rule_test"]) for test in mine)
        firing = [test for test in mine if any(check["exp_alerts"] for check in test["alert_rule_test"])]
        most = [max(len(check["exp_alerts"]) for check in test["alert_rule_test"]) for test in firing]
        crowded = all(len(test["input_series"]) > fired for test, fired in zip(firing, most, strict=True))
        if not quiet and not crowded:
            without.append(alert)
    assert without == []


@pytest.mark.parametrize("alert", ALERTS)
def test_an_alert_says_what_whoever_is_woken_needs(alert: str) -> None:
    """Severity, one line, the numbers, and the runbook; and its expression is of this release alone."""
    rule = _rules()[alert]
    annotations = rule["annotations"]
    assert rule["labels"]["severity"] in SEVERITIES
    assert annotations["runbook_url"] == f"docs/runbooks.md#{alert.lower()}"
    assert "{{" not in annotations["summary"]
    assert len(annotations["summary"]) <= 100
    assert "{{" in annotations["description"]
    assert mistakes(rule["expr"]) == []
    for metric, matchers in selectors(rule["expr"]):
        scope = {(matcher.label, matcher.operator, matcher.value) for matcher in matchers}
        assert {("namespace", "=", "pbx"), ("job", "=", "bridge")} <= scope, f"{metric} is not scoped"


def test_each_alert_has_its_runbook() -> None:
    """The page has a section for each alert, and for no other; the anchor of a heading is its text in lower case."""
    assert sorted(_sections()) == ALERTS


@pytest.mark.parametrize("alert", ALERTS)
def test_a_runbook_says_what_it_means_and_what_to_do(alert: str) -> None:
    """Each section has the four parts, in order, and none is empty."""
    parts = re.findall(r"^\*\*(.+?)\.\*\* \S", _sections().get(alert, ""), flags=re.MULTILINE)
    assert parts == PARTS


def _named(metric: str, label: str) -> set[str]:
    """Give the values of a label that the alerts' expressions name."""
    named = (selectors(rule["expr"]) for rule in _rules().values())
    return {
        value
        for found in named
        for selector in found
        if selector.metric == metric
        for matcher in selector.matchers
        if matcher.label == label
        for value in matcher.values
    }


def test_the_alerts_name_outcomes_that_there_are() -> None:
    """Words of a label are those that the code writes: else an expression would match nothing, and nobody knew."""
    page = METRICS_PAGE.read_text().partition("Outcomes of `bridge_ingress_requests_total`")[2]
    answers = set(re.findall(r"`(\w+)`", page))
    assert _named("bridge_ingress_requests_total", "outcome") <= answers
    assert _named("bridge_commands_finished_total", "status") <= {*Status}
    assert _named("bridge_commands_waiting", "lane") | _named("bridge_slot_wait_seconds_bucket", "lane") <= {*Lane}
    assert _named("bridge_hooks", "state") <= {*Standing, MISSING}
    assert _named("bridge_ready", "role") <= {*Role}
    reasons = {word for literal in FailureReason.__args__ for word in literal.__args__}
    assert _named("bridge_kafka_publish_failures_total", "reason") <= reasons


def test_every_way_to_get_no_usable_answer_counts() -> None:
    """A call that the vendor did not answer, or not well, is counted as such whatever it is called."""
    named = _named("bridge_vendor_calls_total", "outcome") - {"unauthorized"}
    unsent = {f"not_sent_{reason}" for reason in NotSentReason}
    assert named - {"not_sent_.+"} == {*LostReason, *UnusableReason}
    assert all(re.fullmatch("not_sent_.+", word) for word in unsent)


def test_an_alert_can_be_changed_and_left_out() -> None:
    """`overrides` are by alert; labels of one's own reach every alert and take nothing away."""
    overrides = {"BridgeHookMismatch": {"enabled": False}, "BridgePollerLate": {"for": "20m", "severity": "info"}}
    more = {"overrides": overrides, "alertLabels": {"team": "pbx", "severity": "none"}, "runbookUrl": "https://wiki/x"}
    plain, changed = _rules(), _rules({"monitoring": {"rules": more}})
    assert set(plain) - set(changed) == {"BridgeHookMismatch"}
    late = changed["BridgePollerLate"]
    assert (late["for"], late["labels"]) == ("20m", {"severity": "info", "team": "pbx"})
    assert changed["BridgeQuarantine"]["labels"] == {"severity": "warning", "team": "pbx"}
    assert changed["BridgeQuarantine"]["annotations"]["runbook_url"] == "https://wiki/x#bridgequarantine"


def test_shards_and_scope_are_those_of_the_installation() -> None:
    """As many shards as the bridge is configured with, and the labels of whoever scrapes in another way."""
    values: Values = {"config": {"topics": {"shards": 5}}, "monitoring": {"rules": {"scope": 'cluster="a"'}}}
    rules = _rules(values)
    assert "< 5" in rules["BridgeShardWithoutOwner"]["expr"]
    assert all('namespace="pbx"' not in rule["expr"] for rule in rules.values())
    assert 'up{cluster="a"} == 0' in rules["BridgeTargetDown"]["expr"]


def test_a_threshold_that_is_taken_away_is_refused() -> None:
    """Null is no number: the sentence says what to do instead."""
    with pytest.raises(HelmError, match="pollerAgeSeconds"):
        _rules({"monitoring": {"rules": {"thresholds": {"pollerAgeSeconds": None}}}})


def test_typos_are_refused() -> None:
    """A threshold or an alert that there is not would change nothing, and nobody would know."""
    schema = json.loads((CHART / "values.schema.json").read_text())
    rules = schema["properties"]["monitoring"]["properties"]["rules"]["properties"]
    assert sorted(rules["overrides"]["properties"]) == ALERTS
    assert set(rules["thresholds"]["properties"]) == set(_thresholds())
    for wrong in ({"thresholds": {"pollerAge": 1}}, {"overrides": {"BridgePollerLat": {"enabled": False}}}):
        assert "not allowed" in refusal("minimal", {"monitoring": {"rules": wrong}})
