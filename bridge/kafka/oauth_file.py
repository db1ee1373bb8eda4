"""Reading a token that something else renews: a projected service account token, or a sidecar's."""

from collections.abc import Callable, Mapping
from pathlib import Path

from bridge.kafka.oauth_provider import Fetch, TokenProvider
from bridge.kafka.oauth_token import NoToken, Token, checked_token
from bridge.ops.secret_files import SecretFileError, read_secret_file


def file_tokens(
    path: Path, monotonic: Callable[[], float], extensions: Mapping[str, str] | None = None
) -> TokenProvider:
    """Give the file's token to each connection, as it is by then."""
    return TokenProvider(
        _read(path), f"the token file {path}", monotonic=monotonic, extensions=extensions, retry_after_s=0.0
    )


def _read(path: Path) -> Fetch:
    async def read() -> Token:
        try:
            return checked_token(read_secret_file(path).decode("ascii"))
        except UnicodeDecodeError:
            raise NoToken("holds no token, but characters that no token has") from None
        except SecretFileError as error:
            raise NoToken(str(error)) from error

    return read
