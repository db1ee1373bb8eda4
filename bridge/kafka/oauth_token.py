"""An access token, and what a token endpoint's answer says. Pure."""

import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

LONGEST_ANSWER: Final = 65_536
# Bytes. Tokens with hundreds of roles take some 20 KiB.
UNKNOWN_LIFE_S: Final = 60.0
# RFC 6749 only recommends `expires_in`; without it a token is renewed so often that its end hardly matters.
LONGEST_CLAIM: Final = 200
# Characters of a claim in a log line.
_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/-]+=*", re.ASCII)
# RFC 6750; anything else would end the line in which the token is sent to the brokers.
_ERROR: Final = re.compile(r"[a-z_]{1,40}", re.ASCII)
# The codes of RFC 6749. A description is not repeated: nobody knows what it quotes.
_ADVICE: Final = {
    "invalid_client": "see kafka.sasl_oauth_client_id and its secret",
    "unauthorized_client": "the client is not allowed the client credentials grant",
    "invalid_scope": "see kafka.sasl_oauth_scope",
    "unsupported_grant_type": "the client credentials grant is not enabled there",
}


@dataclass(frozen=True)
class Token:
    """A token, and for how many seconds from its fetch on it counts; 0: to be read anew each time."""

    value: str = field(repr=False)
    life_s: float = 0.0


class NoToken(Exception):
    """There is no token to be had; the text is a predicate, such as "answered 503", without any secret."""


def checked_token(value: str, life_s: float = 0.0) -> Token:
    """Give the token; raise NoToken when no broker could read it."""
    if not _TOKEN.fullmatch(value):
        raise NoToken("holds no token, but characters that no token has")
    return Token(value, life_s)


def read_answer(status: int, body: bytes) -> Token:
    """Read the answer of a token endpoint (RFC 6749, sections 5.1 and 5.2); raise NoToken."""
    try:
        answer = json.loads(body)
    except ValueError:
        answer = None
    fields = answer if isinstance(answer, dict) else {}
    if status != 200:
        raise NoToken(f"answered {status}{_told(fields.get('error'))}")
    value = fields.get("access_token")
    if not isinstance(value, str):
        raise NoToken("answered without an access_token")
    if not _TOKEN.fullmatch(value):
        raise NoToken("answered with an access_token that no broker can read")
    return Token(value, _life_s(fields.get("expires_in")))


def claims(token: str) -> str:
    """Write a JWT's issuer, subject, audience and end for people; nothing where it is none."""
    found = _payload(token)
    written = [f"{name} {json.dumps(found[name])[:LONGEST_CLAIM]}" for name in ("iss", "sub", "aud") if name in found]
    with suppress(KeyError, ValueError, OverflowError, OSError):
        written.append(f"expires {datetime.fromtimestamp(float(str(found['exp'])), UTC):%Y-%m-%dT%H:%M:%SZ}")
    return ", ".join(written)


def _payload(token: str) -> Mapping[str, object]:
    parts = token.split(".")
    if len(parts) != 3:
        return {}
    try:
        payload = json.loads(urlsafe_b64decode(parts[1] + "=="))
    except ValueError:
        return {}
    return payload if isinstance(payload, dict) else {}


def _told(error: object) -> str:
    if not isinstance(error, str) or not _ERROR.fullmatch(error):
        return ""
    return f" {error}: {_ADVICE[error]}" if error in _ADVICE else f" {error}"


def _life_s(given: object) -> float:
    """Read seconds, which some endpoints send as text."""
    if isinstance(given, bool) or not isinstance(given, int | float | str):
        return UNKNOWN_LIFE_S
    try:
        return max(0.0, float(given))
    except ValueError:
        return UNKNOWN_LIFE_S
