"""Looks at the files that a role uses: secrets and certificates must be there and usable before anything starts."""

from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

from bridge.ops.secret_files import OptionalSecretSource, Secret, SecretFileError, SecretSource
from bridge.ops.settings.cluster import KafkaSettings
from bridge.ops.settings.combinations import is_broken
from bridge.ops.settings.model import Role, Settings
from bridge.ops.settings.problems import KeyPath, Problem, dotted, quoted
from bridge.ops.settings.tls import TlsFileError, tls_context
from bridge.ops.settings.token_tls import token_tls_context

_MSK_SIGNER = "aws_msk_iam_sasl_signer"
# Seen before anything starts, as a file would be: at the first connection it would be too late for a clear word.


def secret_problems(settings: Settings, role: Role, broken: frozenset[KeyPath]) -> list[Problem]:
    """Return what is wrong with the secrets and certificates that the role uses; those in `broken` are left out."""
    found = list(_kafka_problems(settings.kafka))
    if role is not Role.TOOL:
        found += _webhook_problems(settings)
    if role in {Role.WORKER, Role.ALL}:
        found += _api_key_problems(settings)
    else:
        found += _api_keys_given_twice(settings)
    return [problem for problem in found if not is_broken(problem.key, broken)]


def _webhook_problems(settings: Settings) -> Iterator[Problem]:
    for name, one in settings.connections.items():
        for key, inline, file, opened in (
            ("webhook_secret", one.webhook_secret, one.webhook_secret_file, one.open_webhook_secret),
            (
                "webhook_secret_previous",
                one.webhook_secret_previous,
                one.webhook_secret_previous_file,
                one.open_webhook_secret_previous,
            ),
        ):
            _, problem = _look(("connections", name, key), inline, file, opened)
            if problem:
                yield problem


def _api_key_problems(settings: Settings) -> Iterator[Problem]:
    holders: dict[bytes, str] = {}
    for name, one in settings.connections.items():
        path = ("connections", name, "api_key")
        value, problem = _look(path, one.api_key, one.api_key_file, one.open_api_key)
        if problem:
            yield problem
        elif value is not None and (first := holders.setdefault(value, name)) != name:
            yield _same_key(first, name)


def _api_keys_given_twice(settings: Settings) -> Iterator[Problem]:
    """Find what shows without reading a file: a role that calls no vendor reads none."""
    holders: dict[Secret | Path, str] = {}
    for name, one in settings.connections.items():
        given = one.api_key or one.api_key_file
        if given is not None and (first := holders.setdefault(given, name)) != name:
            yield _same_key(first, name)


def _same_key(first: str, second: str) -> Problem:
    sentence = (
        f"connections.{first} and connections.{second} use the same API key: "
        "one key has one quota, so give each connection a key of its own."
    )
    return Problem(("connections", second, "api_key"), sentence)


def _kafka_problems(kafka: KafkaSettings) -> Iterator[Problem]:
    if kafka.uses_sasl:
        path = ("kafka", "sasl_password")
        _, problem = _look(path, kafka.sasl_password, kafka.sasl_password_file, kafka.open_sasl_password)
        if problem:
            yield problem
    if kafka.sasl_mechanism == "AWS_MSK_IAM" and find_spec(_MSK_SIGNER) is None:
        sentence = (
            "kafka.sasl_mechanism is AWS_MSK_IAM, which needs a library that is not installed: "
            "install the bridge with its extra msk-iam (requirements/runtime-msk-iam.txt)."
        )
        yield Problem(("kafka", "sasl_mechanism"), sentence)
    if kafka.sasl_mechanism == "OAUTHBEARER":
        yield from _token_endpoint_problems(kafka)
    if not kafka.uses_tls:
        return
    path = ("kafka", "ssl_key_password")
    _, problem = _look(path, kafka.ssl_key_password, kafka.ssl_key_password_file, kafka.open_ssl_key_password)
    if problem:
        yield problem
        return
    try:
        tls_context(kafka)
    except TlsFileError as error:
        yield _unusable(error)


def _token_endpoint_problems(kafka: KafkaSettings) -> Iterator[Problem]:
    path = ("kafka", "sasl_oauth_client_secret")
    inline, file = kafka.sasl_oauth_client_secret, kafka.sasl_oauth_client_secret_file
    _, problem = _look(path, inline, file, kafka.open_oauth_client_secret)
    if problem:
        yield problem
    if kafka.sasl_oauth_token_url is None or not kafka.sasl_oauth_token_url.startswith("https:"):
        return
    try:
        token_tls_context(kafka)
    except TlsFileError as error:
        yield _unusable(error)


def _unusable(error: TlsFileError) -> Problem:
    return Problem(("kafka", error.key), f"kafka.{error.key} is {quoted(str(error.path))}, which {error}.")


def _look(
    path: KeyPath,
    inline: Secret | None,
    file: Path | None,
    opened: Callable[[], SecretSource | OptionalSecretSource],
) -> tuple[bytes | None, Problem | None]:
    """Open a secret: its value, or what is wrong with it; neither where it is not given, or given twice."""
    if (inline is None) == (file is None):
        return None, None
    try:
        return opened().current(), None
    except SecretFileError as error:
        if file is None:
            return None, Problem(path, f"{dotted(path)} {error}.")
        path = (*path[:-1], f"{path[-1]}_file")
        # Where the secret itself was given in place of its file, it must not be quoted.
        name = f"is {quoted(str(file))}, which" if "/" in str(file) else "names a file that"
        return None, Problem(path, f"{dotted(path)} {name} {error}.")
