"""Tokens for Amazon MSK, signed with the AWS credentials that the process finds in its environment.

A token is a signed URL: nobody is asked for it. But the credentials may have to be fetched (from STS for a Kubernetes
service account, from the pod identity agent, from the machine), which the library does by blocking, in a thread here.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from bridge.kafka.oauth_provider import Fetch, TokenProvider
from bridge.kafka.oauth_token import NoToken, Token

LIFE_S: Final = 900.0
# What the library asks for, and all that MSK allows.


def msk_iam_tokens(region: str, monotonic: Callable[[], float]) -> TokenProvider:
    """Give tokens for the clusters of a region."""
    return TokenProvider(_sign(region), f"signing a token for Amazon MSK in {region}", monotonic=monotonic)


def _sign(region: str) -> Fetch:
    # Of its own, and one: while a fetch of credentials hangs, the next waits for it instead of hanging, too.
    executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="msk-iam")

    async def sign() -> Token:
        # An extra, and half a second's worth of imports: only for those who want it.
        from aws_msk_iam_sasl_signer import MSKAuthTokenProvider  # noqa: PLC0415 - see above
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - see above

        loop = asyncio.get_running_loop()
        try:
            value, _ = await loop.run_in_executor(executor, MSKAuthTokenProvider.generate_auth_token, region)
        except (AttributeError, ValueError):
            # How the library fails when there are no credentials.
            raise NoToken("failed: no AWS credentials were found in the environment of this process") from None
        except (BotoCoreError, ClientError, OSError) as error:
            raise NoToken(f"failed: {type(error).__name__}: {error}") from error
        return Token(value, LIFE_S)

    return sign
