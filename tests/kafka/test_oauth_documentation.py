"""The examples of the page about tokens can be used as they stand."""

import re
from pathlib import Path

import pytest

from bridge.app import KafkaAccess
from bridge.ops.settings import Role, load_settings

PAGE = (Path(__file__).parents[2] / "docs" / "kafka-oauth.md").read_text()
EXAMPLES = re.findall(r"```yaml\n(kafka:\n.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("number", range(3))
def test_an_example_is_a_configuration(tmp_path: Path, number: int) -> None:
    """With its files in place it loads, and says where a token comes from."""
    secret = tmp_path / "secret"
    secret.write_text("a secret")
    # The authority is one of the reader's; nothing is asked for it here.
    example = re.sub(r"\n  ssl_ca_file: \S+", "", EXAMPLES[number])
    example = re.sub(r"(client_secret_file: )\S+", rf"\g<1>{secret}", example)
    (tmp_path / "bridge.yaml").write_text(example)
    settings = load_settings(tmp_path / "bridge.yaml", {}, Role.TOOL)
    options = KafkaAccess(settings.kafka).options()
    assert options.sasl_mechanism == "OAUTHBEARER"
    assert options.sasl_tokens is not None
    assert len(EXAMPLES) == 3
