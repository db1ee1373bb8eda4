"""The page about Kafka's security: its examples load, and it explains every sentence."""

import re
from pathlib import Path

import pytest

from tests.kafka.secured_certificates import Authority
from tests.kafka.test_secured_denials import CASES
from tests.ops.settings_problems import problems

PAGE = (Path(__file__).parents[2] / "docs" / "kafka-security.md").read_text()
EXAMPLES = re.findall(r"^```yaml\n(.+?)^```", PAGE, re.MULTILINE | re.DOTALL)
EXPLAINED = re.findall(r"^\| ([a-z][^|]+) \|", PAGE.partition("| Kafka at … |")[2].partition("\n\n")[0], re.MULTILINE)


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_an_example_is_a_whole_configuration(tmp_path: Path, number: int) -> None:
    """With the files in their places, each example is one that a command starts with."""
    authority = Authority.make(tmp_path, "ca")
    authority.issue("user", subject="bridge")
    (tmp_path / "password").write_text("the password of nobody")
    assert problems(tmp_path, EXAMPLES[number].replace("/etc/bridge/kafka", str(tmp_path))) == []


def test_there_is_an_example_for_each_kind() -> None:
    """Four kinds have one: TLS, TLS both ways, a password by SCRAM, and one by PLAIN."""
    assert len(EXAMPLES) == 4


@pytest.mark.parametrize("case", CASES)
def test_a_sentence_is_explained(case: str) -> None:
    """What a broker's refusal is called stands in the table, whoever the user is."""
    _, _, sentence = CASES[case]
    said = re.sub(r"\b(super|stranger|SCRAM-SHA-\d+)\b", "…", sentence.partition(":")[0])
    assert any(said.startswith(explained) for explained in EXPLAINED), said
