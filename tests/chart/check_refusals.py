"""Every sentence by which the chart refuses values: each is triggered here, is one sentence, and says what to do."""

import re
from pathlib import Path
from typing import Final

import pytest

from bridge.ops.settings import ConnectionSettings, KafkaSettings
from tests.chart.chart_copies import copy_of_chart
from tests.chart.refused_values import REFUSED, Refused
from tests.chart.rendering import refusal, render
from tests.chart.templates import refusals

IN_A_COPY: Final = "rules/alerts.yaml is no YAML once its placeholders are filled in: %s"
"""What no values can cause: a fault of ours in the file."""


@pytest.mark.parametrize("refused", REFUSED, ids=lambda refused: refused.sentence[:70])
def test_wrong_values_are_refused_with_one_sentence(refused: Refused) -> None:
    """Helm prints the sentence, and nothing is installed."""
    render(refused.scenario)
    assert sentence_in(refusal(refused.scenario, refused.values)) == refused.sentence


def sentence_in(error: str) -> str:
    """Give the text of a `fail` from what helm prints around it."""
    found = re.search(r"execution error at \([^)]*\): (.*)\n\nUse --debug", error, re.DOTALL)
    assert found, error
    return found[1]


def test_every_refusal_has_a_test() -> None:
    """Each `fail` of each template is triggered above: one that nobody has seen may be one that never comes."""
    texts = refusals()
    assert len(texts) > 20
    unseen = [text for text in texts if not any(as_pattern(text).fullmatch(one.sentence) for one in REFUSED)]
    assert unseen == [IN_A_COPY]


def as_pattern(text: str) -> re.Pattern[str]:
    """Turn a text with placeholders into a pattern of what it becomes."""
    return re.compile(re.sub(r"%[svdq]", ".+", re.escape(text).replace("%%", "%")))


@pytest.mark.parametrize("refused", REFUSED, ids=lambda refused: refused.sentence[:70])
def test_a_refusal_is_one_sentence_that_says_what_to_do(refused: Refused) -> None:
    """It names the value, says what is wrong, and behind the colon what to do; it ends with a full stop."""
    assert re.fullmatch(r"[^\n]+: [a-z][^\n]+\.", refused.sentence)
    assert not re.search(r"\.\s+[A-Z]", refused.sentence), "two sentences"


def test_rules_that_are_no_yaml_are_refused(tmp_path: Path) -> None:
    """A slip in the file of alerts is named as such, instead of an object that no API server takes."""
    copy = copy_of_chart(tmp_path)
    rules = copy / "rules" / "alerts.yaml"
    rules.write_text(f"{rules.read_text()}\n- [")
    assert sentence_in(refusal("production", chart=copy)).startswith(IN_A_COPY.partition("%s")[0])


def secrets_given_inline() -> list[str]:
    """Give each key of the bridge that is a secret by value, from its settings: it has a twin for a file."""
    places = (("kafka", KafkaSettings), ("connections.acme", ConnectionSettings))
    return [
        f"{place}.{name}"
        for place, section in places
        for name in section.model_fields
        if f"{name}_file" in section.model_fields
    ]


@pytest.mark.parametrize("path", secrets_given_inline())
def test_no_secret_can_get_into_a_config_map(path: str) -> None:
    """`config` and a connection's `config` refuse each key that holds a secret by value."""
    values: object = "canary"
    for key in reversed(path.split(".")):
        values = {key: values}
    assert sentence_in(refusal("minimal", {"config": values})).startswith(f"config.{path} is a secret")
    if path.startswith("connections"):
        inside = {"connections": {"acme": {"config": {path.rpartition(".")[2]: "canary"}}}}
        assert "Additional property" in refusal("minimal", inside)
