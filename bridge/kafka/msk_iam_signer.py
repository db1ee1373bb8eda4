"""AWS's own library, which signs the tokens for Amazon MSK. Imported by who wants one: it is an extra, and large."""

from typing import Final

from aws_msk_iam_sasl_signer import MSKAuthTokenProvider
from botocore.config import Config
from botocore.credentials import CredentialProvider, ReadOnlyCredentials
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import Session
from typing_extensions import override

from bridge.kafka.oauth_token import NoToken, Token

LIFE_S: Final = 900.0
# What the library asks for, and all that MSK allows.
_LIMITS: Final = Config(connect_timeout=2, read_timeout=3, retries={"total_max_attempts": 1})
# Of the library's question to STS. By itself it takes minutes to give up, during which no process can end.


class MskIamSigner(CredentialProvider):  # type: ignore[misc]  # the library has no types
    """Signs with the credentials that the environment of this process has by then."""

    METHOD = "bridge"

    def __init__(self, region: str) -> None:
        super().__init__()
        self._region = region

    def sign(self) -> Token:
        """Sign a token; blocks while credentials are fetched. Raises NoToken."""
        try:
            value, _ = MSKAuthTokenProvider.generate_auth_token_from_credentials_provider(self._region, self)
        except (BotoCoreError, ClientError, OSError) as error:
            raise NoToken(f"failed: {type(error).__name__}: {error}") from error
        return Token(value, LIFE_S)

    @override
    def load(self) -> ReadOnlyCredentials:
        # A session of its own each time: a session never reads a file of credentials again.
        session = Session()
        session.set_default_client_config(_LIMITS)
        credentials = session.get_credentials()
        if credentials is None:
            raise NoToken("failed: no AWS credentials were found in the environment of this process")
        # Frozen, since a part of them could be renewed between the reading of key and secret.
        return credentials.get_frozen_credentials()
