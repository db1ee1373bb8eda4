"""What of the configuration decides where the tokens for Kafka come from."""

import ssl
import time

from bridge.kafka.msk_iam import msk_iam_tokens
from bridge.kafka.oauth_endpoint import TokenEndpoint
from bridge.kafka.oauth_file import file_tokens
from bridge.kafka.oauth_provider import TokenProvider
from bridge.ops.secret_files import OptionalSecretSource
from bridge.ops.settings import KafkaSettings, TlsFileError, token_tls_context


def token_provider(settings: KafkaSettings, client_secret: OptionalSecretSource) -> TokenProvider | None:
    """Give whom all clients of the process get their tokens from; None where they log in by other means, or not."""
    if settings.sasl_mechanism == "AWS_MSK_IAM" and settings.sasl_aws_region is not None:
        return msk_iam_tokens(settings.sasl_aws_region, time.monotonic)
    if settings.sasl_mechanism != "OAUTHBEARER":
        return None
    if settings.sasl_oauth_token_file is not None:
        return file_tokens(settings.sasl_oauth_token_file, time.monotonic, settings.sasl_oauth_extensions)
    if settings.sasl_oauth_token_url is None or settings.sasl_oauth_client_id is None:
        return None
    endpoint = TokenEndpoint(
        settings.sasl_oauth_token_url,
        settings.sasl_oauth_client_id,
        lambda: client_secret.current() or b"",
        settings.sasl_oauth_scope,
        lambda: _tls_context(settings),
    )
    return TokenProvider(
        endpoint.fetch,
        f"the token endpoint {endpoint.url}",
        monotonic=time.monotonic,
        extensions=settings.sasl_oauth_extensions,
    )


def _tls_context(settings: KafkaSettings) -> ssl.SSLContext:
    try:
        return token_tls_context(settings)
    except TlsFileError as error:
        raise ValueError(f"kafka.{error.key} {error}") from error
