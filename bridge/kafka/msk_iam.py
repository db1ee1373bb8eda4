"""Tokens for Amazon MSK, signed with the AWS credentials that the process finds in its environment.

A token is a signed URL: nobody is asked for it. But the credentials may have to be fetched (from STS for a Kubernetes
service account, from the pod identity agent, from the machine), which AWS's library does by blocking, in a thread here.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from bridge.kafka.oauth_provider import Fetch, TokenProvider
from bridge.kafka.oauth_token import Token


def msk_iam_tokens(region: str, monotonic: Callable[[], float]) -> TokenProvider:
    """Give tokens for the clusters of a region."""
    return TokenProvider(_sign(region), f"signing a token for Amazon MSK in {region}", monotonic=monotonic)


def _sign(region: str) -> Fetch:
    # Of its own, and one: while a fetch of credentials hangs, the next waits for it instead of hanging, too.
    executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="msk-iam")

    def sign() -> Token:
        # An extra, and half a second's worth of imports: only for those who want it, and beside the loop.
        from bridge.kafka.msk_iam_signer import MskIamSigner  # noqa: PLC0415 - see above

        return MskIamSigner(region).sign()

    async def signed() -> Token:
        return await asyncio.get_running_loop().run_in_executor(executor, sign)

    return signed
